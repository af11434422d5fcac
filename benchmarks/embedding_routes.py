"""The routes of ``benchmarks/embedding.py``: how each is called, its weight, how it is built."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent import catalog
from agent.export import onnx_file, plain_file
from agent.export.files import about_of
from agent.export.interface import Interface

ROOT = Path(__file__).parents[1]
EMBED = ROOT / "embed"
_WORKER = str(Path(__file__).with_name("embedding_worker.py"))
# Folders of libraries for other machines, in packages that bring them for all.
_OTHER_MACHINES = ("darwin", "win32", "freebsd", "openbsd", "musl", "arm", "ia32", "riscv", "loong")


def environment() -> dict[str, str]:
    """Return the environment of the programs: this project's modules, few words, one thread."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}


@functools.cache
def _available(python: str, package: str) -> bool:
    """Say whether a Python has a package."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


class Models:
    """The files of a net, each written when it is first asked for."""

    def __init__(self, agent: str, it: Interface, folder: Path, tensorflow_python: str) -> None:
        """Keep them in a folder that is there."""
        self.agent, self.tensorflow_python = agent, tensorflow_python
        self._it, self._folder, self._about = it, folder, about_of(agent, it)

    @functools.cached_property
    def onnx(self) -> Path:
        """Return the ONNX file."""
        return self._written("net.onnx", onnx_file.model_of(
            self._it, self._about).SerializeToString())

    @functools.cached_property
    def plain(self) -> Path:
        """Return the plain file."""
        return self._written("net.plain", plain_file.data_of(self._it, self._about))

    @functools.cached_property
    def savedmodel(self) -> Path:
        """Return the folder of the SavedModel."""
        folder = self._folder / "net"
        subprocess.run([self.tensorflow_python, _WORKER, "tensorflow", str(folder), "write",
                        self.agent], check=True, env=environment())
        return folder

    @property
    def checkpoint(self) -> Path:
        """Return the net's checkpoint."""
        path = catalog.checkpoint_of(self.agent)
        assert path is not None
        return path

    def _written(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path


@dataclass(frozen=True)
class Route:
    """A language and a way to run the net in it.

    ``model`` says which of the models it reads, ``program`` and ``bench`` are the words in front of
    it; ``weight`` returns the bytes of all that has to be there beside the model; ``needs`` are
    files, and ``missing_package`` says whether a package is, without which it was not built by the
    command ``built``. ``lines``: many IDs are asked with the words ``many_word``, one a line,
    otherwise by the JSON-lines protocol.
    """

    language: str
    by: str
    model: Callable[[Models], str | Path]
    program: Callable[[Models], list[str]]
    bench: Callable[[Models], list[str]]
    weight: Callable[[Models], int]
    needs: tuple[Path, ...]
    built: str
    eval_words: tuple[str, ...] = ("eval",)
    many_word: str = "jsonl"
    bench_word: str = "--json"
    missing_package: Callable[[Models], bool] = lambda _: False

    @property
    def name(self) -> str:
        """Return what the table calls it."""
        return f"{self.language}, {self.by}"

    @property
    def lines(self) -> bool:
        """Say whether it is asked one ID a line."""
        return self.many_word != "jsonl"

    def evaluate(self, models: Models, text: str) -> list[str]:
        """Return the command that evaluates a Position ID."""
        return [*self.program(models), str(self.model(models)), *self.eval_words, text]

    def many(self, models: Models) -> list[str]:
        """Return the command that evaluates what stands on its standard input."""
        return [*self.program(models), str(self.model(models)), self.many_word]

    def benchmark(self, models: Models) -> list[str]:
        """Return the command that prints its speed as JSON."""
        return [*self.bench(models), str(self.model(models)), self.bench_word]

    def missing(self, models: Models) -> str:
        """Return the command that would build it, "" if it is there."""
        there = all(path.exists() for path in self.needs) and not self.missing_package(models)
        return "" if there else self.built

    def size(self, models: Models) -> int:
        """Return the bytes that have to be on the other machine."""
        model = self.model(models)
        path = model if isinstance(model, Path) else models.checkpoint
        return self.weight(models) + weight_of(path)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file() and "__pycache__"
                    not in file.parts)
    else:
        yield path


def weight_of(*paths: Path) -> int:
    """Return the bytes of files and folders; what is linked to counts once."""
    files = {file.resolve() for path in paths for file in _files(path)}
    return sum(file.stat().st_size for file in files)


def _packages_of_python(runtime: str) -> Callable[[Models], int]:
    def weight(models: Models) -> int:
        own = weight_of(ROOT / "agent", ROOT / "engine") if runtime == "flax" else 0
        python = models.tensorflow_python if runtime == "tensorflow" else sys.executable
        done = subprocess.run([python, _WORKER, runtime, "", "size"], check=True, text=True,
                              capture_output=True, env=environment())
        return own + int(done.stdout)

    return weight


