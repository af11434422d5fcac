"""The analyst of the board window: ranks plays and judges positions in a thread of his own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agent.analysis import rank
from agent.protocol import Agent, Evaluator
from engine.plays import plays
from ui.events import AskChances, AskRank, Chances, Ranked, Told
from ui.thinking_answers import Answers, end
from ui.worker import Worker

Get = Callable[[str, int | None], Agent]
# What he does first, if both wait: a person looks at the list of plays.
_RANK, _CHANCES = 0, 1


class Analyst:
    """Gives hints and knows chances; who that is may change from question to question."""

    def __init__(self, answers: Answers, get: Get) -> None:
        """Begin without one.

        Args:
            answers: where opinions go, and what goes wrong.
            get: makes an agent from a name and plies.
        """
        self._answers, self._get = answers, get
        self._wanted: tuple[str, int | None] | None = None
        self._found: tuple[tuple[str, int | None], Evaluator | None] | None = None
        self._worker = Worker("tdgammon-analysis", answers.tell)

    @property
    def busy(self) -> bool:
        """Whether something is being looked at."""
        return self._worker.busy

    def use(self, name: str, ply: int | None) -> None:
        """Let this agent be the analyst from now on."""
        self._wanted = name, ply

    def rank(self, ask: AskRank) -> None:
        """Rank plays; answered by ``Ranked``."""
        wanted = self._answers.begin("rank")
        self._worker.do(lambda: self._do_rank(ask, wanted), _RANK)

    def chances(self, ask: AskChances) -> None:
        """Judge a position; answered by ``Chances``."""
        wanted = self._answers.begin("chances")
        self._worker.do(lambda: self._do_chances(ask, wanted), _CHANCES)

    def _do_rank(self, ask: AskRank, wanted: int) -> None:
        if not self._answers.current("rank", wanted):
            return
        choices = self._opinion(
            lambda judge: tuple(rank(plays(ask.board, *ask.roll), judge)))
        self._answers.answer("rank", wanted, Ranked(ask.request, choices))

    def _do_chances(self, ask: AskChances, wanted: int) -> None:
        if not self._answers.current("chances", wanted):
            return
        found = self._opinion(
            lambda judge: np.asarray(judge.evaluate(ask.board[None]), np.float32)[0])
        self._answers.answer("chances", wanted, Chances(ask.request, found))

    def _opinion(self, ask: Callable[[Evaluator], Any]) -> Any:
        """Return what the analyst says, ``None`` if there is none or he fails."""
        judge = self._judge()
        if judge is None:
            return None
        try:
            return ask(judge)
        except Exception as error:
            self._answers.tell(error)
            return None

    def _judge(self) -> Evaluator | None:
        wanted = self._wanted
        if wanted is None:
            return None
        if self._found is None or self._found[0] != wanted:
            if self._found is not None:
                end(self._found[1])
            # Whatever comes of it is kept: what is missing is told once, not at every turn.
            self._found = wanted, self._find(*wanted)
        return self._found[1]

    def _find(self, name: str, ply: int | None) -> Evaluator | None:
        try:
            agent = self._get(name, ply)
        except Exception as error:
            self._answers.tell(error)
            return None
        if isinstance(agent, Evaluator):
            return agent
        end(agent)
        self._answers.say(Told(f"{name} knows no chances and gives no hints; choose a network, as "
                               "pretrained", failed=True))
        return None
