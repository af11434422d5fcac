"""Recurrent nets for jax: what ``agent.nets.numpy_recurrent`` needs of it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from agent.nets.numpy_recurrent import Ops

Array = Any


def straight_through(share: Array) -> Array:
    """Return 1 above one half and 0 else, with the gradient of the identity.

    Bengio, Léonard & Courville, arXiv 1308.3432.
    """
    hard = (share > 0.5).astype(share.dtype)
    return share + jax.lax.stop_gradient(hard - share)


JAX = Ops(jnp, jax.nn.sigmoid, straight_through)
