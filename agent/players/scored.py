"""Agents that give every after-position a score and make the play with the highest one.

The same score has two engines. A few positions at a time (a person at a board) go through NumPy,
which costs microseconds and never imports jax; many at a time go through the jitted search of
``agent.greedy`` in blocks of one size, because every new shape would cost a compilation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.protocol import Boards, Memory
from engine.plays import afterstates_of

# Below this many positions NumPy answers sooner than a compiled block, even a warm one.
FEW = 24


class ScoredAgent(ABC):
    """Base of the agents; subclasses say what an after-position is worth, and may remember."""

    name: str

    def __init__(self) -> None:
        self._jitted: Any = None
        self._block = 0

    def start(self, batch: int) -> Memory:
        """Return no memory."""
        return None

    @abstractmethod
    def scores(
        self, after: Boards, before: Boards, rng: np.random.Generator
    ) -> npt.NDArray[np.floating[Any]]:
        """Score after-positions int8[P, 2, 25] (opponent's view) of one position int8[2, 25].

        Higher is better for the mover; float[P].
        """

    @abstractmethod
    def device_scorer(self) -> Any:
        """Return ``make(state, boards int8[B, 2, 25]) -> score`` for ``best_afterstates``.

        ``score(chunk, key) -> float32[C]``. Called once, and traced by jax.
        """

    def device_state(self) -> Any:
        """Return the arrays the device scorer is given as ``state``."""
        return None

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory,
        rng: np.random.Generator,
    ) -> tuple[Boards, Memory]:
        """Choose the play with the highest score in each game; see ``Agent.choose``."""
        if len(boards) < FEW:
            chosen = [self._choose_one(b, d, rng) for b, d in zip(boards, dice, strict=True)]
            return np.array(chosen, np.int8).reshape(-1, 2, 25), None
        return self._choose_many(boards, dice, rng), None

    def _choose_one(
        self, board: Boards, dice: npt.NDArray[np.int8], rng: np.random.Generator
    ) -> Boards:
        after = afterstates_of(board, int(dice[0]), int(dice[1]))
        return after[int(np.argmax(self.scores(after, board, rng)))]

    def _choose_many(
        self, boards: Boards, dice: npt.NDArray[np.int8], rng: np.random.Generator
    ) -> Boards:
        if self._jitted is None:
            self._jitted, self._block = _compile(self.device_scorer()), block_size()
        state = self.device_state()
        seed = int(rng.integers(2**31))
        chosen = np.empty_like(boards)
        pending = []
        for start in range(0, len(boards), self._block):
            stop = min(start + self._block, len(boards))
            block, rolls = padded(boards[start:stop], dice[start:stop], self._block)
            pending.append((start, stop, self._jitted(state, block, rolls, seed, start)))
        for start, stop, after in pending:
            chosen[start:stop] = np.asarray(after)[: stop - start]
        return chosen


def block_size() -> int:
    """Return how many games a compiled block takes here."""
    import jax

    # A GPU takes as long for a few hundred positions as for many thousands.
    return 8192 if jax.default_backend() == "gpu" else 512


def _compile(make: Any) -> Any:
    import jax

    from agent.device import use_cache
    from agent.greedy import best_afterstates

    use_cache()

    @jax.jit
    def choose(state: Any, boards: Any, dice: Any, seed: Any, start: Any) -> Any:
        key = jax.random.fold_in(jax.random.key(seed), start)
        return best_afterstates(boards, dice, make(state, boards), key=key).boards

    return choose


# Closed out with a roll that cannot enter: one after-position, so padding costs next to nothing.
_STUCK = np.zeros((2, 25), np.int8)
_STUCK[0, 24] = 1
_STUCK[1, :6] = 2


def padded(
    boards: Boards, dice: npt.NDArray[np.int8], size: int
) -> tuple[Boards, npt.NDArray[np.int8]]:
    """Return boards int8[B, 2, 25] and dice, and behind them as many more as make up ``size``."""
    missing = size - len(boards)
    if not missing:
        return boards, dice
    filler = np.broadcast_to(_STUCK, (missing, 2, 25))
    rolls = np.broadcast_to(np.array([2, 1], np.int8), (missing, 2))
    return np.concatenate([boards, filler]), np.concatenate([dice, rolls])
