"""Initial states that depend on a context, for jax: how they begin, and how they are drawn.

What they are is in ``agent.nets.numpy_contextual``, whose functions take arrays of jax too
(Wenke & Fleming, arXiv 1902.03455).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from agent.errors import ConfigError
from agent.nets import numpy_contextual
from agent.nets.numpy_contextual import Params, Tree

Array = Any
Initializer = Callable[..., Array]
# Standard deviation of a learned distribution at first: for tasks with an answer, and for sequences
# to be generated (arXiv 1902.03455).
SPREAD, GENERATING = 0.01, 0.25


def inits(initial: str, deviation: float = SPREAD) -> Callable[[str], Initializer]:
    """Return what draws a parameter at first, by its path.

    Kernels as He et al. (arXiv 1502.01852); biases are 0, so that ``free`` begins as ``zero``.

    Args:
        initial: one of ``numpy_contextual.INITIAL``.
        deviation: standard deviation of ``distribution`` at first.

    Raises:
        ConfigError: there is no such initial state, or the deviation is not above 0.
    """
    numpy_contextual.parts_of(initial)
    if not 0 < deviation < np.inf:
        raise ConfigError(f"deviation must be above 0, not {deviation!r}")
    # Of which the softplus is the deviation.
    raw = deviation + np.log(-np.expm1(-deviation))
    of = {"kernel": nn.initializers.he_normal(), "bias": nn.initializers.zeros_init(),
          "spread": nn.initializers.constant(raw)}
    return lambda path: of[path.rsplit("/", 1)[-1]]


def drawn_states(params: Params, context: Array, like: Tree, initial: str, key: Array) -> Tree:
    """Return states before the first step, drawn where their distribution is learned.

    Each game or sequence of the leading axes gets states of its own; gradients go through what is
    drawn to its mode and deviation. The others are as ``numpy_contextual.initial_states`` says.

    Args:
        params: by the path of an array and by name.
        context: float32[..., C].
        like: zero states without axes of batches.
        initial: one of ``numpy_contextual.INITIAL``.
        key: an RNG key; consumed by ``distribution``.
    """
    def noise(path: str, shape: tuple[int, ...]) -> Array:
        return jax.random.normal(jax.random.fold_in(key, crc32(path.encode())), shape)

    return numpy_contextual.initial_states(params, context, like, initial, jnp, noise)
