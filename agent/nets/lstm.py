"""LSTM cells, nine variants, alone and stacked (Greff et al., arXiv 1503.04069).

The equations and the order of the parameters are in ``agent.nets.numpy_lstm``, and so is the step,
which is written once for both. Time is the first axis of a sequence, batches come after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from agent.errors import ConfigError
from agent.nets import numpy_lstm
from agent.nets.numpy_lstm import State, advance, variant_of

Array = Any
States = tuple[State, ...]
Initializer = Callable[..., Array]


def uniform(bound: float) -> Initializer:
    """Return an initializer that draws from -bound to bound; ``jax``'s own starts at 0."""

    def draw(key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return draw


class Cell(nn.Module):
    """One cell of ``width`` units, N below; ``variant`` is one of ``numpy_lstm.VARIANTS``.

    ``kernel_init`` draws ``input``, ``recurrent`` and ``gate_recurrent``; peepholes, which have no
    fan, ``peephole_init``. The paper draws all weights from a normal distribution of 0.1.

    Raises:
        ConfigError: there is no such variant.
    """

    width: int
    variant: str = "vanilla"
    kernel_init: Initializer = nn.initializers.lecun_normal()
    peephole_init: Initializer = nn.initializers.normal(0.1)
    bias_init: Initializer = nn.initializers.zeros_init()

    def __post_init__(self) -> None:
        variant_of(self.variant)
        super().__post_init__()

    @nn.compact
    def _params(self, inputs: int) -> dict[str, Array]:
        inits = {"peephole": self.peephole_init, "bias": self.bias_init}
        return {name: self.param(name, inits.get(name, self.kernel_init), shape)
                for name, shape in numpy_lstm.shapes(inputs, self.width, self.variant).items()}

    def zero_state(self, *batch: int) -> State:
        """Return the state that has seen nothing, all zero, with the axes of ``batch``."""
        state = numpy_lstm.zero_state(self.width, self.variant, *batch)
        return jax.tree.map(jnp.zeros_like, state)

    def __call__(self, x: Array, state: State) -> State:
        """Return the state after one more input x float32[..., F]; see ``numpy_lstm.advance``."""
        params = self._params(x.shape[-1])
        driven = x @ params["input"] + params["bias"]
        return advance(driven, state, params, variant_of(self.variant), jnp, jax.nn.sigmoid)

    def unroll(self, xs: Array, state: State) -> tuple[Array, State]:
        """Return the outputs float32[T, ..., N] of a sequence and the state after the last.

        Args:
            xs: float32[T, ..., F], time first.
            state: that before the first; its leading axes need only broadcast with those of xs,
                so that it may be one for all sequences.
        """
        params, variant = self._params(xs.shape[-1]), variant_of(self.variant)
        # All inputs at once: one large product instead of T small ones.
        driven = xs @ params["input"] + params["bias"]
        state = State(*(jnp.broadcast_to(part, (*xs.shape[1:-1], part.shape[-1]))
                        for part in state))

        def one(state: State, driven: Array) -> tuple[State, Array]:
            state = advance(driven, state, params, variant, jnp, jax.nn.sigmoid)
            return state, state.output

        last, outputs = jax.lax.scan(one, state, driven)
        return outputs, last


class Stack(nn.Module):
    """``layers`` cells of one width upon each other, with dropout as Zaremba et al. (1409.2329).

    Dropout is on connections that are not recurrent, anew at each step: ``keep`` is how much stays
    of what goes from a layer to the next, ``keep_ends`` of what goes into the first and out of the
    last; what stays is scaled up. The settings of the other fields are those of :class:`Cell`. The
    parameters are ``layer0``, the lowest, ``layer1``, ...

    Raises:
        ConfigError: there is no such variant, or a share to keep is not above 0 and at most 1.
    """

    width: int
    layers: int = 2
    variant: str = "vanilla"
    keep: float = 1.0
    keep_ends: float = 1.0
    kernel_init: Initializer = nn.initializers.lecun_normal()
    peephole_init: Initializer = nn.initializers.normal(0.1)
    bias_init: Initializer = nn.initializers.zeros_init()

    def __post_init__(self) -> None:
        variant_of(self.variant)
        for name in ("keep", "keep_ends"):
            share = getattr(self, name)
            if not 0 < share <= 1:
                raise ConfigError(f"{name} must be above 0 and at most 1, not {share!r}")
        super().__post_init__()

    def setup(self) -> None:
        inits = self.kernel_init, self.peephole_init, self.bias_init
        self.cells = [Cell(self.width, self.variant, *inits, name=f"layer{i}")
                      for i in range(self.layers)]
        self.drop = nn.Dropout(1 - self.keep)
        self.drop_ends = nn.Dropout(1 - self.keep_ends)

    def zero_state(self, *batch: int) -> States:
        """Return states that have seen nothing, all zero, with the axes of ``batch``."""
        states = numpy_lstm.zero_states(self.width, self.layers, self.variant, *batch)
        return jax.tree.map(jnp.zeros_like, states)

    def __call__(self, xs: Array, states: States, train: bool = False) -> tuple[Array, States]:
        """Return the outputs float32[T, ..., N] of a sequence and the states after the last.

        Args:
            xs: float32[T, ..., F], time first.
            states: of the layers before the first step; see :meth:`Cell.unroll`.
            train: whether to drop anything; needs the RNG ``dropout`` where something is dropped.
        """
        last = []
        for i, (cell, state) in enumerate(zip(self.cells, states, strict=True)):
            xs = (self.drop if i else self.drop_ends)(xs, deterministic=not train)
            xs, state = cell.unroll(xs, state)
            last.append(state)
        return self.drop_ends(xs, deterministic=not train), tuple(last)

    def step(self, x: Array, states: States) -> tuple[Array, States]:
        """Return the output float32[..., N] for one more input and the states after it.

        Drops nothing. Many candidates [B, P, F] of one memory take its states as [B, 1, N].

        Args:
            x: float32[..., F].
            states: of the layers; their leading axes need only broadcast with those of x.
        """
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            after.append(cell(x, state))
            x = after[-1].output
        return x, tuple(after)


def inits(settings: Any) -> Callable[[str], Initializer]:
    """Return how each parameter of a stack begins, by its path; see ``numpy_recurrent.CellKind``.

    Kernels by LeCun, peepholes from a normal distribution of 0.1, biases 0.
    """
    kinds: dict[str, Initializer] = {"bias": nn.initializers.zeros_init(),
                                     "peephole": nn.initializers.normal(0.1)}
    return lambda path: kinds.get(path.split("/")[-1], nn.initializers.lecun_normal())
