"""Every legal after-position of a whole batch of rolls, as one jitted JAX computation.

The rule is that of :mod:`engine.plays`, vectorised. Nothing is enumerated and compared: each
after-position has exactly one name, and the names are counted and listed by bit arithmetic.

* Two different dice. A play is named by the pair (source of the larger die, source of the
  smaller die). Two names mean the same after-position in two cases only: one checker that
  carries both dice over two intermediate points neither of which holds a blot, and two checkers
  borne off with the dice exchanged. One of the two names is struck out in each case.
* Doubles. The after-position fixes how many checkers left each point, so it is named by the
  multiset of its sources; and if any order of them is legal, the order from the rearmost source
  to the foremost is. A move that is legal stays legal until its own checker moves, so every
  maximal sequence has the same length and a greedy one finds it.

Names are kept as bit masks: a *row* holds the moves made so far, its mask the sources of the last
one. Counting is a population count; listing is "the k-th set bit". Plays of three and four moves
are expanded from packed pairs of moves, because listing all triples would be mostly padding.

Memory does not depend on how many plays there are: about 1000 bytes for each position, 500 for each
of the ``chunk`` after-positions produced at a time and 470 for each of ``pair_chunk`` pairs of a
double's first moves (``benchmarks/memory.py``). Nothing is truncated: the loops run until every
play was visited.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Array = jax.Array
Bits = jax.Array | np.ndarray
Carry = TypeVar("Carry")

_BAR = 24
_SLOTS = 25
_BAR_BIT = np.uint32(1 << _BAR)
_POINTS = np.uint32((1 << _BAR) - 1)
_U1 = np.uint32(1)
# Sources as a column, to broadcast against batch-minor arrays: XLA vectorises the last axis.
_SRC = np.arange(_SLOTS, dtype=np.uint32)[:, None]
_BIT = _U1 << _SRC


class Chunk(NamedTuple):
    """A packed slice of the after-positions of a batch.

    ``boards`` int8[C, 2, 25] is seen by the opponent, now on roll; ``owner`` int32[C] is the index
    of the position it follows from; ``valid`` bool[C] is false for padding (whose board is a copy
    of some real one and must be ignored).
    """

    boards: Array
    owner: Array
    valid: Array


class _Thresholds(NamedTuple):
    """Bit masks uint32[...]: the sources that hold at least 1, 2, 3, 4 own checkers."""

    m1: Array
    m2: Array
    m3: Array
    m4: Array


class _Rolls(NamedTuple):
    """What move generation needs of a batch, each uint32[B]."""

    own: _Thresholds
    blocked: Array
    blots: Array
    hi: Array
    lo: Array


def _pack(flags: Array) -> Array:
    """Turn bool[B, n] into uint32[B] bit masks."""
    weights = _U1 << np.arange(flags.shape[-1], dtype=np.uint32)
    return jnp.sum(jnp.where(flags, weights, np.uint32(0)), axis=-1, dtype=jnp.uint32)


def _rolls(boards: Array, dice: Array) -> _Rolls:
    own = boards[:, 0, :]
    opponent = boards[:, 1, 23::-1]  # in the mover's numbering; his bar does not matter
    dice = dice.astype(jnp.uint32)
    return _Rolls(
        own=_Thresholds(*(_pack(own >= n) for n in (1, 2, 3, 4))),
        blocked=_pack(opponent >= 2),
        blots=_pack(opponent == 1),
        hi=jnp.max(dice, axis=-1),
        lo=jnp.min(dice, axis=-1),
    )


def _sources(occupied: Array, blocked: Array, die: Array) -> Array:
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


def _move(own: _Thresholds, source: Array, die: Array) -> _Thresholds:
    """Move one checker. Each use loses one level: after k moves only m1..m(4-k) are right."""
    out = _U1 << source
    into = _bit_or_none(source - die, source >= die)
    m1 = (own.m1 & ~out) | (own.m2 & out)
    m2 = (own.m2 & ~out) | (own.m3 & out)
    m3 = (own.m3 & ~out) | (own.m4 & out)
    return _Thresholds(m1 | into, m2 | (m1 & into), m3 | (m2 & into), own.m4)


def _has(mask: Array, source: Array) -> Array:
    return ((mask >> source) & 1).astype(bool)


def _at_or_below(source: Bits) -> Any:
    return (np.uint32(2) << source) - 1


def _highest(mask: Array) -> Array:
    """Index of the highest set bit; 0 for an empty mask."""
    return jnp.where(mask == 0, np.uint32(0), 31 - lax.clz(mask))


def _doubles_length(r: _Rolls) -> Array:
    """How many checkers a double moves, int32[B] 0..4, found by playing one greedy sequence."""
    own, length = r.own, jnp.zeros(r.hi.shape, jnp.int32)
    for _ in range(4):
        legal = _sources(own.m1, r.blocked, r.hi)
        own = _move(own, _highest(legal), r.hi)
        # Where nothing was legal the masks are now wrong, but the length stands still for good.
        length = jnp.where((legal != 0) & (length == _), length + 1, length)
    return length


class _Table(NamedTuple):
    """Rows of plays of at most two moves, and the length of doubles.

    ``rows`` uint32[51, B]: 0..24 the larger die's source, mask of the smaller die's sources;
    25..49 the smaller die's source, mask of the larger die's; 50 the sources of a single move.
    ``single`` uint32[B]: the die of row 50, 0 if the turn passes. ``length`` int32[B] of doubles.
    """

    rows: Array
    single: Array
    length: Array


def _named_twice(r: _Rolls, hi_first: Array, lo_first: Array) -> Array:
    """Return the mask of sources whose checker can carry both dice either way without a hit."""
    via_hi = (r.hi <= _SRC) & _has(hi_first, jnp.where(r.hi <= _SRC, _SRC - r.hi, 0))
    via_lo = (r.lo <= _SRC) & _has(lo_first, jnp.where(r.lo <= _SRC, _SRC - r.lo, 0))
    quiet = ((_BIT >> r.hi) & r.blots) | ((_BIT >> r.lo) & r.blots)
    both = via_hi & via_lo & (quiet == 0)
    return jnp.sum(jnp.where(both, _BIT, 0), axis=0, dtype=jnp.uint32)


def _table(r: _Rolls) -> _Table:
    first_hi = _sources(r.own.m1, r.blocked, r.hi)
    first_lo = _sources(r.own.m1, r.blocked, r.lo)
    double = r.hi == r.lo

    def second(first: Array, die: Array, other: Array) -> Array:
        out = (r.own.m1 & ~_BIT) | (r.own.m2 & _BIT) | _bit_or_none(_SRC - die, die <= _SRC)
        return jnp.where((first & _BIT) != 0, _sources(out, r.blocked, other), 0)

    hi_first, lo_first = second(first_hi, r.hi, r.lo), second(first_lo, r.lo, r.hi)
    twice = _named_twice(r, hi_first, lo_first)

    # A pair that can be played in both orders is kept in the rows of the larger die only.
    transposed = jnp.zeros_like(lo_first)
    for i in range(_SLOTS):
        transposed |= ((hi_first[i] >> _SRC) & 1) << i
    rest = lo_first & ~transposed

    # One checker with both dice: strike (i - lo, i), wherever it stands.
    above = jnp.minimum(_SRC + r.lo, 31)
    hi_rows = hi_first & ~(((twice >> above) & 1) << above)
    below = jnp.where(r.lo <= _SRC, _SRC - r.lo, 0)
    lo_rows = rest & ~(((twice >> _SRC) & 1) << below)

    # Two checkers borne off, each with either die: strike the name that takes the nearer one off
    # with the larger die. The rearmost must go first then, so it stands in these rows only.
    lo_rows &= ~jnp.where(r.lo > _SRC, _BIT - 1, 0)

    length = jnp.where(double, _doubles_length(r), 0)
    hi_rows = jnp.where(double, hi_first & _at_or_below(_SRC), hi_rows)
    hi_rows = jnp.where(double & (length != 2), 0, hi_rows)
    lo_rows = jnp.where(double, 0, lo_rows)

    any_pair = lax.reduce(hi_first | lo_first, np.uint32(0), lax.bitwise_or, (0,)) != 0
    single = jnp.where(first_hi != 0, r.hi, jnp.where(first_lo != 0, r.lo, 0))
    # A pass is written as source 0 moved by a die of 0.
    last = jnp.where(first_hi != 0, first_hi, jnp.where(first_lo != 0, first_lo, 1))
    last = jnp.where(any_pair, 0, last)
    rows = jnp.concatenate([hi_rows, lo_rows, last[None]], axis=0)
    return _Table(rows, single, length)


class _Index(NamedTuple):
    """Cumulative counts that turn a running number into (entry, row, bit)."""

    rows: Array  # uint32[N, R] masks, entry-major for contiguous gathers
    row_ends: Array  # int32[N, R] running count within the entry
    ends: Array  # int32[N] running count over entries


def _index(rows: Array) -> _Index:
    """Index masks uint32[R, N]."""

    def add(total: Array, row: Array) -> tuple[Array, Array]:
        total = total + lax.population_count(row).astype(jnp.int32)
        return total, total

    total, running = lax.scan(add, jnp.zeros(rows.shape[1:], jnp.int32), rows)
    return _Index(rows.T, running.T, jnp.cumsum(total))


def _kth_bit(mask: Array, k: Array) -> Array:
    """Position of the k-th (from 0) set bit of a 25-bit mask."""
    position = jnp.zeros(mask.shape, jnp.uint32)
    for width in (16, 8, 4, 2, 1):
        low = mask & np.uint32((1 << width) - 1)
        below = lax.population_count(low).astype(jnp.int32)
        up = k >= below
        k = jnp.where(up, k - below, k)
        mask = jnp.where(up, mask >> width, low)
        position = jnp.where(up, position + np.uint32(width), position)
    return position


def _lookup(index: _Index, number: Array) -> tuple[Array, Array, Array]:
    """Return entry int32[C], row int32[C], bit uint32[C] of each running number int32[C]."""
    entry = jnp.searchsorted(index.ends, number, side="right", method="scan")
    entry = jnp.minimum(entry, index.ends.shape[0] - 1)
    row_ends = index.row_ends[entry]
    before_entry = index.ends[entry] - row_ends[:, -1]
    rank = number - before_entry
    row = jnp.sum((row_ends <= rank[:, None]).astype(jnp.int32), axis=-1)
    row = jnp.minimum(row, row_ends.shape[1] - 1)
    mask = index.rows[entry, row]
    before_row = jnp.take_along_axis(row_ends, row[:, None], axis=1)[:, 0] - lax.population_count(
        mask
    ).astype(jnp.int32)
    return entry, row, _kth_bit(mask, rank - before_row)


def _play(boards: Array, sources: list[Array], dice: list[Array]) -> Array:
    """Make moves (die 0: none) on boards int8[C, 2, 25] and turn them to the opponent's view."""
    slots = np.arange(_SLOTS, dtype=np.int8)
    own, opponent = boards[:, 0, :], boards[:, 1, :]
    hits = jnp.zeros(boards.shape[0], jnp.int8)
    for source, die in zip(sources, dice, strict=True):
        source, die = source.astype(jnp.int8), die.astype(jnp.int8)
        target = source - die
        out = (slots == source[:, None]).astype(jnp.int8)
        into = (slots == target[:, None]).astype(jnp.int8)
        own = own - out + into
        struck = (slots == (23 - target)[:, None]) & (opponent == 1) & ((die > 0) & (target >= 0))[
            :, None
        ]
        struck = struck & (slots < _BAR)
        opponent = jnp.where(struck, 0, opponent)
        hits = hits + jnp.any(struck, axis=1).astype(jnp.int8)
    opponent = opponent + jnp.where(slots == _BAR, hits[:, None], 0).astype(jnp.int8)
    return jnp.stack([opponent, own], axis=1)


