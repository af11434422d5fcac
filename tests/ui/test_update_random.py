"""Whatever is done to the window, in whatever order: the state stays sound, and nothing raises."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from engine.board import start
from engine.game import MatchState
from engine.plays import Play, plays
from engine.transcript import GameRecord, Transcript, Turn
from tests.engine.positions import random_game
from tests.ui.board_world import World, board_state, check
from ui import events as ev
from ui.board_game import Game, index_of, spot_of
from ui.commands import COMMANDS
from ui.settings import SPEEDS, Settings
from ui.update import begin, update
from ui.view import SPOTS, Target

KEYS = [*(key for command in COMMANDS for key in command.keys if key != "ctrl+q"),
        *"123456789abcxyzqjw", "tab", "up", "f2", "f7", "nonsense", ""]
TEXTS = ["3", "61", "31", "0", "5", "8/5 6/5", "24/18", "games.mat", " ", "\n", "ä", "x" * 400,
         "12345678901234567890", "\x00", "²"]
PASTES = ["", "4HPwATDgc/ABMA", "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:0:0:10",
          "XGID=-b----E-C---eE---c-e----B-:0:0:-1:00:2:0:1:3:10", "no position", "A" * 5000,
          "AAAAAAAAAAAAAA", "XGID=:::", "XGID=-b----E-C---eE---c-e----B-:1:-1:1:66:5:9:0:3:10"]
KINDS = ("spot", "dice", "cube", "button", "choice", "field", "row", "hint", "dialog", "nothing",
         "unheard of")
POSITIONS = [board for seed in range(4) for board, _ in list(random_game(seed))[::5]]
SOME_PLAY = plays(start(), 3, 1)[0]


class Chaos:
    """A seeded source of events, sensible and not, and of answers late, twice or never."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        rng = self.rng
        agents = rng.choice([(None, "first"), (None, "first"), (None, None), ("first", "first:1"),
                             ("first", None)])
        settings = Settings(speed=rng.choice(SPEEDS), auto_roll=rng.random() < 0.5,
                            panel=rng.random() < 0.4, length=rng.choice([0, 1, 2, 5]),
                            tutor=rng.choice([None, 0.0, 0.05]))
        state = board_state(agents, settings=settings, manual=rng.random() < 0.1)
        if rng.random() < 0.6:
            board = rng.choice(POSITIONS)
            roll = rng.choice([None, (rng.randint(1, 6), rng.randint(1, 6))])
            game = Game(state.game.before, board, board, rng.randrange(2), roll)
            state = replace(state, game=game)
        self.world = World(state, seed=seed, start=False)
        self.pending: list[ev.Effect] = []
        self.gesture: list[ev.Event] = []
        self.take(begin(state))
        self.view = check(self.world.state)

    def take(self, step) -> None:
        self.world.state, effects = step
        self.pending += [e for e in effects if self.rng.random() < 0.93]
        self.pending = self.pending[-12:]

    def target(self) -> Target:
        rng = self.rng
        if rng.random() < 0.5:
            view = self.view
            good = [Target("spot", spot) for spot in (*view.movable, *view.lit, *view.lit)]
            if view.dialog is not None:
                good += [Target("choice", n) for n in range(len(view.dialog.choices))]
            good += [Target("button", name=button.name) for button in view.buttons]
            good += [Target("dice", rng.randrange(2))] * 3
            return rng.choice(good)
        kind = rng.choice(KINDS)
        name = rng.choice([command.name for command in COMMANDS if command.name != "quit"] + ["?"])
        return Target(kind, rng.choice([-1, 0, 1, 5, rng.randrange(SPOTS), SPOTS, 10**6]), name)

    def person(self) -> ev.Event:
        rng, at = self.rng, (self.rng.randrange(-50, 2000), self.rng.randrange(-50, 2000))
        made = rng.random()
        if self.gesture:
            return self.gesture.pop(0)
        if made < 0.3 and self.moves():
            return self.gesture.pop(0)
        if self.world.state.dialog is not None and made < 0.3:
            return ev.Key("escape")
        if made < 0.35:
            return ev.Press(self.target(), at)
        if made < 0.42:
            return ev.Drag(self.target(), at)
        if made < 0.6:
            return ev.Release(self.target(), at)
        if made < 0.63:
            return ev.OtherPress(self.target())
        if made < 0.66:
            return ev.Wheel(rng.choice([-1, 1, -1, 1, 0, 7, -400]))
        if made < 0.69:
            return ev.Text(rng.choice(TEXTS))
        if made < 0.82:
            return ev.Key(rng.choice(["space", "return", "return", "escape"]))
        if made < 0.9:
            return ev.Key(rng.choice(KEYS))
        return ev.Tick(rng.choice([0.0, 16.0, 400.0, 5000.0, -3.0]))

    def moves(self) -> bool:
        """Begin to click on a checker or to drag it where it may go; say whether one can move."""
        rng, state = self.rng, self.world.state
        view = self.view
        if not view.movable or state.moving is None or state.game.player is None:
            return False
        player = state.game.player
        source = rng.choice(view.movable)
        ways = list(state.moving.ways(index_of(player, source)))
        target = spot_of(player, rng.choice(ways)) if rng.random() < 0.7 else source
        here, there = Target("spot", source), Target("spot", target)
        self.gesture = [ev.Press(here, (5, 5)), ev.Release(there, (9, 9))]
        if rng.random() < 0.6:
            self.gesture.insert(1, ev.Drag(there, (7, 7)))
        return True

    def nonsense(self) -> ev.Event:
        """Return an answer to something that was never asked."""
        rng, number = self.rng, self.rng.randrange(40)
        wrong = Play((), rng.choice([0, 1 << 60, SOME_PLAY.packed]))
        return rng.choice([
            ev.Thrown((3, 3), True), ev.Thrown((6, 5)), ev.AgentPlayed(number, wrong),
            ev.AgentPlayed(self.world.state.asked or 0, wrong),
            ev.Ranked(number, None), ev.Ranked(number, ()), ev.Chances(number, None),
            ev.Chances(number, np.full(5, 0.5, np.float32)), ev.Pasted(rng.choice(PASTES)),
            ev.Told("the file exists already", True), ev.Told("x" * 1000), ev.SeedIs(None),
            ev.Seated(rng.choice([(None, "x"), ("x", None), (None, None), ("x", "y")]), ("A", "B")),
            ev.Loaded(self.transcript(), "some.mat")])

    def transcript(self) -> Transcript:
        """Return some record; its state of the match need not fit its turns."""
        rng = self.rng
        own = self.world.state.transcript
        first = own.games[-1].first
        turn = Turn(rng.randrange(2), rng.choice(["double", "take", "drop", "resign"]), value=2)
        winner = rng.choice([None, 0, 1])
        one = GameRecord(MatchState(3, (rng.randrange(4), 0)), first, (turn,) * rng.randrange(3),
                         winner, rng.choice([1, 2, 3]) if winner is not None else 0)
        return rng.choice([own, Transcript(("A", "B"), 3, (one,)), Transcript(("A", "B"), 0, ())])

    def step(self) -> None:
        rng, world = self.rng, self.world
        made = rng.random()
        if self.pending and made < 0.45:
            effect = rng.choice(self.pending)
            if rng.random() < 0.95:
                self.pending.remove(effect)
            for event in world.answer(effect):
                self.take(update(world.state, event))
        elif made < 0.47:
            self.take(update(world.state, self.nonsense()))
        else:
            self.take(update(world.state, self.person()))
        self.view = check(world.state)


@pytest.mark.parametrize("block", range(10))
def test_1000_random_sequences_of_events_leave_a_sound_state(block):
    turns = games = 0
    for seed in range(100 * block, 100 * (block + 1)):
        chaos = Chaos(seed)
        for n in range(30):
            try:
                chaos.step()
            except Exception as error:
                raise AssertionError(f"seed {seed}, event {n}: {error!r}") from error
        turns += len(chaos.world.state.game.turns)
        games += len(chaos.world.state.games)
    assert turns > 20, "the sequences hardly played"
