"""The lines of a .mat file taken apart into games and turns; no rules of play are known here.

See ``engine.mat`` for the format.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.dice import parse_roll
from engine.errors import TranscriptError

_LENGTH = re.compile(r"\s*(\d{1,4})\s*points?\s+match\b.*", re.I)
_GAME = re.compile(r"\s*game\s+\d+\s*", re.I)
_SCORES = re.compile(r"\s*(.*?)\s*:\s*(\d{1,6})\s+(.*?)\s*:\s*(\d{1,6})\s*")
_COMMENT = re.compile(r'\s*;\s*\[([^"\]]+?)\s*"(.*)"\s*\]\s*')
_NUMBER = re.compile(r"\s*\d+\s*\)")
_CELL = re.compile(r"(?<!\S)(?:([1-6])[- ]?([1-6])\s*:"
                   r"|(takes|drops|(?:doubles|wins)(?=\W|$))(?:\s*(?:=>)?\s*(\d{1,6})\b(?!\s*:))?)",
                   re.I)
# Where a lone cell begins that is in the right column; left ones begin at 3 to 7.
_RIGHT_FROM = 16


@dataclass(frozen=True)
class Cell:
    """One thing a player did, as written: in which line, and in which column if that is sure."""

    line: int
    kind: str
    column: int
    sure: bool
    roll: tuple[int, int] | None = None
    number: int | None = None
    text: str = ""


@dataclass
class Game:
    """One game as written."""

    number: int
    names: tuple[str, str]
    score: tuple[int, int]
    position: tuple[int, str] | None = None
    cells: list[Cell] = field(default_factory=list)


@dataclass
class File:
    """A whole file as written; the names of notes in small letters."""

    length: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    games: list[Game] = field(default_factory=list)


def read_lines(lines: Sequence[str]) -> File:
    """Take a file apart; raises ``TranscriptError`` that names the line for what does not fit."""
    found = File()
    position: tuple[int, str] | None = None
    expecting_names = False
    for number, line in enumerate(lines, 1):
        comment = _COMMENT.fullmatch(line)
        length, scores = _LENGTH.fullmatch(line), _SCORES.fullmatch(line)
        if comment and comment[1].lower() == "position":
            position = number, comment[2]
        elif comment and not found.games:
            found.notes.setdefault(comment[1].lower(), comment[2])
        elif not line.strip() or line.lstrip().startswith(";"):
            continue
        elif _GAME.fullmatch(line):
            expecting_names = True
        elif expecting_names:
            if not scores:
                raise TranscriptError(f'line {number}: {line.strip()!r} must be the names and '
                                      'scores, as in "Ann : 0      Bob : 0"')
            found.games.append(Game(len(found.games) + 1, (scores[1], scores[3]),
                                     (int(scores[2]), int(scores[4])), position))
            position, expecting_names = None, False
        elif length and not found.games:
            found.length = int(length[1])
        elif length:
            raise TranscriptError(f"line {number}: another match begins; a file has one match")
        elif found.games:
            found.games[-1].cells += _cells(line, number, found.games[-1].number)
    if not found.games:
        raise TranscriptError('line 1: there is no game here; a match has a line "Game 1" and then '
                              'names and scores, as in "Ann : 0      Bob : 0"')
    return found


def _cells(line: str, number: int, game: int) -> list[Cell]:
    """Return what one line of a game says."""
    counted = _NUMBER.match(line)
    begin = counted.end() if counted else 0
    matches = list(_CELL.finditer(line, begin))
    between = line[begin:matches[0].start() if matches else None]
    if between.strip():
        raise TranscriptError(f"line {number}, game {game}: {between.strip()!r} is no turn; write "
                              'the roll, a colon and the play, as in "31: 8/5 6/5"')
    cells = []
    for at, match in enumerate(matches):
        end = matches[at + 1].start() if at + 1 < len(matches) else None
        lone = int(match.start() >= _RIGHT_FROM or between.count("\t") > 1)
        roll = parse_roll(match[1] + match[2]) if match[1] else None
        cells.append(Cell(
            number, "roll" if roll else match[3].lower(), at if len(matches) == 2 else lone,
            sure=len(matches) == 2, roll=roll, number=int(match[4]) if match[4] else None,
            text=line[match.end():end].strip()))
    return cells


def read_notes(text: str) -> dict[str, str]:
    """Return the comments `; [Name "Text"]` before the first game of a .mat file."""
    head = itertools.takewhile(lambda line: not _GAME.fullmatch(line), text.splitlines())
    return {match[1]: match[2] for match in map(_COMMENT.fullmatch, head) if match}
