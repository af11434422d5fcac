"""Agents at work in the background of the board window: they play, rank plays and judge positions.

Three threads, so that nobody waits for another's work: one brings agents to their seats, one lets
them play, one is the analyst's. Answers are events, handed to a function of the caller's. What
goes wrong is told in one line, and the threads work on.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agent.analysis import rank
from agent.protocol import Agent, Evaluator, Memory
from engine.plays import Play, play_to, plays
from ui.events import (
    AgentPlayed,
    AskChances,
    AskPlay,
    AskRank,
    Board,
    Chances,
    Event,
    Ranked,
    Roll,
    Seat,
    Seated,
    Told,
)
from ui.worker import Worker

Deliver = Callable[[Event], None]
Get = Callable[[str, int | None], Agent]
Names = tuple[str | None, str | None]

_LONGEST_MESSAGE = 300
# What the analyst does first, if both wait: a person looks at the list of plays.
_RANK, _CHANCES = 0, 1


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
        self._deliver, self._get = deliver, get or _from_catalog
        self.people, self._expected = people, expected
        # Another stream than that of the dice, whose seed it is.
        self._rng = np.random.default_rng(None if seed is None else [seed, 1])
        self._lock = threading.Lock()
        self._newest: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._seats = _Seats()
        self._settled = threading.Event()
        self._settled.set()
        self._refused = Told("nobody sits there who could play", failed=True)
        self._memories: list[Memory] = [None, None]
        self._fresh = [True, True]
        self._analyst_wanted: tuple[str, int | None] | None = None
        self._analyst: tuple[tuple[str, int | None], Evaluator | None] | None = None
        self._seating = Worker("tdgammon-seating", self._tell)
        self._playing = Worker("tdgammon-playing", self._tell)
        self._analysis = Worker("tdgammon-analysis", self._tell)
        self._closed = False

    # ---- what is asked

    def seat(self, seat: Seat) -> None:
        """Change who plays; answered by ``Seated``, or by ``Told`` and all stay where they are."""
        wanted = self._begin("seat")
        self._settled.clear()
        self._seating.do(lambda: self._do_seat(seat.agents, wanted))

    def start_game(self) -> None:
        """Forget the game before and every thought under way."""
        self._drop("play", "rank", "chances")
        with self._lock:
            self._fresh = [True, True]

    def play(self, ask: AskPlay) -> None:
        """Let the agent of a seat choose; answered by ``AgentPlayed``, or by ``Told``."""
        wanted = self._begin("play")
        self._playing.do(lambda: self._do_play(ask, wanted))

    def use_analyst(self, name: str, ply: int | None) -> None:
        """Let this agent give hints from now on."""
        self._analyst_wanted = name, ply

    def rank(self, ask: AskRank) -> None:
        """Rank plays; answered by ``Ranked``."""
        wanted = self._begin("rank")
        self._analysis.do(lambda: self._do_rank(ask, wanted), _RANK)

    def chances(self, ask: AskChances) -> None:
        """Judge a position; answered by ``Chances``."""
        wanted = self._begin("chances")
        self._analysis.do(lambda: self._do_chances(ask, wanted), _CHANCES)

    def close(self) -> None:
        """Drop everything; nothing is delivered any more. Does not wait for the threads."""
        self._closed = True
        self._drop("seat", "play", "rank", "chances")
        self._settled.set()

    @property
    def busy(self) -> bool:
        """Whether somebody still thinks or is on the way to a seat."""
        return self._seating.busy or self._playing.busy or self._analysis.busy

    # ---- which question is the newest of its kind

    def _begin(self, kind: str) -> int:
        with self._lock:
            number = self._newest[kind] = next(self._numbers)
        return number

    def _drop(self, *kinds: str) -> None:
        for kind in kinds:
            self._begin(kind)

    def _current(self, kind: str, number: int) -> bool:
        with self._lock:
            return self._newest[kind] == number

    def _answer(self, kind: str, number: int, event: Event) -> None:
        if self._current(kind, number) and not self._closed:
            self._deliver(event)

    # ---- seats

    def _do_seat(self, agents: Names, wanted: int) -> None:
        if not self._current("seat", wanted):
            return
        answer = self._seated(agents)
        if self._current("seat", wanted):
            self._settled.set()
        if answer != self._expected:
            self._answer("seat", wanted, answer)
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
                    _end(agent)
            self._refused = _told(error)
            return self._refused
        seated = tuple(None if name is None else known[name] for name in agents)
        with self._lock:
            self._seats = _Seats(agents, (seated[0], seated[1]))
            self._fresh = [True, True]
        for name, agent in known.items():
            if name not in agents:
                _end(agent)
        names = tuple(person if agent is None else agent.name
                      for agent, person in zip(seated, self.people, strict=True))
        return Seated(agents, (names[0], names[1]))

    # ---- plays

    def _do_play(self, ask: AskPlay, wanted: int) -> None:
        # The game may be quicker than an agent on the way to its seat.
        self._settled.wait()
        if not self._current("play", wanted):
            return
        with self._lock:
            agent = self._seats.agents[ask.player]
            fresh = self._fresh[ask.player]
        if agent is None:
            self._answer("play", wanted, replace(self._refused, request=ask.request))
            return
        try:
            memory = agent.start(1) if fresh else self._memories[ask.player]
            play, memory = _chosen(agent, ask.board, ask.roll, memory, self._rng)
        except Exception as error:
            self._answer("play", wanted, replace(_told(error, agent.name), request=ask.request))
            return
        with self._lock:
            # A game that has begun meanwhile, or who sits there now, must not inherit it.
            if self._newest["play"] == wanted and self._seats.agents[ask.player] is agent:
                self._memories[ask.player] = memory
                self._fresh[ask.player] = False
        self._answer("play", wanted, AgentPlayed(ask.request, play))

    # ---- opinions

    def _do_rank(self, ask: AskRank, wanted: int) -> None:
        if not self._current("rank", wanted):
            return
        choices = self._opinion(
            lambda judge: tuple(rank(plays(ask.board, *ask.roll), judge)))
        self._answer("rank", wanted, Ranked(ask.request, choices))

    def _do_chances(self, ask: AskChances, wanted: int) -> None:
        if not self._current("chances", wanted):
            return
        found = self._opinion(
            lambda judge: np.asarray(judge.evaluate(ask.board[None]), np.float32)[0])
        self._answer("chances", wanted, Chances(ask.request, found))

    def _opinion(self, ask: Callable[[Evaluator], Any]) -> Any:
        """Return what the analyst says, ``None`` if there is none or he fails."""
        judge = self._the_analyst()
        if judge is None:
            return None
        try:
            return ask(judge)
        except Exception as error:
            self._tell(error)
            return None

    def _the_analyst(self) -> Evaluator | None:
        wanted = self._analyst_wanted
        if wanted is None:
            return None
        if self._analyst is None or self._analyst[0] != wanted:
            if self._analyst is not None:
                _end(self._analyst[1])
            # Whatever comes of it is kept: what is missing is told once, not at every turn.
            self._analyst = wanted, self._find_analyst(*wanted)
        return self._analyst[1]

    def _find_analyst(self, name: str, ply: int | None) -> Evaluator | None:
        try:
            agent = self._get(name, ply)
        except Exception as error:
            self._tell(error)
            return None
        if isinstance(agent, Evaluator):
            return agent
        _end(agent)
        self._say(Told(f"{name} knows no chances and gives no hints; choose a network, as "
                       "pretrained", failed=True))
        return None

    def _tell(self, error: Exception) -> None:
        self._say(_told(error))

    def _say(self, event: Event) -> None:
        if not self._closed:
            self._deliver(event)


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


def _told(error: Exception, who: str = "") -> Told:
    """Return an error as one line; the program's own say all themselves, others say what they are.

    >>> _told(ValueError("no such\\nthing")).message
    'no such thing'
    >>> _told(KeyError("thing"), "oracle").message
    "oracle: KeyError: 'thing'"
    """
    text = " ".join(str(error).split())
    if not isinstance(error, ValueError) or not text:
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    if who and not text.startswith(who):
        text = f"{who}: {text}"
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE - 1] + "…"
    return Told(text, failed=True)


def _end(agent: Any) -> None:
    """End the program behind an agent, if there is one."""
    close = getattr(agent, "close", None)
    if callable(close):
        with contextlib.suppress(Exception):
            close()
