"""One game at the board at some moment, and where its checkers are in the words of the window.

Player 0 is the near one, player 1 the far one; boards here have the near player in row 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.board import flip, start
from engine.game import MatchState, result
from engine.plays import Play, plays
from engine.transcript import GameRecord, Turn
from ui.events import Roll
from ui.view import BARS, FAR, NEAR, TRAYS, Spot

Board = npt.NDArray[np.int8]

_FROM_SPOT = {BARS[NEAR]: 24, BARS[FAR]: 24, TRAYS[NEAR]: -1, TRAYS[FAR]: -1}


@dataclass(frozen=True, eq=False)
class Game:
    """One game at some moment.

    ``before`` is the state of the match before it, ``first`` the position int8[2, 25] it began
    with and ``board`` the present one, both with the near player in row 0. ``player`` is on roll;
    ``None`` before the opening roll and when the game is over. ``opening`` is the near and the far
    player's die, if the game began with them. ``resigned`` is who gave up and for how much (1-3).
    """

    before: MatchState
    first: Board
    board: Board
    player: int | None = None
    roll: Roll | None = None
    turns: tuple[Turn, ...] = ()
    opening: Roll | None = None
    resigned: tuple[int, int] | None = None

    @cached_property
    def legal(self) -> tuple[Play, ...]:
        """Every legal play of the player on roll; none before the roll."""
        if self.player is None or self.roll is None:
            return ()
        return tuple(plays(self.seen_by_mover, *self.roll))

    @property
    def can_move(self) -> bool:
        """Whether the roll moves anything."""
        return bool(self.legal and self.legal[0].moves)

    @property
    def seen_by_mover(self) -> Board:
        """The board int8[2, 25] with the player on roll in row 0; the near one if nobody is."""
        return seen_by(self.board, self.player or 0)

    def past(self, player: int) -> tuple[tuple[Board, Board], ...]:
        """Return the turns of a player: the board as he found it, what he left to the other."""
        found, board = [], self.first
        for turn in self.turns:
            if turn.kind != "play" or turn.play is None:
                continue
            left = seen_by(turn.play.board, turn.player)
            if turn.player == player:
                found.append((seen_by(board, player), seen_by(left, 1 - player)))
            board = left
        return tuple(found)

    @cached_property
    def end(self) -> tuple[int, int] | None:
        """The winner and 1, 2 or 3 for what he won, ``None`` while the game goes on."""
        if self.resigned:
            return 1 - self.resigned[0], self.resigned[1]
        for winner in (NEAR, FAR):
            won = result(seen_by(self.board, 1 - winner))
            if won:
                return winner, won
        return None

    @cached_property
    def match(self) -> MatchState:
        """The state of the match now: that before the game, with the cube as it was turned."""
        return cube_after(self.before, self.turns)

    @cached_property
    def after(self) -> MatchState:
        """The state of the match after this game, or now while it goes on."""
        return self.match.add_game(self.end[1], self.end[0]) if self.end else self.match

    @property
    def record(self) -> GameRecord:
        """The game as it is written down."""
        if self.end is None:
            return GameRecord(self.before, self.first, self.turns)
        winner = self.end[0]
        points = self.after.score[winner] - self.before.score[winner]
        return GameRecord(self.before, self.first, self.turns, winner, points)


def seen_by(board: Board, player: int) -> Board:
    """Return ``board`` int8[2, 25], near player in row 0, with ``player`` in row 0; or back."""
    return board if player == NEAR else np.ascontiguousarray(flip(board))


def spot_of(player: int, index: int) -> Spot:
    """Return the spot of a player's index: 0-23 his points, 24 the bar, -1 off."""
    if index < 0:
        return TRAYS[player]
    if index > 23:
        return BARS[player]
    return index if player == NEAR else 23 - index


def index_of(player: int, spot: Spot) -> int:
    """Return a player's index of a spot; the inverse of ``spot_of``."""
    return _FROM_SPOT.get(spot, spot if player == NEAR else 23 - spot)


def cube_after(before: MatchState, turns: tuple[Turn, ...]) -> MatchState:
    """Return the state of the match after some turns of a game, with cube and owner."""
    value = 0
    state = before
    for turn in turns:
        if turn.kind == "double":
            value = turn.value
        elif turn.kind == "take":
            state = replace(state, cube=value or 2 * state.cube, cube_owner=turn.player)
    return state


def position_at(record: GameRecord, turns: int) -> Board:
    """Return the position int8[2, 25], near player in row 0, after some turns of a game."""
    for turn in reversed(record.turns[:turns]):
        if turn.kind == "play" and turn.play is not None:
            return seen_by(turn.play.board, turn.player)
    return record.first


def new_game(before: MatchState) -> Game:
    """Return a game before its opening roll."""
    board = start()
    board.setflags(write=False)
    return Game(before, board, board)
