"""Setting up a position by hand: what a press on the board does to it. No pygame, no state.

A point is a counter with two directions: either button puts a checker of its own side there, or
takes one of the other side away if that side holds the point. So each press is taken back by a
press of the other button, and nothing has to be chosen first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.board import BAR, CHECKERS, flip, start, validate
from engine.errors import ImpossiblePositionError
from ui.view import BARS, FAR, NEAR, SPOTS, TRAYS, Target

HELP = "Left click: a near checker more, or a far one less. Right click: the reverse."

_NAMES = ("near", "far")


@dataclass(frozen=True, eq=False)
class Editing:
    """A position being set up, perhaps not a possible one yet.

    ``board``: int8[2, 25], the near player in row 0; what is missing from 15 is borne off.
    ``on_roll``: whose turn it will be, 0 near or 1 far.
    """

    board: npt.NDArray[np.int8]
    on_roll: int = NEAR


def of_board(board: npt.ArrayLike, on_roll: int) -> Editing:
    """Begin with a position, [2, 25], whose row 0 is the player ``on_roll``; as from an ID.

    Raises ``PositionError`` if it is none.
    """
    seen = validate(board)
    return Editing(seen if on_roll == NEAR else np.ascontiguousarray(flip(seen)), on_roll)


def finished(editing: Editing) -> npt.NDArray[np.int8]:
    """Return the position, int8[2, 25], with the player on roll in row 0.

    Raises ``PositionError``, one line, if no game can contain it or the game is over in it.
    """
    board = validate(editing.board)
    for name, side in zip(_NAMES, board, strict=True):
        if not side.any():
            raise ImpossiblePositionError(
                f"the {name} player has no checker on the board, so the game is over; put at "
                "least one there")
    if (board[:, BAR] > 0).all() and (board[:, :6] > 1).all():
        raise ImpossiblePositionError(
            "both sides are on the bar against closed boards, so neither can ever move; open a "
            "point")
    return board if editing.on_roll == NEAR else np.ascontiguousarray(flip(board))


def press(editing: Editing, target: Target, other: bool) -> Editing:
    """Return what a press of the left, or of the ``other`` button makes of the position.

    A checker more comes from the tray: with all 15 on the board nothing happens. On a bar only its
    own side's checkers stand. A press on a tray bears off all of its side, one on the dice gives
    the turn to their side; whatever else is pressed changes nothing.
    """
    if target.kind == "dice" and target.index in (NEAR, FAR):
        return replace(editing, on_roll=target.index)
    if target.kind != "spot" or not 0 <= target.index < SPOTS:
        return editing
    board = editing.board.copy()
    if target.index in TRAYS:
        board[TRAYS.index(target.index)] = 0
    else:
        _count(board, target.index, FAR if other else NEAR)
    return replace(editing, board=board)


def clear(editing: Editing) -> Editing:
    """Take every checker off."""
    return replace(editing, board=np.zeros((2, 25), np.int8))


def opening(editing: Editing) -> Editing:
    """Put the checkers where a game begins."""
    return replace(editing, board=start())


def swap_turn(editing: Editing) -> Editing:
    """Give the turn to the other player."""
    return replace(editing, on_roll=1 - editing.on_roll)


def _count(board: npt.NDArray[np.int8], spot: int, side: int) -> None:
    """Make one step towards ``side`` at a point or bar of ``board``, in place."""
    rival = 1 - side
    mine, theirs = _cell(spot, side), _cell(spot, rival)
    if theirs is not None and board[rival, theirs]:
        board[rival, theirs] -= 1
    elif mine is not None and board[side].sum() < CHECKERS:
        board[side, mine] += 1


def _cell(spot: int, side: int) -> int | None:
    """Return the index of a spot in the side's row, ``None`` for the other side's bar."""
    if spot in BARS:
        return BAR if BARS[side] == spot else None
    return spot if side == NEAR else 23 - spot
