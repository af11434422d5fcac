"""The window itself, driven by pygame's events: under the dummy driver, and on a real X server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

os.environ["SDL_VIDEODRIVER"] = "dummy"

import pygame  # noqa: E402

from agent import catalog  # noqa: E402
from tests.ui.players import FirstPlay  # noqa: E402
from tests.ui.robot import (  # noqa: E402
    QUICK,
    SOON_S,
    Robot,
    click,
    drag,
    drop,
    engine_score,
    grab,
    keys,
    opened,
    place,
    post,
    press_key,
    steps_until,
    typed,
    window,
)
from tests.ui.test_thinking import Slow  # noqa: E402
from ui.app import ticking  # noqa: E402
from ui.events import Seat, Told  # noqa: E402
from ui.settings import Settings  # noqa: E402
from ui.view import Target  # noqa: E402

ROOT = Path(__file__).parents[2]


# ---- whole games


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_game_played_with_mouse_and_keys_ends_with_the_score_of_the_engine(seed):
    with opened(seed=seed) as (app, world):
        Robot(app, seed).play_game()
        assert app.view.score == engine_score(app.state.game.record, seed)
        assert sum(app.view.score) > 0 and world.seeds == [seed]


def test_a_game_against_the_net_goes_on_while_checkers_fly():
    settings = Settings(opponent="pretrained", speed="fast", size=(800, 500), auto_roll=True)
    with opened(settings, (None, "pretrained"), seed=4) as (app, _):
        robot = Robot(app, 4)
        flying = 0
        while len(app.state.game.turns) < 6:
            if not robot.act():
                app.step(10)
            flying += bool(app.view.flying)
        assert flying > 10


def test_a_match_is_played_game_after_game():
    with opened(replace(QUICK, length=3), seed=5) as (app, world):
        robot = Robot(app, 5)
        robot.play_game()
        games = 1
        while not app.state.game.after.over:
            keys(app, "return")
            assert app.view.dialog is None
            robot.play_game()
            games += 1
        assert max(app.view.score) >= 3 and len(app.state.records) == games
        assert world.seeds == [5]


def test_two_agents_play_by_themselves():
    settings = replace(QUICK, auto_roll=False)
    with opened(settings, ("random", "pubeval"), seed=6) as (app, _):
        steps_until(app, lambda: app.view.dialog is not None)
        assert app.view.dialog.name == "over" and sum(app.view.score) > 0


def test_two_people_play_in_turn():
    with opened(QUICK, (None, None), seed=6) as (app, _):
        for _ in range(4):
            mover, made = app.view.on_roll, len(app.state.game.turns)
            keys(app, "space")
            until = time.monotonic() + SOON_S
            while len(app.state.game.turns) == made:
                assert time.monotonic() < until
                if app.view.movable:
                    click(place(app, Target("spot", app.view.movable[0])))
                    app.step(0)
                    if app.view.lit:
                        drop((0, 0))
                else:
                    press_key("return")
                app.step(1)
            assert app.view.on_roll != mover


def test_the_same_seed_gives_the_same_game():
    records = []
    for _ in range(2):
        with opened(seed=9) as (app, _):
            Robot(app, 9).play_game()
            records.append(app.state.game.turns)
    assert records[0] == records[1]


# ---- a real X server


@contextlib.contextmanager
def x_server():
    """Start an X server without a screen; give its display."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed (as by apt install xvfb), so there is no X server")
    read, write = os.pipe()
    process = subprocess.Popen(
        [program, "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as stream:
            number = stream.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait()


def test_a_game_on_a_real_x_server_ends_with_the_score_of_the_engine(tmp_path):
    with x_server() as display:
        env = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.ui.robot", str(tmp_path / "settings.json")], cwd=ROOT,
            env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["driver"] == "x11" and found["closed"]
    assert found["score"] == found["expected"] and sum(found["score"]) > 0


# ---- the window never waits


def test_the_window_goes_on_while_an_agent_thinks_and_closes_at_once():
    slow = Slow()
    with opened(QUICK, ("slow", "slow"), get=lambda name, ply: slow) as (app, world):
        steps_until(app, slow.begun.is_set)
        before, frames = time.perf_counter(), app.frames
        keys(app, "l")
        assert app.view.theme == "dark" and app.frames > frames
        post(pygame.QUIT)
        while not world.closed:
            app.step()
        app.close()
        assert time.perf_counter() - before < 0.5 and world.busy
        slow.may_end.set()


def test_closing_waits_for_no_agent_even_from_run():
    slow = Slow()
    app, world = window(QUICK, ("slow", "slow"), get=lambda name, ply: slow)
    asked = []

    def ask_to_close():
        assert slow.begun.wait(SOON_S)
        asked.append(time.perf_counter())
        post(pygame.QUIT)

    threading.Thread(target=ask_to_close, daemon=True).start()
    app.run()
    assert time.perf_counter() - asked[0] < 0.5
    slow.may_end.set()


def test_an_agent_that_fails_is_told_and_another_one_goes_on():
    class Breaks(FirstPlay):
        tries = 0

        def choose(self, boards, dice, memory, rng):
            self.tries += 1
            raise RuntimeError("out of ideas")

    breaks = Breaks()
    get = {"breaks": breaks, "random": FirstPlay()}
    with opened(QUICK, ("breaks", "breaks"), get=lambda name, ply: get[name]) as (app, world):
        steps_until(app, lambda: "out of ideas" in app.view.message)
        assert "space" in app.view.message
        keys(app, "space")
        steps_until(app, lambda: breaks.tries == 2 and "out of ideas" in app.view.message)
        app._mailbox.deliver(Told("something else", failed=True))
        app.step(0)
        world.carry_out(Seat(("random", "random")))
        steps_until(app, lambda: len(app.state.game.turns) > 3)


def test_an_agent_that_is_not_there_is_told_and_the_window_stays():
    def get(name, ply):
        return catalog.get("nobody")

    with opened(QUICK, (None, "nobody"), get=get) as (app, world):
        steps_until(app, lambda: "unknown agent 'nobody'" in app.view.message)
        keys(app, "space")
        assert app.view.dice != ((), ()) and not world.closed


def test_a_hint_of_the_net_is_shown_with_arrows():
    with opened(replace(QUICK, panel=True), seed=1) as (app, _):
        robot = Robot(app)
        while not app.view.movable:
            if not robot.act():
                app.step(10)
        keys(app, "h")
        steps_until(app, lambda: app.view.panel.hints)
        equities = [row.equity for row in app.view.panel.hints]
        assert equities == sorted(equities, reverse=True) and app.view.arrows
        steps_until(app, lambda: app.view.panel.win is not None)
        assert 0 < app.view.panel.win[0] < 1


# ---- when it draws


def test_nothing_is_drawn_while_nothing_changes():
    with opened() as (app, _):
        for _ in range(5):
            app.step(10)
        frames = app.frames
        for _ in range(20):
            app.step(5)
            post(pygame.MOUSEMOTION, pos=(300, 300), rel=(0, 0), buttons=(0, 0, 0))
        assert app.frames == frames and not ticking(app.state)
        post(pygame.WINDOWEXPOSED)
        app.step(0)
        assert app.frames == frames + 1


def test_a_dragged_checker_follows_the_pointer():
    with opened(seed=1) as (app, _):
        robot = Robot(app)
        while not app.view.movable:
            if not robot.act():
                app.step(10)
        spot = app.view.movable[0]
        at = place(app, Target("spot", spot))
        grab(at)
        for step in range(1, 4):
            drag((at[0] + 10 * step, at[1]))
            app.step(0)
            assert app.view.lifted.source == spot
            assert app.view.lifted.at == (at[0] + 10 * step, at[1])
        drop((2, 2))
        app.step(0)
        assert app.view.lifted is None and spot in app.view.movable


def test_the_window_is_laid_out_anew_when_its_size_changes():
    with opened() as (app, world):
        for size in ((1300, 900), (800, 500), (1000, 500)):
            app._window.size = size
            for _ in range(3):
                app.step(5)
            assert app.size == size == world.size
        app._window.size = (300, 200)
        for _ in range(3):
            app.step(5)
        assert app.size == (800, 500)


def test_a_window_smaller_than_it_may_be_shows_everything_and_takes_clicks():
    with opened() as (app, _):
        app._window.minimum_size = (1, 1)
        app._window.size = (400, 250)
        for _ in range(3):
            app.step(5)
        assert app._window.size == (400, 250) and app.size == (800, 500)
        x, y = place(app, Target("button", name="menu"))
        click((x // 2, y // 2))
        app.step(0)
        assert app.view.dialog.name == "menu"


# ---- keys and text


def test_the_key_that_opens_a_field_is_not_typed_into_it():
    with opened() as (app, _):
        keys(app, "n")
        assert app.view.dialog.name == "new" and app.view.dialog.field == ""
        keys(app, "7")
        assert app.view.dialog.field == "7"
        keys(app, "backspace")
        assert app.view.dialog.field == ""


def test_a_held_key_says_it_once_but_backspace_repeats():
    with opened() as (app, _):
        keys(app, "n")
        typed(app, "123")
        code = pygame.K_BACKSPACE
        for _ in range(2):
            post(pygame.KEYDOWN, key=code, mod=0, unicode="\b", scancode=42)
        app.step(0)
        assert app.view.dialog.field == "1"
        keys(app, "escape")
        for _ in range(3):
            post(pygame.KEYDOWN, key=pygame.K_l, mod=0, unicode="l", scancode=15)
        app.step(0)
        assert app.view.theme == "dark"


@pytest.mark.parametrize(("values", "name"), [
    ({"key": pygame.K_h, "unicode": "h"}, "h"),
    ({"key": pygame.K_h, "unicode": "H", "mod": pygame.KMOD_SHIFT}, "h"),
    ({"key": pygame.K_c, "unicode": "\x03", "mod": pygame.KMOD_LCTRL}, "ctrl+c"),
    ({"key": pygame.K_c, "unicode": "c", "mod": pygame.KMOD_LMETA}, "ctrl+c"),
    ({"key": pygame.K_SLASH, "unicode": "?", "mod": pygame.KMOD_SHIFT}, "?"),
    ({"key": pygame.K_KP1, "unicode": "1"}, "1"),
    ({"key": pygame.K_KP_ENTER, "unicode": "\r"}, "return"),
    ({"key": pygame.K_RETURN, "unicode": "\r"}, "return"),
    ({"key": pygame.K_SPACE, "unicode": " "}, "space"),
    ({"key": pygame.K_ESCAPE, "unicode": "\x1b"}, "escape"),
    ({"key": pygame.K_BACKSPACE, "unicode": "\b"}, "backspace"),
    ({"key": pygame.K_DELETE, "unicode": "\x7f"}, "delete"),
    ({"key": pygame.K_LEFT, "unicode": ""}, "left"),
    ({"key": pygame.K_F1, "unicode": ""}, "f1"),
    ({"key": pygame.K_HOME, "unicode": ""}, "home"),
    ({"key": pygame.K_TAB, "unicode": "\t"}, "tab"),
    # The key H of a Russian keyboard.
    ({"key": 0x440, "unicode": "р", "scancode": 11}, "h"),
    ({"key": 0, "unicode": "", "scancode": 0}, None),
])
def test_keys_have_these_names(values, name):
    from ui.input import key_name

    pygame.display.init()
    assert key_name(pygame.event.Event(
        pygame.KEYDOWN, {"mod": 0, "scancode": 0, **values})) == name
