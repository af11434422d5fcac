"""A cell with fast weights in plain NumPy: what a person waits for must not import jax.

Ba, Hinton, Mnih, Leibo & Ionescu, "Using fast weights to attend to the recent past" (arXiv
1610.06258), in the form that Wenke & Fleming (arXiv 1902.03455) use: what has just been seen is
written before it is read. Of an input x, the state before it h' and the fast weights A', rows as
vectors:

    u = x W + b + h' R
    h_0 = relu(u)
    A = decay A' + rate h_0^T h_0
    h_s = relu(norm(u + h_{s-1} A))      s = 1 ... S
    h = h_S

(Ba et al. write h' of the step before into A instead.) norm is layer normalization (arXiv
1607.06450) with gain and shift. A is symmetric, so that rows and columns may be exchanged.
The parameters of a cell of N units, under ``layer0``:

- ``input`` float32[F, N], W; ``recurrent`` float32[N, N], R; ``bias`` float32[N], b;
- ``gain`` and ``shift`` float32[N], of the normalization.

The step serves ``agent.nets.fast_weights`` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from agent.nets.numpy_recurrent import CellKind, Ops

Array = Any
Params = Mapping[str, Mapping[str, Array]]
Settings = Mapping[str, Any]
DEFAULTS = {"width": 50, "decay": 0.95, "rate": 0.5, "inner_steps": 1}
_EPSILON = 1e-5


class State(NamedTuple):
    """What a cell of N units carries from step to step; any leading axes.

    ``hidden`` float32[..., N]; ``fast`` float32[..., N, N], the fast weights.
    """

    hidden: Array
    fast: Array


def shapes(inputs: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path.

    >>> shapes(3, {"width": 2})["layer0/input"]
    (3, 2)
    """
    n = settings["width"]
    return {"layer0/input": (inputs, n), "layer0/recurrent": (n, n), "layer0/bias": (n,),
            "layer0/gain": (n,), "layer0/shift": (n,)}


def zero_states(settings: Settings, *batch: int) -> State:
    """Return the state of a cell that has seen nothing, all zero, with the axes of ``batch``."""
    n = settings["width"]
    return State(np.zeros((*batch, n), np.float32), np.zeros((*batch, n, n), np.float32))


def width_of(settings: Settings) -> int:
    """Return how many numbers the cell says."""
    return int(settings["width"])


def driven(params: Params, settings: Settings) -> tuple[Array, Array]:
    """Return kernel float32[F, N] and bias float32[N] of what the input does to the cell."""
    return params["layer0"]["input"], params["layer0"]["bias"]


def step(
    driven: Array, states: State, params: Params, settings: Settings, ops: Ops
) -> tuple[Array, State]:
    """Return what the cell says to one more input, float32[..., N], and its state after it.

    Args:
        driven: what the input does, ``x @ kernel + bias``, float32[..., N].
        states: that before; its leading axes need only broadcast with those of ``driven``.
        params: ``{"layer0": ...}``.
        settings: ``width``, ``decay``, ``rate`` and ``inner_steps``.
        ops: of NumPy or of jax.
    """
    mine, xp = params["layer0"], ops.xp
    sums = driven + states.hidden @ mine["recurrent"]
    hidden = relu(sums, xp)
    fast = settings["decay"] * states.fast + settings["rate"] * (
        hidden[..., :, None] * hidden[..., None, :])
    for _ in range(settings["inner_steps"]):
        read = (hidden[..., None, :] @ fast)[..., 0, :]
        hidden = relu(normalized(sums + read, mine, xp), xp)
    return hidden, State(hidden, fast)


def relu(x: Array, xp: Any) -> Array:
    """Return the positive part."""
    return xp.maximum(x, 0.0)


def normalized(x: Array, params: Mapping[str, Array], xp: Any) -> Array:
    """Return x float32[..., N] with mean 0 and variance 1 over units, by ``gain`` and ``shift``."""
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return centred / xp.sqrt(variance + _EPSILON) * params["gain"] + params["shift"]


KIND = CellKind(shapes, zero_states, driven, step, width_of)