def _windows(
    total: Array, size: int, carry: Carry, body: Callable[[Carry, Array, Array], Carry]
) -> Carry:
    """Call ``body(carry, numbers int32[size], valid bool[size])`` until ``total`` are covered."""

    def step(state: tuple[Array, Carry]) -> tuple[Array, Carry]:
        start, carry = state
        numbers = start + jnp.arange(size, dtype=jnp.int32)
        return start + size, body(carry, numbers, numbers < total)

    return lax.while_loop(lambda state: state[0] < total, step, (jnp.int32(0), carry))[1]


def _fold_short(
    boards: Array, r: _Rolls, table: _Table, carry: Carry, step: Callable[..., Carry], chunk: int
) -> Carry:
    """Visit plays of at most two moves."""
    index = _index(table.rows)

    def body(carry: Carry, numbers: Array, valid: Array) -> Carry:
        entry, row, bit = _lookup(index, numbers)
        hi, lo, single = r.hi[entry], r.lo[entry], table.single[entry]
        pair, swapped = row < 2 * _SLOTS, row >= _SLOTS
        first = jnp.where(swapped, row - _SLOTS, row).astype(jnp.uint32)
        first_die = jnp.where(pair, jnp.where(swapped, lo, hi), 0)
        last_die = jnp.where(pair, jnp.where(swapped, hi, lo), single)
        first = jnp.where(pair, first, 0)
        after = _play(boards[entry], [first, bit], [first_die, last_die])
        return step(carry, Chunk(after, entry, valid))

    return _windows(index.ends[-1], chunk, carry, body)


