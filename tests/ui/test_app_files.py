"""What the window copies, saves, loads and remembers."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

os.environ["SDL_VIDEODRIVER"] = "dummy"

import pygame  # noqa: E402

from engine.errors import EngineError  # noqa: E402
from engine.mat import parse_mat  # noqa: E402
from tests.ui.robot import (  # noqa: E402
    QUICK,
    Robot,
    keys,
    opened,
    press_key,
    steps_until,
    typed,
)
from ui import settings as settings_file  # noqa: E402
from ui.view import NEAR  # noqa: E402
from ui.world import read_match  # noqa: E402


def test_a_position_is_copied_and_pasted():
    with opened() as (app, _):
        press_key("c", mod=pygame.KMOD_LCTRL, unicode="\x03")
        app.step(0)
        app.step(0)
        assert "Position ID copied" in app.view.message
        assert pygame.scrap.get_text() == "4HPwATDgc/ABMA"
        pygame.scrap.put_text("no position")
        press_key("v", mod=pygame.KMOD_LCTRL, unicode="\x16")
        app.step(0)
        app.step(0)
        assert "no position" in app.view.message or "14 characters" in app.view.message


def test_without_a_clipboard_text_is_kept_in_the_window(monkeypatch):
    from ui.clipboard import Clipboard

    def fail(*args):
        raise pygame.error("no clipboard")

    clipboard = Clipboard()
    with opened():
        assert clipboard.copy("one") == "" and clipboard.paste() == "one"
        monkeypatch.setattr(pygame.scrap, "put_text", fail)
        monkeypatch.setattr(pygame.scrap, "get_text", fail)
        assert "no clipboard" in clipboard.copy("two") and clipboard.paste() == "two"
    assert Clipboard().paste() == ""


def test_a_match_is_saved_and_loaded_and_never_overwritten_unasked(tmp_path):
    file = tmp_path / "match.mat"
    with opened(seed=3) as (app, _):
        Robot(app, 3).play_game()
        record = app.state.game.record
        keys(app, "escape")
        for again in (False, True):
            press_key("s", mod=pygame.KMOD_LCTRL, unicode="\x13")
            app.step(0)
            for _ in range(len(app.view.dialog.field)):
                keys(app, "backspace")
            typed(app, str(file))
            keys(app, "return")
            app.step(0)
            if not again:
                assert "saved" in app.view.message
                file.write_text(file.read_text() + "\n")
        changed = file.read_text()
        assert app.view.dialog is not None and app.view.dialog.name == "overwrite"
        keys(app, "escape")
        assert file.read_text() == changed
    assert parse_mat(changed).games[0].winner == record.winner
    with opened() as (app, _):
        press_key("o", mod=pygame.KMOD_LCTRL, unicode="\x0f")
        app.step(0)
        typed(app, str(file))
        keys(app, "return")
        steps_until(app, lambda: str(file) in app.view.message)
        assert app.state.game.record.winner == record.winner
        assert [t.play for t in app.state.game.turns] == [t.play for t in record.turns]


@pytest.mark.parametrize("content", [None, b"", b"\x00\xff" * 50, b"7 point match\n\n Game 1\n x"])
def test_a_file_that_is_no_match_is_told(tmp_path, content):
    file = tmp_path / "bad.mat"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises((OSError, EngineError)):
        read_match(str(file))
    with opened() as (app, world):
        world._files.do(lambda: world._load(str(file)))
        steps_until(app, lambda: str(file) in app.view.message)


def test_settings_and_the_size_of_the_window_are_remembered(tmp_path):
    file = tmp_path / "settings.json"
    with opened(file=file) as (app, _):
        keys(app, "l")
        assert settings_file.load(file)[0].theme == "dark"
        app._window.size = (1111, 777)
        for _ in range(3):
            app.step(5)
    assert settings_file.load(file) == (replace(QUICK, theme="dark", size=(1111, 777)), "")


def test_a_damaged_settings_file_stays_until_something_is_changed(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text("nonsense")
    kept, _ = settings_file.load(file)
    with opened(replace(kept, opponent="pubeval"), file=file) as (app, _):
        for _ in range(10):
            app.step(5)
    assert file.read_text() == "nonsense"
    with opened(replace(kept, opponent="pubeval"), file=file) as (app, _):
        keys(app, "l")
    assert settings_file.load(file)[0].theme == "dark"
    assert (tmp_path / "settings.json.bad").read_text() == "nonsense"


def test_settings_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "file").write_text("")
    with opened(file=tmp_path / "file" / "settings.json") as (app, _):
        keys(app, "l")
        app.step(0)
        assert "cannot be written" in app.view.message and app.view.theme == "dark"


def test_a_roll_is_thrown_with_the_seed_that_was_typed():
    with opened(seed=1) as (app, world):
        keys(app, "i")
        typed(app, "77")
        keys(app, "return")
        keys(app, "escape", "space")
        assert world.seeds == [77] and app.view.dice[NEAR]
