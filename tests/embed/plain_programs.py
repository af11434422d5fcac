"""The programs that need no library, C++ and JavaScript: built once, and asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.ids import encode_positions

FOLDER = Path(__file__).parents[2] / "embed" / "plain"
COMPILED = FOLDER / "build" / "deploy" / "plain-eval"
SANITIZED = FOLDER / "build" / "sanitize" / "plain-eval"
MODULES = FOLDER / "js"

Command = list[Any]


def build() -> None:
    """Bring the compiled program up to date; skip where it cannot be compiled."""
    for tool in ("c++", "cmake"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    options = ["--sanitize"] if SANITIZED.exists() else []
    done = subprocess.run([FOLDER / "build.sh", *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def command(language: str) -> Command:
    """Return how the program in a language is called; skip where it cannot run."""
    if language == "js":
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is missing")
        return [node, MODULES / "plain-eval.mjs"]
    build()
    return [COMPILED]


def run(command: Command, *words: Any, input: bytes = b"") -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of one call."""
    done = subprocess.run([*command, *map(str, words)], input=input, capture_output=True,
                          timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def evaluated(command: Command, file: Path, boards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes float64[N, 5] and equity float64[N] of boards int8[N, 2, 25]."""
    lines = "".join(f"{one}\n" for one in encode_positions(boards))
    code, output, errors = run(command, file, "-", input=lines.encode())
    assert (code, errors) == (0, "")
    values = np.array([line.split() for line in output.splitlines()], float).reshape(-1, 6)
    return values[:, :5], values[:, 5]
