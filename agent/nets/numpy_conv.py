"""The convolutional nets in plain NumPy: what a person waits for must not import jax.

The same function as ``agent.nets.conv``, to float32 rounding; and what both are agreed upon: how
the inputs lie upon the line of points, and which convolutions there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.nets.numpy_highway import (
    ACTIVATIONS,
    Look,
    activity_of_stack,
    run,
    stack_shapes,
)
from agent.nets.numpy_mlp import sigmoid
from agent.nets.settings import complete

Floats = npt.NDArray[np.float32]
POINTS = 24
_UNITS = 4
_TESAURO = 198
# Of Tesauro's inputs those that belong to no point: bar and off of both sides, and the turn.
_OFF_THE_LINE = (96, 97, 194, 195, 196, 197)
# So many positions at a time, for which the processor's cache is large enough.
_BLOCK = 128


@lru_cache(maxsize=8)
def line(inputs: int) -> npt.NDArray[np.int32]:
    """Return which input stands in each channel of each point, int32[24, channels].

    The points are numbered as the player on roll has them, his 1-point first; the opponent's
    checkers stand on the points where they really are. Channels: four units of the player on roll,
    four of the opponent, then what belongs to no point, the same on all of them.

    Args:
        inputs: how many there are; those beyond Tesauro's 198 belong to no point either.
    """
    own = np.arange(_UNITS * POINTS).reshape(POINTS, _UNITS)
    everywhere = np.array([*_OFF_THE_LINE, *range(_TESAURO, inputs)])
    spread = np.broadcast_to(everywhere, (POINTS, len(everywhere)))
    return np.concatenate([own, (own + 98)[::-1], spread], axis=1).astype(np.int32)


def channels_of(inputs: int) -> int:
    """Return how many channels the line has.

    >>> channels_of(198)
    14
    """
    return line(inputs).shape[1]


def taps(x: Any, kernel: int, dilation: int, xp: Any = np) -> Any:
    """Return what the units at each point see, float[..., 24, kernel * C] of float[..., 24, C].

    Beyond the ends of the line there are zeros.
    """
    if kernel == 1:
        return x
    reach = kernel // 2 * dilation
    beyond = xp.zeros((*x.shape[:-2], reach, x.shape[-1]), x.dtype)
    wide = xp.concatenate([beyond, x, beyond], axis=-2)
    parts = [wide[..., dilation * k : dilation * k + POINTS, :] for k in range(kernel)]
    return xp.concatenate(parts, axis=-1)


def convolutions(settings: Mapping[str, Any]) -> list[tuple[int, int, int, int]]:
    """Return (kernel, stride, dilation, padding) of every convolution, in order.

    Of a highway layer H and T have the same, and the way past them sees less.

    >>> convolutions({"layers": 3, "kernel": 5, "dilation": [1, 2]})
    [(5, 1, 1, 2), (5, 1, 1, 2), (5, 1, 2, 4), (5, 1, 1, 2)]
    """
    settings = complete("conv", settings)
    kernel, cycle = settings["kernel"], settings["dilation"]
    dilations = [1, *(cycle[i % len(cycle)] for i in range(settings["layers"]))]
    return [(kernel, 1, d, kernel // 2 * d) for d in dilations]


def looks_of(settings: Mapping[str, Any], look: Any = taps) -> tuple[Any, ...]:
    """Return what the units of the stack's layers see, in turn."""
    return tuple(partial(look, kernel=settings["kernel"], dilation=d) for d in settings["dilation"])


def into_stack(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    """Return what the first layer makes of inputs float32[P, F]: float32[P, 24, C]."""
    first = params["params"]["first"]
    seen = taps(x[:, line(x.shape[1])], settings["kernel"], 1)
    kernel = first["kernel"].reshape(seen.shape[-1], -1)
    return ACTIVATIONS[settings["activation"]](seen @ kernel + first["bias"])


def apply(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    """Return outcomes float32[..., 5] of inputs float32[..., F].

    Args:
        params: ``{"params": {"first", "stack", "head", "outcome"}}``.
        x: inputs, of features that begin with Tesauro's 198.
        settings: of the net, as in a checkpoint.
    """
    settings = complete("conv", settings)
    flat = x.reshape(-1, x.shape[-1])
    looks = looks_of(settings)
    blocks = [_apply(params, flat[i : i + _BLOCK], settings, looks)
              for i in range(0, len(flat), _BLOCK)]
    outcomes = params["params"]["outcome"]["bias"].shape[-1]
    found = np.concatenate(blocks) if blocks else np.zeros((0, outcomes), np.float32)
    return found.reshape(*x.shape[:-1], outcomes)


def _apply(
    params: Any, x: Floats, settings: Mapping[str, Any], looks: tuple[Look, ...]
) -> Floats:
    parts, activation = params["params"], settings["activation"]
    x = run(into_stack(params, x, settings), parts["stack"], activation, looks)
    x = x.mean(axis=1) if settings["head"] == "mean" else x.reshape(len(x), -1)
    x = ACTIVATIONS[activation](x @ parts["head"]["kernel"] + parts["head"]["bias"])
    return sigmoid(x @ parts["outcome"]["kernel"] + parts["outcome"]["bias"])


def activity(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    """Return how far open the transform gates of each layer are, 0..1: float32[layers].

    The mean over all channels, points and positions; arguments as for :func:`apply`.

    Raises:
        ConfigError: the net has no gates.
    """
    settings = complete("conv", settings)
    x = into_stack(params, x.reshape(-1, x.shape[-1]), settings)
    stack = params["params"]["stack"]
    return activity_of_stack(x, stack, settings["activation"], looks_of(settings))


def shapes(
    inputs: int, settings: Mapping[str, Any], outcomes: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path, as it stands in a checkpoint."""
    settings = complete("conv", settings)
    channels, kernel, width = (settings[name] for name in ("channels", "kernel", "width"))
    left = channels if settings["head"] == "mean" else POINTS * channels
    return {
        "params/first/kernel": (kernel, channels_of(inputs), channels),
        "params/first/bias": (channels,),
        **stack_shapes(settings["layers"], (kernel, channels, channels), settings["gated"]),
        "params/head/kernel": (left, width),
        "params/head/bias": (width,),
        "params/outcome/kernel": (width, outcomes),
        "params/outcome/bias": (outcomes,),
    }
