"""Convolutional nets over the 24 points as a line with channels, plain or highway.

Each point has the thermometer units of both sides as channels; bar, off and turn are channels that
say the same everywhere. A first convolution makes ``channels`` of them; then come layers with as
many channels and "same" padding, plain ones or highway layers (``agent.nets.highway``) whose H and
T are convolutions; then one dense layer and the outcomes. The inputs are those of all other nets:
they are only laid out anew (``agent.nets.numpy_conv.line``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from agent.features import FeatureSet
from agent.nets import highway
from agent.nets.highway import ACTIVATIONS, Stack, dense_of_columns, layer_of_columns
from agent.nets.numpy_conv import POINTS, line, looks_of, taps
from agent.nets.settings import complete
from agent.outcome import N_OUTCOMES

Array = Any
_taps = partial(taps, xp=jnp)


class Conv(nn.Module):
    """Inputs float32[..., F] -> convolutions -> dense -> outcomes float32[..., 5], sigmoids.

    The settings are those of ``agent.nets.settings``.
    """

    channels: int = 16
    kernel: int = 3
    dilation: tuple[int, ...] = (1,)
    head: str = "flat"
    width: int = 64
    layers: int = 5
    activation: str = "relu"
    gated: bool = True
    carry_bias: float = -1.0

    @nn.compact
    def __call__(self, x: Array) -> Array:
        bend = ACTIVATIONS[self.activation]
        lead = x.shape[:-1]
        x = bend(_First(self.channels, self.kernel, name="first")(x[..., line(x.shape[-1])]))
        looks = looks_of({"kernel": self.kernel, "dilation": self.dilation}, _taps)
        shape = (self.kernel, self.channels, self.channels)
        x = Stack(self.layers, shape, self.activation, self.gated, self.carry_bias, looks,
                  name="stack")(x)
        x = x.mean(axis=-2) if self.head == "mean" else x.reshape(*lead, -1)
        x = bend(nn.Dense(self.width, name="head")(x))
        return jax.nn.sigmoid(nn.Dense(N_OUTCOMES, name="outcome")(x))


class _First(nn.Module):
    """A convolution float32[..., 24, D] -> float32[..., 24, C]; kernel float32[K, D, C]."""

    channels: int
    kernel: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        seen = _taps(x, self.kernel, 1)
        shape = (self.kernel, x.shape[-1], self.channels)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.channels,))
        return seen @ kernel.reshape(-1, self.channels) + bias


def of_settings(settings: Mapping[str, Any]) -> Conv:
    """Return the net of settings as they stand in a checkpoint."""
    return Conv(**complete("conv", settings))


def _taps_of_columns(x: Array, kernel: int, dilation: int) -> Array:
    """Return what the units at each point see, [kernel * C, 24, B] of x [C, 24, B]."""
    if kernel == 1:
        return x
    reach = kernel // 2 * dilation
    wide = jnp.pad(x, ((0, 0), (reach, reach), (0, 0)))
    parts = [wide[:, dilation * k : dilation * k + POINTS] for k in range(kernel)]
    return jnp.concatenate(parts, axis=0)


def _line_of_columns(features: FeatureSet) -> Callable[[Array, Any], Array]:
    """Return ``lay(words uint32[8, B], dtype) -> dtype[channels, 24, B]``, the inputs on the line.

    They are laid out before they are scaled, while they are whole numbers.
    """
    encode, size = features.columns, features.size
    assert encode is not None
    constants = np.setdiff1d(np.arange(size), features.order)
    table = np.concatenate([features.order, constants])
    where = np.argsort(table)[line(size).T]
    values = features.constant[constants][:, None]
    scale = np.concatenate([features.scale, np.ones(len(constants))])[where][..., None]

    def lay(words: Array, dtype: Any) -> Array:
        rows = encode(words, dtype)
        constant = jnp.broadcast_to(jnp.asarray(values, dtype), (len(values), words.shape[1]))
        found = jnp.concatenate([rows, constant], axis=0)[where]
        return found * jnp.asarray(scale, dtype)

    return lay


def columns(
    settings: Mapping[str, Any], features: FeatureSet, params: Any, dtype: Any
) -> Callable[[Any], Any]:
    """Return ``evaluate(words uint32[8, B]) -> outcomes float32[5, B]``; see ``mlp.columns``."""
    net = of_settings(settings)
    parts, bend = params["params"], ACTIVATIONS[net.activation]
    lay = _line_of_columns(features)
    stack = highway.turned(parts["stack"], dtype)
    looks = looks_of(complete("conv", settings), _taps_of_columns)
    first = _ready(parts["first"], dtype)
    # Here the points lie within the channels, there the channels within the points.
    head = parts["head"]
    if net.head == "flat":
        kernel = head["kernel"].reshape(POINTS, net.channels, -1)
        head = {**head, "kernel": jnp.swapaxes(kernel, 0, 1).reshape(POINTS * net.channels, -1)}
    head, last = _ready(head, dtype), _ready(parts["outcome"], dtype)

    def evaluate(words: Any) -> Any:
        x = _taps_of_columns(lay(words, dtype), net.kernel, 1)
        x = highway.run(bend(dense_of_columns(*first, x)), stack, looks, bend, layer_of_columns)
        x = x.mean(axis=1) if net.head == "mean" else x.reshape(-1, x.shape[-1])
        x = bend(dense_of_columns(*head, x))
        return jax.nn.sigmoid(dense_of_columns(*last, x))

    return evaluate


def _ready(layer: Mapping[str, Array], dtype: Any) -> tuple[Array, Array]:
    kernel = layer["kernel"].reshape(-1, layer["kernel"].shape[-1])
    return kernel.T.astype(dtype), layer["bias"][:, None]
