"""Nets as ONNX files (onnx.ai), which ONNX Runtime and others read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import AgentError
from agent.export.arrays import Array
from agent.export.graph import Node
from agent.export.interface import Interface, graph_of

# Opset 18 has whole numbers bit by bit; the oldest file version that may hold it is 8.
_OPSET, _ML_OPSET, _IR = 18, 3, 8
GET_IT = "pip install 'tdgammon[export]'"


def need(*names: str) -> None:
    """Raise an ``AgentError`` if a package that exporting needs is not installed."""
    from importlib.util import find_spec

    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise AgentError(f"exporting needs the package {missing[0]}: {GET_IT}")


def model_of(it: Interface, about: Mapping[str, str]) -> Any:
    """Return an ``onnx.ModelProto`` of a net.

    Args:
        it: the net.
        about: what the file says of itself, kept as its metadata.
    """
    from onnx import helper, numpy_helper

    graph, outputs = graph_of(it)
    renamed = {array.name: name for name, array in outputs.items()}
    nodes, constants = graph.needed(list(renamed))
    made = helper.make_graph(
        [_node(node, renamed) for node in nodes], "tdgammon",
        [_value(array.name, array) for array in graph.inputs],
        [_value(name, array) for name, array in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    opsets = [helper.make_opsetid("", _OPSET)]
    if any(node.domain for node in nodes):
        opsets.append(helper.make_opsetid("ai.onnx.ml", _ML_OPSET))
    model = helper.make_model(made, opset_imports=opsets, ir_version=_IR, producer_name="tdgammon")
    helper.set_model_props(model, dict(about))
    return model


def _node(node: Node, renamed: Mapping[str, str]) -> Any:
    from onnx import helper

    inputs, outputs = ([renamed.get(name, name) for name in names]
                       for names in (node.inputs, node.outputs))
    attributes: dict[str, Any] = {
        name: helper.np_dtype_to_tensor_dtype(value) if isinstance(value, np.dtype) else value
        for name, value in node.attributes.items()}
    # ONNX Runtime 1.21 makes names for nodes without, and may make one twice.
    return helper.make_node(node.op, inputs, outputs, name=node.outputs[0], domain=node.domain,
                            **attributes)


def _value(name: str, array: Array) -> Any:
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    shape = ["N" if size is None else size for size in array.shape]
    return helper.make_tensor_value_info(name, kind, shape)


class Session:
    """An ONNX file that answers, on one thread; names and order as in ``agent.export.interface``.

    Raises:
        AgentError: the file cannot be read as a net.
    """

    def __init__(self, path: Path) -> None:
        """Read the file."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # Of the runtime's own, of many kinds.
            brief = (str(error).splitlines() or [""])[0][:200]
            raise AgentError(f"{path}: ONNX Runtime cannot read it ({brief})") from error
        self._names = [given.name for given in self._session.get_inputs()]

    def __call__(self, *given: Any) -> list[Any]:
        """Return the outputs for inputs, both in order."""
        return self._session.run(None, dict(zip(self._names, given, strict=True)))  # type: ignore[no-any-return]
