"""The page about the board says what the program does."""

from __future__ import annotations

import re

import pytest

from tests.ui import board_doc, pictures, scenes
from tests.ui.board_world import World
from tests.ui.test_update import play_on
from ui import settings
from ui.commands import BY_NAME

TEXT = board_doc.PAGE.read_text(encoding="utf-8")


def test_the_keys_on_the_page_are_those_of_the_program():
    renew = "renew it with python -m tests.ui.board_doc"
    assert board_doc.parts()[1] == board_doc.keys_table(), renew


def test_every_picture_is_on_the_page_and_every_picture_named_is_there():
    named = re.findall(r"!\[[^\]]+\]\(board/([a-z-]+)\.png\)", TEXT)
    assert sorted(named) == sorted(pictures.PICTURES)


@pytest.mark.parametrize("key, name", [
    ("Space", "roll"), ("Y", "auto_roll"), ("D", "swap"), ("W", "type"), ("Enter", "confirm"),
    ("Backspace", "undo"), ("Delete", "undo_all"), ("V", "speed"), ("N", "new"), ("O", "players"),
    ("R", "resign"), ("H", "hint"), ("Tab", "next_hint"), ("T", "tutor"), ("A", "panel"),
    ("J", "judge"), ("Esc", "present"), ("S", "settings"), ("Ctrl+S", "save"), ("Ctrl+O", "load"),
    ("Ctrl+C", "copy_id"), ("Ctrl+X", "copy_xgid"), ("Ctrl+V", "paste"), ("E", "edit"),
    ("I", "dice"), ("F1", "help"), ("M", "menu"),
    ("U", "units"),
])
def test_a_key_named_in_the_text_does_what_is_said_of_it(key, name):
    keys = {"enter": "return", "esc": "escape"}.get(key.lower(), key.lower())
    assert keys in BY_NAME[name].keys
    assert re.search(rf"(?<!\w){re.escape(key)}(?!\w)", board_doc.parts()[0])


def test_the_dice_of_a_game_can_be_thrown_again_as_the_page_says():
    code = re.search(r"```python\n(.*?)```", TEXT, re.S)[1]
    world = play_on(World(seed=8))
    names = {"seed": 8}
    exec(code, names)
    game = world.state.game
    assert names["throws"][0] == game.opening
    rolls = [turn.roll for turn in game.turns[1:]]
    assert len(rolls) > 20 and names["throws"][1:len(rolls) + 1] == rolls


def test_the_settings_lie_where_the_page_says(monkeypatch):
    monkeypatch.delenv(settings.ENVIRONMENT, raising=False)
    assert settings.path().name in TEXT and "tdgammon" in str(settings.path())
    assert settings.ENVIRONMENT in TEXT


def test_the_plays_of_the_hint_on_the_page_are_those_of_its_roll():
    assert "best plays of 4-3" in TEXT and scenes.hint().state.game.roll in ((4, 3), (3, 4))
