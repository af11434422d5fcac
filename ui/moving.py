"""A play in progress: which checkers may move now, one die at a time.

What may be moved follows from the complete legal plays that ``engine.plays`` lists: a move is
offered if it can still grow into one of them. Indices are those of the mover: 0-23 his points,
24 the bar, -1 off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.plays import OFF, Move, Play, Search, play_to, plays

_Ways = dict[int, "Moving"]


@dataclass(frozen=True, eq=False)
class Moving:
    """A play in progress.

    ``first`` is the position int8[2, 25] before it, the mover in row 0; ``roll`` the dice in the
    order in which they are to be used; ``legal`` every complete legal play; ``made`` the moves
    made so far. Made by ``begin``.
    """

    first: npt.NDArray[np.int8]
    roll: tuple[int, int]
    legal: tuple[Play, ...]
    made: tuple[Move, ...] = ()

    @property
    def length(self) -> int:
        """How many moves a complete play has."""
        return len(self.legal[0].moves)

    @property
    def complete(self) -> bool:
        """Whether the moves made are a complete play."""
        return len(self.made) == self.length

    @property
    def is_double(self) -> bool:
        """Whether both dice show the same."""
        return self.roll[0] == self.roll[1]

    @property
    def left(self) -> tuple[int, ...]:
        """The dice not used yet, in their order."""
        if self.is_double:
            return self.roll[:1] * (4 - len(self.made))
        used = [move.die for move in self.made]
        return tuple(die for die in self.roll if die not in used)

    @cached_property
    def board(self) -> npt.NDArray[np.int8]:
        """The position int8[2, 25] after the moves made, the mover in row 0."""
        board = self.first.copy()
        for move in self.made:
            board[0, move.source] -= 1
            if move.target != OFF:
                board[0, move.target] += 1
            if move.hit:
                board[1, 23 - move.target] -= 1
                board[1, 24] += 1
        board.setflags(write=False)
        return board

    @cached_property
    def options(self) -> tuple[Move, ...]:
        """Every single move that can be made now, those of the first die before the others."""
        if self.complete:
            return ()
        search = Search(self.board)
        goals = {play.packed for play in self.legal}
        depth = self.length - len(self.made)
        found: list[Move] = []
        known: dict[tuple[int, tuple[int, ...]], bool] = {}
        for die in dict.fromkeys(self.left):
            rest = _without(self.left, die)
            for source in search.sources(die):
                hit = search.make(source, die)
                if _leads_to(goals, search, rest, depth - 1, known):
                    found.append(Move(source, die, hit))
                search.undo(source, die, hit)
        return tuple(found)

    @cached_property
    def sources(self) -> tuple[int, ...]:
        """The indices that a checker may leave now."""
        return tuple(dict.fromkeys(move.source for move in self.options))

    def ways(self, source: int) -> Mapping[int, Moving]:
        """Return where one checker of ``source`` may go, with any number of dice, and what then is.

        One die is preferred to several, the first to the second, and the one that bears off
        exactly to one that is too large.
        """
        found = self._ways.get(source)
        if found is None:
            found = self._ways[source] = self._find_ways(source)
        return found

    @cached_property
    def _ways(self) -> dict[int, _Ways]:
        return {}

    def _find_ways(self, source: int) -> _Ways:
        found: _Ways = {}
        layer = [(source, self)]
        while layer:
            further: list[tuple[int, Moving]] = []
            for at, here in layer:
                moves = [move for move in here.options if move.source == at]
                for move in sorted(moves, key=lambda move: _waste(move)):
                    there = here.make(move)
                    # Two ways to one point differ if one of them hits; the dice order decides.
                    if move.target not in found:
                        found[move.target] = there
                        if move.target != OFF:
                            further.append((move.target, there))
            layer = further
        return found

    def make(self, move: Move) -> Moving:
        """Return the play with one more of ``options``."""
        return replace(self, made=(*self.made, move))

    def drop(self, source: int, target: int) -> Moving | None:
        """Return the play after a checker was carried there, ``None`` if it may not go there."""
        return self.ways(source).get(target)

    def click(self, source: int) -> Moving | None:
        """Return the play after its one legal move from there, or that of the first die."""
        moves = [move for move in self.options if move.source == source]
        return self.make(moves[0]) if moves else None

    def swap(self) -> Moving:
        """Return the play with the dice in the other order."""
        return replace(self, roll=(self.roll[1], self.roll[0]))

    def undo(self) -> Moving:
        """Return the play without its last move."""
        return replace(self, made=self.made[:-1])

    def undo_all(self) -> Moving:
        """Return the play before its first move."""
        return replace(self, made=())

    def finish(self) -> Moving:
        """Return the play completed somehow; the way it goes by itself if only one is legal."""
        whole = self
        while not whole.complete:
            whole = whole.make(whole.options[0])
        return whole

    def with_moves_of(self, play: Play) -> Moving:
        """Return the play in progress that has made all moves of a legal ``play``."""
        return replace(self, made=play.moves)

    @property
    def play(self) -> Play | None:
        """The legal play that has been made, ``None`` while it is not complete."""
        if not self.complete:
            return None
        return play_to(np.ascontiguousarray(self.board[::-1]), list(self.legal))


def begin(board: npt.NDArray[np.int8], roll: tuple[int, int]) -> Moving:
    """Return the play about to be made on ``board`` int8[2, 25], the mover in row 0.

    The larger die comes first.
    """
    high, low = max(roll), min(roll)
    return Moving(board, (high, low), tuple(plays(board, high, low)))


def _waste(move: Move) -> int:
    """Return by how many pips the die is larger than the way off."""
    return move.die - (move.source - move.target)


def _without(dice: tuple[int, ...], die: int) -> tuple[int, ...]:
    at = dice.index(die)
    return dice[:at] + dice[at + 1:]


def _leads_to(goals: set[int], search: Search, left: tuple[int, ...], depth: int,
              known: dict[tuple[int, tuple[int, ...]], bool]) -> bool:
    """Say whether ``depth`` more moves with the dice left can lead to one of the positions."""
    if not depth:
        return search.packed in goals
    key = search.packed, left
    if key not in known:
        known[key] = any(
            _leads_after(goals, search, left, depth, known, source, die)
            for die in dict.fromkeys(left) for source in search.sources(die))
    return known[key]


def _leads_after(goals: set[int], search: Search, left: tuple[int, ...], depth: int,
                 known: dict[tuple[int, tuple[int, ...]], bool], source: int, die: int) -> bool:
    hit = search.make(source, die)
    fine = _leads_to(goals, search, _without(left, die), depth - 1, known)
    search.undo(source, die, hit)
    return fine
