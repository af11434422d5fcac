"""Scenes of real games for the pictures: a person and the net that ships, driven by events alone.

The dice are seeded and the net ``td-gammon`` plays and judges, so that a scene is always the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from agent import catalog, outcome
from agent.analysis import Choice, rank
from agent.nets import numpy_mlp
from agent.players.network import consistent
from engine.plays import Play, play_to, plays
from tests.ui.board_world import World
from tests.ui.conv_player import looked_into, small_conv
from ui import events as ev
from ui.board_game import spot_of
from ui.layout import layout_of
from ui.settings import Settings
from ui.state import State, initial
from ui.view import Target

NET = "td-gammon"
KNOWN = ("random", "pubeval", "pretrained", NET, "gnubg:N", "gnubg-program:N", "ubgi:COMMAND")


class _Net:
    """The net alone: what the player knows of races besides may grow, these scenes may not change.
    """

    def __init__(self) -> None:
        self.agent = catalog.get(NET)

    def evaluate(self, boards: np.ndarray) -> np.ndarray:
        agent = self.agent
        values = numpy_mlp.apply(agent.params, agent.features.encode(boards),
                                 agent.settings.get("activation", "sigmoid"))
        over = outcome.is_over(boards)
        return consistent(np.where(over[:, None], outcome.terminal(boards), values))


@cache
def _net() -> _Net:
    return _Net()


def _ranked(board: np.ndarray, roll: tuple[int, int]) -> tuple[Choice, ...]:
    return tuple(rank(plays(board, *roll), _net()))


class Table(World):
    """A window with nobody behind it but the net; ``person`` makes plays by dragging checkers."""

    def __init__(self, seed: int, *, agents=(None, NET), names=("You", NET), opening=None,
                 start=True, conv=None, **settings):
        self.conv = conv
        chosen = replace(Settings(speed="off", opponent=NET, analyst=NET), **settings)
        super().__init__(initial(chosen, agents, names, choices=KNOWN), seed=seed,
                         opening=opening, start=start)

    def answer(self, effect):
        """Let the net play and judge; all else is answered as in every test."""
        match effect:
            case ev.AskPlay():
                return [ev.AgentPlayed(effect.request, self._play(effect))]
            case ev.AskRank():
                return [ev.Ranked(effect.request, _ranked(effect.board, effect.roll))]
            case ev.AskChances():
                return [ev.Chances(effect.request, _net().evaluate(effect.board[None])[0])]
            case ev.AskUnits():
                return [looked_into(self.conv, effect)]
        return super().answer(effect)

    def _play(self, ask: ev.AskPlay) -> Play:
        name = self.state.agents[ask.player]
        if name == NET:
            return _ranked(ask.board, ask.roll)[0].play
        agent = catalog.get(name)
        after, _ = agent.choose(ask.board[None], np.array([ask.roll], np.int8), agent.start(1),
                                np.random.default_rng(1))
        return play_to(after[0], plays(ask.board, *ask.roll))

    @property
    def best(self) -> tuple[Choice, ...]:
        """The plays of the roll on the board, as the net ranks them."""
        game = self.state.game
        assert game.roll is not None, "somebody has a roll"
        return _ranked(game.seen_by_mover, game.roll)

    def throw(self):
        """Let whoever is a person throw, and wait until there is something to do."""
        for _ in range(20):
            if self.state.moving is not None or self.state.dialog is not None:
                break
            self.key("space")
        return self

    def move(self, play: Play, count: int = 4):
        """Drag the first few checkers of a play."""
        player = self.state.game.player
        for move in play.moves[:count]:
            self.drag(spot_of(player, move.source), spot_of(player, move.target))
        return self

    def turn(self, nth: int = 0):
        """Throw and make the nth best play; then the net plays."""
        self.throw()
        if self.state.moving is not None:
            found = self.best
            self.move(found[min(nth, len(found) - 1)].play).key("return")
        return self

    def set(self, **changes):
        """Change settings as if they had been read so."""
        self.state = replace(self.state, settings=replace(self.state.settings, **changes))
        return self


# ---- scenes


def opening(**settings: Any) -> Table:
    """The opening roll 3-1, the person to move."""
    return Table(5, opening=(3, 1), **settings).throw()


def carrying(**settings: Any) -> Table:
    """A checker of that roll in the hand."""
    table = opening(**settings)
    at, size = Target("spot", 12), (1000, 700)
    table.give(ev.Press(at, (0, 0)))
    x, y, wide, high = layout_of(size, table.view).spot_rect(9)
    return table.give(ev.Drag(Target("spot", 9), (x + wide // 2, y + high // 3)))


def complete(**settings: Any) -> Table:
    """Both dice used, the play to be confirmed."""
    table = opening(**settings)
    return table.move(table.best[0].play)


def hint(**settings: Any) -> Table:
    """The five best plays of a roll in the middle game."""
    return _turns(56, 4, **settings).throw().key("h")


def on_the_bar(**settings: Any) -> Table:
    """Both sides on the bar: the net has hit, the person enters."""
    return _turns(12, 14, length=5, **settings).throw()


def hitting(**settings: Any) -> Table:
    """The net's checkers on their way, one of the person's hit."""
    table = _turns(12, 13, length=5, **settings)
    table.throw().move(table.best[0].play).set(speed="normal").key("return")
    return table.wait(520, 20)


def bearing_off(**settings: Any) -> Table:
    """The end of a race, stacks of more than five."""
    return _turns(19, 22, **settings).throw()


def tutor(**settings: Any) -> Table:
    """A play that costs more than the tutor lets pass."""
    table = opening(tutor=0.08, **settings)
    return table.move(table.best[8].play).key("return")


@cache
def _finished(length: int) -> State:
    return _turns(12, 40, length=length).state


def game_over(**settings: Any) -> Table:
    """A gammon won, in a match."""
    return _with(_finished(5), **settings)


def looking_back(**settings: Any) -> Table:
    """A game that is over, judged, at the play that cost most, with hints."""
    table = _with(_careless(), panel=True, **settings).key("escape", "j")
    costs = [(row.cost or 0.0) * (row.player == 0) for row in table.view.panel.rows]
    return table.press("row", int(np.argmax(costs))).key("h")


@cache
def _careless() -> State:
    return _turns(29, 40, nth=1).state


def setting_up(**settings: Any) -> Table:
    """A position being set up by hand."""
    table = Table(1, **settings).key("e", "delete")
    for spot, count in ((23, 1), (17, 2), (12, 4), (7, 3), (5, 4), (24, 1)):
        for _ in range(count):
            table.spot(spot)
    for spot, count in ((0, 2), (4, 2), (11, 4), (16, 3), (18, 4)):
        for _ in range(count):
            table.give(ev.OtherPress(Target("spot", spot)))
    return table


def watching(**settings: Any) -> Table:
    """Two agents at play, a checker on its way."""
    table = Table(7, agents=("pubeval", NET), names=("pubeval", NET), speed="slow", length=5,
                  panel=True, **settings)
    return table.wait(22_400)


def units(**settings: Any) -> Table:
    """What a unit of the last layer of a small untrained net sees, and how its gates stand."""
    table = Table(5, agents=(None, "conv"), names=("You", "conv"), opening=(3, 1),
                  conv=small_conv(), **settings)
    return table.throw().key("u").give(ev.Hover(Target("spot", 12)))


def holes(**settings: Any) -> Table:
    """A unit that passes over points, while the other side is on roll."""
    table = Table(5, agents=(None, "conv"), names=("You", "conv"), opening=(1, 3),
                  conv=small_conv(layers=2, dilation=(5, 1)), **settings)
    table.silent = (ev.AskPlay,)
    return table.key("space").wait(1500).key("u", "page down", "down", "down")


def dialog(*keys: str, **settings: Any) -> Table:
    """A dialog over the opening."""
    return opening(**settings).key(*keys)


def far_side(**settings: Any) -> Table:
    """The choice of who plays on the far side."""
    return opening(**settings).key("o").choose("Far side")


def _turns(seed: int, count: int, *, nth: int = 0, **settings: Any) -> Table:
    """Return a game after so many turns of the person, or its end."""
    table = Table(seed, **settings)
    for _ in range(count):
        if table.state.game.end is None:
            table.turn(nth)
    return table


def _with(state: State, **settings: Any) -> Table:
    """Return a table that goes on from a state with other settings."""
    table = Table(1, start=False)
    table.state = state
    return table.set(**settings)