def _fold_long(
    boards: Array,
    r: _Rolls,
    length: Array,
    carry: Carry,
    step: Callable[..., Carry],
    chunk: int,
    pair_chunk: int,
) -> Carry:
    """Visit plays of three and four moves: doubles."""
    batch = boards.shape[0]
    block = min(batch, max(8, batch // 5))
    long = length >= 3
    where = jnp.nonzero(long, size=batch + block, fill_value=0)[0].astype(jnp.int32)
    count = jnp.sum(long.astype(jnp.int32))

    def visit_block(carry: Carry, start: Array) -> Carry:
        at = lax.dynamic_slice(where, (start,), (block,))
        live = start + jnp.arange(block, dtype=jnp.int32) < count
        own = _Thresholds(*(m[at] for m in r.own))
        blocked, die = r.blocked[at], r.hi[at]
        first = jnp.where(live, _sources(own.m1, blocked, die), 0)
        once = _move(own, jnp.broadcast_to(_SRC, (_SLOTS, block)), die)
        second = _sources(once.m1, blocked, die) & _at_or_below(_SRC)
        index = _index(jnp.where((first & _BIT) != 0, second, 0))

        def visit_pairs(carry: Carry, numbers: Array, valid: Array) -> Carry:
            entry, s1, s2 = _lookup(index, numbers)
            s1 = s1.astype(jnp.uint32)
            owner, d, wall = at[entry], die[entry], blocked[entry]
            twice = _move(_move(_Thresholds(*(m[entry] for m in own)), s1, d), s2, d)
            third = _sources(twice.m1, wall, d) & _at_or_below(s2)
            third = jnp.where(valid, third, 0)
            out = _move(twice, jnp.broadcast_to(_SRC, (_SLOTS, pair_chunk)), d)
            fourth = _sources(out.m1, wall, d) & _at_or_below(_SRC)
            four = length[owner] == 4
            fourth = jnp.where(four & ((third & _BIT) != 0), fourth, 0)
            rows = jnp.concatenate([fourth, jnp.where(four, 0, third)[None]], axis=0)
            inner = _index(rows)

            def visit(carry: Carry, numbers: Array, valid: Array) -> Carry:
                pair, row, bit = _lookup(inner, numbers)
                die_ = d[pair]
                third_die = jnp.where(row < _SLOTS, die_, 0)
                s3 = jnp.where(row < _SLOTS, row, 0).astype(jnp.uint32)
                after = _play(
                    boards[owner[pair]],
                    [s1[pair], s2[pair], s3, bit],
                    [die_, die_, third_die, die_],
                )
                return step(carry, Chunk(after, owner[pair], valid))

            return _windows(inner.ends[-1], chunk, carry, visit)

        return _windows(index.ends[-1], pair_chunk, carry, visit_pairs)

    def block_step(state: tuple[Array, Carry]) -> tuple[Array, Carry]:
        start, carry = state
        return start + block, visit_block(carry, start)

    return lax.while_loop(lambda s: s[0] < count, block_step, (jnp.int32(0), carry))[1]


def default_chunk(batch: int) -> int:
    """After-positions produced at a time: a few for each position, between 128 and 8,192."""
    return int(min(8192, max(128, 1 << (4 * batch - 1).bit_length())))


def fold_afterstates(
    boards: Array,
    dice: Array,
    init: Carry,
    step: Callable[[Carry, Chunk], Carry],
    *,
    chunk: int | None = None,
    pair_chunk: int | None = None,
) -> Carry:
    """Fold ``step`` over all unique after-positions of a batch, ``chunk`` at a time.

    Args:
        boards: int8[B, 2, 25], the player on roll first; the game is not over.
        dice: integer[B, 2] in 1..6, in any order.
        init: the first carry, any pytree.
        step: ``step(carry, Chunk) -> carry``, traced once for short and once for long plays.
        chunk: after-positions in each ``Chunk``; default :func:`default_chunk`.
        pair_chunk: pairs of a double's first two moves expanded at a time; default as ``chunk``.

    Returns:
        The last carry. The after-positions of one position may come in any order and in several
        chunks. A turn without a legal move contributes one: the same position, turned.

    To be used inside ``jax.jit``. Uses no random numbers.
    """
    chunk = chunk or default_chunk(boards.shape[0])
    pair_chunk = pair_chunk or chunk
    boards = boards.astype(jnp.int8)
    r = _rolls(boards, dice)
    table = _table(r)
    carry = _fold_short(boards, r, table, init, step, chunk)
    return _fold_long(boards, r, table.length, carry, step, chunk, pair_chunk)


@partial(jax.jit, static_argnames=("chunk", "pair_chunk"))
def count_afterstates(
    boards: Array, dice: Array, *, chunk: int | None = None, pair_chunk: int | None = None
) -> Array:
    """Return how many after-positions each roll has, int32[B]; at least 1."""

    def step(counts: Array, c: Chunk) -> Array:
        return counts.at[c.owner].add(c.valid.astype(jnp.int32))

    init = jnp.zeros(boards.shape[0], jnp.int32)
    return fold_afterstates(boards, dice, init, step, chunk=chunk, pair_chunk=pair_chunk)


class Afterstates(NamedTuple):
    """The packed after-positions of a batch.

    ``boards`` int8[capacity, 2, 25] seen by the opponent, ``owner`` int32[capacity] (-1 beyond
    ``total``), ``total`` int32[] all there are. If ``total`` exceeds the capacity, only the first
    ``capacity`` are held: call again with more.
    """

    boards: Array
    owner: Array
    total: Array


@partial(jax.jit, static_argnames=("capacity", "chunk", "pair_chunk"))
def afterstates(
    boards: Array,
    dice: Array,
    *,
    capacity: int,
    chunk: int | None = None,
    pair_chunk: int | None = None,
) -> Afterstates:
    """Return the unique after-positions of every roll of a batch, packed.

    Args:
        boards: int8[B, 2, 25], the player on roll first.
        dice: integer[B, 2] in 1..6.
        capacity: how many after-positions the result can hold; compare ``total`` with it.

    The memory needed is ``54 * capacity`` bytes for the result beside that of the fold.
    """

    def step(state: Afterstates, c: Chunk) -> Afterstates:
        number = state.total + jnp.cumsum(c.valid.astype(jnp.int32)) - 1
        at = jnp.where(c.valid, number, capacity)
        return Afterstates(
            state.boards.at[at].set(c.boards, mode="drop"),
            state.owner.at[at].set(c.owner, mode="drop"),
            state.total + jnp.sum(c.valid.astype(jnp.int32)),
        )

    init = Afterstates(
        jnp.zeros((capacity, 2, _SLOTS), jnp.int8),
        jnp.full((capacity,), -1, jnp.int32),
        jnp.int32(0),
    )
    return fold_afterstates(boards, dice, init, step, chunk=chunk, pair_chunk=pair_chunk)


def all_afterstates(boards: Any, dice: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return every after-position of a batch on the host, sorted by owner.

    Args:
        boards: int8[B, 2, 25]; dice: integer[B, 2].

    Returns:
        ``(boards int8[N, 2, 25] seen by the opponent, owner int32[N])``: complete, whatever N.
    """
    boards, dice = jnp.asarray(boards, jnp.int8), jnp.asarray(dice, jnp.int8)
    if not boards.shape[0]:
        return np.zeros((0, 2, _SLOTS), np.int8), np.zeros(0, np.int32)
    capacity = 1024 * max(1, (32 * boards.shape[0]) // 1024)
    packed = afterstates(boards, dice, capacity=capacity)
    total = int(packed.total)
    if total > capacity:
        packed = afterstates(boards, dice, capacity=1 << (total - 1).bit_length())
    # Cut on the host: on the device every new total would be a new program to compile.
    owner = np.asarray(packed.owner)[:total]
    order = np.argsort(owner, kind="stable")
    return np.asarray(packed.boards)[:total][order], owner[order]