def _python(runtime: str, package: str, extra: str, model: Callable[[Models], str | Path]) -> Route:
    def words(models: Models) -> list[str]:
        python = models.tensorflow_python if runtime == "tensorflow" else sys.executable
        return [python, _WORKER, runtime]

    def absent(models: Models) -> bool:
        return not _available(words(models)[0], package)

    names = {"flax": "Flax and jax", "onnx": "ONNX Runtime", "tensorflow": "TensorFlow"}
    return Route("Python", names[runtime], model, words, words, _packages_of_python(runtime), (),
                 f"pip install 'tdgammon{extra}'", many_word="lines", bench_word="benchmark",
                 missing_package=absent)


def _compiled(by: str, model: Callable[[Models], Path], program: Path, bench: Path, built: str,
              *weighed: Path, **more: object) -> Route:
    return Route("C++", by, model, lambda _: [str(program)], lambda _: [str(bench)],
                 lambda _: weight_of(*weighed), (program, bench, *weighed), built,
                 **more)  # type: ignore[arg-type]


def _in_node(by: str, model: Callable[[Models], Path], program: Path, bench: Path, built: str,
             weight: Callable[[Models], int], *needs: Path, **more: object) -> Route:
    # Where there is no Node, a name that no file has is missed too.
    node = shutil.which("node") or "node"
    return Route("Node", by, model, lambda _: [node, str(program)], lambda _: [node, str(bench)],
                 weight, (Path(node), program, bench, *needs), built, **more)  # type: ignore[arg-type]


def node_package(folder: Path) -> int:
    """Return the bytes of a Node package and of the packages it needs, for this kind of machine."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    needed = [folder / name for name, package in lock["packages"].items()
              if name and not package.get("dev")]
    files = [file for path in needed if path.exists() for file in _files(path)
             if not any(part.lower().startswith(_OTHER_MACHINES)
                        for part in file.relative_to(path).parts[:-1])]
    own = [path for path in (folder / "bin", folder / "src", folder / "package.json")
           if path.exists()]
    return weight_of(*files, *own)


def _no_tensorflow(models: Models) -> bool:
    return not _available(models.tensorflow_python, "tensorflow")


_CPP, _NODE = EMBED / "cpp" / "build", EMBED / "node"
_TENSORFLOW, _PLAIN = EMBED / "tensorflow", EMBED / "plain"
_LIBRARIES = tuple(_TENSORFLOW / "build" / "deps" / "lib" / f"libtensorflow_{name}.so.2"
                   for name in ("cc", "framework"))
_JS = _PLAIN / "js"
# Without TensorFlow in Python there is no model for the others either.
_BUILT_TENSORFLOW = "embed/tensorflow/build.sh, and pip install 'tdgammon[tensorflow]'"
_PLAIN_WORDS = {"eval_words": (), "many_word": "-"}
_JS_NEEDED = tuple(_NODE / "src" / f"{name}.js" for name in ("board", "error", "position_id"))

ROUTES = (
    _python("flax", "flax", "", lambda models: models.agent),
    _python("onnx", "onnxruntime", "[export]", lambda models: models.onnx),
    _python("tensorflow", "tensorflow", "[tensorflow]", lambda models: models.savedmodel),
    _compiled("ONNX Runtime", lambda models: models.onnx, _CPP / "deploy" / "tdgammon-embed",
              _CPP / "release" / "tdgammon-embed-benchmark", "embed/cpp/build.sh",
              _CPP / "deploy"),
    _compiled("TensorFlow", lambda models: models.savedmodel,
              _TENSORFLOW / "build" / "tdgammon-tensorflow",
              _TENSORFLOW / "build" / "tdgammon-tensorflow-benchmark", _BUILT_TENSORFLOW,
              _TENSORFLOW / "build" / "tdgammon-tensorflow", *_LIBRARIES,
              missing_package=_no_tensorflow),
    _compiled("plain", lambda models: models.plain, _PLAIN / "build" / "deploy" / "plain-eval",
              _PLAIN / "build" / "release" / "plain-benchmark", "embed/plain/build.sh",
              _PLAIN / "build" / "deploy", **_PLAIN_WORDS),
    _in_node("ONNX Runtime", lambda models: models.onnx, _NODE / "bin" / "tdgammon-embed.js",
             _NODE / "bin" / "tdgammon-embed-benchmark.js", "embed/node/build.sh",
             lambda _: node_package(_NODE), _NODE / "node_modules" / "onnxruntime-node"),
    _in_node("TensorFlow", lambda models: models.savedmodel,
             _TENSORFLOW / "node" / "bin" / "tdgammon-tensorflow.js",
             _TENSORFLOW / "node" / "bin" / "tdgammon-tensorflow-benchmark.js",
             _BUILT_TENSORFLOW,
             lambda _: node_package(_TENSORFLOW / "node") + weight_of(_NODE / "src", *_LIBRARIES),
             _TENSORFLOW / "node" / "node_modules" / "koffi", *_LIBRARIES,
             missing_package=_no_tensorflow),
    _in_node("plain", lambda models: models.plain, _JS / "plain-eval.mjs", _JS / "benchmark.mjs",
             "install Node 20 or newer", lambda _: weight_of(_JS, *_JS_NEEDED), **_PLAIN_WORDS),
)
