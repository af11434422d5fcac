"""Decisions that a stronger player has judged, read from a file.

One JSON object a line, plain or gzipped: position ``id``, dice ``d``, class ``c``; in ``cand`` the
plays that the reference looked at closely, each [after-position, quick equity, equity, [five
outcomes]]; in ``rest`` all the others, each [after-position, quick equity]. After-positions have
the opponent on roll, and the outcomes are his; equities are the mover's. Objects with ``meta`` say
where the file is from.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from agent.errors import AgentError
from agent.protocol import Boards
from engine.errors import PositionError
from engine.ids import decode_positions

CLASSES = ("opening", "contact", "crashed", "race", "bearoff")

Floats = npt.NDArray[np.float64]


class PositionFileError(AgentError):
    """A file of decisions that is missing, damaged or of another kind."""


@dataclass(frozen=True)
class Decisions:
    """D decisions with all their N plays, those of one decision side by side.

    ``file``: the path they were read from.
    ``boards`` int8[D, 2, 25], ``dice`` int8[D, 2], ``kind`` int64[D], numbers in ``CLASSES``.
    ``first`` int64[D]: where the plays of each decision begin; its candidates come first.
    ``owner`` int64[N]: whose decision it is; ``after`` int8[N, 2, 25], seen by the opponent;
    ``quick`` float64[N] and ``equity`` float64[N], to the mover, in points; ``outcomes``
    float64[N, 5], of the opponent. The last two are nan where ``candidate`` bool[N] is not.
    """

    file: str
    boards: Boards
    dice: npt.NDArray[np.int8]
    kind: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    owner: npt.NDArray[np.int64]
    after: Boards
    quick: Floats
    equity: Floats
    outcomes: Floats
    candidate: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Return D."""
        return len(self.boards)


def read(path: Path) -> Decisions:
    """Read a file of decisions, gzipped or not.

    Raises:
        PositionFileError: it cannot be read, or is malformed; names the line.
    """
    records, lines = [], []
    for number, line in enumerate(_lines(path), 1):
        where = f"{path}, line {number}"
        record = _parse(line, where)
        if "meta" not in record:
            _check(record, where)
            records.append(record)
            lines.append(where)
    if not records:
        raise PositionFileError(f"{path} holds no decision; each is a line with id, d, c and cand")
    return _pack(str(path), records, lines)


def _lines(path: Path) -> list[bytes]:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PositionFileError(f"{path} is damaged: {error}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PositionFileError(f"{path} cannot be read: {reason}") from None
    return data.rstrip().split(b"\n") if data.strip() else []


def _parse(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line, parse_constant=_no_constant)
    except RecursionError:
        raise PositionFileError(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise PositionFileError(f"{where} is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise PositionFileError(f"{where} is not an object with id, d, c and cand")
    return record


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check(record: dict[str, Any], where: str) -> None:
    """Raise unless a record has the right shape; positions are checked later, all at once."""

    def need(right: bool, what: str) -> None:
        if not right:
            raise PositionFileError(f"{where}: {what}")

    need(isinstance(record.get("id"), str), '"id" must be a Position ID')
    d = record.get("d")
    need(isinstance(d, list) and len(d) == 2 and all(type(x) is int and 1 <= x <= 6 for x in d),
         '"d" must be two dice from 1 to 6')
    need(record.get("c") in CLASSES, f'"c" must be one of {", ".join(CLASSES)}')
    plays: list[Any] = [record.get("cand"), record.get("rest")]
    need(all(isinstance(some, list) for some in plays) and len(plays[0]) > 0,
         '"cand" and "rest" must be lists of plays, and at least one be in "cand"')
    need(all(_is_play(play, 4) and _within(play[3], 5, 0, 1) for play in plays[0]),
         'plays in "cand" must be [Position ID, equity, equity, [five outcomes]], with equities '
         "from -3 to 3 and outcomes from 0 to 1")
    need(all(_is_play(play, 2) for play in plays[1]),
         'plays in "rest" must be [Position ID, equity], with an equity from -3 to 3')
    ids = [play[0] for some in plays for play in some]
    need(len(set(ids)) == len(ids), "a play is listed twice")


def _is_play(play: Any, length: int) -> bool:
    if not isinstance(play, list) or len(play) != length or not isinstance(play[0], str):
        return False
    return _within(play[1:3], min(length - 1, 2), -3, 3)


def _within(values: Any, length: int, low: int, high: int) -> bool:
    return (isinstance(values, list) and len(values) == length
            and all(type(x) in (int, float) and low <= x <= high for x in values))


def _pack(file: str, records: list[dict[str, Any]], lines: list[str]) -> Decisions:
    boards = _decode([[r["id"]] for r in records], lines)
    over = np.nonzero(~boards.any(-1).all(-1))[0]
    if len(over):
        raise PositionFileError(f"{lines[over[0]]}: the game is over; nothing is to be decided")
    plays = [r["cand"] + r["rest"] for r in records]
    counts = np.array([len(some) for some in plays])
    unknown = [math.nan, [math.nan] * 5]
    flat = [play if len(play) == 4 else play + unknown for some in plays for play in some]
    equity = np.array([play[2] for play in flat], np.float64)
    return Decisions(
        file=file,
        boards=boards,
        dice=np.array([r["d"] for r in records], np.int8),
        kind=np.array([CLASSES.index(r["c"]) for r in records]),
        first=np.cumsum(counts) - counts,
        owner=np.repeat(np.arange(len(records)), counts),
        after=_decode([[play[0] for play in some] for some in plays], lines),
        quick=np.array([play[1] for play in flat], np.float64),
        equity=equity,
        outcomes=np.array([play[3] for play in flat], np.float64),
        candidate=~np.isnan(equity),
    )


def _decode(ids: list[list[str]], lines: list[str]) -> Boards:
    """Return the boards of all the IDs of all lines; name the line of one that is wrong."""
    try:
        return decode_positions(text for some in ids for text in some)
    except PositionError:
        for some, where in zip(ids, lines, strict=True):
            try:
                decode_positions(some)
            except PositionError as error:
                raise PositionFileError(f"{where}: {error}") from None
        raise
