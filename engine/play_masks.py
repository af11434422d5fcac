"""Names for the complete plays of a roll, as bit masks, for a whole batch (jax).

Each after-position has exactly one name. For two different dice it is the pair (source of the
larger die, source of the smaller die). Two names mean the same after-position in two cases only:
one checker that carries both dice over two intermediate points neither of which holds a blot, and
two checkers borne off with the dice exchanged. One of the two names is struck out in each case.

For doubles the after-position fixes how many checkers left each point, so its name is the multiset
of its sources; and if any order of them is legal, the order from the rearmost source to the
foremost is. A move that is legal stays legal until its own checker moves, so every maximal sequence
has the same length and a greedy one finds it.

Masks are ``uint32``, one bit for each source, 0..23 the mover's points and 24 his bar; batches lie
on the last axis, which XLA vectorises.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Array = jax.Array
Bits = jax.Array | np.ndarray

SLOTS = 25
_BAR = 24
_BAR_BIT = np.uint32(1 << _BAR)
_POINTS = np.uint32((1 << _BAR) - 1)
_U1 = np.uint32(1)
# Every source as a column, to broadcast against a batch, and its bit.
SRC = np.arange(SLOTS, dtype=np.uint32)[:, None]
BIT = _U1 << SRC


class Thresholds(NamedTuple):
    """Bit masks uint32[...]: the sources that hold at least 1, 2, 3, 4 own checkers."""

    m1: Array
    m2: Array
    m3: Array
    m4: Array


class Rolls(NamedTuple):
    """What move generation needs of a batch, each uint32[B]."""

    own: Thresholds
    blocked: Array
    blots: Array
    hi: Array
    lo: Array


def _pack(flags: Array) -> Array:
    """Turn bool[B, n] into uint32[B] bit masks."""
    weights = _U1 << np.arange(flags.shape[-1], dtype=np.uint32)
    return jnp.sum(jnp.where(flags, weights, np.uint32(0)), axis=-1, dtype=jnp.uint32)


def read_rolls(boards: Array, dice: Array) -> Rolls:
    own = boards[:, 0, :]
    opponent = boards[:, 1, 23::-1]  # in the mover's numbering; his bar does not matter
    dice = dice.astype(jnp.uint32)
    return Rolls(
        own=Thresholds(*(_pack(own >= n) for n in (1, 2, 3, 4))),
        blocked=_pack(opponent >= 2),
        blots=_pack(opponent == 1),
        hi=jnp.max(dice, axis=-1),
        lo=jnp.min(dice, axis=-1),
    )


def sources_of(occupied: Array, blocked: Array, die: Array) -> Array:
    """Return the mask of sources a checker may leave with this die."""
    inner = occupied & ((~blocked & _POINTS) << die)
    inner = jnp.where((occupied & _BAR_BIT) != 0, inner & _BAR_BIT, inner)
    exact = occupied & (_U1 << (die - 1))
    # The rearmost checker bears off with a larger number than it needs.
    rearmost = _U1 << jnp.minimum(31 - lax.clz(occupied), 31)
    overshoot = jnp.where(rearmost < (_U1 << (die - 1)), occupied & rearmost, 0)
    all_home = (occupied >> 6) == 0
    return inner | jnp.where(all_home, exact | overshoot, 0)


def _bit_or_none(shift: Bits, valid: Array) -> Array:
    return jnp.where(valid, _U1 << jnp.where(valid, shift, 0), np.uint32(0))


def move_one(own: Thresholds, source: Array, die: Array) -> Thresholds:
    """Move one checker. Each use loses one level: after k moves only m1..m(4-k) are right."""
    out = _U1 << source
    into = _bit_or_none(source - die, source >= die)
    m1 = (own.m1 & ~out) | (own.m2 & out)
    m2 = (own.m2 & ~out) | (own.m3 & out)
    m3 = (own.m3 & ~out) | (own.m4 & out)
    return Thresholds(m1 | into, m2 | (m1 & into), m3 | (m2 & into), own.m4)


def _has(mask: Array, source: Array) -> Array:
    return ((mask >> source) & 1).astype(bool)


def at_or_below(source: Bits) -> Any:
    return (np.uint32(2) << source) - 1


def _highest(mask: Array) -> Array:
    """Index of the highest set bit; 0 for an empty mask."""
    return jnp.where(mask == 0, np.uint32(0), 31 - lax.clz(mask))


def _doubles_length(r: Rolls) -> Array:
    """How many checkers a double moves, int32[B] 0..4, found by playing one greedy sequence."""
    own, length = r.own, jnp.zeros(r.hi.shape, jnp.int32)
    for _ in range(4):
        legal = sources_of(own.m1, r.blocked, r.hi)
        own = move_one(own, _highest(legal), r.hi)
        # Where nothing was legal the masks are now wrong, but the length stands still for good.
        length = jnp.where((legal != 0) & (length == _), length + 1, length)
    return length


class Table(NamedTuple):
    """Rows of plays of at most two moves, and the length of doubles.

    ``rows`` uint32[51, B]: 0..24 the larger die's source, mask of the smaller die's sources;
    25..49 the smaller die's source, mask of the larger die's; 50 the sources of a single move.
    ``single`` uint32[B]: the die of row 50, 0 if the turn passes. ``length`` int32[B] of doubles.
    """

    rows: Array
    single: Array
    length: Array


def _named_twice(r: Rolls, hi_first: Array, lo_first: Array) -> Array:
    """Return the mask of sources whose checker can carry both dice either way without a hit."""
    via_hi = (r.hi <= SRC) & _has(hi_first, jnp.where(r.hi <= SRC, SRC - r.hi, 0))
    via_lo = (r.lo <= SRC) & _has(lo_first, jnp.where(r.lo <= SRC, SRC - r.lo, 0))
    quiet = ((BIT >> r.hi) & r.blots) | ((BIT >> r.lo) & r.blots)
    both = via_hi & via_lo & (quiet == 0)
    return jnp.sum(jnp.where(both, BIT, 0), axis=0, dtype=jnp.uint32)


def play_table(r: Rolls) -> Table:
    first_hi = sources_of(r.own.m1, r.blocked, r.hi)
    first_lo = sources_of(r.own.m1, r.blocked, r.lo)
    double = r.hi == r.lo

    def second(first: Array, die: Array, other: Array) -> Array:
        out = (r.own.m1 & ~BIT) | (r.own.m2 & BIT) | _bit_or_none(SRC - die, die <= SRC)
        return jnp.where((first & BIT) != 0, sources_of(out, r.blocked, other), 0)

    hi_first, lo_first = second(first_hi, r.hi, r.lo), second(first_lo, r.lo, r.hi)
    twice = _named_twice(r, hi_first, lo_first)

    # A pair that can be played in both orders is kept in the rows of the larger die only.
    transposed = jnp.zeros_like(lo_first)
    for i in range(SLOTS):
        transposed |= ((hi_first[i] >> SRC) & 1) << i
    rest = lo_first & ~transposed

    # One checker with both dice: strike (i - lo, i), wherever it stands.
    above = jnp.minimum(SRC + r.lo, 31)
    hi_rows = hi_first & ~(((twice >> above) & 1) << above)
    below = jnp.where(r.lo <= SRC, SRC - r.lo, 0)
    lo_rows = rest & ~(((twice >> SRC) & 1) << below)

    # Two checkers borne off, each with either die: strike the name that takes the nearer one off
    # with the larger die. The rearmost must go first then, so it stands in these rows only.
    lo_rows &= ~jnp.where(r.lo > SRC, BIT - 1, 0)

    length = jnp.where(double, _doubles_length(r), 0)
    hi_rows = jnp.where(double, hi_first & at_or_below(SRC), hi_rows)
    hi_rows = jnp.where(double & (length != 2), 0, hi_rows)
    lo_rows = jnp.where(double, 0, lo_rows)

    any_pair = lax.reduce(hi_first | lo_first, np.uint32(0), lax.bitwise_or, (0,)) != 0
    single = jnp.where(first_hi != 0, r.hi, jnp.where(first_lo != 0, r.lo, 0))
    # A pass is written as source 0 moved by a die of 0.
    last = jnp.where(first_hi != 0, first_hi, jnp.where(first_lo != 0, first_lo, 1))
    last = jnp.where(any_pair, 0, last)
    rows = jnp.concatenate([hi_rows, lo_rows, last[None]], axis=0)
    return Table(rows, single, length)
