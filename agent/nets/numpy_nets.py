"""The networks by name in plain NumPy: for who must not wait for jax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.nets import numpy_conv, numpy_ensemble, numpy_highway, numpy_mlp, numpy_remembering
from agent.nets.settings import REMEMBERING, complete

Floats = npt.NDArray[np.float32]
Shapes = dict[str, tuple[int, ...]]


class NumpyNet(NamedTuple):
    """A kind of net.

    ``apply(params, inputs float32[..., F], settings) -> outcomes float32[..., 5]``;
    ``shapes(F, settings, 5)`` of the parameters by path; ``activity``, where it may have gates:
    ``activity(params, inputs, settings) -> float32[layers]``, how far open they are on average.
    """

    apply: Callable[[Any, Floats, Mapping[str, Any]], Floats]
    shapes: Callable[[int, Mapping[str, Any], int], Shapes]
    activity: Callable[[Any, Floats, Mapping[str, Any]], Floats] | None = None


def _mlp(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    return numpy_mlp.apply(params, x, settings.get("activation", "sigmoid"))


def _mlp_shapes(inputs: int, settings: Mapping[str, Any], outcomes: int) -> Shapes:
    return numpy_mlp.shapes(inputs, complete("mlp", settings)["hidden"], outcomes)


def _remembering(net: str) -> NumpyNet:
    """Return a net that remembers, as it judges a position of which it has seen no history."""
    def apply(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
        return np.asarray(numpy_remembering.alone(net, params, x, settings))

    return NumpyNet(apply, partial(numpy_remembering.shapes, net))


NETS = {
    "mlp": NumpyNet(_mlp, _mlp_shapes),
    "highway": NumpyNet(numpy_highway.apply, numpy_highway.shapes, numpy_highway.activity),
    "conv": NumpyNet(numpy_conv.apply, numpy_conv.shapes, numpy_conv.activity),
    "ensemble": NumpyNet(numpy_ensemble.apply, numpy_ensemble.shapes),
    **{net: _remembering(net) for net in REMEMBERING},
}
