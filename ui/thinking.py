"""Agents at work in the background of the board window: they play, rank plays and judge positions.

Three threads, so that nobody waits for another's work: one brings agents to their seats, one lets
them play, one is the analyst's. Answers are events, handed to a function of the caller's. What
goes wrong is told in one line, and the threads work on.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from agent.protocol import Agent, Memory, Recalling
from engine.plays import Play, play_to, plays
from ui.events import (
    AgentPlayed,
    AskChances,
    AskPlay,
    AskRank,
    AskUnits,
    Board,
    Event,
    Roll,
    Seat,
    Seated,
    Told,
    UnitsSeen,
)
from ui.thinking_analyst import Analyst, Get
from ui.thinking_answers import Answers, Deliver, end, told
from ui.worker import Worker

Names = tuple[str | None, str | None]


@dataclass(frozen=True)
class _Seats:
    """Who sits there: agents by the names they were asked for, ``None`` for a person."""

    wanted: Names = (None, None)
    agents: tuple[Agent | None, Agent | None] = (None, None)


class Thinking:
    """The agents of a board window and what they think about.

    Of each kind of question only the newest counts: an older one that has not begun is dropped,
    and the answer of one under way is thrown away. Everything here returns at once.
    """

    def __init__(
        self,
        deliver: Deliver,
        *,
        get: Get | None = None,
        seed: int | None = None,
        people: tuple[str, str] = ("You", "Guest"),
        expected: Seated | None = None,
    ) -> None:
        """Begin with nobody seated.

        Args:
            deliver: given every answer, in one of the threads here.
            get: makes an agent from a name and plies, ``agent.catalog.get`` if not given.
            seed: of agents that play at random; ``None`` for a new one.
            people: what a person at the near and at the far side is called.
            expected: what the window shows already, so that it need not be told once more.
        """
        self._answers, self._get = Answers(deliver), get or _from_catalog
        self.people, self._expected = people, expected
        # Another stream than that of the dice, whose seed it is.
        self._rng = np.random.default_rng(None if seed is None else [seed, 1])
        self._seats = _Seats()
        self._settled = threading.Event()
        self._settled.set()
        self._refused = Told("nobody sits there who could play", failed=True)
        self._memories: list[Memory] = [None, None]
        self._fresh = [True, True]
        self._analyst = Analyst(self._answers, self._get)
        self._seating = Worker("tdgammon-seating", self._answers.tell)
        self._playing = Worker("tdgammon-playing", self._answers.tell)

    # ---- what is asked

    def seat(self, seat: Seat) -> None:
        """Change who plays; answered by ``Seated``, or by ``Told`` and all stay where they are."""
        wanted = self._answers.begin("seat")
        self._settled.clear()
        self._seating.do(lambda: self._do_seat(seat.agents, wanted))

    def start_game(self) -> None:
        """Forget the game before and every thought under way."""
        self._answers.drop("play", "rank", "chances")
        with self._answers.lock:
            self._fresh = [True, True]

    def play(self, ask: AskPlay) -> None:
        """Let the agent of a seat choose; answered by ``AgentPlayed``, or by ``Told``."""
        wanted = self._answers.begin("play")
        self._playing.do(lambda: self._do_play(ask, wanted))

    def use_analyst(self, name: str, ply: int | None) -> None:
        """Let this agent give hints from now on."""
        self._analyst.use(name, ply)

    def rank(self, ask: AskRank) -> None:
        """Rank plays; answered by ``Ranked``."""
        self._analyst.rank(ask)

    def chances(self, ask: AskChances) -> None:
        """Judge a position; answered by ``Chances``."""
        self._analyst.chances(ask)

    def units(self, ask: AskUnits) -> None:
        """Look into the net of an agent that sits here; answered by ``UnitsSeen``."""
        wanted = self._answers.begin("units")
        # Where seats are changed, so that whoever is on the way to one is there.
        self._seating.do(lambda: self._do_units(ask, wanted))

    def close(self) -> None:
        """Drop everything; nothing is delivered any more. Does not wait for the threads."""
        self._answers.close()
        self._answers.drop("seat", "play", "rank", "chances", "units")
        self._settled.set()

    @property
    def busy(self) -> bool:
        """Whether somebody still thinks or is on the way to a seat."""
        return self._seating.busy or self._playing.busy or self._analyst.busy

    # ---- seats

    def _do_seat(self, agents: Names, wanted: int) -> None:
        if not self._answers.current("seat", wanted):
            return
        answer = self._seated(agents)
        if self._answers.current("seat", wanted):
            self._settled.set()
        if answer != self._expected:
            self._answers.answer("seat", wanted, answer)
        self._expected = None

    def _seated(self, agents: Names) -> Event:
        """Bring agents to their seats; return how it went."""
        before = self._seats
        known = {name: agent for name, agent in zip(before.wanted, before.agents, strict=True)
                 if name is not None}
        try:
            for name in agents:
                if name is not None and name not in known:
                    known[name] = self._get(name, None)
        except Exception as error:
            # What was started for nothing is ended again.
            for name, agent in known.items():
                if name not in before.wanted:
                    end(agent)
            self._refused = told(error)
            return self._refused
        seated = tuple(None if name is None else known[name] for name in agents)
        with self._answers.lock:
            self._seats = _Seats(agents, (seated[0], seated[1]))
            self._fresh = [True, True]
        for name, agent in known.items():
            if name not in agents:
                end(agent)
        names = tuple(person if agent is None else agent.name
                      for agent, person in zip(seated, self.people, strict=True))
        return Seated(agents, (names[0], names[1]))

    # ---- plays

    def _do_play(self, ask: AskPlay, wanted: int) -> None:
        # The game may be quicker than an agent on the way to its seat.
        self._settled.wait()
        if not self._answers.current("play", wanted):
            return
        with self._answers.lock:
            agent = self._seats.agents[ask.player]
            fresh = self._fresh[ask.player]
        if agent is None:
            self._answers.answer("play", wanted, replace(self._refused, request=ask.request))
            return
        try:
            if isinstance(agent, Recalling):
                # The game may have been taken back, or taken up from a file.
                memory = agent.recall(ask.past)
            else:
                memory = agent.start(1) if fresh else self._memories[ask.player]
            play, memory = _chosen(agent, ask.board, ask.roll, memory, self._rng)
        except Exception as error:
            said = told(error, agent.name)
            self._answers.answer("play", wanted, replace(said, request=ask.request))
            return
        with self._answers.lock:
            # A game that has begun meanwhile, or who sits there now, must not inherit it.
            if self._answers.newest("play") == wanted and self._seats.agents[ask.player] is agent:
                self._memories[ask.player] = memory
                self._fresh[ask.player] = False
        self._answers.answer("play", wanted, AgentPlayed(ask.request, play))

    # ---- units

    def _do_units(self, ask: AskUnits, wanted: int) -> None:
        if not self._answers.current("units", wanted):
            return
        # The opponent first; who is watched on the near side only if that one has none.
        agents = [agent for agent in reversed(self._seats.agents) if agent is not None]
        self._answers.answer("units", wanted, _units(ask, agents))


def _units(ask: AskUnits, agents: list[Agent]) -> UnitsSeen:
    """Return what the units of the first agent with convolutions see, or why nothing is seen."""
    from agent.receptive_field_agent import conv_of, gates_by_point, layers_of_agent

    reasons = []
    for agent in agents:
        try:
            net = conv_of(agent)
            return UnitsSeen(ask.request, agent.name, layers_of_agent(net),
                             tuple(gates_by_point(net, ask.board)))
        except Exception as error:
            reasons.append(told(error).message)
    return UnitsSeen(ask.request, reason=reasons[0] if reasons else "no agent plays here")


def _from_catalog(name: str, ply: int | None) -> Agent:
    # The catalog is read when somebody is to be seated: the window is there already.
    from agent import catalog

    return catalog.get(name, ply)


def _chosen(
    agent: Agent, board: Board, roll: Roll, memory: Memory, rng: np.random.Generator
) -> tuple[Play, Memory]:
    """Return the legal play that an agent chooses, and its memory after it.

    Raises ``ValueError`` if what it chooses is none, and whatever the agent raises.
    """
    legal = plays(board, *roll)
    boards, dice = np.array(board, np.int8)[None], np.array([roll], np.int8)
    after, memory = agent.choose(boards, dice, memory, rng)
    play = play_to(np.asarray(after)[0], legal)
    if play is None:
        raise ValueError("chose no legal play of this roll")
    return play, memory
