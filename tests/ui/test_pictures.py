"""The board window drawn now looks like the pictures in the docs; a wrong picture is noticed."""

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

from dataclasses import replace

import numpy as np
import pygame
import pytest

from tests.ui import pictures, scenes
from ui.commands import BY_NAME
from ui.draw import Painter
from ui.draw_panel import MISTAKE
from ui.layout import STACK
from ui.view import BARS, FAR, NEAR, TRAYS

# Another version of the font library moves edges of letters by a shade; a checker that is missing
# or a colour that is wrong is far more.
MEAN, SHARE, MUCH = 1.5, 0.001, 48


def pixels(surface):
    return pygame.surfarray.array3d(surface).astype(int)


def saved(name):
    return pixels(pygame.image.load(pictures.FOLDER / f"{name}.png"))


def differs(one, other):
    """Say whether two pictures differ: on average, or much in a share of their pixels."""
    if one.shape != other.shape:
        return True
    away = np.abs(one - other)
    return away.mean() > MEAN or (away.max(axis=-1) > MUCH).mean() > SHARE


@pytest.mark.parametrize("name", sorted(pictures.PICTURES))
def test_a_picture_looks_like_the_one_in_the_docs(name):
    assert not differs(pixels(pictures.draw(name)), saved(name))


def test_there_is_no_other_picture_in_the_docs():
    assert {path.stem for path in pictures.FOLDER.glob("*.png")} == set(pictures.PICTURES)
    assert all(path.stat().st_size < 150_000 for path in pictures.FOLDER.glob("*.png"))


def without_a_checker(view):
    near = list(view.counts[NEAR])
    near[7] -= 1
    near[TRAYS[NEAR]] += 1
    return replace(view, counts=(tuple(near), view.counts[1]))


OPENING = scenes.opening().view


@pytest.mark.parametrize("wrong", [
    pytest.param(without_a_checker(OPENING), id="a checker borne off"),
    pytest.param(replace(OPENING, theme="dark"), id="the other theme"),
    pytest.param(replace(OPENING, home_right=False), id="the other side"),
    pytest.param(replace(OPENING, cube=(2, NEAR)), id="the cube turned"),
    pytest.param(replace(OPENING, dice=((), ())), id="no dice"),
    pytest.param(replace(OPENING, message="Something else is said"), id="another message"),
    pytest.param(replace(OPENING, movable=()), id="nothing may move"),
    pytest.param(replace(OPENING, on_roll=1, movable=()), id="the other one on roll"),
    pytest.param(replace(OPENING, ready=True), id="dice to be clicked"),
    pytest.param(scenes.tutor().view, id="a dialog"),
])
def test_a_wrong_picture_is_noticed(wrong):
    frame = Painter(pictures.USUAL).frame(wrong)
    assert differs(pixels(frame), saved("opening"))


def test_a_picture_of_another_size_is_noticed():
    assert differs(pixels(Painter((900, 700)).frame(OPENING)), saved("opening"))


def test_no_scene_offers_what_the_program_cannot_do():
    for _, make in pictures.PICTURES.values():
        for button in make().view.buttons:
            assert button.name in BY_NAME and button.label == BY_NAME[button.name].label


def test_the_scenes_show_what_their_names_say():
    bar = scenes.on_the_bar().view
    assert bar.counts[NEAR][BARS[NEAR]] and bar.counts[FAR][BARS[FAR]]
    assert scenes.hitting().view.flying and scenes.watching().view.flying
    assert max(map(max, (side[:24] for side in scenes.bearing_off().view.counts))) > STACK
    assert scenes.carrying().view.lifted and len(scenes.hint().view.panel.hints) == 5
    assert scenes.tutor().view.dialog.name == "tutor" and scenes.complete().view.ready
    over = scenes.game_over()
    assert over.view.dialog.name == "over" and over.state.game.end == (NEAR, 2)
    judged = scenes.looking_back().view.panel
    assert judged.current is not None and judged.rows[judged.current].cost > MISTAKE
    assert all(row.cost is not None for row in judged.rows if "/" in row.text)
