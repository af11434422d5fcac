"""The best after-position of every roll, looked for in two stages, on the device.

A small quick net scores every after-position; the large one is asked only about those that come
near the best by the small one's account. GNU Backgammon calls such small nets pruning nets.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from agent.greedy import Best, Leaders, Score, best_afterstates, lead, nobody
from engine import packed
from engine.afterstates import Chunk, default_chunk, fold_afterstates

Array = jax.Array


class Pruning(NamedTuple):
    """Who looks first: a quick ``score``; what falls ``within`` points short of its best stays."""

    score: Score
    within: float


class _Waiting(NamedTuple):
    """Candidates not scored yet: the first ``size`` of words uint32[8, W], owner int32[W]."""

    words: Array
    owner: Array
    size: Array


class _State(NamedTuple):
    leaders: Leaders
    quick: Array
    waiting: _Waiting


def best_of_likely(
    boards: Array,
    dice: Array,
    score: Score,
    pruning: Pruning,
    *,
    chunk: int | None = None,
    block: int | None = None,
) -> Best:
    """Return the after-position with the highest score among the likely ones of each roll.

    Likely is what the quick score puts within ``pruning.within`` of the best that it has seen so
    far of the same roll; with an infinite margin this is ``agent.greedy.best_afterstates``.

    Args:
        boards: int8[B, 2, 25], the player on roll first.
        dice: integer[B, 2].
        score: ``score(chunk, None) -> float32[C]``; not random.
        pruning: the quick score, of the same kind, and its margin.
        chunk: after-positions scored quickly at a time.
        block: after-positions scored by ``score`` at a time; default B, at most a chunk.

    To be used inside ``jax.jit``.
    """
    batch = boards.shape[0]
    chunk = chunk or default_chunk(batch)
    block = min(block or batch, chunk)

    def spend(state: _State) -> _State:
        """Score the last ``block`` of those waiting."""
        waiting = state.waiting
        first = jnp.maximum(waiting.size - block, 0)
        words = lax.dynamic_slice(waiting.words, (0, first), (packed.WORDS, block))
        owner = lax.dynamic_slice(waiting.owner, (first,), (block,))
        valid = first + jnp.arange(block, dtype=jnp.int32) < waiting.size
        some = Chunk(words, owner, valid)
        leaders = lead(state.leaders, some, score(some, None))
        return state._replace(leaders=leaders, waiting=waiting._replace(size=first))

    def step(state: _State, c: Chunk) -> _State:
        quick = jnp.where(c.valid, pruning.score(c, None), -jnp.inf)
        best = state.quick.at[c.owner].max(quick)
        likely = c.valid & (quick >= best[c.owner] - pruning.within)
        waiting = _append(state.waiting, c, likely)
        state = _State(state.leaders, best, waiting)
        return lax.while_loop(lambda s: s.waiting.size >= block, spend, state)

    room = block + chunk
    init = _State(
        nobody(batch),
        jnp.full((batch,), -jnp.inf),
        _Waiting(
            jnp.zeros((packed.WORDS, room), jnp.uint32),
            jnp.zeros((room,), jnp.int32),
            jnp.int32(0),
        ),
    )
    state = fold_afterstates(boards, dice, init, step, chunk=chunk)
    leaders = lax.while_loop(lambda s: s.waiting.size > 0, spend, state).leaders
    return Best(packed.unpack(leaders.words), leaders.score)


def best_found(
    boards: Array, dice: Array, score: Score, pruning: Pruning | None, *, chunk: int | None = None
) -> Best:
    """Return :func:`best_of_likely`; where nothing prunes, ``agent.greedy.best_afterstates``."""
    if pruning is None:
        return best_afterstates(boards, dice, score, chunk=chunk)
    return best_of_likely(boards, dice, score, pruning, chunk=chunk)


def _append(waiting: _Waiting, c: Chunk, likely: Array) -> _Waiting:
    """Return those waiting and the likely ones of a chunk; fewer than a block wait before."""
    at = jnp.nonzero(likely, size=likely.shape[0], fill_value=0)[0].astype(jnp.int32)
    words = lax.dynamic_update_slice(
        waiting.words, packed.take(c.words, at), (0, waiting.size)
    )
    owner = lax.dynamic_update_slice(waiting.owner, c.owner[at], (waiting.size,))
    return _Waiting(words, owner, waiting.size + jnp.sum(likely.astype(jnp.int32)))
