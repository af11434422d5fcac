"""Races: positions without contact, and how soon stragglers leave the opponent's home board.

In a race nothing a player does stands in the other's way, so each side moves alone. A player who
has borne off no checker and still has one in the opponent's home, his own points 19-24, when the
opponent bears off his last loses a backgammon. How many rolls those stragglers need is a matter of
the stragglers alone: a checker that can move is never blocked, and what the others could do instead
is of no use to them. So it is solved exactly, as the bear-off is, over the same positions: points
19-24 stand for 1-6, and going past point 19 is bearing off, for which here any die that is large
enough will do, whoever stands behind.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.bearoff_build import (
    HOME,
    POSITIONS,
    chances_still_on,
    count_up_to,
    index,
    moves,
)
from engine.board import BAR, has_contact

FAR = BAR - HOME
"""The opponent's home board begins at this index of a player's points."""

STRAGGLERS = 8
"""So many at most are told apart; more are taken for so many on the opponent's ace point."""

_COUNT = count_up_to(STRAGGLERS)


def is_race(boards: Any) -> Any:
    """Say `bool[...]` which of `boards[..., 2, 25]` are races.

    Neither side has finished, and the two can no longer meet; then none is on the bar. NumPy and
    JAX arrays alike.
    """
    return ~has_contact(boards) & (boards > 0).any(-1).all(-1)


def far_index(sides: Any, xp: Any = np) -> Any:
    """Return the row of `stragglers` for `sides[..., 25]`, `int32[...]`.

    Args:
        sides: one player's checkers each; at least 24 points.
        xp: `numpy`, or `jax.numpy` for what is inside a `jax.jit`.
    """
    return xp.minimum(index(sides[..., FAR:BAR], xp), _COUNT - 1)


@lru_cache(maxsize=1)
def stragglers() -> npt.NDArray[np.float32]:
    """Return the chance that stragglers remain after n rolls, `float32[3003, 32]`, read-only.

    Played for the least mean number of rolls until none remains. Computed at the first call.
    """
    number = np.arange(POSITIONS)
    # What is done already is not looked into.
    table = moves(_COUNT, larger_always=True)
    still = chances_still_on(table, (number < 1) | (number >= _COUNT))[:_COUNT]
    found = still.astype(np.float32)
    found.setflags(write=False)
    return found
