"""How a game ends and what it is worth, and the state of a match or money session.

The rules of scoring are those of the US Backgammon Federation: a gammon counts double and a
backgammon triple; in a match the game after a player comes within one point is played without the
cube, once (Crawford); with the Jacoby rule of money play gammons count only after a double.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.board import CHECKERS
from engine.errors import EngineError


def results(boards: Any) -> Any:
    """Return what the last mover has won in each of `boards[..., 2, 25]`: `int8[...]`, 0 to 3.

    The boards are after-positions: row 0 is the player now on roll, row 1 the one who just moved.
    0 means the game goes on; 1, 2 and 3 are a single game, a gammon (the loser has borne off
    nothing) and a backgammon (and still has a checker on the bar or in the winner's home board).
    Works on NumPy and on JAX arrays.
    """
    loser, mover = boards[..., 0, :], boards[..., 1, :]
    over = ~(mover > 0).any(-1)
    gammon = over & (loser.sum(-1, dtype=np.int8) >= CHECKERS)
    backgammon = gammon & (loser[..., 18:] > 0).any(-1)
    return over.astype(np.int8) + gammon.astype(np.int8) + backgammon.astype(np.int8)


def result(after: npt.ArrayLike) -> int:
    """Return what the player *not* on roll in `after[2, 25]` has just won: 0 if nothing yet.

    >>> from engine.board import start
    >>> after = start()
    >>> result(after)
    0
    >>> after[1] = 0
    >>> result(after)
    3
    """
    return int(results(np.asarray(after)))


@dataclass(frozen=True, slots=True)
class MatchState:
    """The score and the cube; players are 0 and 1 whoever is on roll.

    `length` is the match length in points, 0 for money. `score` is the points of player 0 and of
    player 1. `cube` is the value of the cube, `cube_owner` who holds it (None: in the middle).
    `crawford` says that this is the Crawford game. `jacoby` applies to money play only.
    Raises `EngineError` for a state that cannot be.
    """

    length: int = 0
    score: tuple[int, int] = (0, 0)
    cube: int = 1
    cube_owner: int | None = None
    crawford: bool = False
    jacoby: bool = False

    def __post_init__(self) -> None:
        if self.length < 0 or min(self.score) < 0:
            raise EngineError(
                f"length {self.length} and score {self.score} must not be negative")
        if self.cube < 1 or self.cube & (self.cube - 1):
            raise EngineError(f"cube {self.cube} is not a power of two")
        if self.cube_owner not in (None, 0, 1):
            raise EngineError(f"cube owner {self.cube_owner!r} must be 0, 1 or None")
        if self.crawford and self.length - max(self.score) != 1:
            raise EngineError(
                f"at {self.score[0]}-{self.score[1]} to {self.length} no one is one point away; "
                "the Crawford game needs a leader who is")

    @property
    def over(self) -> bool:
        """Whether the match has been won; a money session never is."""
        return self.winner is not None

    @property
    def winner(self) -> int | None:
        """The player, 0 or 1, who has won the match, or None."""
        if self.length and max(self.score) >= self.length:
            return int(self.score[1] > self.score[0])
        return None

    @property
    def away(self) -> tuple[int, int]:
        """How many points each player still needs; (0, 0) for money."""
        first, second = (max(self.length - points, 0) for points in self.score)
        return first, second

    def add_game(self, points: int, winner: int) -> MatchState:
        """Return the state before the next game, after `winner` has won this one.

        `points` is 1, 2 or 3, what `result` says, before the cube multiplies it; a dropped double
        is 1 point at the cube's value before the double. Raises `EngineError` for anything else,
        and when the match is over already.

        >>> MatchState(length=5, score=(2, 0), cube=2).add_game(1, 0)
        MatchState(length=5, score=(4, 0), cube=1, cube_owner=None, crawford=True, jacoby=False)
        """
        if points not in (1, 2, 3) or winner not in (0, 1):
            raise EngineError(
                f"{points!r} points for player {winner!r}; a game gives 1 to 3 points to 0 or 1")
        if self.over:
            raise EngineError(f"the match to {self.length} is over; start a new one")
        if self.jacoby and not self.length and self.cube_owner is None:
            points = 1
        won = points * self.cube
        score = (self.score[0] + won, self.score[1]) if winner == 0 else \
            (self.score[0], self.score[1] + won)
        # Only the first game in which someone is one point away is the Crawford game.
        crawford = max(self.score) < self.length - 1 == max(score)
        return replace(self, score=score, cube=1, cube_owner=None, crawford=crawford)
