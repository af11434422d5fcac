"""The multilayer perceptron in plain NumPy: what a person waits for must not import jax.

The same function as ``agent.nets.mlp``, to float32 rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x))."""
    # tanh does not overflow for large |x|, exp does.
    return (np.float32(0.5) * np.tanh(np.float32(0.5) * x) + np.float32(0.5)).astype(np.float32)


def relu(x: Floats) -> Floats:
    """Return the positive part."""
    return np.maximum(x, np.float32(0))


ACTIVATIONS = {"sigmoid": sigmoid, "relu": relu}


def apply(params: Any, x: Floats, activation: str = "sigmoid") -> Floats:
    """Return outcomes float32[..., 5] of inputs float32[..., F].

    Args:
        params: ``{"params": {"hidden0": {"kernel", "bias"}, ..., "outcome": {...}}}``.
        x: inputs.
        activation: of the hidden units, one of ``ACTIVATIONS``.
    """
    bend = ACTIVATIONS[activation]
    layers = params["params"]
    for i in range(len(layers) - 1):
        layer = layers[f"hidden{i}"]
        x = bend(x @ layer["kernel"] + layer["bias"])
    last = layers["outcome"]
    return sigmoid(x @ last["kernel"] + last["bias"])


def shapes(inputs: int, hidden: tuple[int, ...], outcomes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path, as it stands in a checkpoint."""
    widths = (inputs, *hidden)
    names = [f"hidden{i}" for i in range(len(hidden))] + ["outcome"]
    found: dict[str, tuple[int, ...]] = {}
    for name, before, after in zip(names, widths, (*hidden, outcomes), strict=True):
        found[f"params/{name}/kernel"] = (before, after)
        found[f"params/{name}/bias"] = (after,)
    return found
