"""What a player is: ``Agent``, and what some can beside; nothing else.

Everything is a batch of independent games in lock-step, so that ten thousand games cost one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Boards = npt.NDArray[np.int8]
Memory = Any


@runtime_checkable
class Agent(Protocol):
    """Something that chooses plays.

    ``name`` is how results call it. Agents that remember a game carry their memory explicitly, as
    a NumPy array with a leading axis B or nested dictionaries of such; the others use ``None``.
    """

    name: str

    def start(self, batch: int) -> Memory:
        """Return the memory of ``batch`` new games."""
        ...

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory, rng: np.random.Generator
    ) -> tuple[Boards, Memory]:
        """Choose one legal complete play in each game.

        Args:
            boards: int8[B, 2, 25], the player on roll (this agent) first; no game is over.
            dice: int8[B, 2].
            memory: what ``start`` or the last ``choose`` of these games returned.
            rng: for agents that play at random; consumed.

        Returns:
            The after-positions int8[B, 2, 25] seen by the opponent, now on roll; the new memory.
        """
        ...


@runtime_checkable
class Evaluator(Protocol):
    """Something that knows the chances of a position."""

    def evaluate(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return outcomes float32[B, 5] (see ``agent.outcome``) of boards int8[B, 2, 25].

        For the player on roll before he rolls, cubeless; exact for games that are over.
        """
        ...


@runtime_checkable
class Recalling(Protocol):
    """Something whose memory follows from what was played, so that a game can be taken up."""

    def recall(self, turns: Sequence[tuple[Boards, Boards]]) -> Memory:
        """Return the memory of one game, batch 1, as ``Agent.choose`` would have left it.

        Args:
            turns: the agent's own so far: the position int8[2, 25] it found, and the
                after-position int8[2, 25] it left, seen by the opponent.
        """
        ...
