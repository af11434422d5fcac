"""Every legal after-position of a whole batch of rolls, as one jitted JAX computation.

The rule is that of :mod:`engine.plays`, vectorised. Nothing is enumerated and compared: each
after-position has exactly one name (:mod:`engine.play_masks`), and the names are counted and listed
by bit arithmetic. A *row* holds the moves made so far, its mask the sources of the last one.
Counting is a population count; listing is "the k-th set bit". Plays of three and four moves are
expanded from packed pairs of moves, because listing all triples would be mostly padding.

Memory does not depend on how many plays there are (``benchmarks/memory.py`` has the formula).
Nothing is truncated: the loops run until every play was visited.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from engine import packed
from engine.play_index import Index, in_entry, index_rows, lookup, windows
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


class Chunk(NamedTuple):
    """A packed slice of the after-positions of a batch.

    ``words`` uint32[8, C] (see ``engine.packed``) is seen by the opponent, now on roll; ``owner``
    int32[C] is the index of the position it follows from; ``valid`` bool[C] is false for padding
    (whose board is a copy of some real one and must be ignored).
    """

    words: Array
    owner: Array
    valid: Array

    @property
    def boards(self) -> Array:
        """The same as int8[C, 2, 25]."""
        return packed.unpack(self.words)


def _stored(length: Array, make: Callable[[], Array]) -> Array:
    """Return ``make()``, uint32[8, C], computed once and held in memory.

    On a CPU XLA would fuse a play into whatever reads it and make it again for every input of the
    network. Only the result of a loop is certain to be stored; that this one runs once is
    something the compiler cannot see, since it does not know that the ``length`` of a double is
    not negative.
    """

    def loop() -> Array:
        shape = jax.eval_shape(make)
        init = jnp.int32(0), jnp.zeros(shape.shape, shape.dtype)
        once = jnp.minimum(length[0], 0) + 1
        return lax.while_loop(lambda s: s[0] < once, lambda s: (s[0] + 1, make()), init)[1]

    return lax.platform_dependent(cpu=loop, default=make)


def _short_play(
    words: Array, r: Rolls, table: Table, entry: Array, row: Array, bit: Array
) -> Array:
    """Make a play of at most two moves, named by its row and bit: uint32[8, C]."""
    hi, lo, single = r.hi[entry], r.lo[entry], table.single[entry]
    pair, swapped = row < 2 * SLOTS, row >= SLOTS
    first = jnp.where(swapped, row - SLOTS, row).astype(jnp.uint32)
    first_die = jnp.where(pair, jnp.where(swapped, lo, hi), 0)
    last_die = jnp.where(pair, jnp.where(swapped, hi, lo), single)
    first = jnp.where(pair, first, 0)
    before = packed.take(words, entry)
    return packed.play(before, r.blots[entry], [first, bit], [first_die, last_die])


def _fold_short(
    words: Array, r: Rolls, table: Table, carry: Carry, step: Callable[..., Carry], chunk: int
) -> Carry:
    """Visit plays of at most two moves."""
    index = index_rows(table.rows)

    def body(carry: Carry, numbers: Array, valid: Array) -> Carry:
        entry, row, bit = lookup(index, numbers)
        after = _stored(table.length, lambda: _short_play(words, r, table, entry, row, bit))
        return step(carry, Chunk(after, entry, valid))

    return windows(index.ends[-1], chunk, carry, body)


class _Pairs(NamedTuple):
    """First two moves of doubles, packed; each [P].

    ``owner`` int32, the position; ``first``, ``second`` uint32, their sources; ``valid`` bool.
    """

    owner: Array
    first: Array
    second: Array
    valid: Array


def _fold_pairs(
    r: Rolls,
    length: Array,
    carry: Carry,
    step: Callable[[Carry, _Pairs], Carry],
    pair_chunk: int,
) -> Carry:
    """Visit the first two moves of all doubles of three and four moves."""
    batch = length.shape[0]
    block = min(batch, max(8, batch // 5))
    long = length >= 3
    where = jnp.nonzero(long, size=batch + block, fill_value=0)[0].astype(jnp.int32)
    count = jnp.sum(long.astype(jnp.int32))

    def visit_block(state: tuple[Array, Carry]) -> tuple[Array, Carry]:
        start, carry = state
        at = lax.dynamic_slice(where, (start,), (block,))
        live = start + jnp.arange(block, dtype=jnp.int32) < count
        own = Thresholds(*(m[at] for m in r.own))
        blocked, die = r.blocked[at], r.hi[at]
        first = jnp.where(live, sources_of(own.m1, blocked, die), 0)
        once = move_one(own, jnp.broadcast_to(SRC, (SLOTS, block)), die)
        second = sources_of(once.m1, blocked, die) & at_or_below(SRC)
        index = index_rows(jnp.where((first & BIT) != 0, second, 0))

        def visit_pairs(carry: Carry, numbers: Array, valid: Array) -> Carry:
            entry, s1, s2 = lookup(index, numbers)
            return step(carry, _Pairs(at[entry], s1.astype(jnp.uint32), s2, valid))

        return start + block, windows(index.ends[-1], pair_chunk, carry, visit_pairs)

    return lax.while_loop(lambda s: s[0] < count, visit_block, (jnp.int32(0), carry))[1]


def _rest_of_pairs(r: Rolls, length: Array, p: _Pairs) -> Array:
    """Return the rows uint32[26, P] of the moves that complete pairs.

    Row s < 25: a third move from s, its mask the fourth ones; row 25: third moves that end a play.
    """
    die, wall = r.hi[p.owner], r.blocked[p.owner]
    own = Thresholds(*(m[p.owner] for m in r.own))
    twice = move_one(move_one(own, p.first, die), p.second, die)
    third = jnp.where(p.valid, sources_of(twice.m1, wall, die) & at_or_below(p.second), 0)
    out = move_one(twice, jnp.broadcast_to(SRC, (SLOTS, p.owner.shape[0])), die)
    fourth = sources_of(out.m1, wall, die) & at_or_below(SRC)
    four = length[p.owner] == 4
    fourth = jnp.where(four & ((third & BIT) != 0), fourth, 0)
    return jnp.concatenate([fourth, jnp.where(four, 0, third)[None]], axis=0)


def _long_play(words: Array, r: Rolls, p: _Pairs, pair: Array, row: Array, bit: Array) -> Array:
    """Make a play of three or four moves, named by its pair, row and bit: uint32[8, C]."""
    owner = p.owner[pair]
    die = r.hi[owner]
    third_die = jnp.where(row < SLOTS, die, 0)
    third = jnp.where(row < SLOTS, row, 0).astype(jnp.uint32)
    sources = [p.first[pair], p.second[pair], third, bit]
    before = packed.take(words, owner)
    return packed.play(before, r.blots[owner], sources, [die, die, third_die, die])


def _fold_long(
    words: Array,
    r: Rolls,
    length: Array,
    carry: Carry,
    step: Callable[..., Carry],
    chunk: int,
    pair_chunk: int,
) -> Carry:
    """Visit plays of three and four moves: doubles."""

    def visit_pairs(carry: Carry, p: _Pairs) -> Carry:
        inner = index_rows(_rest_of_pairs(r, length, p))

        def visit(carry: Carry, numbers: Array, valid: Array) -> Carry:
            pair, row, bit = lookup(inner, numbers)
            after = _stored(length, lambda: _long_play(words, r, p, pair, row, bit))
            return step(carry, Chunk(after, p.owner[pair], valid))

        return windows(inner.ends[-1], chunk, carry, visit)

    return _fold_pairs(r, length, carry, visit_pairs, pair_chunk)


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
    words = packed.pack(boards)
    r = read_rolls(boards, dice)
    table = play_table(r)
    carry = _fold_short(words, r, table, init, step, chunk)
    return _fold_long(words, r, table.length, carry, step, chunk, pair_chunk)


def random_afterstates(
    key: Array, boards: Array, dice: Array, *, pair_chunk: int | None = None
) -> Array:
    """Return one after-position of each roll, all of its distinct ones equally likely.

    The plays are counted, one is drawn and only that one is made.

    Args:
        key: of jax.random; consumed.
        boards: int8[B, 2, 25], the player on roll first; the game is not over.
        dice: integer[B, 2] in 1..6.
        pair_chunk: pairs of a double's first two moves counted at a time.

    Returns:
        int8[B, 2, 25], seen by the opponent. Where three or four checkers move the pair is drawn
        with the weight of its plays, by the largest of perturbed logarithms in float32.

    To be used inside ``jax.jit``.
    """
    batch = boards.shape[0]
    pair_chunk = pair_chunk or default_chunk(batch)
    words = packed.pack(boards)
    r = read_rolls(boards, dice)
    table = play_table(r)
    short_key, pair_key, long_key = jax.random.split(key, 3)
    everyone = jnp.arange(batch, dtype=jnp.int32)

    def any_of(key: Array, index: Index) -> tuple[Array, Array]:
        plays = jnp.maximum(index.row_ends[:, -1], 1)
        return in_entry(index, everyone, jax.random.randint(key, (batch,), 0, plays))

    def draw_pair(carry: tuple[_Pairs, Array, Array], p: _Pairs) -> tuple[_Pairs, Array, Array]:
        chosen, best, key = carry
        key, now = jax.random.split(key)
        plays = jnp.sum(lax.population_count(_rest_of_pairs(r, table.length, p)), axis=0)
        score = jnp.log(plays.astype(jnp.float32)) + jax.random.gumbel(now, plays.shape)
        score = jnp.where(p.valid & (plays > 0), score, -jnp.inf)
        top = best.at[p.owner].max(score)
        won = p.valid & (score == top[p.owner]) & (score > -jnp.inf)
        at = jnp.where(won, p.owner, batch)
        chosen = chosen._replace(
            first=chosen.first.at[at].set(p.first, mode="drop"),
            second=chosen.second.at[at].set(p.second, mode="drop"),
        )
        return chosen, top, key

    none = jnp.zeros((batch,), jnp.uint32)
    pairs = _Pairs(everyone, none, none, table.length >= 3)
    init = pairs, jnp.full((batch,), -jnp.inf), pair_key
    pairs = _fold_pairs(r, table.length, init, draw_pair, pair_chunk)[0]
    row, bit = any_of(short_key, index_rows(table.rows))
    short = _short_play(words, r, table, everyone, row, bit)
    row, bit = any_of(long_key, index_rows(_rest_of_pairs(r, table.length, pairs)))
    long = _long_play(words, r, pairs, everyone, row, bit)
    return packed.unpack(jnp.where(pairs.valid, long, short))


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
