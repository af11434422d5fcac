"""The C++ program: built once, and asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "embed" / "cpp"
DEPLOYED = FOLDER / "build" / "deploy"
PROGRAM = DEPLOYED / "tdgammon-embed"
SANITIZED = FOLDER / "build" / "sanitize" / "tdgammon-embed"


def build() -> Path:
    """Bring the program up to date and return it; skip where that would need the network."""
    for tool in ("c++", "cmake"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    if not (FOLDER / "build" / "deps" / "lib" / "libonnxruntime.so.1").exists():
        pytest.skip("ONNX Runtime for C++ is missing; embed/cpp/build.sh fetches it")
    options = ["--sanitize"] if SANITIZED.exists() else []
    done = subprocess.run([FOLDER / "build.sh", *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return PROGRAM


def run(*words: Any, program: Path = PROGRAM, input: bytes = b"") -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of one call."""
    command = [program, *map(str, words)]
    done = subprocess.run(command, input=input, capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def ask(model: Path, requests: Sequence[Any], program: Path = PROGRAM) -> list[dict[str, Any]]:
    """Return the answers to requests, objects or bytes, in one session of the protocol."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in requests]
    code, output, errors = run(model, "jsonl", program=program, input=b"\n".join(lines))
    assert (code, errors) == (0, "")
    assert not output or output.endswith("\n")
    return [json.loads(line) for line in output.splitlines()]


class Session:
    """A program that stays and answers one request after the other; a context manager."""

    def __init__(self, model: Path) -> None:
        self._process = subprocess.Popen(
            [PROGRAM, model, "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, request: Any) -> dict[str, Any]:
        """Return the answer to a request."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            pass
        assert self._process.returncode == 0
