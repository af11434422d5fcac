"""Every legal after-position of a whole batch of rolls, as one jitted JAX computation.

The rule is that of :mod:`engine.plays`, vectorised. Nothing is enumerated and compared: each
after-position has exactly one name (:mod:`engine.play_masks`), and the names are counted and listed
by bit arithmetic. A *row* holds the moves made so far, its mask the sources of the last one.
Counting is a population count; listing is "the k-th set bit". Plays of three and four moves are
expanded from packed pairs of moves, because listing all triples would be mostly padding.

Memory does not depend on how many plays there are: at most about 970 bytes for each position, 486
for each of the ``chunk`` after-positions produced at a time and 458 for each of ``pair_chunk``
pairs of a double's first moves (``benchmarks/memory.py`` has the formula). Nothing is truncated:
the loops run until every play was visited.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from engine.play_masks import (
    BIT,
    SLOTS,
    SRC,
    Rolls,
    Table,
    Thresholds,
    at_or_below,
    move_one,
    play_table,
    read_rolls,
    sources_of,
)

Array = jax.Array
Carry = TypeVar("Carry")

_BAR = 24


class Chunk(NamedTuple):
    """A packed slice of the after-positions of a batch.

    ``boards`` int8[C, 2, 25] is seen by the opponent, now on roll; ``owner`` int32[C] is the index
    of the position it follows from; ``valid`` bool[C] is false for padding (whose board is a copy
    of some real one and must be ignored).
    """

    boards: Array
    owner: Array
    valid: Array


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
    slots = np.arange(SLOTS, dtype=np.int8)
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
    boards: Array, r: Rolls, table: Table, carry: Carry, step: Callable[..., Carry], chunk: int
) -> Carry:
    """Visit plays of at most two moves."""
    index = _index(table.rows)

    def body(carry: Carry, numbers: Array, valid: Array) -> Carry:
        entry, row, bit = _lookup(index, numbers)
        hi, lo, single = r.hi[entry], r.lo[entry], table.single[entry]
        pair, swapped = row < 2 * SLOTS, row >= SLOTS
        first = jnp.where(swapped, row - SLOTS, row).astype(jnp.uint32)
        first_die = jnp.where(pair, jnp.where(swapped, lo, hi), 0)
        last_die = jnp.where(pair, jnp.where(swapped, hi, lo), single)
        first = jnp.where(pair, first, 0)
        after = _play(boards[entry], [first, bit], [first_die, last_die])
        return step(carry, Chunk(after, entry, valid))

    return _windows(index.ends[-1], chunk, carry, body)


def _fold_long(
    boards: Array,
    r: Rolls,
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
        own = Thresholds(*(m[at] for m in r.own))
        blocked, die = r.blocked[at], r.hi[at]
        first = jnp.where(live, sources_of(own.m1, blocked, die), 0)
        once = move_one(own, jnp.broadcast_to(SRC, (SLOTS, block)), die)
        second = sources_of(once.m1, blocked, die) & at_or_below(SRC)
        index = _index(jnp.where((first & BIT) != 0, second, 0))

        def visit_pairs(carry: Carry, numbers: Array, valid: Array) -> Carry:
            entry, s1, s2 = _lookup(index, numbers)
            s1 = s1.astype(jnp.uint32)
            owner, d, wall = at[entry], die[entry], blocked[entry]
            twice = move_one(move_one(Thresholds(*(m[entry] for m in own)), s1, d), s2, d)
            third = sources_of(twice.m1, wall, d) & at_or_below(s2)
            third = jnp.where(valid, third, 0)
            out = move_one(twice, jnp.broadcast_to(SRC, (SLOTS, pair_chunk)), d)
            fourth = sources_of(out.m1, wall, d) & at_or_below(SRC)
            four = length[owner] == 4
            fourth = jnp.where(four & ((third & BIT) != 0), fourth, 0)
            rows = jnp.concatenate([fourth, jnp.where(four, 0, third)[None]], axis=0)
            inner = _index(rows)

            def visit(carry: Carry, numbers: Array, valid: Array) -> Carry:
                pair, row, bit = _lookup(inner, numbers)
                die_ = d[pair]
                third_die = jnp.where(row < SLOTS, die_, 0)
                s3 = jnp.where(row < SLOTS, row, 0).astype(jnp.uint32)
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
    r = read_rolls(boards, dice)
    table = play_table(r)
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
        jnp.zeros((capacity, 2, SLOTS), jnp.int8),
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
        return np.zeros((0, 2, SLOTS), np.int8), np.zeros(0, np.int32)
    capacity = 1024 * max(1, (32 * boards.shape[0]) // 1024)
    packed = afterstates(boards, dice, capacity=capacity)
    total = int(packed.total)
    if total > capacity:
        packed = afterstates(boards, dice, capacity=1 << (total - 1).bit_length())
    # Cut on the host: on the device every new total would be a new program to compile.
    owner = np.asarray(packed.owner)[:total]
    order = np.argsort(owner, kind="stable")
    return np.asarray(packed.boards)[:total][order], owner[order]
