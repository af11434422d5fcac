"""The board line of FIBS, the First Internet Backgammon Server: "board:You:someone:...".

Source: FIBS Client Protocol Detailed Specification, http://www.fibs.com/fibs_interface.html,
"board"; the Crawford game is told as GNU Backgammon does, from the last two fields.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.board import validate
from engine.errors import EngineError, ImpossiblePositionError, MalformedPositionError
from engine.game import MatchState

OPPONENT, YOU = 0, 1

_FIELD_COUNT = 53
_UNLIMITED = 9999


@dataclass(frozen=True, eq=False)
class FibsPosition:
    """What a FIBS board line says.

    `board` is `int8[2, 25]` with the player to move in row 0, and `on_roll` tells who that is:
    1 for the player the line calls "you", 0 for the opponent; `state` and `names` count players
    the same way. `dice` is None before the roll. `doubled` says that the player to move has
    offered a double.
    """

    board: npt.NDArray[np.int8]
    on_roll: int
    dice: tuple[int, int] | None
    state: MatchState
    doubled: bool
    names: tuple[str, str]


def parse_fibs_board(text: str) -> FibsPosition:
    """Read a FIBS board line.

    Raises `MalformedPositionError` for text that is not such a line, and
    `ImpossiblePositionError` for a position or a score that cannot be, or a game that is over.
    """
    fields = [field.strip() for field in text.strip().split(":")]
    if fields[0] != "board" or len(fields) != _FIELD_COUNT:
        raise MalformedPositionError(
            f'a FIBS board line must be "board:" and {_FIELD_COUNT - 1} fields split by colons; '
            f"this begins {fields[0][:20]!r} and has {len(fields) - 1}")
    try:
        n = [0, 0, 0, *(int(field) for field in fields[3:])]
    except ValueError:
        raise MalformedPositionError(
            "a FIBS board line must have whole numbers after the two names") from None
    turn, colour, direction = n[32], n[41], n[42]
    if turn == 0:
        raise ImpossiblePositionError("the FIBS game is over (turn 0); turn must be 1 or -1")
    if abs(turn) != 1 or abs(colour) != 1 or abs(direction) != 1:
        raise MalformedPositionError(
            f"FIBS turn {turn}, colour {colour} and direction {direction} must be 1 or -1")
    on_roll = YOU if turn == colour else OPPONENT
    # FIBS tells an offered double only to one side; the other sees that nobody may double.
    doubled = bool(n[40]) or not (n[38] or n[39])
    return FibsPosition(
        board=_board(np.array(n[6:32]) * colour, direction, on_roll), on_roll=on_roll,
        dice=_dice(n[33:37], on_roll), state=_state(n, on_roll, doubled), doubled=doubled,
        names=(fields[2], fields[1]))


def _board(numbers: npt.NDArray[np.int64], direction: int, on_roll: int) -> npt.NDArray[np.int8]:
    """Return the board of the 26 numbers, positive for you, index 0 and 25 the two bars."""
    if direction == 1:
        numbers = numbers[::-1]
    # Now you move down from 24: your bar is index 25 and the opponent's, who moves up, index 0.
    # Bars hold one side only and their sign is not to be relied on.
    you = np.append(np.maximum(numbers[1:25], 0), abs(numbers[25]))
    opponent = np.append(np.maximum(-numbers[1:25], 0)[::-1], abs(numbers[0]))
    return validate(np.stack([you, opponent] if on_roll == YOU else [opponent, you]))


def _dice(numbers: list[int], on_roll: int) -> tuple[int, int] | None:
    yours, theirs = numbers[:2], numbers[2:]
    first, second = (yours, theirs) if on_roll == YOU else (theirs, yours)
    die1, die2 = first if any(first) else second
    if die1 == die2 == 0:
        return None
    if not (1 <= die1 <= 6 and 1 <= die2 <= 6):
        raise ImpossiblePositionError(
            f"FIBS dice {die1} and {die2} must be 1 to 6, or 0 before the roll")
    return die1, die2


def _state(n: list[int], on_roll: int, doubled: bool) -> MatchState:
    length = 0 if n[3] == _UNLIMITED else n[3]
    score = (n[5], n[4])
    you_may, opponent_may = bool(n[38]), bool(n[39])
    owner: int | None = None
    if you_may != opponent_may:
        owner = YOU if you_may else OPPONENT
    elif doubled and n[37] > 1:
        # Only the owner of a turned cube can have doubled.
        owner = on_roll
    crawford = bool(length) and length - max(score) == 1 and not (n[51] or n[52])
    try:
        return MatchState(length, score, n[37], owner, crawford)
    except EngineError as error:
        raise ImpossiblePositionError(f"FIBS board line: {error}") from None
