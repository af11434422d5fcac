"""Hierarchical multiscale LSTM for jax (Chung, Ahn & Bengio, arXiv 1609.01704).

The equations, the parameters and the step are in ``agent.nets.numpy_hm_lstm``, written once for
both. Boundaries pass gradients straight through (``agent.nets.recurrent.straight_through``); the
slope of their hard sigmoid grows during training, so that they come closer to steps. Time is the
first axis of a sequence, batches come after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from agent.errors import ConfigError
from agent.nets import numpy_hm_lstm
from agent.nets.numpy_hm_lstm import States, layers_of
from agent.nets.recurrent import JAX

Array = Any
Initializer = Callable[..., Array]
_init = nn.initializers


def inits(settings: Mapping[str, Any]) -> Callable[[str], Initializer]:
    """Return ``of(path)``, what a parameter is drawn from at first.

    Kernels: LeCun's normal distribution; gains 1; biases 0 but for those of boundaries, which are
    ``boundary_bias``: one number, or one for each layer that has boundaries, the lowest first.
    Where it is too low no boundaries come about, and the layers above learn nothing.

    Raises:
        ConfigError: there are not as many as layers with boundaries.
    """
    detectors, given = layers_of(settings) - 1, settings["boundary_bias"]
    biases = [given] * detectors if isinstance(given, int | float) else list(given)
    if len(biases) != detectors:
        raise ConfigError(f"boundary_bias must be one number or {detectors}, not {len(biases)}")

    def of(path: str) -> Initializer:
        layer, name = path.split("/")
        if name != "bias":
            return _init.ones_init() if name == "gain" else _init.lecun_normal()
        at = int(layer.removeprefix("layer"))

        def bias(key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Array:
            drawn = jnp.zeros(shape, dtype)
            return drawn.at[-1].set(biases[at]) if at < detectors else drawn

        return bias

    return of


def annealed_slope(epoch: float, rate: float = 0.04, most: float = 5.0) -> float:
    """Return the slope of the paper after so many epochs: it grows from 1 by ``rate`` an epoch.

    >>> [annealed_slope(epoch) for epoch in (0, 25, 100, 200)]
    [1.0, 2.0, 5.0, 5.0]
    """
    return min(most, 1.0 + rate * epoch)


class HMLSTM(nn.Module):
    """Layers of one width upon each other, each as slow as what it finds; see the settings there.

    Raises:
        ConfigError: there are fewer than two layers, or ``boundary_bias`` names others.
    """

    width: int
    layers: int = 3
    slope: float = 1.0
    boundary_bias: float | tuple[float, ...] = 0.4
    layer_norm: bool = False
    nested: bool = False

    def __post_init__(self) -> None:
        inits(self.settings)
        super().__post_init__()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as ``agent.nets.numpy_hm_lstm`` takes them."""
        return {"width": self.width, "layers": self.layers, "slope": self.slope,
                "boundary_bias": self.boundary_bias, "layer_norm": self.layer_norm,
                "nested": self.nested}

    @nn.compact
    def _params(self, inputs: int) -> dict[str, dict[str, Array]]:
        of, parts = inits(self.settings), dict[str, dict[str, tuple[int, ...]]]()
        for path, shape in numpy_hm_lstm.shapes(inputs, self.settings).items():
            part, name = path.split("/")
            parts.setdefault(part, {})[name] = shape

        def draw(key: Array, part: str) -> dict[str, Array]:
            keys = jax.random.split(key, len(parts[part]))
            return {name: of(f"{part}/{name}")(key, shape, jnp.float32)
                    for key, (name, shape) in zip(keys, parts[part].items(), strict=True)}

        return {part: self.param(part, draw, part) for part in parts}

    def zero_states(self, *batch: int) -> States:
        """Return states that have seen nothing, all zero, with the axes of ``batch``."""
        return jax.tree.map(jnp.asarray, numpy_hm_lstm.zero_states(self.settings, *batch))

    def __call__(
        self, xs: Array, states: States, slope: Array | float | None = None
    ) -> tuple[Array, States, Array]:
        """Return what is said to a sequence, the states after it, and the boundaries in it.

        Args:
            xs: float32[T, ..., F], time first.
            states: before the first step; their leading axes need only broadcast with those of
                xs, so that they may be one for all sequences.
            slope: of the hard sigmoid, if it is not that of the settings.

        Returns:
            float32[T, ..., N]; the states; float32[T, ..., layers - 1], 0 or 1, the lowest first.
        """
        params = self._params(xs.shape[-1])
        kernel, bias = numpy_hm_lstm.driven(params, self.settings)
        states = jax.tree.map(
            lambda part: jnp.broadcast_to(part, (*xs.shape[1:-1], part.shape[-1])), states)

        def one(states: States, driven: Array) -> tuple[States, tuple[tuple[Array, ...], Array]]:
            states = numpy_hm_lstm.states_after(driven, states, params, self.settings, JAX, slope)
            ends = jnp.concatenate([state.boundary for state in states[:-1]], axis=-1)
            return states, (tuple(state.hidden for state in states), ends)

        # What can be done for all steps at once is: a few large products, not many small ones.
        last, (hidden, boundaries) = jax.lax.scan(one, states, xs @ kernel + bias)
        outputs = numpy_hm_lstm.said(list(hidden), params["output"], JAX)
        return outputs, last, boundaries

    def step(
        self, x: Array, states: States, slope: Array | float | None = None
    ) -> tuple[Array, States]:
        """Return what is said to one more input, float32[..., N], and the states after it.

        Args:
            x: float32[..., F].
            states: before it; their leading axes need only broadcast with those of x.
            slope: of the hard sigmoid, if it is not that of the settings.
        """
        params = self._params(x.shape[-1])
        kernel, bias = numpy_hm_lstm.driven(params, self.settings)
        return numpy_hm_lstm.step(x @ kernel + bias, states, params, self.settings, JAX, slope)
