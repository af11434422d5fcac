"""The texts that carry a match state: GNU Backgammon's Match ID and eXtreme Gammon's XGID.

Sources: GNU Backgammon manual, "A technical description of the Match ID", with bit 66, the Jacoby
rule, as GNU Backgammon 1.0 writes it; eXtreme Gammon 2 manual, "XGID". As in GNU Backgammon, the
player at the bottom of an XGID is player 1 and the one at the top is player 0.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.board import validate
from engine.errors import EngineError, ImpossiblePositionError, MalformedPositionError
from engine.game import MatchState

TOP, BOTTOM = 0, 1

# Match ID: (name, width in bits), from the least significant bit on; 67 bits in all.
_FIELDS = (
    ("cube", 4), ("owner", 2), ("on_roll", 1), ("crawford", 1), ("phase", 3), ("turn", 1),
    ("doubled", 1), ("resigned", 2), ("die1", 3), ("die2", 3), ("length", 15), ("score0", 15),
    ("score1", 15), ("no_jacoby", 1),
)
_CENTRED = 3
_PHASES = 5
_XG_SIDE = re.compile(r"[A-Za-z-]{26}")


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """What a Match ID says: the match, and what is going on in the game.

    `on_roll` is the player, 0 or 1, who rolls or has rolled; `turn` the one who must decide, who is
    the other player while a double or a resignation is offered. `dice` is None before the roll.
    `resigned` is 0, or 1 to 3 for what is offered. `phase` is 0 no game, 1 playing, 2 over,
    3 resigned, 4 dropped.
    """

    state: MatchState = MatchState()
    on_roll: int = BOTTOM
    turn: int = BOTTOM
    dice: tuple[int, int] | None = None
    doubled: bool = False
    resigned: int = 0
    phase: int = 1


def encode_match_id(record: MatchRecord) -> str:
    """Return the Match ID, 12 characters; the higher die is written first.

    Raises `EngineError` for values the ID has no room for.

    >>> encode_match_id(MatchRecord(MatchState(jacoby=True)))
    'cAkAAAAAAAAA'
    """
    state = record.state
    dice = sorted(record.dice or (0, 0), reverse=True)
    values = {
        "cube": state.cube.bit_length() - 1,
        "owner": _CENTRED if state.cube_owner is None else state.cube_owner,
        "on_roll": record.on_roll, "crawford": int(state.crawford), "phase": record.phase,
        "turn": record.turn, "doubled": int(record.doubled), "resigned": record.resigned,
        "die1": dice[0], "die2": dice[1], "length": state.length, "score0": state.score[0],
        "score1": state.score[1], "no_jacoby": int(not state.jacoby),
    }
    bits = position = 0
    for name, width in _FIELDS:
        if not 0 <= values[name] < 1 << width:
            raise EngineError(f"a Match ID has {width} bits for {name}; {values[name]} is too much")
        bits |= values[name] << position
        position += width
    return base64.b64encode(bits.to_bytes(9, "little")).decode("ascii")


def decode_match_id(text: str) -> MatchRecord:
    """Return what a Match ID says.

    Raises `MalformedPositionError` for text that is not the canonical ID of a match, and
    `ImpossiblePositionError` for dice or a score that cannot be.

    >>> decode_match_id("QYkqASAAIAAA").state.score
    (2, 4)
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(text) != 12 or len(data) != 9:
        raise MalformedPositionError(f"Match ID {text!r} must be 12 characters of base64")
    bits = int.from_bytes(data, "little")
    value: dict[str, int] = {}
    for name, width in _FIELDS:
        value[name] = bits & ((1 << width) - 1)
        bits >>= width
    if bits or value["owner"] == 2 or value["phase"] >= _PHASES:
        raise MalformedPositionError(
            f"Match ID {text!r} has stray bits; the cube owner is 0, 1 or 3, the game state 0 to "
            "4 and the last five bits are zero")
    owner = None if value["owner"] == _CENTRED else value["owner"]
    return MatchRecord(
        state=_state(f"Match ID {text!r}", length=value["length"],
                     score=(value["score0"], value["score1"]), cube=1 << value["cube"],
                     cube_owner=owner, crawford=bool(value["crawford"]),
                     jacoby=not value["no_jacoby"]),
        on_roll=value["on_roll"], turn=value["turn"],
        dice=_dice(f"Match ID {text!r}", value["die1"], value["die2"]),
        doubled=bool(value["doubled"]), resigned=value["resigned"], phase=value["phase"])


@dataclass(frozen=True, eq=False)
class XgPosition:
    """What an XGID says.

    `board` is `int8[2, 25]` with the player on roll in row 0, and `on_roll` tells which player
    that is: 1 at the bottom, 0 at the top; `state` counts players the same way. `dice` is None
    before the roll. `cube_action` is "" or, with no dice, "D" while a double is offered by the
    player on roll, "B" for a beaver and "R" for a raccoon. `max_cube` is the highest cube as a
    power of two.
    """

    board: npt.NDArray[np.int8]
    on_roll: int = BOTTOM
    dice: tuple[int, int] | None = None
    state: MatchState = MatchState()
    cube_action: str = ""
    beavers: bool = False
    max_cube: int = 10


