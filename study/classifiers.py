"""Nets that name the class of an image: shallow, plain deep, highway, and convolutional highway.

The layers between the first and the last are ``agent.nets.highway.Stack``. A net has parameters
``init(key, images)`` and logits ``apply(params, images, train, rngs={"dropout": key})``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import lax

from agent.nets.highway import ACTIVATIONS, Stack

Array = Any
_init = nn.initializers
_BY_LAYER: dict[str, Any] = {"in_axis": -2, "out_axis": -1, "batch_axis": (0,)}
# Of kernels and biases. "source": what the articles that the study follows take for all layers;
# He et al., arXiv 1502.01852; Glorot & Bengio 2010 (proceedings.mlr.press/v9/glorot10a).
INITS: dict[str, tuple[Callable[..., Callable[..., Array]], float]] = {
    "source": (lambda **_: _init.truncated_normal(0.1), 0.1),
    "he": (_init.he_normal, 0.0),
    "glorot": (_init.glorot_normal, 0.0),
}
_IMAGES = ("NHWC", "HWIO", "NHWC")
# Pooling goes on while at least so many rows and columns are left.
SMALLEST = 4


def _dense(width: int, init: str, name: str) -> nn.Dense:
    kernel, bias = INITS[init]
    return nn.Dense(width, kernel_init=kernel(), bias_init=_init.constant(bias), name=name)


class Dense(nn.Module):
    """Images float32[B, H, W] -> dense -> ``layers - 2`` of one width -> logits float32[B, C].

    Of one layer: logits straight from the pixels. Plain without gates, else highway layers.
    """

    layers: int
    gated: bool = False
    carry_bias: float = -2.0
    init_name: str = "source"
    activation: str = "relu"
    width: int = 50
    classes: int = 10

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        kernel, bias = INITS[self.init_name]
        x = x.reshape(len(x), -1)
        if self.layers > 1:
            x = _dense(self.width, self.init_name, "first")(x)
            x = ACTIVATIONS[self.activation](x)
        if self.layers > 2:
            shape = (self.width, self.width)
            x = Stack(self.layers - 2, shape, self.activation, self.gated, self.carry_bias,
                      kernel_init=kernel(**_BY_LAYER), bias_init=_init.constant(bias),
                      name="stack")(x)
        return _dense(self.classes, self.init_name, "last")(x)


def _convolved(x: Array, kernel: Array, bias: Array) -> Array:
    """Return the convolution of x [B, H, W, C] with a kernel [h, w, C, D], edges padded."""
    y = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=_IMAGES)
    return y + bias


def _layer(
    x: Array, seen: Array, params: Mapping[str, Array], bend: Callable[[Array], Array],
    sigmoid: Callable[[Array], Array],
) -> Array:
    """Return what one convolutional layer makes of x [B, H, W, C]; see ``numpy_highway.layer``."""
    changed = bend(_convolved(seen, params["kernel"], params["bias"]))
    if "gate_kernel" not in params:
        return changed
    gate = sigmoid(_convolved(seen, params["gate_kernel"], params["gate_bias"]))
    return x + gate * (changed - x)


class _ConvStack(nn.Module):
    """Convolutional highway layers of 3x3 upon each other; the like of ``highway.Stack``.

    That one lays the neighbours of each pixel side by side, which of 28x28 pixels takes a processor
    ten times as long as XLA's own convolution; and this one is fast outside of loops alone.
    """

    layers: int
    channels: int
    activation: str
    gated: bool
    carry_bias: float
    init_name: str

    @nn.compact
    def __call__(self, x: Array) -> Array:
        kernel, bias = INITS[self.init_name]
        shape = (self.layers, 3, 3, self.channels, self.channels)
        width = (self.layers, self.channels)
        params = {"kernel": self.param("kernel", kernel(**_BY_LAYER), shape),
                  "bias": self.param("bias", _init.constant(bias), width)}
        if self.gated:
            params["gate_kernel"] = self.param("gate_kernel", kernel(**_BY_LAYER), shape)
            params["gate_bias"] = self.param("gate_bias", _init.constant(self.carry_bias), width)
        for i in range(self.layers):
            of_layer = {name: array[i] for name, array in params.items()}
            x = _layer(x, x, of_layer, ACTIVATIONS[self.activation], nn.sigmoid)
        return x


def pooled(x: Array, size: int) -> Array:
    """Return the largest of every ``size`` x ``size`` pixels by steps of 2, edges padded.

    As ``nn.max_pool(x, (size, size), (2, 2), "SAME")``, whose gradient takes a processor four times
    as long.
    """
    sizes = [-(-n // 2) for n in x.shape[1:3]]
    spare = [max(2 * (half - 1) + size - n, 0)
             for half, n in zip(sizes, x.shape[1:3], strict=True)]
    edges = [(0, 0), *((s // 2, s - s // 2) for s in spare), (0, 0)]
    wide = jnp.pad(x, edges, constant_values=-jnp.inf)
    rows, columns = (2 * half - 1 for half in sizes)
    parts = [wide[:, i : i + rows : 2, j : j + columns : 2]
             for i in range(size) for j in range(size)]
    return functools.reduce(jnp.maximum, parts)


class ConvHighway(nn.Module):
    """Images float32[B, H, W] -> convolutions -> logits float32[B, C].

    The source's: 5x5, then 2, 3 and 3 highway layers of 3x3, each followed by pooling (3x3, 3x3,
    2x2, always by steps of 2, edges padded), then one dense layer. ``keep``: what dropout leaves of
    the pixels and of what each pooling gives. A pooling that would leave fewer than 4x4 is left
    out: of 28x28 none (14, 7, 4), of 8x8 the last two (4).
    """

    channels: int = 32
    layers: tuple[int, ...] = (2, 3, 3)
    pools: tuple[int, ...] = (3, 3, 2)
    keep: tuple[float, ...] = (0.8, 0.7, 0.6, 0.5)
    carry_bias: float = -2.0
    init_name: str = "source"
    activation: str = "relu"
    classes: int = 10
    gated: bool = True

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        kernel, bias = INITS[self.init_name]
        start = _init.constant(bias)
        drops = [nn.Dropout(1 - keep, deterministic=not train, name=f"drop_{i}")
                 for i, keep in enumerate(self.keep)]
        x = drops[0](x[..., None])
        first = nn.Conv(self.channels, (5, 5), kernel_init=kernel(), bias_init=start, name="first")
        x = ACTIVATIONS[self.activation](first(x))
        for i, (layers, pool) in enumerate(zip(self.layers, self.pools, strict=True)):
            x = _ConvStack(layers, self.channels, self.activation, self.gated, self.carry_bias,
                           self.init_name, name=f"stack_{i}")(x)
            if min(x.shape[1:3]) > 2 * (SMALLEST - 1):
                x = pooled(x, pool)
            x = drops[i + 1](x)
        return _dense(self.classes, self.init_name, "last")(x.reshape(len(x), -1))


Net = Dense | ConvHighway
