"""Values for what a network need not estimate: the bear-off and every other race.

Where ``engine.bearoff`` speaks of a position its exact outcomes replace the network's; in the rest
of the races those of ``agent.race`` do. In NumPy and on the device alike. Until such a position
comes up nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import race
from agent.protocol import Boards
from agent.race import Knowledge
from engine.bearoff import Bearoff, covers, load
from engine.race import is_race, stragglers

# Races are looked at on the device so many at a time at least.
_BLOCK = 128


def evaluated(
    boards: Boards,
    evaluate: Callable[[Boards], npt.NDArray[np.float32]],
    judge: Knowledge | None = None,
) -> npt.NDArray[np.float32]:
    """Return outcomes float32[B, 5] of boards int8[B, 2, 25], of races without the network.

    Args:
        boards: seen by the player on roll.
        evaluate: the network's outcomes float32[N, 5] of int8[N, 2, 25]; asked about the others.
        judge: of races; by default the one that ships.
    """
    raced = is_race(boards)
    if not raced.any():
        return evaluate(boards)
    values = np.empty((len(boards), 5), np.float32)
    known = covers(boards)
    if known.any():
        values[known] = load().outcomes(boards[known])
    if (others := raced & ~known).any():
        values[others] = race.outcomes(judge or knowledge(), boards[others])
    if not raced.all():
        values[~raced] = evaluate(boards[~raced])
    return values


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    """Return what races are judged by, NumPy arrays."""
    return Knowledge(race.load(), load(), stragglers())


def tables_on_device() -> Bearoff:
    """Return the bear-off tables as jax arrays, to be given to jitted functions as an argument."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(jnp.asarray, load())


def knowledge_on_device() -> Knowledge:
    """Return what races are judged by as jax arrays, likewise."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(jnp.asarray, knowledge())


def exact_in_bearoff(
    evaluate: Callable[[Any], Any], known: Knowledge
) -> Callable[[Any], Any]:
    """Return ``evaluate``, corrected on the device as ``evaluated`` does it.

    Args:
        evaluate: outcomes float32[5, C] of words uint32[8, C] (``engine.packed``).
        known: jax arrays.
    """
    from engine import packed

    def corrected_words(words: Any) -> Any:
        return replaced(evaluate(words), words, is_race(packed.unpack(words)), known)

    return corrected_words


def replaced(values: Any, words: Any, where: Any, known: Knowledge) -> Any:
    """Return outcomes float32[5, C] with those of races in place of some.

    Only those are computed, an eighth of the chunk at a time: most chunks of most games hold few.

    Args:
        values: float32[5, C].
        words: uint32[8, C].
        where: bool[C]; races.
        known: jax arrays.

    To be used inside ``jax.jit``.
    """
    import jax.numpy as jnp
    from jax import lax

    from engine import packed

    size = words.shape[1]
    block = min(size, max(_BLOCK, size // 8))
    at = jnp.nonzero(where, size=size + block, fill_value=size)[0].astype(jnp.int32)
    count = where.sum(dtype=jnp.int32)

    def some(state: tuple[Any, Any]) -> tuple[Any, Any]:
        first, values = state
        now = lax.dynamic_slice(at, (first,), (block,))
        boards = packed.unpack(packed.take(words, jnp.minimum(now, size - 1)))
        found = race.outcomes(known, boards, jnp)
        exact = known.tables.outcomes(boards, jnp)
        found = jnp.where(covers(boards)[:, None], exact, found)
        return first + block, values.at[:, now].set(found.T, mode="drop")

    return lax.while_loop(lambda s: s[0] < count, some, (jnp.int32(0), values))[1]
