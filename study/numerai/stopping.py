"""When to stop fitting: games that are held out tell, and the best that was found is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError

Bools = npt.NDArray[np.bool_]
Carried = TypeVar("Carried")
# One game in so many is held out where the caller names none.
HELD_OUT = 10


def held_out(game: npt.NDArray[np.int64], valid: Bools | None, seed: int) -> Bools:
    """Return which rows bool[N] are held out; no game has rows on both sides.

    Args:
        game: of each row, int64[N].
        valid: which rows the caller wants held out; ``None`` for a tenth of the games.
        seed: what the games are drawn by.

    Raises:
        ConfigError: nothing is held out, or nothing is left, or a game is on both sides.
    """
    if valid is None:
        games = np.unique(game)
        some = np.random.default_rng([seed, len(games)]).permutation(games)
        valid = np.isin(game, some[:len(games) // HELD_OUT])
    if valid.all() or not valid.any():
        raise ConfigError("rows to fit and rows held out must be of some games each: "
                          f"{int(valid.sum())} of {len(valid)} rows are held out")
    if np.isin(game[valid], game[~valid]).any():
        raise ConfigError("a game has rows to fit and rows held out; split by game")
    return valid


def best_of(
    carried: Carried, epoch: Callable[[Carried, int], Carried], judge: Callable[[Carried], float],
    most: int, patience: int, tell: Callable[[float], None],
) -> tuple[Carried, list[float]]:
    """Go on for as long as it gets better; return the best, and the loss after each epoch.

    Args:
        carried: what an epoch begins with.
        epoch: returns what comes after the epoch of this number, from 0.
        judge: the loss of what is held out.
        most: epochs at most.
        patience: epochs without a better one after which it stops.
        tell: called with the share of ``most`` after each epoch; may raise.
    """
    best, losses, since = carried, list[float](), 0
    for number in range(most):
        carried = epoch(carried, number)
        loss = judge(carried)
        if not np.isfinite(loss):
            break
        since = 0 if not losses or loss < min(losses) else since + 1
        if not since:
            best = carried
        losses.append(loss)
        tell((number + 1) / most)
        if since >= patience:
            break
    if not losses:
        raise ConfigError("the loss is no number after the first epoch; a smaller rate may help")
    return best, losses


def batches(rows: npt.NDArray[Any], size: int) -> npt.NDArray[np.int32]:
    """Return rows int32[batches, size]: what does not fill a batch is left out.

    >>> batches(np.arange(7), 3).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    size = min(size, len(rows))
    count = len(rows) // size
    return rows[:count * size].reshape(count, size).astype(np.int32)


def falling(rate: float, epochs: int, steps: int, number: int) -> npt.NDArray[np.float32]:
    """Return the rates float32[steps] of an epoch: from ``rate`` down to 0 as a cosine over all.

    >>> [round(float(rate), 2) for rate in falling(1.0, 2, 2, 1)]
    [0.5, 0.15]
    """
    at = (number * steps + np.arange(steps)) / (epochs * steps)
    return (rate * 0.5 * (1 + np.cos(np.pi * at))).astype(np.float32)
