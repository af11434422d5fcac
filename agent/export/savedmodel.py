"""A net as a SavedModel: the recorded graph in operators of TensorFlow, and reading it back.

Each node becomes the operator of the same name, or the few that make it up
(tensorflow.org/api_docs/python/tf/raw_ops). The graph is flat: no functions, no variables, and its
inputs and outputs are operations with the names of ``agent.export.interface``, so that a program
without a reader of protocol buffers finds them too.

jax2tf would make one operation ``XlaCallModule``, which is compiled anew for every number of
positions that is asked about; docs/embedding-tensorflow.md has the figures.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import AgentError
from agent.export.interface import Interface, graph_of
from agent.export.tensorflow_ops import Made

MODEL, ABOUT = "saved_model.pb", Path("assets.extra", "tdgammon.json")
SIGNATURE, TAG = "serving_default", "serve"
GET_IT = "pip install 'tdgammon[tensorflow]'"


def need() -> None:
    """Raise an ``AgentError`` if TensorFlow is not installed."""
    from importlib.util import find_spec

    if find_spec("tensorflow") is None:
        raise AgentError(f"exporting a SavedModel needs the package tensorflow: {GET_IT}")


def library() -> Any:
    """Return the module ``tensorflow``; what it tells everybody who loads it is not shown."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        with _silence():
            import tensorflow
    import tensorflow

    return tensorflow


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep off standard error what is written there below Python."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def write(folder: Path, it: Interface, about: Mapping[str, str]) -> None:
    """Write a net into a folder that is there and empty.

    Args:
        folder: gets ``saved_model.pb`` and ``assets.extra/tdgammon.json``, a place that SavedModels
            keep for what TensorFlow does not read.
        it: the net.
        about: what the files say of the net.
    """
    (folder / MODEL).write_bytes(_model_of(it).SerializeToString(deterministic=True))
    (folder / ABOUT).parent.mkdir()
    (folder / ABOUT).write_text(json.dumps(dict(about), indent=2) + "\n", encoding="utf-8")


def _model_of(it: Interface) -> Any:
    """Return a ``SavedModel``, a message of TensorFlow's saved_model.proto."""
    tf = library()
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    recorded, outputs = graph_of(it)
    nodes, constants = recorded.needed([array.name for array in outputs.values()])
    with tf.Graph().as_default() as graph:
        given = {array.name: tf.compat.v1.placeholder(array.dtype, array.shape, array.name)
                 for array in recorded.inputs}
        made = Made(tf, given, constants)
        for node in nodes:
            made.add(node)
        answers = {name: tf.identity(made[array.name], name) for name, array in outputs.items()}
        whole = tf.compat.v1.train.export_meta_graph(graph=graph, strip_default_attrs=True)
    whole.meta_info_def.tags.append(TAG)
    whole.signature_def[SIGNATURE].CopyFrom(meta_graph_pb2.SignatureDef(
        inputs={name: _info(tensor) for name, tensor in given.items()},
        outputs={name: _info(tensor) for name, tensor in answers.items()},
        method_name="tensorflow/serving/predict"))
    return saved_model_pb2.SavedModel(saved_model_schema_version=1, meta_graphs=[whole])


def _info(tensor: Any) -> Any:
    from tensorflow.core.protobuf import meta_graph_pb2

    return meta_graph_pb2.TensorInfo(name=tensor.name, dtype=tensor.dtype.as_datatype_enum,
                                     tensor_shape=tensor.shape.as_proto())


class Session:
    """A SavedModel that answers; names and order as in ``agent.export.interface``.

    Raises:
        AgentError: the folder cannot be read as a net.
    """

    def __init__(self, folder: Path) -> None:
        """Read the folder."""
        tf = library()
        try:
            self._loaded = tf.saved_model.load(str(folder))
            self._function = self._loaded.signatures[SIGNATURE]
        except Exception as error:  # Of TensorFlow's own, of many kinds.
            brief = (str(error).splitlines() or [""])[0][:200]
            raise AgentError(f"{folder}: TensorFlow cannot read it ({brief})") from error
        _, inputs = self._function.structured_input_signature
        self._inputs = [name for name in ("board", "memory", "turn") if name in inputs]
        self._outputs = [name for name in ("outcomes", "equity", "memory_after")
                         if name in self._function.structured_outputs]

    def __call__(self, *given: Any) -> list[Any]:
        """Return the outputs for inputs, both in order."""
        asked = {name: np.asarray(array)
                 for name, array in zip(self._inputs, given, strict=True)}
        tf = library()
        answer = self._function(**{name: tf.constant(value) for name, value in asked.items()})
        return [answer[name].numpy() for name in self._outputs]
