"""What ``tdgammon hint`` says: the chances of a position and its plays in order of worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.analysis import rank
from agent.protocol import Evaluator
from engine.dice import parse_roll
from engine.errors import PositionError
from engine.ids import decode_position, encode_position, parse_xgid
from engine.notation import format_play
from engine.plays import plays


def read_position(
    position: str, dice: str | None
) -> tuple[npt.NDArray[np.int8], tuple[int, int] | None]:
    """Return the board int8[2, 25], the player on roll first, and the roll, if there is one.

    Args:
        position: a Position ID or an XGID; an XGID may bring its dice.
        dice: like ``31``.

    Raises:
        PositionError, DiceError: the texts are wrong, or the game is over.
    """
    if position.upper().startswith("XGID"):
        xg = parse_xgid(position)
        board, roll = xg.board, xg.dice
    else:
        board, roll = decode_position(position), None
    if dice is not None:
        roll = parse_roll(dice)
    if not board.any(axis=-1).all():
        raise PositionError(f"{position}: the game is over; nothing can be played")
    return board, roll


def analyse(evaluator: Evaluator, position: str, dice: str | None) -> dict[str, Any]:
    """Return the analysis as plain values.

    Args:
        evaluator: whose opinion.
        position: see ``read_position``.
        dice: like ``31``; ``None`` for the chances before the roll only.

    Raises:
        PositionError, DiceError: the texts are wrong.
    """
    board, roll = read_position(position, dice)
    found: dict[str, Any] = {
        "position": encode_position(board),
        "before_roll": _chances(evaluator.evaluate(board[None])[0]),
    }
    if roll is not None:
        found["dice"] = list(roll)
        found["plays"] = [
            {"play": format_play(choice.play), **_chances(choice.outcome)}
            for choice in rank(plays(board, *roll), evaluator)
        ]
    return found


def _chances(values: npt.NDArray[Any]) -> dict[str, float]:
    named = {n: round(float(v), 5) for n, v in zip(outcome.NAMES, values, strict=True)}
    return {"equity": round(float(outcome.equity(values)), 5), **named}


def as_text(found: dict[str, Any]) -> str:
    """Return the analysis as a table."""
    head = "equity     win   win g  win bg  lose g lose bg"
    rows = [("before the roll", found["before_roll"])]
    if "plays" in found:
        rows += [(p["play"] or "(no move)", p) for p in found["plays"]]
    width = max(len(name) for name, _ in rows)
    lines = [f"{found['position']:{width}}  {head}"]
    for name, chances in rows:
        percents = "".join(f"{100 * chances[n]:7.1f} " for n in outcome.NAMES)
        lines.append(f"{name:{width}}  {chances['equity']:+.3f} {percents}".rstrip())
    return "\n".join(lines)
