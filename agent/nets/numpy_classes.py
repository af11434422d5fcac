"""The six results of a game as classes that exclude each other, for models of classification.

In order of points, seen by the player on roll: loses a backgammon, a gammon, a single game; wins a
single game, a gammon, a backgammon. Outcomes (``agent.outcome``) are cumulative instead.

The functions take NumPy and JAX arrays alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

N_CLASSES = 6
POINTS = np.array([-3, -2, -1, 1, 2, 3], np.int8)
"""Points of each class, to the player on roll."""

# Which classes each of the five outcomes is the sum of.
_IN_OUTCOME = np.array([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1],
                        [1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]], np.float32).T


def of_points(points: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the classes int64[...] of results in points, -3..3 without 0.

    >>> of_points(np.array([-3, -1, 1, 3])).tolist()
    [0, 2, 3, 5]
    """
    return np.searchsorted(POINTS, points).astype(np.int64)


def outcomes(log_probs: Any, xp: Any = np) -> Any:
    """Return outcomes float32[..., 5] of log probabilities float32[..., 6] of the classes."""
    return xp.exp(log_probs) @ _IN_OUTCOME


def of_outcomes(values: Any, xp: Any = np) -> Any:
    """Return the probabilities float[..., 6] of the classes of outcomes float[..., 5]."""
    win, wg, wbg, lg, lbg = (values[..., i] for i in range(5))
    return xp.stack([lbg, lg - lbg, 1 - win - lg, win - wg, wg - wbg, wbg], axis=-1)


def log_softmax(x: Any, xp: Any = np) -> Any:
    """Return the logarithm of the softmax of the last axis; sound however large x is."""
    x = x - x.max(axis=-1, keepdims=True)
    return x - xp.log(xp.exp(x).sum(axis=-1, keepdims=True))
