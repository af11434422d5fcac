"""Plays made at random while learning, so that the net meets positions that good play avoids.

A net that only ever plays its best learns little of the positions after a mistake: several checkers
on the bar, many blots, deep back games. Of a batch of games one half is played as well as the net
can. In the other half some plays are drawn from all legal ones, in the first of its games almost
none and in the last a share of ``most``.

Nothing is learned of what a random play leads to: the position before it is still told what the
net's own best play would have been worth.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from agent.greedy import Score, best_afterstates

Array = jax.Array

_ODD = np.uint32(0x9E3779B1)


def rates(batch: int, most: float) -> np.ndarray:
    """Return the share of random plays of each game, float32[B]: 0 in the first half, then rising.

    >>> rates(4, 0.2).round(2).tolist()
    [0.0, 0.0, 0.10000000149011612, 0.20000000298023224]
    """
    later = np.clip(2 * np.arange(1, batch + 1) / batch - 1, 0, 1)
    return (most * later).astype(np.float32)


def random_plays(key: Array, boards: Array, dice: Array) -> Array:
    """Return one after-position of each roll, all distinct ones equally likely.

    Args:
        key: of jax.random; consumed. Equal positions and rolls get the same play, and on whichever
            device a game is, it gets the same one too.
        boards: int8[B, 2, 25], the player on roll first.
        dice: integer[B, 2].

    Returns:
        int8[B, 2, 25], seen by the opponent.
    """
    return best_afterstates(boards, dice, _scattered(jax.random.bits(key))).boards


def _scattered(salt: Array) -> Score:
    """Score after-positions by :func:`noise`, so that which one is first is as good as drawn."""
    return lambda c, key: noise(c.words, salt)


def noise(words: Array, salt: Array) -> Array:
    """Return a hash of boards uint32[8, C] as numbers float32[C], 0 to below 1."""
    mixed = jnp.full(words.shape[1:], salt)
    for word in words:
        mixed = (mixed ^ word) * _ODD
        mixed = mixed ^ (mixed >> 15)
    mixed = (mixed * _ODD) ^ (mixed >> 13)
    return (mixed >> 8).astype(jnp.float32) * np.float32(1 / (1 << 24))
