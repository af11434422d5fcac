"""Hierarchical multiscale LSTM in NumPy and jax alike: layers that find where segments end.

Chung, Ahn & Bengio, "Hierarchical multiscale recurrent neural networks" (arXiv 1609.01704),
section 3, here with rows as vectors. A layer l carries a cell c', an output h' and a boundary z',
which is 1 where it has just ended a segment. Of the layer below, l - 1, it gets h and z of this
step (h the input and z = 1 below the lowest), of the layer above h' of the step before:

    s = h'_l U + z'_l h'_{l+1} V + z_{l-1} h_{l-1} W + b        pre-activations, 4 N + 1 numbers
    f, i, o = sigmoid(s_f, s_i, s_o)    g = tanh(s_g)           gates and block input
    c = f c' + i g    h = o tanh(c)     UPDATE   z'_l = 0 and z_{l-1} = 1
    c = c'            h = h'            COPY     z'_l = 0 and z_{l-1} = 0
    c = i g           h = o tanh(c)     FLUSH    z'_l = 1
    z_l = 1 if clip((a s_z + 1) / 2, 0, 1) > 1/2 else 0         boundary; a is the slope

The top layer has neither V nor a boundary. What is said is e = relu(sum over l of y_l h_l E_l),
where the gate of a layer is one number, y_l = sigmoid([h_1, ..., h_L] . w_l).

The parameters of a layer of N units are in blocks of N in the order f, i, o, g, with one more
column for s_z (M = 4 N + 1; M = 4 N in the top layer):

- ``input`` float32[F or N, M], ``recurrent`` float32[N, M], ``bias`` float32[M];
- ``top`` float32[N, M], of all layers but the top one;
- ``gain`` float32[M] with layer norm: s without b is brought to mean 0 and deviation 1 over its M
  numbers, multiplied by the gain, and b added (Ba, Kiros & Hinton, arXiv 1607.06450).

``output/gate`` float32[L N, L] holds w, ``output/kernel`` float32[L N, N] the matrices E below
each other. Settings: ``width`` N, ``layers`` L, at least 2, ``slope`` a, ``boundary_bias`` (b of
s_z at first; one number, or one for each layer but the top one), ``layer_norm``, and ``nested``
(false where it is not given). By the equations a layer may find a boundary at a step in which the
layer below found none, and once it has, it may flush itself and find one at every step from then
on. Nested, z_l is multiplied by z_{l-1}: a segment ends only where one of the layer below does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from agent.errors import ConfigError
from agent.nets.numpy_recurrent import Ops

Array = Any
Params = Mapping[str, Mapping[str, Array]]
Settings = Mapping[str, Any]
_TINY = 1e-5


class State(NamedTuple):
    """What a layer of N units carries from step to step; any leading axes, mostly one of games.

    ``cell`` float32[..., N]; ``hidden`` float32[..., N]; ``boundary`` float32[..., 1], 0 or 1, of
    the top layer float32[..., 0].
    """

    cell: Array
    hidden: Array
    boundary: Array


States = tuple[State, ...]


def width_of(settings: Settings) -> int:
    """Return how many numbers are said, E: the width of a layer."""
    return int(settings["width"])


def layers_of(settings: Settings) -> int:
    """Return the number of layers.

    Raises:
        ConfigError: there are fewer than two, so that nothing could be found.
    """
    layers = int(settings["layers"])
    if layers < 2:
        raise ConfigError(f"a multiscale net must have at least 2 layers, not {layers}")
    return layers


def shapes(inputs: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path, as it stands in a checkpoint.

    >>> made = shapes(3, {"width": 2, "layers": 2, "layer_norm": False})
    >>> {path: shape for path, shape in made.items() if path.startswith("layer1")}
    {'layer1/input': (2, 8), 'layer1/recurrent': (2, 8), 'layer1/bias': (8,)}
    """
    width, layers = width_of(settings), layers_of(settings)
    found: dict[str, tuple[int, ...]] = {}
    for i in range(layers):
        top = i == layers - 1
        columns = 4 * width + (not top)
        found[f"layer{i}/input"] = (width if i else inputs, columns)
        found[f"layer{i}/recurrent"] = (width, columns)
        if not top:
            found[f"layer{i}/top"] = (width, columns)
        found[f"layer{i}/bias"] = (columns,)
        if settings["layer_norm"]:
            found[f"layer{i}/gain"] = (columns,)
    found["output/gate"] = (layers * width, layers)
    found["output/kernel"] = (layers * width, width)
    return found


def zero_states(settings: Settings, *batch: int) -> States:
    """Return the states that have seen nothing, all zero, the lowest layer first."""
    width, layers = width_of(settings), layers_of(settings)
    return tuple(State(*(np.zeros((*batch, size), np.float32)
                         for size in (width, width, int(i < layers - 1)))) for i in range(layers))


