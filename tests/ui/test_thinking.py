"""Agents in the background: answers come as events, whatever goes wrong is told in one line."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from agent.errors import AgentError
from engine.board import flip, start
from engine.plays import afterstates_of, plays
from tests.ui.players import FirstPlay, Judge
from ui.events import (
    AgentPlayed,
    AskChances,
    AskPlay,
    AskRank,
    Chances,
    Ranked,
    Seat,
    Seated,
    Told,
)
from ui.thinking import Thinking

ROLL = (3, 1)
SOON_S = 10


class Slow(FirstPlay):
    """Thinks until it is allowed to stop."""

    name = "slow"

    def __init__(self):
        self.begun, self.may_end = threading.Event(), threading.Event()

    def choose(self, boards, dice, memory, rng):
        self.begun.set()
        assert self.may_end.wait(SOON_S)
        return super().choose(boards, dice, memory, rng)


class SlowJudge(Judge):
    """Says of every position what it was asked as which question: the first, the second ..."""

    def __init__(self):
        self.begun, self.may_end, self.asked = threading.Event(), threading.Event(), []

    def evaluate(self, boards):
        self.begun.set()
        self.asked.append(len(boards))
        assert self.may_end.wait(SOON_S)
        return super().evaluate(boards)


class Remembering(FirstPlay):
    """Its memory is how many plays it has made, and is shown each time."""

    def __init__(self):
        self.seen = []

    def choose(self, boards, dice, memory, rng):
        self.seen.append(int(memory[0]))
        return super().choose(boards, dice, memory, rng)


class Cheat(FirstPlay):
    """Moves twice."""

    name = "cheat"

    def choose(self, boards, dice, memory, rng):
        once = afterstates_of(boards[0], 3, 1)[0]
        return afterstates_of(once[::-1], 3, 1)[:1], memory


class Broken(Judge):
    """Raises what it is given."""

    name = "broken"

    def __init__(self, error):
        self.error = error

    def choose(self, boards, dice, memory, rng):
        raise self.error

    def evaluate(self, boards):
        raise self.error


class Table:
    """A room with agents of these names, and what they have answered."""

    def __init__(self, **agents):
        self.agents, self.made = agents, []
        self.events = queue.SimpleQueue()
        self.thinking = Thinking(self.events.put, get=self.get, seed=1)
        self.requests = 0

    def get(self, name, ply):
        self.made.append((name, ply))
        agent = self.agents.get(name)
        if agent is None:
            raise AgentError(f"unknown agent {name!r};\nknown: none")
        return agent

    def next(self):
        return self.events.get(timeout=SOON_S)

    def seat(self, near, far):
        self.thinking.seat(Seat((near, far)))
        return self.next()

    def ask(self, player=1, board=None):
        self.requests += 1
        board = start() if board is None else board
        self.thinking.play(AskPlay(self.requests, player, board, ROLL))
        return self.requests

    def silent(self):
        """Whether nothing more is said once all threads have had time to."""
        time.sleep(0.1)
        return self.events.empty()


def test_an_agent_takes_its_seat_and_plays_there():
    table = Table(first=FirstPlay())
    assert table.seat(None, "first") == Seated((None, "first"), ("You", "first"))
    request = table.ask()
    assert table.next() == AgentPlayed(request, plays(start(), *ROLL)[0])


def test_a_question_waits_for_an_agent_on_its_way_to_its_seat():
    table = Table(first=FirstPlay())
    may_come = threading.Event()
    real = table.get
    table.thinking._get = lambda name, ply: may_come.wait(SOON_S) and real(name, ply)
    table.thinking.seat(Seat((None, "first")))
    request = table.ask()
    assert table.silent()
    may_come.set()
    assert isinstance(table.next(), Seated)
    assert table.next().request == request


def test_what_the_window_shows_already_is_not_told_once_more():
    table = Table(first=FirstPlay())
    answer = Seated((None, "first"), ("You", "first"))
    table.thinking = Thinking(table.events.put, get=table.get, expected=answer)
    table.thinking.seat(Seat((None, "first")))
    assert table.silent()
    assert table.seat(None, "first") == answer


def test_a_seat_that_nobody_can_take_leaves_the_old_ones():
    table = Table(first=FirstPlay())
    table.seat(None, "first")
    assert table.seat("first", "gnubg:9") == Told("unknown agent 'gnubg:9'; known: none", True)
    request = table.ask()
    assert table.next().request == request


def test_who_never_came_is_told_again_when_asked():
    table = Table()
    told = table.seat(None, "nobody")
    request = table.ask()
    assert table.next() == replace(told, request=request) and told.failed


def test_an_agent_that_keeps_its_seat_is_not_made_again():
    table = Table(first=FirstPlay(), judge=Judge())
    table.seat("first", "judge")
    table.seat("judge", "judge")
    assert [name for name, _ in table.made] == ["first", "judge"]


def test_the_program_of_an_agent_that_leaves_is_ended():
    agent = FirstPlay()
    ended = []
    agent.close = lambda: ended.append(True)
    table = Table(program=agent, first=FirstPlay())
    table.seat(None, "program")
    assert not ended
    table.seat(None, "first")
    assert ended == [True]


@pytest.mark.parametrize(("error", "told"), [
    (AgentError("the engine\nended"), "broken: the engine ended"),
    (AgentError("broken: it ended"), "broken: it ended"),
    (KeyError("x"), "broken: KeyError: 'x'"),
    (ZeroDivisionError(), "broken: ZeroDivisionError"),
    (ValueError("x" * 5000), f"broken: {'x' * 291}…"),
])
def test_what_an_agent_raises_is_told_in_one_line_and_it_can_be_asked_again(error, told):
    table = Table(broken=Broken(error))
    table.seat(None, "broken")
    for _ in range(2):
        request = table.ask()
        assert table.next() == Told(told, failed=True, request=request)


def test_an_illegal_play_is_told_and_never_delivered():
    table = Table(cheat=Cheat())
    table.seat(None, "cheat")
    request = table.ask()
    assert table.next() == Told("cheat: chose no legal play of this roll", True, request)


def test_the_answer_to_an_old_question_is_thrown_away():
    slow = Slow()
    table = Table(slow=slow)
    table.seat(None, "slow")
    table.ask()
    assert slow.begun.wait(SOON_S)
    table.ask()
    newest = table.ask()
    slow.may_end.set()
    assert table.next().request == newest
    assert table.silent()


def test_a_new_game_drops_every_thought():
    slow, judge = Slow(), SlowJudge()
    table = Table(slow=slow, judge=judge)
    table.seat(None, "slow")
    table.thinking.use_analyst("judge", None)
    table.ask()
    table.thinking.rank(AskRank(1, start(), ROLL))
    assert slow.begun.wait(SOON_S) and judge.begun.wait(SOON_S)
    table.thinking.chances(AskChances(2, start()))
    table.thinking.start_game()
    slow.may_end.set()
    judge.may_end.set()
    assert table.silent()
    assert judge.asked == [16]


def test_a_hint_does_not_wait_for_the_opponent():
    slow = Slow()
    table = Table(slow=slow, judge=Judge())
    table.seat(None, "slow")
    table.thinking.use_analyst("judge", 1)
    table.ask()
    assert slow.begun.wait(SOON_S)
    table.thinking.rank(AskRank(5, start(), ROLL))
    ranked = table.next()
    assert isinstance(ranked, Ranked) and ranked.request == 5
    assert {c.play for c in ranked.choices} == set(plays(start(), *ROLL))
    equities = [c.equity for c in ranked.choices]
    assert equities == sorted(equities, reverse=True)
    assert table.made[-1] == ("judge", 1)
    slow.may_end.set()
    assert isinstance(table.next(), AgentPlayed)


def test_the_list_of_plays_comes_before_the_chances():
    judge = SlowJudge()
    table = Table(judge=judge)
    table.thinking.use_analyst("judge", None)
    table.thinking.chances(AskChances(1, start()))
    assert judge.begun.wait(SOON_S)
    table.thinking.chances(AskChances(2, start()))
    table.thinking.rank(AskRank(3, start(), ROLL))
    judge.may_end.set()
    answers = [table.next(), table.next()]
    assert [type(a) for a in answers] == [Ranked, Chances]
    assert answers[1].request == 2 and answers[1].outcome.shape == (5,)
    assert np.allclose(answers[1].outcome, Judge().evaluate(start()[None])[0])


@pytest.mark.parametrize(("agent", "told"), [
    (FirstPlay(), "somebody knows no chances"),
    (None, "unknown agent 'somebody'"),
])
def test_an_analyst_without_opinions_is_told_once(agent, told):
    table = Table(**({"somebody": agent} if agent else {}))
    table.thinking.use_analyst("somebody", None)
    table.thinking.rank(AskRank(1, start(), ROLL))
    first = table.next()
    assert first.failed and first.message.startswith(told)
    assert table.next() == Ranked(1, None)
    table.thinking.chances(AskChances(2, start()))
    assert table.next() == Chances(2, None)


def test_an_analyst_that_fails_is_told_and_has_no_opinion():
    table = Table(broken=Broken(RuntimeError("no")))
    table.thinking.use_analyst("broken", None)
    table.thinking.chances(AskChances(1, start()))
    assert table.next() == Told("RuntimeError: no", failed=True)
    assert table.next() == Chances(1, None)


def test_memory_goes_from_turn_to_turn_in_each_seat_until_a_new_game():
    near, far = Remembering(), Remembering()
    table = Table(near=near, far=far)
    table.seat("near", "far")
    for player in (0, 1, 0, 0, 1):
        table.ask(player)
        table.next()
    table.thinking.start_game()
    table.ask(0)
    table.next()
    assert near.seen == [0, 1, 2, 0] and far.seen == [0, 1]


def test_two_seats_of_one_agent_remember_apart():
    agent = Remembering()
    table = Table(same=agent)
    table.seat("same", "same")
    for player in (0, 1, 0, 1):
        table.ask(player)
        table.next()
    assert agent.seen == [0, 0, 1, 1]


def test_who_can_recall_is_told_the_game_each_time_and_keeps_nothing_of_it():
    class Recalls(FirstPlay):
        told = []

        def recall(self, turns):
            self.told.append(turns)
            return "recalled"

        def choose(self, boards, dice, memory, rng):
            assert memory == "recalled"
            return super().choose(boards, dice, 0, rng)

    table = Table(recalls=Recalls())
    table.seat(None, "recalls")
    past = ((start(), flip(start())),)
    for number, turns in enumerate((past, ()), 1):
        table.thinking.play(AskPlay(number, 1, start(), ROLL, turns))
        assert table.next() == AgentPlayed(number, plays(start(), *ROLL)[0])
    assert Recalls.told == [past, ()]


def test_memory_of_a_play_that_came_too_late_is_forgotten():
    agent = Slow()
    agent.seen = []
    remembering = Remembering()
    agent.start = remembering.start
    table = Table(slow=agent)
    table.seat(None, "slow")
    table.ask()
    assert agent.begun.wait(SOON_S)
    table.thinking.start_game()
    agent.may_end.set()
    assert table.silent()
    assert table.thinking._fresh == [True, True]


def test_after_closing_nothing_is_said_and_nobody_is_waited_for():
    slow = Slow()
    table = Table(slow=slow)
    table.seat(None, "slow")
    table.ask()
    assert slow.begun.wait(SOON_S)
    before = time.perf_counter()
    table.thinking.close()
    assert time.perf_counter() - before < 0.1 and table.thinking.busy
    slow.may_end.set()
    assert table.silent() and not table.thinking.busy
