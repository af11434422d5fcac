"""The command in a process of its own, and one tiny run for all tests of the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiling import FLAGS

ROOT = Path(__file__).parents[2]
TINY = ("--hidden", "4", "--batch", "8", "--plies", "4", "--measure", "0", "--device", "cpu")
# The same on every machine, whatever precision is fast there.
SAME = *TINY, "--precision", "float32"


class Shell:
    """Runs the command in processes of their own, which share what jax compiled."""

    def __init__(self, cache: Path) -> None:
        self._env = os.environ | {
            "JAX_PLATFORMS": "cpu",
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        }

    def begin(self, *args: object) -> subprocess.Popen[str]:
        """Start the command."""
        words = [sys.executable, "-m", "cli", *map(str, args)]
        pipe = subprocess.PIPE
        # What trains compiles more than it computes here; what plays looks at many positions.
        env = self._env | ({"XLA_FLAGS": FLAGS} if args[0] == "train" else {})
        return subprocess.Popen(words, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, stderr=pipe,
                                text=True)

    def __call__(self, *args: object, typed: str = "", code: int = 0) -> str:
        """Run the command to its end and return what it printed."""
        with self.begin(*args) as process:
            out, err = process.communicate(typed, timeout=300)
        assert process.returncode == code, err
        assert "Traceback" not in err
        return out


@pytest.fixture(autouse=True)
def no_cache_of_the_user(monkeypatch, tmp_path) -> None:
    """Keep commands that run in this process from choosing a folder for what jax compiles."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))


@pytest.fixture(scope="session")
def shell(tmp_path_factory) -> Shell:
    return Shell(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="session")
def trained(shell, tmp_path_factory) -> tuple[Path, dict]:
    """Return the folder of a tiny run and what training said of it."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    said = json.loads(shell("train", "--games", 20, *SAME, "--out", folder, "--json"))
    return folder, said


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """Return a copy of the tiny run."""
    return Path(shutil.copytree(trained[0], tmp_path / "run"))
