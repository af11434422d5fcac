"""The best legal after-position of every roll of a batch, by any score, on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from agent import outcome
from engine.afterstates import Chunk, fold_afterstates

Array = jax.Array


class Best(NamedTuple):
    """The chosen plays of a batch.

    ``boards`` int8[B, 2, 25] is seen by the opponent, now on roll; ``score`` float32[B] is what it
    is worth to the mover; ``value`` float32[B, K] is what the score was made of.
    """

    boards: Array
    score: Array
    value: Array


Score = Callable[[Chunk, Any], tuple[Array, Array]]


def best_afterstates(
    boards: Array,
    dice: Array,
    score: Score,
    width: int,
    *,
    key: Array | None = None,
    chunk: int | None = None,
) -> Best:
    """Return the after-position with the highest score of each roll.

    Args:
        boards: int8[B, 2, 25], the player on roll first.
        dice: integer[B, 2].
        score: ``score(chunk, key) -> (score float32[C], value float32[C, width])``.
        width: K, the length of ``value``; may be 0.
        key: for scores that are random: consumed, and a fresh one given with each chunk.
        chunk: after-positions scored at a time.

    To be used inside ``jax.jit``. Of equal scores the first listed wins.
    """
    batch = boards.shape[0]

    def step(carry: tuple[Best, Any], c: Chunk) -> tuple[Best, Any]:
        best, key = carry
        size = c.owner.shape[0]
        key, now = (None, None) if key is None else jax.random.split(key)
        scores, value = score(c, now)
        scores = jnp.where(c.valid, scores, -jnp.inf)
        top = jnp.full((batch,), -jnp.inf).at[c.owner].max(scores)
        winner = jnp.where(c.valid & (scores == top[c.owner]), c.owner, batch)
        at = jnp.full((batch,), size, jnp.int32)
        at = at.at[winner].min(jnp.arange(size, dtype=jnp.int32), mode="drop")
        better = (at < size) & (top > best.score)
        at = jnp.where(better, at, 0)
        best = Best(
            jnp.where(better[:, None, None], c.boards[at], best.boards),
            jnp.where(better, top, best.score),
            jnp.where(better[:, None], value[at], best.value),
        )
        return best, key

    init = Best(
        boards[:, ::-1, :].astype(jnp.int8),
        jnp.full((batch,), -jnp.inf),
        jnp.zeros((batch, width)),
    )
    return fold_afterstates(boards, dice, (init, key), step, chunk=chunk)[0]


def by_equity(evaluate: Callable[[Array], Array]) -> Score:
    """Score after-positions by their cubeless equity to the mover; finished games exactly.

    Args:
        evaluate: outcomes float32[C, 5] of boards int8[C, 2, 25], for the player on roll.

    The value of a play is the outcome for the opponent, who is on roll after it.
    """

    def score(c: Chunk, key: Any) -> tuple[Array, Array]:
        theirs = jnp.where(
            outcome.is_over(c.boards)[:, None], outcome.terminal(c.boards), evaluate(c.boards)
        )
        return -outcome.equity(theirs), theirs

    return score


def evaluator(apply: Callable[..., Any], encode: Callable[..., Any]) -> Callable[..., Array]:
    """Return ``evaluate(params, boards int8[B, 2, 25]) -> float32[B, 5]`` of a net."""

    def evaluate(params: Any, boards: Array) -> Array:
        return apply(params, encode(boards, jnp))

    return evaluate
