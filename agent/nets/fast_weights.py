"""A cell with fast weights for jax (Ba et al., arXiv 1610.06258).

The equations, the parameters and the step are in ``agent.nets.numpy_fast_weights``, written once
for both. Time is the first axis of a sequence, batches come after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from agent.nets import numpy_fast_weights
from agent.nets.numpy_fast_weights import Params, State, normalized, relu
from agent.nets.recurrent import JAX

Array = Any
Settings = Mapping[str, Any]
Initializer = Callable[..., Array]


def inits(settings: Settings) -> Callable[[str], Initializer]:
    """Return what draws a parameter at first, by its path.

    Kernels as Glorot & Bengio; biases from a normal distribution of 0.1: where input and state are
    0, the normalization would divide by next to nothing, and the gradients of the first steps would
    be too large for Adam to forget them soon. The normalization itself changes nothing at first.
    """
    of = {"input": nn.initializers.glorot_uniform(), "recurrent": nn.initializers.glorot_uniform(),
          "bias": nn.initializers.normal(0.1), "gain": nn.initializers.ones_init()}
    return lambda path: of.get(path.rsplit("/", 1)[-1], nn.initializers.zeros_init())


class FastWeights(nn.Module):
    """One cell of ``width`` units; the settings are those of ``numpy_fast_weights``."""

    width: int = 50
    decay: float = 0.95
    rate: float = 0.5
    inner_steps: int = 1

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of the cell as plain values."""
        return {name: getattr(self, name) for name in numpy_fast_weights.DEFAULTS}

    def zero_states(self, *batch: int) -> State:
        """Return the state that has seen nothing, all zero, with the axes of ``batch``."""
        states = numpy_fast_weights.zero_states(self.settings, *batch)
        return State(*map(jnp.asarray, states))

    @nn.compact
    def _params(self, inputs: int) -> dict[str, dict[str, Array]]:
        shapes, init = numpy_fast_weights.shapes(inputs, self.settings), inits(self.settings)

        def drawn(key: Array) -> dict[str, Array]:
            keys = jax.random.split(key, len(shapes))
            return {path.removeprefix("layer0/"): init(path)(k, shape, jnp.float32)
                    for k, (path, shape) in zip(keys, shapes.items(), strict=True)}

        return {"layer0": self.param("layer0", drawn)}

    def __call__(self, x: Array, states: State) -> tuple[Array, State]:
        """Return what is said to x float32[..., F], float32[..., N], and the state after it."""
        params = self._params(x.shape[-1])
        kernel, bias = numpy_fast_weights.driven(params, self.settings)
        return numpy_fast_weights.step(x @ kernel + bias, states, params, self.settings, JAX)

    def unroll(self, xs: Array, states: State) -> tuple[Array, State]:
        """Return what is said to a sequence, float32[T, ..., N], and the state after the last.

        Args:
            xs: float32[T, ..., F], time first.
            states: those before the first; their leading axes need only broadcast with xs's.
        """
        params, batch = self._params(xs.shape[-1]), xs.shape[1:-1]
        kernel, bias = numpy_fast_weights.driven(params, self.settings)
        n = self.width
        first = State(jnp.broadcast_to(states.hidden, (*batch, n)),
                      jnp.broadcast_to(states.fast, (*batch, n, n)))

        def one(states: State, driven: Array) -> tuple[State, Array]:
            said, states = numpy_fast_weights.step(driven, states, params, self.settings, JAX)
            return states, said

        last, said = jax.lax.scan(one, first, xs @ kernel + bias)
        return said, last


def read_back(driven: Array, states: State, params: Params, settings: Settings) -> Array:
    """Return what the cell says last to a short sequence, without writing fast weights.

    These are a sum over the steps so far and what there was at first, so that to read them is to
    attend to the steps: h A = decay^t h A_0 + rate sum decay^(t - tau) (h . h_tau) h_tau. For
    sequences shorter than the cell is wide this is less work than the matrix.

    Args:
        driven: ``x @ kernel + bias``, float32[T, B, N]; T is unrolled.
        states: those before the first step, of each sequence or of all: ``hidden`` float32[B, N]
            or float32[N], ``fast`` float32[B, N, N] or float32[N, N].
        params: ``{"layer0": ...}``.
        settings: of the cell.

    Returns:
        float32[B, N].
    """
    mine, written, hidden = params["layer0"], list[Array](), states.hidden
    for drive in driven:
        sums = drive + hidden @ mine["recurrent"]
        hidden = relu(sums, jnp)
        written.append(hidden)
        for _ in range(settings["inner_steps"]):
            read = settings["decay"] ** len(written) * _product(hidden, states.fast)
            for age, some in enumerate(reversed(written)):
                likeness = (some * hidden).sum(-1, keepdims=True)
                read = read + settings["rate"] * settings["decay"] ** age * likeness * some
            hidden = relu(normalized(sums + read, mine, jnp), jnp)
    return hidden


def _product(hidden: Array, fast: Array) -> Array:
    return hidden @ fast if fast.ndim == 2 else jnp.einsum("bn,bnm->bm", hidden, fast)
