"""The best legal after-position of every roll of a batch, by any score, on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from agent import outcome
from agent.features import feature_set
from agent.nets.registry import apply_of, columns_of
from engine import packed
from engine.afterstates import Chunk, fold_afterstates

Array = jax.Array


class Best(NamedTuple):
    """The chosen plays of a batch.

    ``boards`` int8[B, 2, 25] is seen by the opponent, now on roll; ``score`` float32[B] is what it
    is worth to the mover.
    """

    boards: Array
    score: Array


Score = Callable[[Chunk, Any], Array]


def best_afterstates(
    boards: Array,
    dice: Array,
    score: Score,
    *,
    key: Array | None = None,
    chunk: int | None = None,
) -> Best:
    """Return the after-position with the highest score of each roll.

    Args:
        boards: int8[B, 2, 25], the player on roll first.
        dice: integer[B, 2].
        score: ``score(chunk, key) -> float32[C]``.
        key: for scores that are random: consumed, and a fresh one given with each chunk.
        chunk: after-positions scored at a time.

    To be used inside ``jax.jit``. Of equal scores the first listed wins.
    """

    def step(carry: tuple[Leaders, Any], c: Chunk) -> tuple[Leaders, Any]:
        leaders, key = carry
        key, now = (None, None) if key is None else jax.random.split(key)
        return lead(leaders, c, score(c, now)), key

    init = nobody(boards.shape[0]), key
    leaders, _ = fold_afterstates(boards, dice, init, step, chunk=chunk)
    return Best(packed.unpack(leaders.words), leaders.score)


class Leaders(NamedTuple):
    """The best after-position of each of B rolls so far: words uint32[8, B], score float32[B]."""

    words: Array
    score: Array


def nobody(batch: int) -> Leaders:
    """Return the leaders before anything was scored."""
    words = jnp.zeros((packed.WORDS, batch), jnp.uint32)
    return Leaders(words, jnp.full((batch,), -jnp.inf))


def lead(leaders: Leaders, c: Chunk, scores: Array) -> Leaders:
    """Return the leaders after a chunk with these scores float32[C]; ties go to the earlier."""
    batch, size = leaders.score.shape[0], c.owner.shape[0]
    scores = jnp.where(c.valid, scores, -jnp.inf)
    top = jnp.full((batch,), -jnp.inf).at[c.owner].max(scores)
    winner = jnp.where(c.valid & (scores == top[c.owner]), c.owner, batch)
    at = jnp.full((batch,), size, jnp.int32)
    at = at.at[winner].min(jnp.arange(size, dtype=jnp.int32), mode="drop")
    better = (at < size) & (top > leaders.score)
    words = packed.take(c.words, jnp.where(better, at, 0))
    return Leaders(
        jnp.where(better, words, leaders.words), jnp.where(better, top, leaders.score)
    )


def by_equity(evaluate: Callable[[Array], Array]) -> Score:
    """Score after-positions by their cubeless equity to the mover; finished games exactly.

    Args:
        evaluate: outcomes float32[5, C] of words uint32[8, C] (``engine.packed``), for the player
            on roll.

    The value of a play is the outcome for the opponent, who is on roll after it.
    """

    def score(c: Chunk, key: Any) -> Array:
        won = packed.results(c.words)
        theirs = outcome.equity(jnp.moveaxis(evaluate(c.words), 0, -1))
        return jnp.where(won > 0, won.astype(theirs.dtype), -theirs)

    return score


def evaluator(apply: Callable[..., Any], encode: Callable[..., Any]) -> Callable[..., Array]:
    """Return ``evaluate(params, boards int8[B, 2, 25]) -> float32[B, 5]`` of a net."""

    def evaluate(params: Any, boards: Array) -> Array:
        return apply(params, encode(boards, jnp))

    return evaluate


def chooser(
    net: str, settings: Any, features: str, precision: str = "float32"
) -> Callable[[Any], Callable[[Array], Array]]:
    """Return ``choose(params) -> (words uint32[8, C] -> outcomes float32[5, C])`` of a net.

    Args:
        net: its name in ``agent.nets.registry``, with its ``settings``.
        features: name of the feature set.
        precision: of the factors in products, where the net can take it; see ``TrainConfig``.
    """
    inputs = feature_set(features)
    columns = columns_of(net, settings, inputs)
    if columns is not None:
        known, dtype = columns, jnp.dtype(precision)
        return lambda params: known(params, dtype)
    apply = apply_of(net, settings)

    def by_rows(params: Any) -> Callable[[Array], Array]:
        return lambda words: evaluator(apply, inputs.encode)(params, packed.unpack(words)).T

    return by_rows
