"""Boards of a batch packed into words, the form in which the device plays them (jax).

A board is eight ``uint32``: four for the player on roll, four for the opponent. Each holds eight
slots of four bits, since a slot never holds more than fifteen checkers; slot ``s`` (0..23 the
player's own points, 24 his bar) is bits ``4 (s % 8)`` and up of word ``s // 8``. The batch lies on
the last axis, ``uint32[8, B]``, which XLA vectorises: a play is a few additions, and gathering a
board costs eight loads instead of fifty.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array

WORDS = 8
_SIDE = 4
_BAR_WORD = 3
_SHIFTS = 4 * np.arange(8, dtype=np.uint32)
_WORD = np.arange(_SIDE, dtype=np.uint32)[:, None]


def pack(boards: Array) -> Array:
    """Return uint32[8, B] of boards int8[B, 2, 25]."""
    slots = jnp.moveaxis(boards.astype(jnp.uint32), 0, -1)
    slots = jnp.pad(slots, ((0, 0), (0, 7), (0, 0))).reshape(WORDS, 8, -1)
    return jnp.sum(slots << _SHIFTS[:, None], axis=1, dtype=jnp.uint32)


def counts(words: Array) -> Array:
    """Return the checkers uint32[2, 24, B] on the points of either side."""
    sides = words.reshape(2, _SIDE, 1, -1)[:, :_BAR_WORD]
    return ((sides >> _SHIFTS[:, None]) & 15).reshape(2, 24, -1)


def bars(words: Array) -> Array:
    """Return the checkers uint32[2, B] on the bar of either side."""
    return words[_BAR_WORD::_SIDE]


def unpack(words: Array) -> Array:
    """Return boards int8[B, 2, 25] of uint32[8, B]."""
    slots = jnp.concatenate([counts(words), bars(words)[:, None]], axis=1)
    return jnp.moveaxis(slots, -1, 0).astype(jnp.int8)


def checkers(words: Array) -> Array:
    """Return how many checkers uint32[2, B] either side still has."""
    sides = words.reshape(2, _SIDE, -1)
    # Bytes of two slots, added pairwise: at most fifteen checkers, so nothing carries over.
    pairs = (sides & np.uint32(0x0F0F0F0F)) + ((sides >> 4) & np.uint32(0x0F0F0F0F))
    return (jnp.sum(pairs, axis=1, dtype=jnp.uint32) * np.uint32(0x01010101)) >> 24


def results(words: Array) -> Array:
    """Return what the last mover has won, int32[B] 0..3, as ``engine.game.results`` has it.

    Args:
        words: after-positions, the player on roll first.
    """
    own, opponent = words[:_SIDE], words[_SIDE:]
    # The loser's checkers on his points 19 to 24, the winner's home, and on his bar.
    far = (own[2] >> 8) | own[_BAR_WORD]
    none_left = (opponent[0] | opponent[1] | opponent[2] | opponent[3]) == 0
    gammon = none_left & (checkers(words)[0] >= 15)
    levels = (none_left, gammon, gammon & (far != 0))
    return sum((level.astype(jnp.int32) for level in levels), jnp.int32(0))


def turn(words: Array) -> Array:
    """Return the boards seen by the other player."""
    return jnp.concatenate([words[_SIDE:], words[:_SIDE]], axis=0)


def take(words: Array, index: Array) -> Array:
    """Return the boards uint32[8, C] at ``index`` int32[C]."""
    # Gathered word by word: XLA lays ``words[:, index]`` out with the eight words of a board side
    # by side, and everything after that would then run across the grain.
    rows = jnp.arange(WORDS, dtype=jnp.int32)[:, None] * words.shape[1]
    return words.reshape(-1).at[rows + index].get(mode="promise_in_bounds")


def _one(slot: Array, where: Array) -> Array:
    """Return uint32[4, B]: one checker on ``slot`` uint32[B] where bool[B], else nothing."""
    bit = jnp.where(where, np.uint32(1) << (4 * (slot & 7)), np.uint32(0))
    return jnp.where(slot >> 3 == _WORD, bit, np.uint32(0))


def play(words: Array, blots: Array, sources: Sequence[Array], dice: Sequence[Array]) -> Array:
    """Make the moves of one play on every board and turn the boards to the opponent's view.

    Args:
        words: uint32[8, B], the mover first.
        blots: uint32[B], masks of the opponent's blots in the mover's numbering, point 1 lowest.
        sources: uint32[B] for each move in turn, slot 0..24.
        dice: uint32[B] for each move, pips; 0 for no move. The moves must be legal.
    """
    own, opponent = words[:_SIDE], words[_SIDE:]
    for source, die in zip(sources, dice, strict=True):
        moved, stays = die > 0, (die > 0) & (source >= die)
        target = jnp.where(stays, source - die, 0)
        own = own - _one(source, moved) + _one(target, stays)
        hit = stays & (((blots >> target) & 1) != 0)
        blots = jnp.where(hit, blots & ~(np.uint32(1) << target), blots)
        bar = jnp.full_like(target, 24)
        opponent = opponent - _one(23 - target, hit) + _one(bar, hit)
    return jnp.concatenate([opponent, own], axis=0)
