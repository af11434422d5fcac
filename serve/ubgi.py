"""An agent behind the Universal Backgammon Interface, draft 0.01.

Source: https://github.com/oysteijo/Universal-Backgammon-Interface. The program in charge sends
one line at a time: `ubgi`, answered with who this is and `readyok`; a position as a FIBS board
line or an XGID, answered with the play in plain notation, from the mover's side, or with a blank
line if nothing can be moved; `quit`. Everything else is answered `sorry`, and so is a position
that asks for a decision of the cube, for which no dice are thrown. `isready`, as chess programs
ask, is answered `readyok`.
"""

from __future__ import annotations

import logging
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from agent.protocol import Agent
from engine.errors import EngineError
from engine.ids import parse_fibs_board, parse_xgid
from engine.notation import ubgi_play
from engine.plays import play_to, plays
from serve.lines import converse

NAME = "tdgammon"
AUTHOR = "the tdgammon developers"
SORRY = "sorry"

_log = logging.getLogger(__name__)


def serve(
    agent: Agent,
    input: BinaryIO,
    output: BinaryIO,
    *,
    version: str,
    name: str = NAME,
    author: str = AUTHOR,
    seed: int = 0,
) -> None:
    """Answer lines from `input`, a binary stream, on `output` until `quit` or the end.

    `version`, `name` and `author` are what `ubgi` is told. `seed` determines the choices of an
    agent that plays at random. Raises `BrokenPipeError` when nobody reads the answers any more.
    """
    engine = Engine(agent, version=version, name=name, author=author, seed=seed)
    converse(engine.answer, input, output)


class Engine:
    """An agent that answers the lines of the interface; every position stands for itself."""

    def __init__(self, agent: Agent, *, version: str, name: str = NAME, author: str = AUTHOR,
                 seed: int = 0) -> None:
        self._agent = agent
        self._rng = np.random.default_rng(seed)
        self._about = [f"id name {name}", f"id author {author}", f"id version {version}"]

    def answer(self, line: bytes) -> list[str] | None:
        """Return the lines that answer `line`, or None if it is to quit."""
        try:
            text = line.decode("utf-8").strip()
            if text == "quit":
                return None
            if text == "ubgi":
                return [*self._about, "readyok"]
            if text == "isready":
                return ["readyok"]
            return [self._best_play(text)]
        except (EngineError, UnicodeDecodeError) as error:
            _log.info("sorry: %s", error)
        except Exception:
            # Whatever else goes wrong with one line must not take the next ones along.
            _log.exception("a line failed")
        return [SORRY]

    def _best_play(self, text: str) -> str:
        """Return the agent's play in the position that `text` describes; "" if it has none."""
        position = parse_fibs_board(text) if text.startswith("board:") else parse_xgid(text)
        board, dice = position.board, position.dice
        if dice is None:
            raise EngineError("the dice are not thrown; only plays are answered, not the cube")
        if not board.any(-1).all():
            raise EngineError("the game is over; nothing can be played")
        after = self._choose(board, dice)
        play = play_to(after, plays(board, *dice))
        if play is None:
            raise RuntimeError(f"{self._agent.name} made an illegal play")
        return ubgi_play(play)

    def _choose(self, board: npt.NDArray[np.int8], dice: tuple[int, int]) -> npt.NDArray[np.int8]:
        chosen, _ = self._agent.choose(
            board[None], np.array([dice], np.int8), self._agent.start(1), self._rng)
        return chosen[0]
