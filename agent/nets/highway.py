"""Highway networks (Srivastava, Greff & Schmidhuber, arXiv 1505.00387 and 1507.06228).

A highway layer is ``y = H(x) T(x) + x (1 - T(x))`` with the transform gate ``T``, a sigmoid: where
it is shut the layer carries its input on, so that gradients reach the first of very many layers.
The one new hyper-parameter is the carry bias, what the gates' biases are at first: below 0. All
layers of a stack have one width, and their parameters lie in one array with a leading axis of
layers, so that a stack of any depth is compiled as one layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from agent.features import FeatureSet
from agent.nets.numpy_highway import layer
from agent.nets.settings import complete
from agent.outcome import N_OUTCOMES

Array = Any
Look = Callable[[Array], Array]
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid,
}
_init = nn.initializers
_FANS: dict[str, Any] = {"in_axis": -2, "out_axis": -1, "batch_axis": (0,)}
# He et al. (arXiv 1502.01852) for relu; the source's own truncated normal of 0.1 is the like of
# these at its width of 50, and no good at others.
KERNEL_INITS: dict[str, Callable[..., Array]] = {
    "relu": _init.he_normal(**_FANS),
    "tanh": _init.lecun_normal(**_FANS),
    "sigmoid": _init.glorot_normal(**_FANS),
}


def same(x: Array) -> Array:
    """Return what a unit of a dense layer sees of its input: all of it."""
    return x


def run(
    x: Array, params: Mapping[str, Array], looks: tuple[Look, ...], bend: Callable[[Array], Array],
    apply: Callable[..., Array] = layer,
) -> Array:
    """Return what a stack of layers makes of x, float32 of the same shape.

    Args:
        x: its input.
        params: arrays by name with a leading axis of layers.
        looks: of the layers in turn, over and over: what the units of one see of its input.
        bend: the activation of H.
        apply: ``apply(x, look(x), params of a layer, bend, sigmoid) -> the next x``.
    """
    depth = next(iter(params.values())).shape[0]
    turns, rest = divmod(depth, len(looks))

    def one(x: Array, of_layer: Mapping[str, Array], look: Look) -> Array:
        return apply(x, look(x), of_layer, bend, jax.nn.sigmoid)

    def turn(x: Array, of_turn: Mapping[str, Array]) -> tuple[Array, None]:
        for i, look in enumerate(looks):
            x = one(x, {name: a[i] for name, a in of_turn.items()}, look)
        return x, None

    whole = turns * len(looks)
    if turns:
        of_turns = {n: a[:whole].reshape(turns, -1, *a.shape[1:]) for n, a in params.items()}
        x, _ = jax.lax.scan(turn, x, of_turns)
    for i in range(rest):
        x = one(x, {name: a[whole + i] for name, a in params.items()}, looks[i])
    return x


class Stack(nn.Module):
    """Highway layers upon each other, or plain ones of the same size.

    Parameters, for units of width w: ``kernel`` float32[layers, *shape], whose last axis is w,
    ``bias`` float32[layers, w], and for the gates ``gate_kernel`` and ``gate_bias`` likewise.
    """

    layers: int
    shape: tuple[int, ...]
    activation: str = "relu"
    gated: bool = True
    carry_bias: float = -1.0
    looks: tuple[Look, ...] = (same,)
    # By default what suits the activation.
    kernel_init: Callable[..., Array] | None = None
    bias_init: Callable[..., Array] = _init.zeros_init()

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape, width = (self.layers, *self.shape), (self.layers, self.shape[-1])
        kernel_init = self.kernel_init or KERNEL_INITS[self.activation]
        params = {
            "kernel": self.param("kernel", kernel_init, shape),
            "bias": self.param("bias", self.bias_init, width),
        }
        if self.gated:
            gate_init = self.kernel_init or KERNEL_INITS["sigmoid"]
            carry = _init.constant(self.carry_bias)
            params["gate_kernel"] = self.param("gate_kernel", gate_init, shape)
            params["gate_bias"] = self.param("gate_bias", carry, width)
        return run(x, params, self.looks, ACTIVATIONS[self.activation])


class Highway(nn.Module):
    """Inputs float32[..., F] -> dense -> a stack of layers -> outcomes float32[..., 5], sigmoids.

    The settings are those of ``agent.nets.settings``.
    """

    width: int = 64
    layers: int = 5
    activation: str = "relu"
    gated: bool = True
    carry_bias: float = -1.0

    @nn.compact
    def __call__(self, x: Array) -> Array:
        bend = ACTIVATIONS[self.activation]
        x = bend(nn.Dense(self.width, name="first")(x))
        stack = Stack(self.layers, (self.width, self.width), self.activation, self.gated,
                      self.carry_bias, name="stack")
        return jax.nn.sigmoid(nn.Dense(N_OUTCOMES, name="outcome")(stack(x)))


def of_settings(settings: Mapping[str, Any]) -> Highway:
    """Return the net of settings as they stand in a checkpoint."""
    return Highway(**complete("highway", settings))


def turned(stack: Mapping[str, Array], dtype: Any) -> dict[str, Array]:
    """Return the parameters of a stack for :func:`layer_of_columns`, made ready once.

    Kernels dtype[layers, w, inputs], biases float32[layers, w, 1].
    """
    ready = {}
    for name, array in stack.items():
        if name.endswith("kernel"):
            kernel = array.reshape(array.shape[0], -1, array.shape[-1])
            ready[name] = jnp.swapaxes(kernel, 1, 2).astype(dtype)
        else:
            ready[name] = array[..., None]
    return ready


def dense_of_columns(kernel: Array, bias: Array, x: Array) -> Array:
    """Return ``kernel x + bias``, factors in the kernel's precision, float32[w, ...]."""
    flat = x.astype(kernel.dtype).reshape(x.shape[0], -1)
    sums = jnp.dot(kernel, flat, preferred_element_type=jnp.float32) + bias
    return sums.reshape(-1, *x.shape[1:])


def layer_of_columns(
    x: Array, seen: Array, params: Mapping[str, Array], bend: Callable[[Array], Array],
    sigmoid: Callable[[Array], Array],
) -> Array:
    """Return what a layer makes of x float32[w, ...], of which its units see ``seen``."""
    changed = bend(dense_of_columns(params["kernel"], params["bias"], seen))
    if "gate_kernel" not in params:
        return changed
    # One product for both, split afterwards, takes XLA three times as long on a CPU.
    gate = sigmoid(dense_of_columns(params["gate_kernel"], params["gate_bias"], seen))
    return x + gate * (changed - x)


def columns(
    settings: Mapping[str, Any], features: FeatureSet, params: Any, dtype: Any
) -> Callable[[Any], Any]:
    """Return ``evaluate(words uint32[8, B]) -> outcomes float32[5, B]``; see ``mlp.columns``."""
    net = of_settings(settings)
    parts = params["params"]
    kernel, bias = features.fold(parts["first"]["kernel"], parts["first"]["bias"])
    first = kernel.astype(dtype), bias[:, None]
    stack = turned(parts["stack"], dtype)
    last = parts["outcome"]["kernel"].T.astype(dtype), parts["outcome"]["bias"][:, None]
    bend = ACTIVATIONS[net.activation]
    encode = features.columns
    assert encode is not None

    def evaluate(words: Any) -> Any:
        x = bend(dense_of_columns(*first, encode(words, dtype)))
        x = run(x, stack, (same,), bend, layer_of_columns)
        return jax.nn.sigmoid(dense_of_columns(*last, x))

    return evaluate
