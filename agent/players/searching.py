"""The player that looks ahead before it chooses: a network with n-ply search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agent.errors import AgentError
from agent.protocol import Agent, Boards
from agent.quick import quick_for
from agent.search import FILTERS, Filter, Judge, Search
from engine.plays import afterstates_of

# Games whose plays are held at once: some twenty each, and many more for a double.
_PART = 256


class SearchingAgent:
    """Plays what a network likes best after looking ahead; memoryless, money play, cubeless."""

    def __init__(
        self,
        judge: Judge,
        plies: int,
        filters: tuple[Filter, ...] = FILTERS,
        precision: str | None = None,
    ) -> None:
        """Make a player.

        Args:
            judge: the network.
            plies: 1 or more, as GNU Backgammon counts; see ``agent.search``.
            filters: which plays are looked at; see ``Search.best``.
            precision: in which replies are compared; see ``Search``. A small network looks first at
                the replies to a large network's plays (``agent.quick``).
        """
        self.name, self.judge, self.plies = f"{judge.name}:{plies}", judge, plies
        self.search = Search(judge, precision, quick_for(judge))
        self._filters = filters

    def start(self, batch: int) -> None:
        """Return no memory."""
        return None

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: None, rng: np.random.Generator
    ) -> tuple[Boards, None]:
        """Choose the best play of each game by n-ply equity; see ``Agent.choose``."""
        chosen = np.empty_like(boards)
        for start in range(0, len(boards), _PART):
            part = slice(start, start + _PART)
            chosen[part] = self._choose(boards[part], dice[part])
        return chosen, None

    def _choose(self, boards: Boards, dice: npt.NDArray[np.int8]) -> Boards:
        legal = [afterstates_of(b, int(d[0]), int(d[1]))
                 for b, d in zip(boards, dice, strict=True)]
        owner = np.repeat(np.arange(len(legal)), [len(some) for some in legal])
        after = np.concatenate(legal)
        return after[self.search.best(after, owner, len(legal), self.plies, self._filters)]

    def evaluate(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return n-ply outcomes float32[B, 5]; see ``Evaluator.evaluate``."""
        return self.search.outcomes(np.asarray(boards, np.int8).reshape(-1, 2, 25), self.plies)


def searching(agent: Agent, plies: int) -> Agent:
    """Return an agent that looks ``plies`` ahead; with 0 plies the agent itself.

    Raises:
        AgentError: the agent is no network, or looks ahead already.
    """
    if not isinstance(agent, Judge):
        raise AgentError(
            f"{agent.name} cannot look ahead; plies can be set for a network, as pretrained")
    return SearchingAgent(agent, plies) if plies else agent


def judge_of(agent: Agent) -> tuple[Judge, int]:
    """Return the network of an agent and how many plies the agent looks ahead.

    Raises:
        AgentError: it has none.
    """
    if isinstance(agent, SearchingAgent):
        return agent.judge, agent.plies
    if isinstance(agent, Judge):
        return agent, 0
    raise AgentError(f"{agent.name} is no network; name one, as pretrained")
