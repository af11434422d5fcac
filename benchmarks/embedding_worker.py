"""Python's part in ``benchmarks/embedding.py``: a net by Flax, ONNX Runtime or TensorFlow.

    python benchmarks/embedding_worker.py RUNTIME MODEL eval ID
    python benchmarks/embedding_worker.py RUNTIME MODEL lines       IDs on standard input
    python benchmarks/embedding_worker.py RUNTIME MODEL benchmark
    python benchmarks/embedding_worker.py RUNTIME MODEL write       make MODEL of the net AGENT
    python benchmarks/embedding_worker.py RUNTIME MODEL size

RUNTIME is flax, onnx or tensorflow; MODEL a file, a folder, or for flax the name of an agent. A
process of its own for each, so that it loads nothing but what the runtime needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.board import start
from engine.game import result
from engine.plays import afterstates_of

_SINGLES, _BATCHES, _BATCH = 20_000, 200, 1024
# A slow net is measured less often: no more than so long, but so often at least.
_LONGEST_S, _LEAST = 2.0, 9
PACKAGES = {"flax": ("jax", "flax"), "onnx": ("onnxruntime",),
            "tensorflow": ("tensorflow-cpu", "tensorflow")}

Answer = Callable[[np.ndarray], Any]


def random_positions(n: int, seed: int) -> np.ndarray:
    """Return positions int8[n, 2, 25] of games played at random, each with its last one."""
    rng = np.random.default_rng(seed)
    found = np.zeros((n, 2, 25), np.int8)
    board = start()
    for i in range(n):
        found[i] = board
        if result(board):
            board = start()
            continue
        after = afterstates_of(board, *map(int, rng.integers(1, 7, 2)))
        board = after[rng.integers(len(after))]
    return found


def flax(name: str) -> Answer:
    """Return the net of an agent as compiled by jax."""
    from agent import catalog
    from agent.export.interface import interface, reference

    said = reference(interface(catalog.get(name)))
    return lambda boards: [np.asarray(part) for part in said(boards)]


def onnx(path: str) -> Answer:
    """Return a file as ONNX Runtime runs it, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda boards: session.run(None, {"board": boards})


def tensorflow(path: str) -> Answer:
    """Return a SavedModel as TensorFlow runs it, on one thread."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    loaded = tf.saved_model.load(path)
    function = loaded.signatures["serving_default"]

    def answer(boards: np.ndarray) -> Any:
        said = function(board=tf.constant(boards))
        return [said[name].numpy() for name in ("outcomes", "equity")]

    # Without the object that was loaded its variables would be gone.
    answer.loaded = loaded  # type: ignore[attr-defined]
    return answer


RUNTIMES: dict[str, Callable[[str], Answer]] = {
    "flax": flax, "onnx": onnx, "tensorflow": tensorflow}


def median_us(times: int, call: Callable[[int], Any]) -> float:
    """Return the median of the microseconds that calls take."""
    taken: list[float] = []
    first = time.perf_counter()
    for i in range(times):
        if i >= _LEAST and time.perf_counter() - first > _LONGEST_S:
            break
        began = time.perf_counter()
        call(i)
        taken.append(1e6 * (time.perf_counter() - began))
    return float(np.median(taken))


def benchmark(open_model: Callable[[], Answer]) -> dict[str, float]:
    """Return milliseconds to load, microseconds for one position and for 1,024."""
    began = time.perf_counter()
    answer = open_model()
    load = time.perf_counter() - began
    boards = random_positions(_BATCH, seed=1)
    for n in (1, _BATCH):
        median_us(_BATCHES // 4, lambda _, n=n: answer(boards[:n]))  # type: ignore[misc]
    one = median_us(_SINGLES, lambda i: answer(boards[i % _BATCH : i % _BATCH + 1]))
    many = median_us(_BATCHES, lambda _: answer(boards))
    return {"load_ms": 1000 * load, "one_us": one, "batch_1024_us": many}


def distributions(names: tuple[str, ...]) -> Iterator[Any]:
    """Yield the installed packages of these names and all that they need."""
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    todo, seen = [canonicalize_name(name) for name in names], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        yield found
        for text in found.requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(needed.name))


def size(runtime: str) -> int:
    """Return the bytes of the packages that a runtime needs, compiled Python left out."""
    files = {Path(str(file.locate())) for one in distributions(PACKAGES[runtime])
             for file in one.files or [] if file.suffix != ".pyc"}
    return sum(file.stat().st_size for file in files if file.is_file())


def write_savedmodel(name: str, folder: str) -> None:
    """Write the SavedModel of an agent into a new folder."""
    from agent import catalog
    from agent.export import savedmodel
    from agent.export.files import about_of
    from agent.export.interface import interface

    it = interface(catalog.get(name))
    Path(folder).mkdir()
    savedmodel.write(Path(folder), it, about_of(name, it))


def shown(answer: Answer, ids: list[str]) -> Iterator[str]:
    """Yield six numbers for each Position ID, outcomes and equity."""
    from engine.ids import decode_positions

    if ids:
        outcomes, equity = answer(np.asarray(decode_positions(ids), np.int8))
        for row in np.column_stack([outcomes, equity]):
            yield " ".join(f"{value:.9g}" for value in row)


def main() -> None:
    """Do what the words say."""
    runtime, model, what, *more = sys.argv[1:]
    if what == "size":
        print(size(runtime))
    elif what == "write":
        write_savedmodel(more[0], model)
    elif what == "benchmark":
        print(json.dumps(benchmark(lambda: RUNTIMES[runtime](model))))
    else:
        answer = RUNTIMES[runtime](model)
        for line in shown(answer, more if what == "eval" else sys.stdin.read().split()):
            print(line, flush=True)


if __name__ == "__main__":
    main()
