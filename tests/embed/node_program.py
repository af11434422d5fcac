"""The Node program: asked on the command line, by lines and over HTTP; and its modules."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "embed" / "node"
PROGRAM = FOLDER / "bin" / "tdgammon-embed.js"
BENCHMARK = FOLDER / "bin" / "tdgammon-embed-benchmark.js"
COMPILER = FOLDER / "node_modules" / ".bin" / "tsc"


def require() -> None:
    """Skip where the program cannot run without the network."""
    if shutil.which("node") is None:
        pytest.skip("node is missing")
    if not (FOLDER / "node_modules" / "onnxruntime-node").exists():
        pytest.skip("ONNX Runtime for Node is missing; embed/node/build.sh fetches it")


def run(*words: Any, program: Path = PROGRAM, input: bytes = b"") -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of one call."""
    command = ["node", str(program), *map(str, words)]
    done = subprocess.run(command, input=input, capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def ask(model: Path, requests: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the answers to requests, objects or bytes, in one session of the protocol."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in requests]
    code, output, errors = run(model, "jsonl", input=b"\n".join(lines))
    assert (code, errors) == (0, "")
    assert not output or output.endswith("\n")
    return [json.loads(line) for line in output.splitlines()]


class Session:
    """A program that stays and answers one request after the other; a context manager."""

    def __init__(self, model: Path) -> None:
        self.process = subprocess.Popen(
            ["node", PROGRAM, model, "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, data: bytes) -> None:
        """Let the program read bytes."""
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, request: Any) -> dict[str, Any]:
        """Return the answer to a request."""
        self.send(json.dumps(request).encode() + b"\n")
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:
            pass
        assert self.process.returncode == 0


def evaluate(script: str, value: Any = None) -> Any:
    """Return what an async body in JavaScript returns for `input`, all of `rules.js` in `R`."""
    text = f"""
        import * as R from "./src/rules.js";
        let text = "";
        for await (const part of process.stdin.setEncoding("utf8")) text += part;
        const found = await (async (input) => {{ {script} }})(JSON.parse(text));
        process.stdout.write(JSON.stringify(found));"""
    done = subprocess.run(["node", "--input-type=module", "-e", text], cwd=FOLDER,
                          input=json.dumps(value), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_types(*words: Any, folder: Path = FOLDER) -> tuple[int, str]:
    """Return exit code and output of the TypeScript compiler in a folder."""
    done = subprocess.run([COMPILER, "--noEmit", *map(str, words)], cwd=folder,
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


class Server:
    """The program behind HTTP, on a free port; a context manager."""

    def __init__(self, model: Path) -> None:
        self.process = subprocess.Popen(
            ["node", PROGRAM, model, "serve", "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout
        self.said = self.process.stdout.readline().decode()
        found = re.fullmatch(r"answers POST http://([^/]+):(\d+)/play\n", self.said)
        assert found, self.said or self.process.communicate()[1].decode()
        self.host, self.port = found[1], int(found[2])
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)

    def ask(self, body: Any, method: str = "POST", path: str = "/play") -> tuple[int, Any]:
        """Return status and answer to a body, an object or bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request(method, path, data)
        response = self.connection.getresponse()
        text = response.read().decode()
        assert response.headers["Content-Type"] == "application/json"
        assert text.endswith("}\n") and text.count("\n") == 1
        return response.status, json.loads(text)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=30)
