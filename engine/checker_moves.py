"""Single checker moves for a batch of positions, in NumPy: which are legal, what they lead to.

The rule is that of :mod:`engine.plays`, a move at a time for many positions at once. From it
follow, for thousands of turns in a call: the checker moves between two positions, and whether moves
that somebody names are a legal complete play. Boards are those of :mod:`engine.board`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.board import BAR
from engine.errors import EngineError

OFF = -1
NONE = -2
"""In place of a source: no move."""
MOST = 4

Boards = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]
_POINTS = np.arange(BAR + 1, dtype=np.int8)


class Moves(NamedTuple):
    """The moves of N turns in an order in which they are legal, seen by the mover; int8[N, 4] each.

    ``source`` is the index a checker leaves, 24 for the bar, ``NONE`` behind the last move;
    ``target`` that on which it lands, ``OFF`` when it is borne off, ``NONE`` where none moves.
    """

    source: Ints
    target: Ints


def can_move(boards: Boards, source: Ints, die: Ints) -> Bools:
    """Say bool[N] where the checker on ``source`` int8[N] may move by ``die`` int8[N].

    ``boards`` int8[N, 2, 25], the mover in row 0.
    """
    rows = np.arange(len(boards))
    own = boards[:, 0]
    target = source - die
    fine = (own[rows, source] > 0) & ((source == BAR) | (own[:, BAR] == 0))
    fine &= (target < 0) | (boards[rows, 1, 23 - np.maximum(target, 0)] < 2)
    out = np.flatnonzero(fine & (target < 0))
    if len(out):
        near = own[out]
        behind = ((near > 0) & (source[out, None] < _POINTS)).any(1)
        fine[out] = ~(near[:, 6:] > 0).any(1) & ((target[out] == OFF) | ~behind)
    return fine


def make(boards: Boards, source: Ints, die: Ints) -> None:
    """Move one checker of every board, in place; only :func:`can_move` knows whether it may."""
    rows, target = np.arange(len(boards)), source - die
    boards[rows, 0, source] -= 1
    on = np.flatnonzero(target >= 0)
    boards[on, 0, target[on]] += 1
    theirs = 23 - target[on]
    hit = boards[on, 1, theirs] > 0
    boards[on[hit], 1, theirs[hit]] = 0
    boards[on[hit], 1, BAR] += 1


def through(boards: Boards, source: Ints, die: Ints) -> tuple[Boards, Bools]:
    """Make up to K moves of each position one after the other.

    Args:
        boards: int8[N, 2, 25], the mover in row 0; stays as it is.
        source: int8[N, K], ``NONE`` where nothing is moved.
        die: int8[N, K].

    Returns:
        The boards after them, still seen by the mover, and bool[N], whether all were legal. The
        board of a turn of which a move was not is that before this move.
    """
    boards, legal = boards.copy(), np.ones(len(boards), np.bool_)
    for k in range(source.shape[1]):
        rows = np.flatnonzero(legal & (source[:, k] != NONE))
        at, by = source[rows, k], die[rows, k]
        part = boards[rows]
        fine = can_move(part, at, by)
        legal[rows[~fine]] = False
        part = part[fine]
        make(part, at[fine], by[fine])
        boards[rows[fine]] = part
    return boards, legal


def between(boards: Boards, dice: Ints, afters: Boards) -> Moves:
    """Return the moves of N turns of which the positions before and after are known.

    They are those that ``engine.plays`` shows: from the rearmost checker on, with the larger die
    first, where this order is legal and hits what was hit.

    Args:
        boards: int8[N, 2, 25], the mover in row 0.
        dice: int8[N, 2].
        afters: int8[N, 2, 25], each after a legal complete play, seen by the opponent.

    Raises:
        EngineError: no legal moves lead from one to the other.

    >>> from engine.board import start
    >>> after = start()[None, ::-1].copy()
    >>> after[0, 1, [7, 5, 4]] += [-1, -1, 2]
    >>> between(start()[None], np.array([[3, 1]], np.int8), after)[0].tolist()
    [[7, 5, -2, -2]]
    """
    goals = afters[:, ::-1]
    source, target = (np.full((len(boards), MOST), NONE, np.int8) for _ in range(2))
    high, low = dice.max(1), dice.min(1)
    double = high == low
    found = (boards == goals).all((1, 2))

    def settle(rows: npt.NDArray[np.int64], from_: Ints, die: Ints) -> None:
        ends, legal = through(boards[rows], from_, die)
        good = legal & (ends == goals[rows]).all((1, 2))
        at, width = rows[good], from_.shape[1]
        source[at, :width] = from_[good]
        target[at, :width] = _targets(from_[good], die[good])
        found[at] = True

    rows = np.flatnonzero(double & ~found)
    die = np.repeat(high[rows, None], MOST, 1)
    settle(rows, _sources(boards[rows, 0] - goals[rows, 0], die), die)
    for first, second, swap in ((high, low, False), (low, high, False), (low, high, True),
                                (high, low, True), (high, None, False), (low, None, False)):
        rows = np.flatnonzero(~double & ~found)
        die = np.stack([one[rows] for one in (first, second) if one is not None], 1)
        from_ = _sources(boards[rows, 0] - goals[rows, 0], die)
        whole = (from_ != NONE).all(1)
        order = slice(None, None, -1) if swap else slice(None)
        settle(rows[whole], from_[whole, order], die[whole, order])
    if not found.all():
        raise EngineError(f"turn {np.flatnonzero(~found)[0]}: no legal moves lead from its position"
                          " to the one after it")
    return Moves(source, target)


def _sources(left: Ints, dice: Ints) -> Ints:
    """Return which checkers left, int8[N, K], the rearmost first, if dice int8[N, K] move them.

    ``left`` int8[N, 25]: how many checkers fewer there are on a point. The rearmost point with
    fewer is always a source, since no checker comes from behind it.
    """
    left, rows = left.copy(), np.arange(len(left))
    found = np.full(dice.shape, NONE, np.int8)
    for k in range(dice.shape[1]):
        fewer = left[:, ::-1] > 0
        at = (BAR - fewer.argmax(1)).astype(np.int8)
        some = np.flatnonzero(fewer[rows, BAR - at])
        found[some, k] = at[some]
        left[some, at[some]] -= 1
        target = at[some] - dice[some, k]
        on = target >= 0
        left[some[on], target[on]] += 1
    return found


def _targets(source: Ints, die: Ints) -> Ints:
    return np.where(source == NONE, NONE, np.maximum(source - die, OFF)).astype(np.int8)


def made(boards: Boards, dice: Ints, moves: Moves) -> tuple[Boards, Bools]:
    """Make the moves of N turns, which may be wrong.

    Args:
        boards: int8[N, 2, 25], the mover in row 0.
        dice: int8[N, 2].
        moves: of the turns, in the order in which they are to be made.

    Returns:
        The positions after them, int8[N, 2, 25], seen by the opponent; and bool[N], whether they
        are a legal complete play: what is said of the others means nothing.
    """
    high, low = dice.max(1), dice.min(1)
    count = (moves.source != NONE).sum(1)
    afters, legal = boards.copy(), np.zeros(len(boards), np.bool_)
    used_low = np.zeros(len(boards), np.bool_)
    for first, second in ((high, low), (low, high)):
        rows = np.flatnonzero(~legal)
        die = np.stack([first, second, first, second], 1)[rows]
        part = Moves(moves.source[rows], moves.target[rows])
        fits = (part.target == _targets(part.source, die)).all(1)
        ends, fine = through(boards[rows], part.source, die)
        rows, ends = rows[fits & fine], ends[fits & fine]
        afters[rows], legal[rows], used_low[rows] = ends, True, first[rows] == low[rows]
    # Whoever uses all dice has certainly used as many as he can.
    partial = np.flatnonzero(legal & (count < np.where(high == low, MOST, 2)))
    legal &= (count <= 2) | (high == low)
    most = most_moves(boards[partial], dice[partial])
    legal[partial] &= count[partial] == most
    one = partial[(most == 1) & used_low[partial] & (high != low)[partial]]
    legal[one] &= ~sources(boards[one], high[one]).any(1)
    return np.ascontiguousarray(afters[:, ::-1]), legal


def sources(boards: Boards, die: Ints) -> Bools:
    """Say bool[N, 25] which checkers may move by ``die`` int8[N]."""
    count = len(boards)
    each = np.repeat(boards, BAR + 1, 0)
    at = np.tile(_POINTS, count)
    return can_move(each, at, np.repeat(die, BAR + 1)).reshape(count, BAR + 1)


def most_moves(boards: Boards, dice: Ints) -> Ints:
    """Return how many moves a roll allows at most, int8[N]: 0 to 2, of doubles to 4."""
    most = np.zeros(len(boards), np.int8)
    double = dice[:, 0] == dice[:, 1]
    rows = np.flatnonzero(double)
    left = boards[rows].copy()
    for count in range(1, MOST + 1):
        # With one die every sequence that cannot be gone on with is equally long.
        can = sources(left, dice[rows, 0])
        some = can.any(1)
        rows, left, can = rows[some], left[some], can[some]
        most[rows] = count
        make(left, (BAR - can[:, ::-1].argmax(1)).astype(np.int8), dice[rows, 0])
    for first, second in ((0, 1), (1, 0)):
        rows = np.flatnonzero(~double & (most < 2))
        at, source = np.nonzero(sources(boards[rows], dice[rows, first]))
        rows = rows[at]
        most[rows] = np.maximum(most[rows], 1)
        left = boards[rows]
        make(left, source.astype(np.int8), dice[rows, first])
        most[rows[sources(left, dice[rows, second]).any(1)]] = 2
    return most
