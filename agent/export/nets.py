"""What each kind of net makes of a position, as a graph.

All of it by the nets' own functions (``agent.nets.numpy_*``) but for convolutions and trees, for
which ONNX has nodes: ``_conv`` and ``agent.export.trees``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from agent.errors import AgentError
from agent.export import trees
from agent.export.arrays import Array
from agent.export.inputs import STEPS, UNITS_OF_STEPS, Position, of_counts, rounded_alike
from agent.export.symbols import ACTIVATIONS, XP, sigmoid
from agent.nets import numpy_conv, numpy_highway, numpy_views
from agent.nets.numpy_classes import outcomes
from agent.nets.numpy_ensemble import KINDS, geometric_mean
from agent.nets.settings import complete

Params = Mapping[str, Any]
Settings = Mapping[str, Any]


def outcomes_of(net: str, params: Any, settings: Settings, seen: Position) -> Array:
    """Return outcomes float32[N, 5] of a net that remembers nothing.

    Args:
        net: its name, with its ``params`` and ``settings``; see ``NetworkAgent``.
        params: ``{"params": ...}``.
        settings: as in a checkpoint.
        seen: the position.

    Raises:
        AgentError: there is no graph of such a net.
    """
    if net not in _NETS:
        raise AgentError(f"no export of a net {net!r}, only of {', '.join(_NETS)}, and of nets "
                         "that remember")
    return _NETS[net](params["params"], settings, seen)


def _dense(x: Array, layer: Params) -> Array:
    return x @ layer["kernel"] + layer["bias"]


def _mlp(params: Params, settings: Settings, seen: Position) -> Array:
    bend, x = ACTIVATIONS[settings.get("activation", "sigmoid")], seen.inputs
    for i in range(len(params) - 1):
        x = bend(_dense(x, params[f"hidden{i}"]))
    return sigmoid(_dense(x, params["outcome"]))


def _layers(stack: Params) -> list[dict[str, np.ndarray]]:
    return [{name: array[i] for name, array in stack.items()} for i in range(len(stack["bias"]))]


def _highway(params: Params, settings: Settings, seen: Position) -> Array:
    bend = ACTIVATIONS[complete("highway", settings)["activation"]]
    x = bend(_dense(seen.inputs, params["first"]))
    for layer in _layers(params["stack"]):
        x = numpy_highway.layer(x, x, layer, bend, sigmoid)
    return sigmoid(_dense(x, params["outcome"]))


def _convolved(x: Array, kernel: np.ndarray, bias: np.ndarray, dilation: int) -> Array:
    """Return a convolution float32[N, out, 1, 24] of x float32[N, in, 1, 24].

    ``kernel`` is float32[k, in, out]. The line is an image one point high: for images ONNX Runtime
    has the faster convolutions.
    """
    reach = kernel.shape[0] // 2 * dilation
    weights = np.ascontiguousarray(kernel.transpose(2, 1, 0)[:, :, None], np.float32)
    return x.graph.node("Conv", (x, weights, bias), (None, kernel.shape[2], 1, numpy_conv.POINTS),
                        x.dtype, kernel_shape=[1, kernel.shape[0]], dilations=[1, dilation],
                        pads=[0, reach, 0, reach])


def _on_the_line(kernel: np.ndarray, seen: Position) -> tuple[Array, np.ndarray]:
    """Return channels float32[N, C, 1, 24], and the first layer's kernel [k, C, out] for these.

    The channels are steps instead of units; what belongs to no point is the same on all points:
    checkers on the bar and borne off of either side, a one, and inputs behind Tesauro's.
    """
    ends, offset = np.zeros((2, 25, 3)), np.array([15, 15, 1])
    ends[0, :, 0] = ends[1, :, 1] = -1
    parts = [seen.steps, seen.steps @ of_counts(ends).astype(np.float32)
             + offset.astype(np.float32)]
    parts += [seen.more] if seen.more is not None else []
    point = np.arange(numpy_conv.POINTS)
    own = [50 * step + point for step in range(4)]
    theirs = [50 * step + 25 + point[::-1] for step in range(4)]
    alike = [3 * 50 + 24, 3 * 50 + 49, *(STEPS + np.arange(3))]
    more = 0 if seen.more is None else seen.inputs.matrix.shape[1] - 198
    alike += list(STEPS + 3 + np.arange(more))
    rows = np.array([*own, *theirs, *(np.full(numpy_conv.POINTS, column) for column in alike)])
    flat = XP.concatenate(parts, axis=-1)
    line = flat.graph.node("Gather", (flat, rows.ravel().astype(np.int64)), (None, rows.size),
                           flat.dtype, axis=1).reshape(None, len(rows), 1, numpy_conv.POINTS)
    # Of the kernel's channels: own units, theirs, own bar and off, theirs, the turn.
    points = [UNITS_OF_STEPS.T @ kernel[:, at : at + 4] for at in (0, 4)]
    ends_of = [kernel[:, 8] / 2, kernel[:, 10] / 2, kernel[:, 9] / 15, kernel[:, 11] / 15,
               kernel[:, 12], *(kernel[:, 14 + i] for i in _order_of(seen, more))]
    return line, np.concatenate([*points, np.stack(ends_of, axis=1)], axis=1)


def _order_of(seen: Position, more: int) -> list[int]:
    """Return which input behind Tesauro's each column of ``seen.more`` is."""
    return [int(np.argmax(seen.inputs.matrix[STEPS + i, 198:])) for i in range(more)]


def _conv(params: Params, settings: Settings, seen: Position) -> Array:
    settings = complete("conv", settings)
    bend, dilations = ACTIVATIONS[settings["activation"]], settings["dilation"]
    first, head = params["first"], params["head"]["kernel"]
    channels, points = settings["channels"], numpy_conv.POINTS
    line, kernel = _on_the_line(first["kernel"], seen)
    x = bend(_convolved(line, kernel, first["bias"], 1))
    for i, layer in enumerate(_layers(params["stack"])):
        dilation = dilations[i % len(dilations)]
        changed = bend(_convolved(x, layer["kernel"], layer["bias"], dilation))
        if "gate_kernel" in layer:
            gate = sigmoid(_convolved(x, layer["gate_kernel"], layer["gate_bias"], dilation))
            changed = x + gate * (changed - x)
        x = changed
    if settings["head"] == "mean":
        x = x.reshape(None, channels, points).mean(-1)
    else:
        # Here the points of a channel lie together, there the channels of a point.
        x = x.reshape(None, channels * points)
        head = head.reshape(points, channels, -1).swapaxes(0, 1).reshape(head.shape)
    x = bend(x @ head + params["head"]["bias"])
    return sigmoid(_dense(x, params["outcome"]))


def _ensemble(params: Params, settings: Settings, seen: Position) -> Array:
    said, x = [], rounded_alike(seen)
    for i, member in enumerate(settings["members"]):
        part = params[f"member{i}"]
        z = numpy_views.seen(part, x, XP)
        if member["kind"] == "trees":
            said.append(trees.log_probs(part["model"]["trees"], z))
        else:
            log_probs = KINDS[member["kind"]].log_probs
            said.append(log_probs(part["model"], z, member["settings"], XP))
    return outcomes(geometric_mean(said, params["weights"], XP), XP)  # type: ignore[no-any-return]


_NETS: dict[str, Callable[[Params, Settings, Position], Array]] = {
    "mlp": _mlp, "highway": _highway, "conv": _conv, "ensemble": _ensemble}
