"""Plays as text: "bar/22 13/11*(2)" and back.

The notation is the usual one (bkgm.com, "Backgammon Notation"), with points numbered from the
mover's side, "*" after a point where a blot is hit and "(2)" for a play made twice. The plain
form without those is that of the Universal Backgammon Interface, draft 0.01
(https://github.com/oysteijo/Universal-Backgammon-Interface).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy.typing as npt

from engine.board import BAR
from engine.errors import AmbiguousPlayError, IllegalPlayError, InvalidPlayError
from engine.plays import OFF, Move, Play, Search, plays

_NO_PLAY = {"", "-", "pass", "no move", "no play", "cannot move", "can't move"}
_POINT = r"(?:bar|off|b|o|\d{1,2})"
_PART = re.compile(
    rf"(?P<stops>{_POINT}(?:/{_POINT}\*?)+)(?:\((?P<times>[1-4])\))?(?P<star>\*?)")
_MOST_MOVES = 4

_Segment = tuple[int, int]
"""A part of a play as written: the indices one checker leaves and reaches."""


class _Path(NamedTuple):
    """One checker's way: its first index, each one it hit on, its last; whether it hit there."""

    stops: tuple[int, ...]
    hits_last: bool


def format_play(play: Play) -> str:
    """Return a play in the usual notation, the rearmost checker first; "" if nothing moves.

    A checker that moves on is written once, "24/13", unless it hits on the way: "24/18*/13".
    `parse_play` gives the same play back.

    >>> from engine.board import start
    >>> [format_play(play) for play in plays(start(), 6, 5)][:2]
    ['24/13', '24/18 13/8']
    """
    hits_last: dict[tuple[int, ...], list[bool]] = {}
    for path in _paths(play.moves):
        hits_last.setdefault(path.stops, []).append(path.hits_last)
    parts = []
    for stops in sorted(hits_last, reverse=True):
        first, *hit_stops, last = map(_name, stops)
        same = hits_last[stops]
        parts.append("/".join([first, *(stop + "*" for stop in hit_stops), last])
                     + ("*" if any(same) else "") + (f"({len(same)})" if len(same) > 1 else ""))
    return " ".join(parts)


def ubgi_play(play: Play) -> str:
    """Return a play move by move, without stars: "bar/22 13/11 13/11"; "" if nothing moves."""
    return " ".join(f"{_name(move.source)}/{_name(move.target)}" for move in play.moves)


def parse_play(text: str, board: npt.ArrayLike, d1: int, d2: int) -> Play:
    """Return the legal play of the roll `d1`, `d2` on `board[2, 25]` that `text` means.

    The player on roll, row 0, is the mover. The parts may come in any order and be merged or
    split ("24/13", "24/18 18/13", "24/18/13"); stars may be left out; the bar is "bar", "b" or 25,
    off is "off", "o" or 0; "8-5" and "8 5" serve as "8/5", capitals as small letters. Where two
    plays differ only in a hit on the way, text without that hit means the play without it.

    Raises `InvalidPlayError` for text that is not notation, `IllegalPlayError` for what is not a
    legal complete play, with the reason, and `AmbiguousPlayError` if it means two; also what
    `plays` raises.

    >>> from engine.board import start
    >>> ubgi_play(parse_play("6/5, 8/5", start(), 3, 1))
    '8/5 6/5'
    """
    segments, stars = _read(text)
    legal = plays(board, d1, d2)
    if not segments:
        if legal[0].moves:
            raise IllegalPlayError(
                f"{text!r} moves nothing, but the roll can be played; {_example(legal)}")
        return legal[0]
    search = Search(board)
    dice = (d1,) * _MOST_MOVES if d1 == d2 else (d1, d2)
    reached = set(_reach(search, segments, dice))
    # Landing on a blot hits it, so a play that is meant has hit wherever such a point is named.
    named = {end for _, end in segments if end != OFF and search.theirs[end] == 1}
    found = [play for play in legal if play.packed in reached and named <= _hits(play)]
    if len(found) > 1:
        found = [play for play in found if named == _hits(play)] or found
    if len(found) > 1:
        which = " or ".join(f'"{format_play(play)}"' for play in found)
        raise AmbiguousPlayError(f"{text!r} may mean {which}; write one of them")
    if not found:
        raise IllegalPlayError(f"{text!r} is not legal with {d1}{d2}: "
                               + _reason(search, segments, dice, legal, bool(reached)))
    if not stars <= named:
        raise IllegalPlayError(f"{text!r} hits on {_name(max(stars - named))}, where no blot "
                               f'stands; "{format_play(found[0])}" is legal')
    return found[0]


