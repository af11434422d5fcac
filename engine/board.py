"""The board: an `int8[..., 2, 25]` array of checkers, the player on roll in row 0.

Each row is one player's checkers from that player's own side: index 0-23 are the own points 1-24,
index 24 is the bar, and what is missing from 15 is borne off. My index `i` is the opponent's index
`23 - i`. The layout is that of GNU Backgammon's `TanBoard`, with the rows in the other order.

Every function here except `start` and `validate` takes NumPy and JAX arrays alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import ImpossiblePositionError, MalformedPositionError

CHECKERS = 15
BAR = 24

_START_SIDE = {24: 2, 13: 5, 8: 3, 6: 5}
_PIPS = np.arange(1, 26, dtype=np.int32)
_POINTS = np.arange(1, 26, dtype=np.int8)


def start() -> npt.NDArray[np.int8]:
    """Return the starting position, `int8[2, 25]`, a fresh copy each time.

    >>> start()[0, [23, 12, 7, 5]].tolist()
    [2, 5, 3, 5]
    """
    board = np.zeros((2, 25), np.int8)
    for point, count in _START_SIDE.items():
        board[:, point - 1] = count
    return board


def flip(board: Any) -> Any:
    """Return `board[..., 2, 25]` as the other player sees it: the two rows swapped.

    >>> bool((flip(flip(start())) == start()).all())
    True
    """
    return board[..., ::-1, :]


def pips(board: Any) -> Any:
    """Return each side's pip count, `int32[..., 2]`: points still to go, 25 for one on the bar.

    >>> pips(start()).tolist()
    [167, 167]
    """
    return (board.astype(np.int32) * _PIPS).sum(-1, dtype=np.int32)


def off(board: Any) -> Any:
    """Return how many checkers each side has borne off, `int8[..., 2]`."""
    return np.int8(CHECKERS) - board.sum(-1, dtype=np.int8)


def has_contact(board: Any) -> Any:
    """Return whether either side can still hit the other, `bool[...]`.

    There is contact while the rearmost checkers of the two sides have not passed each other; there
    is none once a side has borne off everything.
    """
    rearmost = ((board > 0).astype(np.int8) * _POINTS).max(-1)
    both_left = (rearmost > 0).all(-1)
    return both_left & (rearmost.sum(-1, dtype=np.int8) > BAR)


def validate(board: npt.ArrayLike | Sequence[npt.ArrayLike]) -> npt.NDArray[np.int8]:
    """Return a C-contiguous `int8` copy of `board`, integers of shape `[..., 2, 25]`, if legal.

    Raises `MalformedPositionError` for a wrong shape, for anything but integers and for negative
    counts; `ImpossiblePositionError` for more than 15 checkers a side, both sides on one point or
    both sides borne off. The message names the first bad board of a batch.
    """
    try:
        array = np.asarray(board)
    except ValueError as error:
        raise MalformedPositionError(
            f"board is ragged; it must be int8[..., 2, 25] ({error})") from None
    if array.shape[-2:] != (2, 25):
        raise MalformedPositionError(f"board has shape {array.shape}; it must be [..., 2, 25]")
    if not np.issubdtype(array.dtype, np.integer):
        raise MalformedPositionError(f"board has dtype {array.dtype}; checkers must be integers")
    _refuse(MalformedPositionError, (array < 0).any((-1, -2)),
            "a negative number of checkers; counts go from 0 to 15")
    # Counts above 15 are checked before summing so that no dtype can wrap around.
    many = (array > CHECKERS).any((-1, -2)) | (array.sum(-1, dtype=np.int64) > CHECKERS).any(-1)
    _refuse(ImpossiblePositionError, many, "more than 15 checkers on a side; each side has 15")
    shared = (array[..., 0, :BAR] > 0) & (array[..., 1, BAR - 1::-1] > 0)
    _refuse(ImpossiblePositionError, shared.any(-1),
            "both sides on one point; a point belongs to one side")
    _refuse(ImpossiblePositionError, ~(array > 0).any((-1, -2)),
            "both sides borne off; only one side can finish")
    return np.array(array, np.int8, order="C")


def _refuse(error: type[ValueError], bad: npt.NDArray[np.bool_] | np.bool_, what: str) -> None:
    if not bad.any():
        return
    where = ", ".join(str(i) for i in np.argwhere(bad)[0]) if bad.ndim else ""
    raise error(f"board {where} has {what}" if where else f"board has {what}")
