"""ONNX models with the interface of exported nets, and models that lack one thing each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agent.features import tesauro198

# Without the package the tests that need models are skipped.
onnx = pytest.importorskip("onnx")

INT8, FLOAT = onnx.TensorProto.INT8, onnx.TensorProto.FLOAT
HIDDEN = 80
_EQUITY = np.array([[2], [1], [1], [-1], [-1]], np.float32)


def weights(seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Return random weights of a net 198-80-5 whose answers differ well between positions."""
    rng = np.random.default_rng(seed)
    shapes = {"w1": (198, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, 5), "b2": (5,)}
    return {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def outcomes(boards: Any, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return by NumPy what the model of these weights answers, float32[N, 5]."""
    w = weights(seed)
    hidden = _sigmoid(tesauro198(boards) @ w["w1"] + w["b1"])
    return _sigmoid(hidden @ w["w2"] + w["b2"])


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _folded(kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> tuple[Any, Any]:
    """Return the first layer for inputs relu(n - k), k = 0 to 3, of all 50 cells: [200, H], [H].

    Of a whole number n, "at least k + 1" is relu(n - k) - relu(n - k - 1), and bar and borne off
    are sums of n = relu(n - 0).
    """
    cells = np.zeros((2, 25, 4, kernel.shape[1]))
    kernel64 = kernel.astype(np.float64)
    units = kernel64[:196].reshape(2, 98, -1)
    points = units[:, :96].reshape(2, 24, 4, -1)
    cells[:, :24, :3] += points[:, :, :3]
    cells[:, :24, 1:] -= points[:, :, :3]
    cells[:, :24, 3] += points[:, :, 3] / 2
    cells[:, 24, 0] += units[:, 96] / 2
    cells[:, :, 0] -= units[:, 97, None] / 15
    total = bias + units[:, 97].sum(0) + kernel64[196]
    return cells.reshape(200, -1).astype(np.float32), total.astype(np.float32)


def write(path: Path, *, seed: int = 0, name: str = "dummy", **changes: Any) -> Path:
    """Write a model 198-80-5 with random weights and return its path.

    ``changes`` make it another than the programs take: ``board_shape``, ``board_type``,
    ``board_name``, ``answers`` (numbers in a row of outcomes), ``declared`` (what the file says of
    the shape of the outcomes), ``taken`` (how many of the outcomes it then gives), ``outputs``
    (their names in order), ``nan``.
    """
    helper = onnx.helper
    shape: Sequence[Any] = changes.get("board_shape", ("N", 2, 25))
    answers, board = changes.get("answers", 5), changes.get("board_name", "board")
    w1, b1 = _folded(*(weights(seed)[key] for key in ("w1", "b1")))
    w2, b2 = (weights(seed)[key][..., :answers] for key in ("w2", "b2"))
    if changes.get("nan"):
        b2 = b2 * np.float32("nan")
    constants = {
        "w1": w1, "b1": b1, "w2": w2, "b2": b2, "equity_of": _EQUITY[:answers],
        "minus_one": np.array([-1], np.float32), "steps": np.arange(4, dtype=np.float32),
        "cells": np.array([-1, 50, 1]), "inputs": np.array([-1, 200]), "flat": np.array([-1]),
        "taken": np.arange(answers) < changes.get("taken", answers)}
    nodes = [
        helper.make_node("Cast", [board], ["n"], to=FLOAT),
        helper.make_node("Reshape", ["n", "cells"], ["column"]),
        helper.make_node("Sub", ["column", "steps"], ["over"]),
        helper.make_node("Relu", ["over"], ["units"]),
        helper.make_node("Reshape", ["units", "inputs"], ["x"]),
        helper.make_node("Gemm", ["x", "w1", "b1"], ["sums"]),
        helper.make_node("Sigmoid", ["sums"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], ["last"]),
        helper.make_node("Sigmoid", ["last"], ["all"]),
        # How many are taken shows only when the model is run.
        helper.make_node("Compress", ["all", "taken"], ["outcomes"], axis=1)
        if "taken" in changes else helper.make_node("Identity", ["all"], ["outcomes"]),
        helper.make_node("Gemm", ["all", "equity_of", "minus_one"], ["points"]),
        helper.make_node("Reshape", ["points", "flat"], ["equity"]),
    ]
    shapes = {"outcomes": changes.get("declared", ("N", answers)), "equity": ("N",)}
    names = changes.get("outputs", ("outcomes", "equity"))
    graph = helper.make_graph(
        nodes, "dummy",
        [helper.make_tensor_value_info(board, changes.get("board_type", INT8), shape)],
        [helper.make_tensor_value_info(one, FLOAT, shapes[one]) for one in names],
        [onnx.numpy_helper.from_array(value, key) for key, value in constants.items()])
    # The newest format that ONNX Runtime 1.31 reads is older than the one onnx writes by itself.
    model = helper.make_model(
        graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
    helper.set_model_props(model, {"agent": name})
    onnx.save(model, path)
    return path
