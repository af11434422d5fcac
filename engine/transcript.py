"""A match or money session as it was played: games, turns, results; and playing it through."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.board import flip
from engine.errors import TranscriptError
from engine.game import MatchState, result
from engine.plays import Play


@dataclass(frozen=True)
class Turn:
    """One thing a player did.

    ``player`` is 0 or 1. ``kind`` is "play" (with ``roll`` and ``play``; a play without moves if
    nothing could be moved), "double" (to ``value``), "take", "drop" or "resign" (giving up
    ``value`` times the cube: 1, 2 or 3).
    """

    player: int
    kind: str
    roll: tuple[int, int] | None = None
    play: Play | None = None
    value: int = 0


@dataclass(frozen=True, eq=False)
class GameRecord:
    """One game: the state of the match before it, its turns, and who won what.

    ``first`` is the position int8[2, 25] it began with, player 0 in row 0. ``winner`` is ``None``
    while the game goes on; ``points`` is what was won, the cube included.
    """

    state: MatchState
    first: npt.NDArray[np.int8]
    turns: tuple[Turn, ...] = ()
    winner: int | None = None
    points: int = 0


@dataclass(frozen=True, eq=False)
class Transcript:
    """A match to ``length`` points (0: money) between two players, by name."""

    names: tuple[str, str]
    length: int
    games: tuple[GameRecord, ...]


class Replay:
    """A game played through turn by turn: where the checkers and the cube are after each.

    ``board`` is int8[2, 25], player 0 in row 0. ``player`` is whose turn it is, to throw and play,
    to double, or while ``offered`` to answer a double; ``None`` before the first turn, which is
    anybody's. ``cube`` and ``cube_owner`` are as in ``MatchState``. ``winner`` is ``None`` and
    ``points`` is 0 until the game is over. ``turns`` are those so far.
    """

    def __init__(self, state: MatchState, first: npt.NDArray[np.int8],
                 player: int | None = None) -> None:
        """Begin with a position, int8[2, 25], player 0 in row 0, and who is on roll if known."""
        self.state, self.first, self.player = state, first, player
        self.board = first
        self.cube, self.cube_owner = state.cube, state.cube_owner
        self.offered = False
        self.winner: int | None = None
        self.points = 0
        self.turns: list[Turn] = []

    def seen(self, player: int) -> npt.NDArray[np.int8]:
        """Return the position, int8[2, 25], with ``player`` in row 0."""
        return self.board if player == 0 else np.ascontiguousarray(flip(self.board))

    def add(self, turn: Turn) -> None:
        """Make a turn.

        A play is one of ``engine.plays.plays(self.seen(turn.player), *turn.roll)``; that is not
        checked again. Raises ``TranscriptError`` for a turn out of turn, or a double or an answer
        the rules forbid.
        """
        if self.winner is not None:
            raise TranscriptError("the game is over; nothing more can be played in it")
        self._check(turn)
        if turn.kind == "play":
            self._play(turn)
        elif turn.kind == "double":
            self.offered, self.player = True, 1 - turn.player
        elif turn.kind == "take":
            self.cube, self.cube_owner = 2 * self.cube, turn.player
            self.offered, self.player = False, 1 - turn.player
        else:
            # What was offered and not taken does not count.
            self._win(1 - turn.player, turn.value if turn.kind == "resign" else 1)
        self.turns.append(turn)

    def record(self, points: int | None = None) -> GameRecord:
        """Return the game so far; ``points`` in place of those that the rules give."""
        return GameRecord(self.state, self.first, tuple(self.turns), self.winner,
                          self.points if points is None else points)

    def _check(self, turn: Turn) -> None:
        if turn.kind == "resign":
            if turn.value not in (1, 2, 3):
                raise TranscriptError(f"{turn.value} resigned; it must be 1, 2 or 3 times the cube")
            return
        if self.player not in (None, turn.player):
            raise TranscriptError(f"it is the turn of player {self.player + 1}, not of player "
                                  f"{turn.player + 1}")
        if self.offered != (turn.kind in ("take", "drop")):
            raise TranscriptError("a double must be answered: Takes or Drops" if self.offered else
                                  f"there is no double to {turn.kind}")
        if turn.kind == "double":
            if self.state.crawford:
                raise TranscriptError("nobody may double in the Crawford game")
            if self.cube_owner not in (None, turn.player):
                raise TranscriptError(f"player {turn.player + 1} does not hold the cube, so cannot "
                                      "double")
            if turn.value != 2 * self.cube:
                raise TranscriptError(f"a double to {turn.value} with the cube on {self.cube}; it "
                                      f"must be to {2 * self.cube}")
        elif turn.kind == "play" and (turn.roll is None or turn.play is None):
            raise TranscriptError("a play must have its roll")

    def _play(self, turn: Turn) -> None:
        assert turn.play is not None
        after = turn.play.board
        self.board = after if turn.player == 0 else np.ascontiguousarray(flip(after))
        self.player = 1 - turn.player
        won = result(turn.play.after)
        if won:
            self._win(turn.player, won)

    def _win(self, winner: int, times: int) -> None:
        # The score before does not matter to what a game is worth.
        before = replace(self.state, length=0, score=(0, 0), crawford=False, cube=self.cube,
                         cube_owner=self.cube_owner,
                         jacoby=self.state.jacoby and not self.state.length)
        self.winner, self.points = winner, before.add_game(times, winner).score[winner]


def replay(game: GameRecord, turns: int | None = None) -> Replay:
    """Play a game through, or its first ``turns`` turns; raises what ``Replay.add`` raises."""
    found = Replay(game.state, game.first)
    for turn in game.turns[:turns]:
        found.add(turn)
    return found
