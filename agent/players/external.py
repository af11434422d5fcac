"""What the players from outside have in common: one position a question, every answer checked."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from agent.errors import AgentError
from agent.protocol import Boards
from engine.board import BAR, CHECKERS
from engine.errors import EngineError
from engine.ids import encode_position
from engine.notation import parse_play
from engine.plays import afterstates_of

PLIES = (0, 1, 2)
_UNLIMITED = 9999


class ExternalAgent(ABC):
    """Base of the players that are asked position by position; memoryless.

    Where the roll can be played in one way only, nobody is asked.
    """

    name: str

    def start(self, batch: int) -> None:
        """Return no memory."""
        return None

    @abstractmethod
    def answer(self, board: Boards, dice: tuple[int, int]) -> Boards:
        """Return the after-position int8[2, 25] chosen in board int8[2, 25]; see ``choose``."""

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: None, rng: np.random.Generator
    ) -> tuple[Boards, None]:
        """Ask for the play of each game in turn; see ``Agent.choose``.

        Raises:
            AgentError: no answer, or one that is no legal play.
        """
        chosen = [self._choose_one(b, (int(d[0]), int(d[1])))
                  for b, d in zip(boards, dice, strict=True)]
        return np.array(chosen, np.int8).reshape(-1, 2, 25), None

    def _choose_one(self, board: Boards, dice: tuple[int, int]) -> Boards:
        legal = afterstates_of(board, *dice)
        if len(legal) == 1:
            return legal[0]
        after = self.answer(board, dice)
        if not (legal == after).all((1, 2)).any():
            raise AgentError(f"{self.name}: made no legal play of {_asked(board, dice)}, but "
                             f"reached the board {np.asarray(after).tolist()}")
        return after

    def read_play(self, text: str, board: Boards, dice: tuple[int, int]) -> Boards:
        """Return the after-position of a play in notation; ``AgentError`` if it is none."""
        try:
            return parse_play(text, board, *dice).after
        except EngineError as error:
            raise AgentError(
                f"{self.name}: answered {text!r} to {_asked(board, dice)}: {error}") from error


def _asked(board: Boards, dice: tuple[int, int]) -> str:
    return f"the roll {dice[0]}{dice[1]} in {encode_position(board)}"


def plies_of(family: str, text: str) -> int:
    """Return how many plies are meant by "0", "1" or "2".

    Raises:
        AgentError: anything else.

    >>> plies_of("gnubg", "2")
    2
    """
    if text not in map(str, PLIES):
        raise AgentError(f"{family}:{text}: plies must be 0, 1 or 2, as in {family}:0")
    return int(text)


def fibs_board(board: npt.ArrayLike, dice: tuple[int, int]) -> str:
    """Return the FIBS board line of a money game without the cube, the player on roll "You".

    Args:
        board: int8[2, 25], the player on roll first.
        dice: his roll.

    He moves from 24 down to 1, as ``engine.fibs.parse_fibs_board`` reads direction -1.

    >>> from engine.board import start
    >>> fibs_board(start(), (3, 1))[:65]
    'board:You:Opponent:9999:0:0:0:-2:0:0:0:0:5:0:3:0:0:0:-5:5:0:0:0:-'
    """
    mine, theirs = np.asarray(board, np.int64)
    points = mine[:BAR] - theirs[BAR - 1 :: -1]
    off = CHECKERS - mine.sum(), CHECKERS - theirs.sum()
    # Where nobody may double, GNU Backgammon takes it that a double has been offered.
    may_double, doubled = 1, 0
    fields = [
        _UNLIMITED, 0, 0, -theirs[BAR], *points, mine[BAR],
        1, *dice, 0, 0, 1, may_double, may_double, doubled,
        1, -1, 0, 25, *off, mine[BAR], theirs[BAR], 0, 0, 0, 0,
    ]
    return ":".join(["board", "You", "Opponent", *map(str, fields)])
