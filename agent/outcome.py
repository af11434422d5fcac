"""The five outcome probabilities of a position and what they are worth.

Outcomes are ``float[..., 5]``, cumulative, in GNU Backgammon's order: win, win gammon (or better),
win backgammon, lose gammon (or worse), lose backgammon; seen by the player on roll.

The functions take NumPy and JAX arrays alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.game import results

WIN, WIN_GAMMON, WIN_BACKGAMMON, LOSE_GAMMON, LOSE_BACKGAMMON = range(5)
N_OUTCOMES = 5
NAMES = ("win", "win_gammon", "win_backgammon", "lose_gammon", "lose_backgammon")

# The equity is these times the outcomes, less 1.
EQUITY_WEIGHTS = np.array([2, 1, 1, -1, -1], np.float32)

# Seen from the other side a win is a loss and the gammons change hands.
_FLIP_ORDER = np.array([WIN, LOSE_GAMMON, LOSE_BACKGAMMON, WIN_GAMMON, WIN_BACKGAMMON])
_FLIP_SIGN = np.array([-1, 1, 1, 1, 1], np.float32)
_FLIP_OFFSET = np.array([1, 0, 0, 0, 0], np.float32)


def equity(outcome: Any) -> Any:
    """Return the cubeless money equity float[...] in points, -3..3, of outcome float[..., 5].

    >>> float(equity(np.array([1.0, 1.0, 0.0, 0.0, 0.0])))
    2.0
    """
    return (
        2 * outcome[..., WIN]
        - 1
        + outcome[..., WIN_GAMMON]
        + outcome[..., WIN_BACKGAMMON]
        - outcome[..., LOSE_GAMMON]
        - outcome[..., LOSE_BACKGAMMON]
    )


def flip(outcome: Any) -> Any:
    """Return the same outcome float[..., 5] seen by the other player.

    >>> flip(np.array([0.75, 0.25, 0.0, 0.125, 0.0])).tolist()
    [0.25, 0.125, 0.0, 0.25, 0.0]
    """
    sign, offset = _FLIP_SIGN.astype(outcome.dtype), _FLIP_OFFSET.astype(outcome.dtype)
    return outcome[..., _FLIP_ORDER] * sign + offset


def of_points(points: Any) -> Any:
    """Return the certain outcome float32[..., 5] of a game that is over.

    Args:
        points: integer[...], +1..+3 won by the player on roll, -1..-3 lost by him.
    """
    levels = np.array([1, 2, 3, -2, -3])
    won = (points[..., None] >= levels) & (levels > 0)
    lost = (points[..., None] <= levels) & (levels < 0)
    return (won | lost).astype(np.float32)


def is_over(boards: Any) -> Any:
    """Say bool[...] where the player not on roll has borne off his last checker."""
    return boards[..., 1, :].sum(-1) == 0


def terminal(boards: Any) -> Any:
    """Return the outcome float32[..., 5] of finished games, for the player on roll, who lost.

    What it says of unfinished games means nothing; see :func:`is_over`.
    """
    return of_points(-results(boards))
