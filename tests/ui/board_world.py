"""A world for the board window without a window: answers effects, and a hand that gives events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agent import outcome
from agent.analysis import rank
from engine.board import validate
from engine.dice import SeededDice
from engine.plays import plays
from tests.ui.players import Judge
from ui import events as ev
from ui.settings import Settings
from ui.showing import show, total
from ui.state import State, initial
from ui.update import begin, update
from ui.view import Target

QUIET = Settings(speed="off")
AT = (0, 0)


def board_state(agents=(None, "first"), names=("You", "Rival"), settings=QUIET, **more) -> State:
    """Return the state before the first event."""
    return initial(settings, agents, names, choices=("random", "pretrained", "gnubg:N"), **more)


class World:
    """Runs a state: every effect is answered at once, unless its kind is in ``silent``."""

    def __init__(self, state=None, *, seed=1, rolls=(), opening=None, silent=(), pick=0,
                 start=True):
        self.state = state if state is not None else board_state()
        self.dice = SeededDice(seed)
        self.rolls, self.opening = list(rolls), opening
        self.silent = silent
        self.pick = pick
        self.effects: list = []
        self.answers: list = []
        self.judge = Judge()
        if start:
            self.take(*begin(self.state))

    def take(self, state, effects):
        """Take a step's state, answer its effects until nothing more is asked."""
        self.state = state
        self.effects += effects
        waiting = list(effects)
        while waiting:
            effect = waiting.pop(0)
            if isinstance(effect, tuple(self.silent)):
                continue
            for event in self.answer(effect):
                self.state, more = update(self.state, event)
                self.effects += more
                waiting += more

    def answer(self, effect):
        """Return the events that an effect brings."""
        match effect:
            case ev.Throw(opening=True):
                return [ev.Thrown(self.opening or self.dice.opening(), True)]
            case ev.Throw():
                return [ev.Thrown(self.rolls.pop(0) if self.rolls else self.dice.roll())]
            case ev.AskPlay():
                found = plays(effect.board, *effect.roll)
                return [ev.AgentPlayed(effect.request, found[self.pick % len(found)])]
            case ev.AskRank():
                ranked = rank(plays(effect.board, *effect.roll), self.judge)
                return [ev.Ranked(effect.request, tuple(ranked))]
            case ev.AskChances():
                return [ev.Chances(effect.request, self.judge.evaluate(effect.board[None])[0])]
            case ev.Seat():
                names = tuple(agent or f"Person {n}" for n, agent in enumerate(effect.agents))
                return [ev.Seated(effect.agents, names)]
            case ev.AskSeed():
                return [ev.SeedIs(1)]
            case ev.Copy():
                return [ev.Told(f"{effect.what} copied.")]
        return []

    def give(self, *events):
        """Give events one after the other; return the world."""
        for event in events:
            self.take(*update(self.state, event))
        return self

    def key(self, *names):
        """Press keys."""
        return self.give(*(ev.Key(name) for name in names))

    def type(self, text):
        """Type a text."""
        return self.give(ev.Text(text))

    def press(self, kind, index=-1, name=""):
        """Press the main button on a target and let it go."""
        target = Target(kind, index, name)
        return self.give(ev.Press(target, AT), ev.Release(target, AT))

    def spot(self, spot):
        """Click on a spot."""
        return self.press("spot", spot)

    def drag(self, source, target):
        """Drag a checker from spot to spot."""
        a, b = Target("spot", source), Target("spot", target)
        return self.give(ev.Press(a, AT), ev.Drag(a, (1, 1)), ev.Drag(b, (9, 9)),
                         ev.Release(b, (9, 9)))

    def choose(self, label):
        """Choose the answer of the dialog whose label begins so."""
        choices = self.view.dialog.choices
        index = next(n for n, c in enumerate(choices) if c.label.startswith(label))
        return self.press("choice", index)

    def wait(self, ms=5000.0, step=50.0):
        """Let time pass."""
        for _ in range(int(ms / step)):
            self.give(ev.Tick(step))
        return self

    @property
    def view(self):
        """What is shown; checked."""
        return check(self.state)

    @property
    def message(self):
        """The line under the board."""
        return self.view.message

    def did(self, kind):
        """Return the effects of one kind so far."""
        return [effect for effect in self.effects if isinstance(effect, kind)]


# Boards that have been validated; kept, so that no other gets the same id.
_SOUND: dict[int, object] = {}


def check(state: State):
    """Assert that a state is sound, and return its view."""
    if id(state.game.board) not in _SOUND:
        validate(state.game.board)
        _SOUND[id(state.game.board)] = state.game.board
    view = show(state)
    assert total(view) == (15, 15), view.counts
    for side in view.counts:
        assert min(side) >= 0
    for a, b in zip(view.counts[0][:24], view.counts[1][:24], strict=True):
        assert not (a and b), "two sides on one point"
    if state.moving is not None and state.moving.complete:
        assert state.moving.play is not None
    return view


def certain(points):
    """Return the outcome float32[5] of a result that is certain."""
    return np.asarray(outcome.of_points(np.array(points)), np.float32)


__all__ = ["AT", "QUIET", "World", "board_state", "certain", "check", "replace"]
