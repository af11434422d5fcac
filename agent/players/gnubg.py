"""GNU Backgammon's nets and search, through the package gnubg-nn.

Source: https://pypi.org/project/gnubg-nn/ (module ``gnubg_nn``). Its boards are two rows of 25
counts as ours, in the other order: first the opponent, then the player on roll. A position comes
back as a key, which gives the rows in the same order for the player who rolls next. Its plies are
numbered as GNU Backgammon counts; its equities are cubeless, of money play.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.errors import AgentError
from agent.players.external import ExternalAgent
from agent.protocol import Boards

GET_IT = 'pip install "tdgammon[gnubg]"'


def available() -> bool:
    """Say whether the package is installed."""
    return importlib.util.find_spec("gnubg_nn") is not None


class GnubgAgent(ExternalAgent):
    """Plays as GNU Backgammon does at 0, 1 or 2 plies, money play without the cube."""

    def __init__(self, plies: int):
        """Make a player.

        Raises:
            AgentError: the package is missing.
        """
        self.name, self.plies = f"gnubg:{plies}", plies
        try:
            import gnubg_nn  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            raise AgentError(
                f"{self.name} needs the package gnubg-nn; {GET_IT} ({error})") from error
        self._gnubg: Any = gnubg_nn

    def answer(self, board: Boards, dice: tuple[int, int]) -> Boards:
        """Return the after-position of the best play."""
        key = self._gnubg.best_move(board[::-1].tolist(), *dice, self.plies, b=1)[1]
        return np.array(self._gnubg.board_from_position_key(key), np.int8)[::-1]

    def evaluate(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return outcomes float32[B, 5]; see ``Evaluator.evaluate``."""
        boards = np.asarray(boards, np.int8).reshape(-1, 2, 25)
        found = outcome.terminal(boards)
        for i in np.flatnonzero(~outcome.is_over(boards)):
            found[i] = self._gnubg.probabilities(boards[i, ::-1].tolist(), self.plies)
        return np.asarray(found, np.float32)