def _paths(moves: Iterable[Move]) -> list[_Path]:
    """Join the moves in which one checker goes on; a stop on the way stays only if it was a hit."""
    paths: list[_Path] = []
    for move in moves:
        here = [path for path in paths if path.stops[-1] == move.source]
        stops: tuple[int, ...] = (move.source,)
        if here:
            # Of two checkers on a point the one that did not hit there goes on: shorter text.
            before = min(here, key=lambda path: path.hits_last)
            paths.remove(before)
            stops = before.stops if before.hits_last else before.stops[:-1]
        paths.append(_Path((*stops, move.target), move.hit))
    return paths


def _name(index: int) -> str:
    return {BAR: "bar", OFF: "off"}.get(index, str(index + 1))


def _hits(play: Play) -> set[int]:
    return {move.target for move in play.moves if move.hit}


def _example(legal: Sequence[Play]) -> str:
    return f'a legal play is "{format_play(legal[0])}"'


def _read(text: str) -> tuple[list[_Segment], set[int]]:
    """Return the segments that the text names, and the starred indices."""
    plain = " ".join(text.lower().replace(",", " ").split())
    if plain in _NO_PLAY:
        return [], set()
    plain = re.sub(r"\s*/\s*|(?<=\w)-(?=\w)", "/", plain)
    words = re.sub(r"\s+(?=[(*])", "", plain).split(" ")
    if len(words) % 2 == 0 and all(re.fullmatch(_POINT, word) for word in words):
        words = [f"{a}/{b}" for a, b in zip(words[::2], words[1::2], strict=True)]
    segments: list[_Segment] = []
    stars: set[int] = set()
    for word in words:
        match = _PART.fullmatch(word)
        if not match or word.count("*") > match["stops"].count("/"):
            raise InvalidPlayError(
                f'{word!r} is not play notation; write from/to, as in "bar/22 13/11*(2)"')
        names = (match["stops"] + match["star"]).split("/")
        stops = [_index(name.rstrip("*"), word, first=not i) for i, name in enumerate(names)]
        stars |= {stop for stop, name in zip(stops, names, strict=True) if name.endswith("*")}
        segments += list(itertools.pairwise(stops)) * int(match["times"] or 1)
    if len(segments) > _MOST_MOVES:
        raise InvalidPlayError(f"{text!r} has {len(segments)} moves; a play has at most four")
    return segments, stars


def _index(name: str, word: str, *, first: bool) -> int:
    """Return the index of a point's name: 25 is the bar, 0 is off."""
    named = {"bar": BAR, "b": BAR, "off": OFF, "o": OFF}
    index = named[name] if name in named else int(name) - 1
    if index > BAR or index == (OFF if first else BAR):
        raise InvalidPlayError(
            f"{word!r} goes {'from' if first else 'to'} {name!r}; a checker leaves the bar or a "
            "point from 24 to 1, and lands on a point or off")
    return index


def _reach(search: Search, segments: Sequence[_Segment], dice: Sequence[int]) -> Iterator[int]:
    """Yield each packed position that moving every segment to its end, in any order, leads to."""
    if not segments:
        yield search.packed
    for at, (here, end) in enumerate(segments):
        for die in set(dice):
            target = max(here - die, OFF)
            if target < end or here not in search.sources(die):
                continue
            left = list(dice)
            left.remove(die)
            rest = [] if target == end else [(target, end)]
            hit = search.make(here, die)
            yield from _reach(search, [*segments[:at], *rest, *segments[at + 1:]], left)
            search.undo(here, die, hit)


def _reason(search: Search, segments: Sequence[_Segment], dice: Sequence[int],
            legal: Sequence[Play], complete: bool) -> str:
    """Return why no legal play fits; `complete` if each segment can be moved by itself."""
    if not legal[0].moves:
        return "nothing can be moved"
    if complete:
        rule = "the larger die that can be used must be" if len(legal[0].moves) == 1 else \
            "as many dice as possible must be used"
        return f"{rule}; {_example(legal)}"
    starts = [start for start, _ in segments]
    ends = [end for _, end in segments]
    for start, end in segments:
        text = f"{_name(start)}/{_name(end)}"
        if start <= end:
            return f"{text} goes backwards; points count down"
        if not search.mine[start] and start not in ends:
            return f"no checker of the mover stands on {_name(start)}"
        if search.mine[BAR] > starts.count(BAR) and start != BAR:
            return "every checker must enter from the bar first"
        pips = start - end
        sums = {sum(some) for n in range(1, len(dice) + 1)
                for some in itertools.combinations(dice, n)}
        if pips not in sums and not (end == OFF and pips < max(sums)):
            return f"{text} is {pips} pips, which the dice do not make"
        if end != OFF and search.theirs[end] > 1:
            return f"the opponent holds {_name(end)}"
        if end == OFF and any(search.mine[i] for i in range(6, 25) if i not in starts):
            return "not all checkers are home, so none may be borne off"
    return f"the dice cannot make these moves; {_example(legal)}"
