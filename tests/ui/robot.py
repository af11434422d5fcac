"""Somebody who plays at the board window with mouse and keys, as pygame's events, and sees only
what the window shows. As a program: ``python -m tests.ui.robot FILE`` plays one game."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import time
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame  # noqa: E402

from agent import catalog  # noqa: E402
from engine.board import start  # noqa: E402
from engine.dice import SeededDice  # noqa: E402
from engine.game import MatchState, result  # noqa: E402
from engine.plays import play_to, plays  # noqa: E402
from ui.app import App, Mailbox  # noqa: E402
from ui.clipboard import Clipboard  # noqa: E402
from ui.events import Seat  # noqa: E402
from ui.layout import layout_of  # noqa: E402
from ui.settings import Settings  # noqa: E402
from ui.state import initial  # noqa: E402
from ui.thinking import Thinking  # noqa: E402
from ui.update import begin  # noqa: E402
from ui.view import NEAR, Target  # noqa: E402
from ui.world import World  # noqa: E402

QUICK = Settings(opponent="pubeval", speed="off", size=(900, 600))
PATIENCE_S = 60
SOON_S = 20


def window(settings=QUICK, agents=(None, "pubeval"), *, seed=1, file=None, get=catalog.get):
    """Return a board window, not open yet, and its world."""
    mailbox = Mailbox()
    thinking = Thinking(mailbox.deliver, get=get, seed=seed)
    world = World(mailbox.deliver, thinking, Clipboard(), settings, seed=seed, file=file)
    names = tuple(agent or "You" for agent in agents)
    state, effects = begin(initial(settings, agents, names, choices=("random", "pubeval")))
    return App(state, [Seat(agents), *effects], world, mailbox), world


def post(kind, **values):
    pygame.event.post(pygame.event.Event(kind, **values))


def press_key(name, *, unicode="", mod=0):
    code = pygame.key.key_code(name)
    unicode = unicode or (name if len(name) == 1 else "")
    post(pygame.KEYDOWN, key=code, mod=mod, unicode=unicode, scancode=code % 500)
    if unicode:
        post(pygame.TEXTINPUT, text=unicode)
    post(pygame.KEYUP, key=code, mod=mod, unicode=unicode, scancode=code % 500)


def middle(rect):
    x, y, wide, high = rect
    return x + wide // 2, y + high // 2


def place(app, target):
    """Return the pixel in the middle of something in the window."""
    return middle(layout_of(app.size, app.view).rect_of(target, app.view))


def click(at, button=1):
    post(pygame.MOUSEBUTTONDOWN, pos=at, button=button)
    post(pygame.MOUSEBUTTONUP, pos=at, button=button)


def grab(at):
    post(pygame.MOUSEBUTTONDOWN, pos=at, button=1)


def drag(to):
    post(pygame.MOUSEMOTION, pos=to, rel=(0, 0), buttons=(1, 0, 0))


def drop(at):
    post(pygame.MOUSEBUTTONUP, pos=at, button=1)


@contextlib.contextmanager
def opened(*args, **options):
    """Open a window for a while; give it and its world."""
    app, world = window(*args, **options)
    app.open()
    # What the driver says of a new window is none of the events under test.
    app.step(0)
    try:
        yield app, world
    finally:
        app.close()


def steps_until(app, condition):
    """Run the window until something is so."""
    until = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < until, app.view.message
        app.step(10)


def keys(app, *names):
    for name in names:
        press_key(name)
        app.step(0)


def typed(app, text):
    for char in text:
        post(pygame.TEXTINPUT, text=char)
    app.step(0)


class Robot:
    """Plays the near side by chance, now with the mouse, now with keys."""

    def __init__(self, app, seed=1):
        self.app, self.rng = app, random.Random(seed)

    def play_game(self):
        """Play until the end of the game is shown."""
        until = time.monotonic() + PATIENCE_S
        while self.app.view.dialog is None or self.app.view.dialog.name != "over":
            assert time.monotonic() < until, (self.app.view.message, self.app.state)
            if not self.act():
                self.app.step(10)

    def act(self):
        """Do the next thing if it is the near side's turn; return whether there was one."""
        view = self.app.view
        if view.dialog is not None:
            press_key("escape")
            self.app.step(0)
        elif view.movable and view.on_roll == NEAR:
            self.move()
        elif any(button.name in ("roll", "confirm") and button.enabled for button in view.buttons):
            self.go_on()
        else:
            return False
        return True

    def go_on(self):
        """Roll, confirm, or go on at once."""
        view = self.app.view
        name = next(b.name for b in view.buttons if b.name in ("roll", "confirm"))
        way = self.rng.randrange(3)
        if way == 0:
            press_key("space" if name == "roll" else "return", unicode=" " * (name == "roll"))
        elif way == 1 and view.dice[NEAR]:
            click(place(self.app, Target("dice", NEAR)))
        else:
            click(place(self.app, Target("button", name=name)))
        self.app.step(0)

    def move(self):
        """Move one checker: touch it, see where it may go, and drag or click."""
        source = self.rng.choice(self.app.view.movable)
        at = place(self.app, Target("spot", source))
        grab(at)
        self.app.step(0)
        lit = self.app.view.lit
        assert lit, "what may be moved may go somewhere"
        if len(lit) > 1 or self.rng.random() < 0.5:
            to = place(self.app, Target("spot", self.rng.choice(lit)))
            drag(((at[0] + to[0]) // 2, (at[1] + to[1]) // 2))
            self.app.step(0)
            drag(to)
            drop(to)
        else:
            drop(at)
        self.app.step(0)
        if self.rng.random() < 0.1:
            press_key("backspace")
            self.app.step(0)


def engine_score(record, seed, agent="pubeval"):
    """Return the score that the engine gives a game: the same dice, the same plays of the person.

    The agent's plays are chosen anew; every play must be legal, every roll that of the dice.
    """
    dice, player = SeededDice(seed), catalog.get(agent)
    first, second = dice.opening()
    mover = int(second > first)
    roll, board = (max(first, second), min(first, second)), start()
    for turn in record.turns:
        assert (turn.player, turn.kind) == (mover, "play")
        assert sorted(turn.roll) == sorted(roll)
        legal = plays(board, *turn.roll)
        play = play_to(turn.play.after, legal)
        assert play is not None
        if mover != NEAR:
            import numpy as np

            chosen, _ = player.choose(board[None], np.array([turn.roll], np.int8), None,
                                      np.random.default_rng(1))
            assert (chosen[0] == play.after).all()
        board = play.after
        if points := result(board):
            return MatchState().add_game(points, mover).score
        mover, roll = 1 - mover, dice.roll()
    raise AssertionError("the game is not over")


def main(file):
    """Play one game and print what came of it."""
    app, world = window(seed=7, file=Path(file))
    app.open()
    driver = pygame.display.get_driver()
    Robot(app).play_game()
    score, frames = app.view.score, app.frames
    expected = engine_score(app.state.game.record, 7)
    post(pygame.QUIT)
    app.step(0)
    closed = world.closed
    app.close()
    print(json.dumps({"driver": driver, "score": score, "expected": expected, "frames": frames,
                      "closed": closed, "turns": len(app.state.game.turns)}))


if __name__ == "__main__":
    main(sys.argv[1])