def parse_xgid(text: str) -> XgPosition:
    """Read an XGID, with or without its "XGID=" and its last field, the highest cube.

    Raises `MalformedPositionError` for text that is not an XGID and `ImpossiblePositionError` for
    a position, dice or a score that cannot be.

    >>> parse_xgid("XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:0:0:10").dice
    (3, 1)
    """
    body = text.strip()
    if body[:5].upper() == "XGID=":
        body = body[5:]
    points, *fields = body.split(":")
    if len(fields) not in (8, 9):
        raise MalformedPositionError(
            f"XGID {text!r} has {len(fields) + 1} fields; it must have 10 (or 9), split by colons")
    if not _XG_SIDE.fullmatch(points):
        raise MalformedPositionError(
            f"XGID position {points!r} must be 26 of A-O (bottom), a-o (top) and -")
    dice_text = fields.pop(3).upper()
    try:
        cube, owner, turn, bottom, top, rules, length, *last = (int(field) for field in fields)
    except ValueError:
        raise MalformedPositionError(
            f"XGID {text!r} must have whole numbers in its fields but the first and the dice") \
            from None
    max_cube = last[0] if last else 10
    _check_xg_ranges(text, cube, owner, turn, rules, length, max_cube)
    on_roll = BOTTOM if turn == 1 else TOP
    action = dice_text if dice_text in ("D", "B", "R") else ""
    return XgPosition(
        board=_xg_board(points, on_roll), on_roll=on_roll,
        dice=None if action else _xg_dice(text, dice_text),
        state=_state(f"XGID {text!r}", length=length, score=(top, bottom), cube=1 << cube,
                     cube_owner={1: BOTTOM, -1: TOP, 0: None}[owner],
                     crawford=bool(length and rules), jacoby=not length and rules & 1 == 1),
        cube_action=action, beavers=not length and rules & 2 == 2, max_cube=max_cube)


def format_xgid(position: XgPosition) -> str:
    """Return the XGID of a position, with its "XGID="; `parse_xgid` reads it back unchanged.

    Raises `PositionError` if the board is not a position.

    >>> from engine.board import start
    >>> format_xgid(XgPosition(start()))
    'XGID=-b----E-C---eE---c-e----B-:0:0:1:00:0:0:0:0:10'
    """
    board = validate(position.board)
    bottom, top = board if position.on_roll == BOTTOM else board[::-1]
    points = [_xg_letter(int(mine), "A") or _xg_letter(int(theirs), "a") or "-"
              for mine, theirs in zip([0, *bottom], [*top[::-1], 0], strict=True)]
    state = position.state
    owner = {BOTTOM: 1, TOP: -1, None: 0}[state.cube_owner]
    dice = position.cube_action or "{}{}".format(*(position.dice or (0, 0)))
    rules = int(state.crawford) if state.length else state.jacoby + 2 * position.beavers
    fields = (state.cube.bit_length() - 1, owner, 1 if position.on_roll == BOTTOM else -1, dice,
              state.score[BOTTOM], state.score[TOP], rules, state.length, position.max_cube)
    return "XGID=" + ":".join(["".join(points), *map(str, fields)])


def _xg_letter(count: int, one: str) -> str:
    return chr(ord(one) + count - 1) if count else ""


def _xg_board(points: str, on_roll: int) -> npt.NDArray[np.int8]:
    """Return the board of the 26 letters: top's bar, points 1 to 24 seen from below, own bar."""
    board = np.zeros((2, 26), np.int8)
    for place, letter in enumerate(points):
        if letter != "-":
            board[int(letter.islower()), place] = ord(letter.lower()) - ord("a") + 1
    bottom, top = board[0], board[1, ::-1]
    if bottom[0] or top[0]:
        raise ImpossiblePositionError(
            f"XGID position {points!r} has a checker on the other side's bar; the first letter is "
            "top's bar (a-o), the last is bottom's (A-O)")
    return validate(np.stack([bottom[1:], top[1:]])[::1 if on_roll == BOTTOM else -1])


def _xg_dice(text: str, dice: str) -> tuple[int, int] | None:
    if not re.fullmatch(r"\d\d", dice):
        raise MalformedPositionError(
            f"XGID {text!r} has dice {dice!r}; they must be two digits, 00 before the roll, or D, "
            "B or R")
    return _dice(f"XGID {text!r}", int(dice[0]), int(dice[1]))


def _check_xg_ranges(text: str, cube: int, owner: int, turn: int, rules: int, length: int,
                     max_cube: int) -> None:
    for name, value, allowed in (
            ("cube", cube, range(0, 31)), ("cube position", owner, range(-1, 2)),
            ("turn", turn, (-1, 1)), ("match length", length, range(0, 1 << 15)),
            ("rules", rules, range(0, 2 if length else 4)), ("highest cube", max_cube, range(31))):
        if value not in allowed:
            right = "1 or -1" if name == "turn" else f"{min(allowed)} to {max(allowed)}"
            raise MalformedPositionError(f"XGID {text!r} has {name} {value}; it must be {right}")


def _dice(what: str, die1: int, die2: int) -> tuple[int, int] | None:
    if die1 == die2 == 0:
        return None
    if not (1 <= die1 <= 6 and 1 <= die2 <= 6):
        raise ImpossiblePositionError(
            f"{what} has dice {die1} and {die2}; each is 1 to 6, or both are 0 before the roll")
    return die1, die2


def _state(what: str, *, length: int, score: tuple[int, int], cube: int, cube_owner: int | None,
           crawford: bool, jacoby: bool) -> MatchState:
    try:
        return MatchState(length, score, cube, cube_owner, crawford, jacoby)
    except EngineError as error:
        raise ImpossiblePositionError(f"{what}: {error}") from None
