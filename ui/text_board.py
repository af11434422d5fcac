"""The board in plain characters, as backgammon programs in terminals have long drawn it.

The near side, X, has its home board at the bottom right and moves from point 24 at the top right
around to point 1; the points are numbered from that side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.board import BAR, off, pips, validate

NEAR, FAR = 0, 1

WIDTH = 57
"""Columns of the picture; the lines above and below it are no longer."""

_HEIGHT = 5
_CELL = 4
_BAR_CELL = 5
_TOP = (range(13, 19), range(19, 25))
_BOTTOM = (range(12, 6, -1), range(6, 0, -1))


def draw(
    board: npt.ArrayLike,
    *,
    on_roll: int | None = None,
    dice: tuple[int, int] | None = None,
    names: tuple[str, str] = ("you", "opponent"),
    checkers: tuple[str, str] = ("X", "O"),
) -> str:
    """Return a picture of `board[2, 25]`, row 0 the near side, X, whoever is on roll.

    A stack of more than five checkers ends in its number. `on_roll` is NEAR or FAR, and `dice` what
    that player has thrown, None before the roll; without `on_roll` the last line is left out.
    `names`, and `checkers` of one character each, are of the near and the far side. The text has
    no newline at its end. Raises `PositionError` if the board is not a position.
    """
    position = validate(board)
    # The bar fills from the middle of the board, where the sixth row says what it is.
    near_bar, far_bar = (_stack(int(position[side, BAR]), checkers[side])[::-1]
                         for side in (NEAR, FAR))
    upper = [_stack_of(position, point, checkers) for half in _TOP for point in half]
    lower = [_stack_of(position, point, checkers) for half in _BOTTOM for point in half]
    lines = [
        _side(position, FAR, names, checkers),
        _border(_TOP),
        *(_row([stack[i] for stack in upper], far_bar[i]) for i in range(_HEIGHT)),
        _row([""] * 12, "BAR"),
        *(_row([stack[i] for stack in lower], near_bar[i]) for i in reversed(range(_HEIGHT))),
        _border(_BOTTOM),
        _side(position, NEAR, names, checkers),
    ]
    if on_roll is not None:
        what = f"to play {dice[0]}-{dice[1]}" if dice else "to roll"
        lines.append(f"{checkers[on_roll]} {what}")
    return "\n".join(lines)


def _stack(count: int, checker: str) -> list[str]:
    """Return what stands on each of the five places of a point, from the edge of the board in."""
    shown = [checker] * min(count, _HEIGHT)
    if count > _HEIGHT:
        shown[-1] = str(count)
    return shown + [""] * (_HEIGHT - len(shown))


def _stack_of(position: npt.NDArray[np.int8], point: int, checkers: tuple[str, str]) -> list[str]:
    """Return the stack on a point, 1-24 as the near side counts."""
    near, far = int(position[NEAR, point - 1]), int(position[FAR, 24 - point])
    return _stack(near, checkers[NEAR]) if near else _stack(far, checkers[FAR])


def _row(cells: list[str], bar: str) -> str:
    texts = [f"{cell:>{_CELL - 1}} " for cell in cells]
    return "|".join(["", "".join(texts[:6]), f"{bar:^{_BAR_CELL}}", "".join(texts[6:]), ""])


def _border(halves: tuple[range, range]) -> str:
    left, right = ("".join(f"{point:->{_CELL - 1}}-" for point in half) for half in halves)
    return "+".join(["", left, "-" * _BAR_CELL, right, ""])


def _side(position: npt.NDArray[np.int8], side: int, names: tuple[str, str],
          checkers: tuple[str, str]) -> str:
    counts = f": pips {pips(position)[side]}, off {off(position)[side]}"
    return (f"{checkers[side]} {names[side]}"[:WIDTH - len(counts)]) + counts