def driven(params: Params, settings: Settings) -> tuple[Array, Array]:
    """Return what the input does to the lowest layer: a kernel float32[F, M], a bias float32[M].

    With layer norm the bias is 0, since its own comes behind the norm.
    """
    lowest = params["layer0"]
    bias = lowest["bias"]
    return lowest["input"], 0 * bias if settings["layer_norm"] else bias


def step(
    driven: Array, states: States, params: Params, settings: Settings, ops: Ops,
    slope: Array | float | None = None,
) -> tuple[Array, States]:
    """Return what is said, float32[..., N], and the states after one more input.

    Args:
        driven: ``x @ kernel + bias`` by :func:`driven`, float32[..., M].
        states: before it; their leading axes need only broadcast with those of ``driven``.
        params: ``{"layer0": {"input": ...}, ..., "output": {...}}``.
        settings: see the module.
        ops: of NumPy or jax; ``ops.hard`` makes boundaries.
        slope: a, if it is not that of the settings: a number, while it is annealed.
    """
    after = states_after(driven, states, params, settings, ops, slope)
    return said([state.hidden for state in after], params["output"], ops), after


def states_after(
    driven: Array, states: States, params: Params, settings: Settings, ops: Ops,
    slope: Array | float | None = None,
) -> States:
    """Return the states after one more input; arguments as for :func:`step`."""
    slope = settings["slope"] if slope is None else slope
    nested = settings.get("nested", False)
    after: list[State] = []
    for i, state in enumerate(states):
        of_layer, top = params[f"layer{i}"], i == len(states) - 1
        if i == 0:
            ended, sums = np.float32(1), driven
        else:
            ended = after[-1].boundary
            sums = ended * (after[-1].hidden @ of_layer["input"])
        sums = sums + state.hidden @ of_layer["recurrent"]
        if not top:
            sums = sums + state.boundary * (states[i + 1].hidden @ of_layer["top"])
        if settings["layer_norm"]:
            sums = normed(sums, ops) * of_layer["gain"] + of_layer["bias"]
        elif i:
            sums = sums + of_layer["bias"]
        made = advance(sums, state, ended, slope, top, ops)
        if nested and not top:
            made = made._replace(boundary=ended * made.boundary)
        after.append(made)
    return tuple(after)


def normed(sums: Array, ops: Ops) -> Array:
    """Return pre-activations float32[..., M] with mean 0 and deviation 1 over the last axis."""
    sums = sums - sums.mean(-1, keepdims=True)
    return sums / ops.xp.sqrt((sums * sums).mean(-1, keepdims=True) + _TINY)


def advance(
    sums: Array, state: State, ended: Array, slope: Array | float, top: bool, ops: Ops
) -> State:
    """Return the state of one layer after a step: UPDATE, COPY or FLUSH, without a branch.

    Args:
        sums: its pre-activations, float32[..., M].
        state: before it.
        ended: the boundary of the layer below at this step, float32[..., 1], 0 or 1.
        slope: of the hard sigmoid.
        top: whether it is the top layer.
        ops: of NumPy or jax.
    """
    width = state.cell.shape[-1]
    gates = ops.sigmoid(sums[..., : 3 * width])
    f, i, o = (gates[..., n * width : (n + 1) * width] for n in range(3))
    new = i * ops.xp.tanh(sums[..., 3 * width : 4 * width])
    # Multiplied rather than chosen, so that gradients reach the boundaries. With boundaries of
    # exactly 0 or 1, what is copied stays what it was to the last bit.
    updated = ended * (f * state.cell + new) + (1 - ended) * state.cell
    flush = 0 if top else state.boundary
    cell = flush * new + (1 - flush) * updated
    copied = (1 - flush) * (1 - ended)
    hidden = copied * state.hidden + (1 - copied) * (o * ops.xp.tanh(cell))
    if top:
        return State(cell, hidden, hidden[..., :0])
    share = ops.xp.clip((slope * sums[..., 4 * width :] + 1) / 2, 0, 1)
    return State(cell, hidden, ops.hard(share))


def said(hidden: list[Array], params: Mapping[str, Array], ops: Ops) -> Array:
    """Return e float32[..., N] of the outputs float32[..., N] of all layers, the lowest first."""
    width = hidden[0].shape[-1]
    gates = ops.sigmoid(ops.xp.concatenate(hidden, axis=-1) @ params["gate"])
    total = sum((gates[..., i : i + 1] * h) @ params["kernel"][i * width : (i + 1) * width]
                for i, h in enumerate(hidden))
    return ops.xp.maximum(total, 0)
