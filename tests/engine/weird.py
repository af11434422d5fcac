"""Positions that hardly any game leads to, many at once, from a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def weird_boards(rng: np.random.Generator, n: int) -> npt.NDArray[np.int8]:
    """Return `n` possible positions, int8[n, 2, 25], in which neither side has finished.

    In half of them both sides are anywhere, in a quarter the mover bears off, in a quarter both do;
    every position has its own numbers of checkers, its own crowding (from nothing but blots to a
    few stacks) and its own liking for the bar.
    """
    kind = rng.choice([0, 0, 1, 2], size=n)
    # Which points are whose: 0 nobody's, 1 the mover's, 2 the opponent's (mover's numbering).
    share = rng.dirichlet([1, 1, 1], size=n).cumsum(1)
    side = (rng.random((n, 24, 1)) > share[:, None, :]).sum(2).clip(0, 2)
    point = np.arange(24)
    side[(kind > 0)[:, None] & (point >= 6) & (side == 1)] = 2
    side[(kind > 1)[:, None] & (point < 18) & (side == 2)] = 0
    bar = np.where(rng.random((n, 2)) < 0.5, 0, rng.exponential(0.3, size=(n, 2)))
    bar[:, 0] *= kind == 0
    bar[:, 1] *= kind < 2
    mine = _side(rng, side == 1, bar[:, 0])
    theirs = _side(rng, (side == 2)[:, ::-1], bar[:, 1])
    return np.stack([mine, theirs], axis=1)


def _side(rng: np.random.Generator, own: npt.NDArray[np.bool_],
          bar: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    """Drop each position's checkers on its own points, bool[n, 24], and on the bar."""
    n = len(own)
    crowding = rng.choice([0.0, 1.0, 4.0], size=(n, 1))
    weight = own * rng.random((n, 24)) ** crowding
    homeless = ~own.any(1)
    weight = np.concatenate([weight, (bar * weight.sum(1) + homeless)[:, None]], axis=1)
    end = weight.cumsum(1)
    end /= end[:, -1:]
    slots = (rng.random((n, 15, 1)) > end[:, None, :-1]).sum(2)
    spread = (rng.random(n) < 0.25) & ~homeless & (bar == 0)
    shuffled = np.where(own, rng.random((n, 24)), 2).argsort(1)
    each_once = np.arange(15) % own.sum(1).clip(1)[:, None]
    slots[spread] = np.take_along_axis(shuffled, each_once, 1)[spread]
    checkers = np.where(rng.random(n) < 0.5, 15, rng.integers(1, 16, size=n))
    flat = (np.arange(n)[:, None] * 25 + slots)[np.arange(15) < checkers[:, None]]
    return np.bincount(flat, minlength=25 * n).reshape(n, 25).astype(np.int8)
