"""How well a model foretells results: log loss, with standard errors by game.

Positions of one game share its result, so the games are what is independent, not the positions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Mean(NamedTuple):
    """A mean with its standard error by game."""

    mean: float
    se: float


def log_losses(log_probs: npt.NDArray[Any], y: Ints) -> npt.NDArray[np.float64]:
    """Return minus the log probability float64[N] that a model gave to what came.

    Args:
        log_probs: float[N, 6], normalised.
        y: classes of the results.
    """
    return -np.take_along_axis(log_probs.astype(np.float64), y[:, None], axis=1)[:, 0]


def mean_se(values: npt.NDArray[Any], game: Ints) -> Mean:
    """Return the mean of values float[N] and its standard error, clustered by game.

    The error is that of the sum of each game's deviations (Liang & Zeger 1986, Biometrika 73),
    G / (G - 1) for the number of games.

    >>> mean_se(np.array([1.0, 1.0, 0.0, 0.0]), np.array([7, 7, 9, 9]))
    Mean(mean=0.5, se=0.5)
    """
    mean = values.mean()
    _, place = np.unique(game, return_inverse=True)
    sums = np.bincount(place, values - mean)
    games = len(sums)
    se = np.sqrt((sums**2).sum() * games / (games - 1)) / len(values) if games > 1 else np.nan
    return Mean(float(mean), float(se))
