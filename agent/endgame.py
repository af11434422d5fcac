"""Exact values for what a network need not estimate: the bear-off.

Where ``engine.bearoff`` speaks of a position its outcomes replace the network's, in NumPy and on
the device. Until such a position comes up nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.protocol import Boards
from engine.bearoff import Bearoff, covers, load


def corrected(boards: Boards, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return outcomes float32[B, 5] of boards int8[B, 2, 25], exact where the tables speak.

    Args:
        boards: seen by the player on roll.
        values: float32[B, 5], the network's.
    """
    known = covers(boards)
    if not known.any():
        return values
    values = values.copy()
    values[known] = load().outcomes(boards[known])
    return values


def tables_on_device() -> Bearoff:
    """Return the tables as jax arrays, to be given to jitted functions as an argument."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(jnp.asarray, load())


def exact_in_bearoff(evaluate: Callable[[Any], Any], tables: Bearoff) -> Callable[[Any], Any]:
    """Return ``evaluate``, corrected on the device.

    Args:
        evaluate: outcomes float32[5, C] of words uint32[8, C] (``engine.packed``).
        tables: jax arrays.
    """
    import jax.numpy as jnp
    from jax import lax

    from engine import packed

    def corrected_words(words: Any) -> Any:
        values = evaluate(words)
        boards = packed.unpack(words)
        known = covers(boards)

        def look_up() -> Any:
            return jnp.where(known, tables.outcomes(boards, jnp).T, values)

        # Most chunks of most games hold no such position, and the tables are slow to gather from.
        return lax.cond(jnp.any(known), look_up, lambda: values)

    return corrected_words
