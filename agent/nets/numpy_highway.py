"""The highway stack in plain NumPy: what a person waits for must not import jax.

The same function as ``agent.nets.highway``, to float32 rounding, and what its gates do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.nets.numpy_mlp import relu, sigmoid
from agent.nets.settings import complete

Floats = npt.NDArray[np.float32]
Look = Callable[[Floats], Floats]
ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": relu, "tanh": np.tanh, "sigmoid": sigmoid,
}


def layer(
    x: Any, seen: Any, params: Mapping[str, Any], bend: Callable[[Any], Any],
    sigmoid: Callable[[Any], Any],
) -> Any:
    """Return what one layer makes of x float32[..., w]; a plain one where it has no gates.

    NumPy and jax alike.

    Args:
        x: the layer's input.
        seen: what its units see of it, float32[..., k w]: of a dense layer x itself.
        params: ``kernel`` of k w rows and ``bias``; ``gate_kernel`` and ``gate_bias`` or none.
        bend: the activation of H.
        sigmoid: that of the gates.
    """
    width = x.shape[-1]
    changed = bend(seen @ params["kernel"].reshape(-1, width) + params["bias"])
    if "gate_kernel" not in params:
        return changed
    return x + gate(seen, params, sigmoid) * (changed - x)


def gate(seen: Any, params: Mapping[str, Any], sigmoid: Callable[[Any], Any] = sigmoid) -> Any:
    """Return how far the transform gates of a layer are open, 0..1; arguments as for `layer`."""
    bias = params["gate_bias"]
    return sigmoid(seen @ params["gate_kernel"].reshape(-1, bias.shape[-1]) + bias)


def _walk(
    x: Floats, stack: Mapping[str, Floats], activation: str, looks: tuple[Look, ...]
) -> Iterator[tuple[Floats, Floats, dict[str, Floats]]]:
    """Yield the output of each layer of a stack, what it saw, and its parameters."""
    for i in range(len(stack["bias"])):
        params = {name: array[i] for name, array in stack.items()}
        seen = looks[i % len(looks)](x)
        x = layer(x, seen, params, ACTIVATIONS[activation], sigmoid)
        yield x, seen, params


def run(
    x: Floats, stack: Mapping[str, Floats], activation: str, looks: tuple[Look, ...]
) -> Floats:
    """Return what a stack makes of x float32[..., w]; see ``agent.nets.highway.run``."""
    for following, _, _ in _walk(x, stack, activation, looks):
        x = following
    return x


def activity_of_stack(
    x: Floats, stack: Mapping[str, Floats], activation: str, looks: tuple[Look, ...]
) -> Floats:
    """Return how far open the gates of each layer are, the mean over all of x: float32[layers].

    Raises:
        ConfigError: the layers have no gates.
    """
    if "gate_kernel" not in stack:
        raise ConfigError("a net without gates has no activity of them")
    steps = _walk(x, stack, activation, looks)
    return np.array([gate(seen, params).mean() for _, seen, params in steps], np.float32)


def same(x: Floats) -> Floats:
    """Return what a unit of a dense layer sees of its input: all of it."""
    return x


def into_stack(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    """Return what the first layer makes of inputs float32[..., F]: float32[..., w]."""
    first = params["params"]["first"]
    return ACTIVATIONS[settings["activation"]](x @ first["kernel"] + first["bias"])


def apply(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    """Return outcomes float32[..., 5] of inputs float32[..., F].

    Args:
        params: ``{"params": {"first": ..., "stack": ..., "outcome": ...}}``.
        x: inputs.
        settings: of the net, as in a checkpoint.
    """
    settings = complete("highway", settings)
    last = params["params"]["outcome"]
    x = into_stack(params, x, settings)
    x = run(x, params["params"]["stack"], settings["activation"], (same,))
    return sigmoid(x @ last["kernel"] + last["bias"])


def activity(params: Any, x: Floats, settings: Mapping[str, Any]) -> Floats:
    """Return how far open the transform gates of each layer are, 0..1: float32[layers].

    The mean over all units and positions; arguments as for :func:`apply`.

    Raises:
        ConfigError: the net has no gates.
    """
    settings = complete("highway", settings)
    x = into_stack(params, x, settings)
    return activity_of_stack(x, params["params"]["stack"], settings["activation"], (same,))


def stack_shapes(layers: int, shape: tuple[int, ...], gated: bool) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a stack by its path."""
    found: dict[str, tuple[int, ...]] = {}
    for kind in ("", "gate_") if gated else ("",):
        found[f"params/stack/{kind}kernel"] = (layers, *shape)
        found[f"params/stack/{kind}bias"] = (layers, shape[-1])
    return found


def shapes(
    inputs: int, settings: Mapping[str, Any], outcomes: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path, as it stands in a checkpoint."""
    settings = complete("highway", settings)
    width = settings["width"]
    return {
        "params/first/kernel": (inputs, width),
        "params/first/bias": (width,),
        **stack_shapes(settings["layers"], (width, width), settings["gated"]),
        "params/outcome/kernel": (width, outcomes),
        "params/outcome/bias": (outcomes,),
    }
