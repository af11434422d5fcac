"""Whatever is done to the window: it never crashes, and no position is ever illegal."""

from __future__ import annotations

import os

os.environ["SDL_VIDEODRIVER"] = "dummy"

import pygame  # noqa: E402

from agent import catalog  # noqa: E402
from tests.ui.board_world import check  # noqa: E402
from tests.ui.conv_player import small_conv  # noqa: E402
from tests.ui.robot import (  # noqa: E402
    click,
    drag,
    drop,
    grab,
    opened,
    place,
    post,
    press_key,
)
from ui.settings import Settings  # noqa: E402
from ui.view import NEAR, Target  # noqa: E402


class Anybody:
    """Clicks anywhere, drags to nowhere, presses any key, turns the wheel, changes the size."""

    KEYS = (*"abcdefghijklmnoprstuvwxyz1234567890", "space", "return", "escape", "backspace",
            "delete", "left", "right", "up", "down", "home", "end", "tab", "f1", "f2", "page up",
            "page down")

    def __init__(self, rng):
        self.rng = rng

    def at(self, app):
        wide, high = app.size
        return self.rng.randrange(-20, wide + 20), self.rng.randrange(-20, high + 20)

    def act(self, app):
        """Do one thing."""
        rng = self.rng
        match rng.randrange(13):
            case 0 | 1 | 2:
                click(self.at(app), rng.choice((1, 1, 1, 1, 2, 3, 6)))
            case 3 | 4 if app.view.movable:
                grab(place(app, Target("spot", rng.choice(app.view.movable))))
                app.step(0)
                if app.view.lit and rng.random() < 0.7:
                    drop(place(app, Target("spot", rng.choice(app.view.lit))))
            case 5:
                grab(self.at(app))
                for _ in range(rng.randrange(3)):
                    drag(self.at(app))
                if rng.random() < 0.7:
                    drop(self.at(app))
            case 6 | 7:
                control = rng.random() < 0.15
                name = rng.choice(self.KEYS)
                # Closing has tests of its own, and no file may be written anywhere.
                if not (control and name in "qso"):
                    press_key(name, mod=pygame.KMOD_LCTRL if control else 0,
                              unicode="\x01" if control else "")
            case 8:
                post(pygame.MOUSEWHEEL, x=0, y=rng.randrange(-3, 4), flipped=False)
            case 9:
                post(pygame.TEXTINPUT, text=rng.choice(("3", "61", "7", "8/5", "ä", "x" * 50, "")))
            case 12:
                press_key(rng.choice(("u", "up", "page down")))
                post(pygame.MOUSEMOTION, pos=self.at(app), rel=(0, 0), buttons=(0, 0, 0))
            case 10 if rng.random() < 0.1:
                app._window.size = rng.randrange(300, 1000), rng.randrange(200, 650)
            case _:
                press_key(rng.choice(("space", "return", "escape")))


def test_a_thousand_random_sequences_never_crash_nor_give_an_illegal_position(
        monkeypatch, tmp_path):
    import random

    monkeypatch.chdir(tmp_path)
    done = turns = units = 0
    for seed in range(20):
        rng = random.Random(seed)
        settings = Settings(
            opponent="pubeval", analyst="pubeval", size=(800, 500),
            speed=rng.choice(("off", "off", "fast")), auto_roll=rng.random() < 0.5,
            panel=rng.random() < 0.3, length=rng.choice((0, 1, 3)),
            tutor=rng.choice((None, 0.01)))
        agents = rng.choice(((None, "pubeval"), (None, None), ("random", "pubeval"),
                             ("random", None), (None, "conv"), ("conv", "pubeval")))
        with opened(settings, agents, seed=seed, get=_harmless) as (app, world):
            somebody = Anybody(rng)
            for _ in range(50):
                for _ in range(rng.randrange(1, 9)):
                    somebody.act(app)
                    if rng.random() < 0.4:
                        app.step(0)
                app.step(1)
                units += check(app.state).units is not None
                done += 1
            assert not world.closed
            turns += sum(len(record.turns) for record in app.state.records)
            for record in app.state.records:
                _check_record(record)
    assert done == 1000 and turns > 100 and units > 5
    assert os.listdir(tmp_path) == []


def _harmless(name, ply):
    """Return only agents that start nothing and are quick."""
    name = name.partition(":")[0]
    if name == "conv":
        return small_conv()
    return catalog.get(name if name in ("random", "pubeval") else "nobody")


def _check_record(record):
    """Assert that a game was played by the rules from where it began."""
    from engine.board import flip
    from engine.plays import plays

    board = record.first
    for turn in record.turns:
        if turn.kind != "play":
            continue
        seen = board if turn.player == NEAR else flip(board)
        assert turn.play.packed in {play.packed for play in plays(seen, *turn.roll)}
        board = turn.play.board if turn.player == NEAR else flip(turn.play.board)
