"""Legal plays the slow and obvious way, written apart from the engine: an oracle for tests.

Every order of the dice and every checker is tried, one move after another; of all the sequences
that come to a stop, those with the most moves are kept, and among single moves the larger die.
Checkers are kept as a bag of points, 25 the bar and 0 off, all seen by the mover.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Bag = tuple[int, ...]
Place = tuple[Bag, Bag]


def after_positions(board: npt.NDArray[np.int8], d1: int, d2: int) -> set[Place]:
    """Return every position, still seen by the mover, that a complete legal play leads to."""
    orders = [[d1] * 4] if d1 == d2 else [[d1, d2], [d2, d1]]
    ended = [(place, used) for order in orders for place, used in _runs(place_of(board), order, ())]
    most = max(len(used) for _, used in ended)
    ended = [(place, used) for place, used in ended if len(used) == most]
    if most == 1:
        larger = max(used[0] for _, used in ended)
        ended = [(place, used) for place, used in ended if used[0] == larger]
    return {place for place, _ in ended}


def place_of(board: npt.NDArray[np.int8]) -> Place:
    """Return a board as two bags of points; the opponent's bar is point 0 of the mover."""
    mine = [i + 1 for i in range(25) for _ in range(board[0, i])]
    theirs = [24 - i for i in range(25) for _ in range(board[1, i])]
    return tuple(sorted(mine)), tuple(sorted(theirs))


def _runs(place: Place, dice: list[int], used: Bag) -> Iterator[tuple[Place, Bag]]:
    stuck = True
    if dice:
        for checker in set(place[0]):
            after = moved(place, checker, dice[0])
            if after is not None:
                stuck = False
                yield from _runs(after, dice[1:], (*used, dice[0]))
    if stuck:
        yield place, used


def moved(place: Place, checker: int, die: int) -> Place | None:
    """Return where moving the checker on a point with the die leads, or None if it may not move."""
    mine, theirs = list(place[0]), list(place[1])
    if 25 in mine and checker != 25:
        return None
    mine.remove(checker)
    target = checker - die
    if target <= 0:
        everyone = [*mine, checker]
        if max(everyone) > 6 or (target < 0 and max(everyone) > checker):
            return None
        return tuple(sorted(mine)), tuple(sorted(theirs))
    if theirs.count(target) > 1:
        return None
    if target in theirs:
        theirs[theirs.index(target)] = 0
    mine.append(target)
    return tuple(sorted(mine)), tuple(sorted(theirs))
