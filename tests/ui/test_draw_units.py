"""What a unit sees as it is drawn: on its points and their numbers, and nowhere else."""

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

from dataclasses import replace

import numpy as np
import pygame
import pytest

from tests.ui import scenes, views
from tests.ui.conv_player import small_conv
from tests.ui.robot import keys, opened, place, post, steps_until
from tests.ui.test_draw import PAINTER, SIZE, assert_within, changed, pixels
from ui.draw import Painter
from ui.draw_side import label_sizes
from ui.layout import SMALLEST, layout_of
from ui.settings import Settings
from ui.text_size import key_text
from ui.theme import theme_of
from ui.view import BARS, Sight, Target

EMPTY = replace(views.view({}, {}), dice=((), ()))


def around(layout, spot):
    """Return the rectangle of a point together with its number on the frame."""
    x, y, wide, high = layout.spot_rect(spot)
    return (x, y, wide, high + layout.edge) if spot < 12 else (
        x, y - layout.edge, wide, high + layout.edge)


@pytest.mark.parametrize("home_right", [True, False])
@pytest.mark.parametrize("spot", [0, 5, 6, 11, 12, 18, 23])
def test_a_point_that_is_seen_is_marked_and_nothing_else(spot, home_right):
    view = replace(EMPTY, home_right=home_right)
    layout = layout_of(SIZE, view)
    for sight in (Sight(spot, (spot,)), Sight(-1, (spot,)), Sight(-1, (), (spot,))):
        assert_within(changed(view, replace(view, units=sight)), around(layout, spot), 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("spot", [4, 17])
def test_the_unit_what_it_uses_and_what_it_passes_over_look_otherwise(spot, theme):
    view = replace(EMPTY, theme=theme)
    own, used, hole = (replace(view, units=sight) for sight in (
        Sight(spot, (spot,)), Sight(-1, (spot,)), Sight(-1, (), (spot,))))
    for one, other in ((own, used), (own, hole), (used, hole)):
        changed(one, other)
    # A hole is only a number in a frame: the point itself stays as it is.
    x, y, wide, high = layout_of(SIZE, view).spot_rect(spot)
    plain, holed, seen = (pixels(PAINTER.frame(one))[x:x + wide, y:y + high]
                          for one in (view, hole, used))
    assert np.array_equal(plain, holed) and not np.array_equal(plain, seen)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_points_that_are_seen_stand_out_from_those_of_either_colour(theme):
    accent = np.array(theme_of(theme).accent)
    for spot in (2, 3, 14, 15):
        view = replace(EMPTY, theme=theme)
        x, y, wide, high = layout_of(SIZE, view).spot_rect(spot)
        middle = x + wide // 2, y + high // 5 if spot >= 12 else y + 4 * high // 5
        before, after = (pixels(PAINTER.frame(one))[middle] for one in (
            view, replace(view, units=Sight(0, (spot,)))))
        assert np.abs(after - accent).sum() < 0.5 * np.abs(before - accent).sum()


def test_the_wider_the_gates_are_open_the_larger_is_the_disc_at_their_point():
    shown = [tuple(share if point == 9 else 0.0 for point in range(24))
             for share in (0.0, 0.1, 0.5, 1.0)]
    views_ = [replace(EMPTY, units=Sight(3, (3,), (), gates)) for gates in shown]
    frames = [pixels(PAINTER.frame(view)) for view in views_]
    areas = [(np.abs(frame - frames[0]).max(axis=-1) > 40).sum() for frame in frames[1:]]
    assert 0 < areas[0] < areas[1] < areas[2]
    assert areas[1] == pytest.approx(areas[2] / 2, rel=0.25)
    x, _, wide, _ = layout_of(SIZE, EMPTY).spot_rect(9)
    area = changed(views_[0], views_[3])
    assert x <= area[0] and area[2] <= x + wide
    for wrong in (-1.0, 7.0):
        PAINTER.frame(replace(EMPTY, units=Sight(3, (3,), (), (wrong,) * 24)))


@pytest.mark.parametrize("size", [SMALLEST, SIZE, (1920, 1200)])
@pytest.mark.parametrize("panel", [True, False])
def test_discs_lie_between_the_points_and_the_dice(size, panel):
    view = scenes.units(panel=panel).view
    layout = layout_of(size, view)
    bare = replace(view, units=replace(view.units, open=()))
    painter = Painter(size)
    away = np.abs(pixels(painter.frame(view)) - pixels(painter.frame(bare))).max(axis=-1) > 8
    for player, count in ((0, 2), (1, 2)):
        x, y, wide, high = layout.dice_rect(player, count)
        assert not away[x:x + wide, y + 3:y + high - 3].any()
    assert away.any()


def test_units_are_drawn_the_same_whatever_was_drawn_before():
    for make in (scenes.units, scenes.holes):
        view = make().view
        PAINTER.frame(view)
        PAINTER.frame(EMPTY)
        assert np.array_equal(pixels(PAINTER.frame(view)), pixels(Painter(SIZE).frame(view)))


def test_the_scenes_show_what_their_names_say():
    units, holes = scenes.units().view.units, scenes.holes().view
    assert len(units.used) == 17 and units.unit == 12 and not units.holes
    assert max(units.open) > 0.45 and min(units.open) < 0.1
    assert holes.on_roll == 1 and len(holes.units.holes) == 4 and "conv's" in holes.message


def test_the_menu_with_all_steps_is_legible_in_the_smallest_window():
    view = scenes.units().key("m").view
    plan = layout_of(SMALLEST, view).dialog_plan(view)
    texts = tuple((one.label, key_text(one.key)) for one in view.dialog.choices)
    assert ("Next layer", "PgUp") in texts and plan.text >= 8
    assert label_sizes(texts, plan.choices, plan.text)[0] >= plan.text - 1
    assert PAINTER.frame(view).get_size() == SIZE


# ---- in the window


def test_in_the_window_the_pointer_chooses_the_unit_without_a_button():
    settings = Settings(opponent="conv", speed="off", size=(900, 600))
    with opened(settings, (None, "conv"), get=lambda name, ply: small_conv(name)) as (app, _):
        spot = place(app, Target("spot", 19))
        post(pygame.MOUSEMOTION, pos=spot, rel=(0, 0), buttons=(0, 0, 0))
        keys(app, "u")
        steps_until(app, lambda: app.view.units is not None)
        assert app.view.units.unit == 5, "the pointer has not moved since"
        post(pygame.MOUSEMOTION, pos=spot, rel=(0, 0), buttons=(0, 0, 0))
        app.step(0)
        assert app.view.units.unit == 19 and "your 20 point" in app.view.message
        frames = app.frames
        for shift in range(4):
            post(pygame.MOUSEMOTION, pos=(spot[0], spot[1] + shift), rel=(0, 1), buttons=(0, 0, 0))
            app.step(0)
        assert app.frames == frames, "nothing has changed, so nothing is drawn"
        post(pygame.MOUSEMOTION, pos=place(app, Target("spot", BARS[0])), rel=(0, 0),
             buttons=(0, 0, 0))
        keys(app, "page down", "up")
        assert app.view.units.unit == 20 and app.view.message.startswith("Layer 3 of 4")
