"""What is drawn follows the view, whatever was drawn before, and stays where it belongs."""

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

from dataclasses import replace

import numpy as np
import pygame
import pytest

from tests.ui import views
from tests.ui.board_world import World
from ui.draw import Painter
from ui.draw_side import label_sizes
from ui.draw_text import fitting, shortened, text_width, write
from ui.layout import SMALLEST, layout_of
from ui.text_size import key_text, width
from ui.view import BARS, FAR, NEAR, SPOTS, TRAYS, Arrow, Die, Flying, Lifted, Sight

SIZE = (1000, 700)
MAKERS = (views.opening, views.on_the_bar, views.bearing_off, views.hints, views.analysis,
          views.tutor, views.game_over, views.setting_up, views.lifted, views.help_page,
          views.ask_name)


def pixels(surface):
    return pygame.surfarray.array3d(surface).astype(int)


PAINTER = Painter(SIZE)


def changed(one, other):
    """Return the rectangle (x, y, right, bottom) around all pixels that two views do not share."""
    away = np.abs(pixels(PAINTER.frame(one)) - pixels(PAINTER.frame(other))).max(axis=-1) > 8
    assert away.any(), "nothing changed"
    across, down = np.nonzero(away)
    return across.min(), down.min(), across.max(), down.max()


def assert_within(area, rect, slack):
    x, y, wide, high = rect
    assert x - slack <= area[0] and y - slack <= area[1]
    assert area[2] <= x + wide + slack and area[3] <= y + high + slack


def test_a_painter_draws_the_same_whatever_it_has_drawn_before():
    used = PAINTER
    for theme in ("light", "dark"):
        for make in MAKERS:
            view = replace(make(), theme=theme)
            used.frame(view)
            fresh = Painter(SIZE).frame(view)
            assert used.frame(view).get_buffer().raw == fresh.get_buffer().raw


@pytest.mark.parametrize("size", [(800, 500), (801, 777), (1500, 500), (2560, 1440)])
@pytest.mark.parametrize("home_right", [True, False])
def test_every_view_can_be_drawn_in_every_size(size, home_right):
    painter = Painter(size)
    for make in MAKERS:
        assert painter.frame(replace(make(), home_right=home_right)).get_size() == size


def test_a_window_can_be_resized_while_drawing():
    painter = Painter(SIZE)
    for size in ((800, 500), (1200, 900), (800, 500)):
        surface = pygame.Surface(size)
        painter.draw(views.opening(), surface)
        assert np.array_equal(pixels(surface), pixels(Painter(size).frame(views.opening())))


@pytest.mark.parametrize("spot", range(24))
def test_a_checker_is_drawn_on_its_point_and_nowhere_else(spot):
    view = views.view({}, {})
    for owner in (NEAR, FAR):
        counts = [list(row) for row in view.counts]
        counts[owner][spot] = 6
        layout = layout_of(SIZE, view)
        area = changed(view, replace(view, counts=tuple(map(tuple, counts))))
        assert_within(area, layout.spot_rect(spot), 0.12 * layout.diameter)


@pytest.mark.parametrize("spot", [*BARS, *TRAYS])
def test_bars_and_trays_hold_their_own_checkers(spot):
    owner = BARS.index(spot) if spot in BARS else TRAYS.index(spot)
    view = replace(views.view(), counts=((0,) * SPOTS, (0,) * SPOTS))
    for count in (1, 5, 15):
        counts = [[0] * SPOTS, [0] * SPOTS]
        counts[owner][spot] = count
        layout = layout_of(SIZE, view)
        area = changed(view, replace(view, counts=tuple(map(tuple, counts))))
        assert_within(area, layout.spot_rect(spot), 0.12 * layout.diameter)


def test_every_change_of_a_view_is_seen():
    view = views.analysis()
    panel = view.panel
    for other in (
        replace(view, names=("Eve", "pretrained 1-ply")), replace(view, score=(3, 2)),
        replace(view, length=9), replace(view, pips=(1, 2)), replace(view, on_roll=FAR),
        replace(view, on_roll=None), replace(view, crawford=True), replace(view, cube=(4, NEAR)),
        replace(view, cube=(2, FAR)), replace(view, cube=(2, None)),
        replace(view, dice=((), (Die(5),))), replace(view, dice=((Die(0), Die(0)), ())),
        replace(view, flying=(Flying(NEAR, 12, 7, 0.3),)), replace(view, movable=(12,)),
        replace(view, lifted=Lifted(FAR, 6, (400, 300))), replace(view, lit=(9,)),
        replace(view, lit=(TRAYS[NEAR],)), replace(view, arrows=()), replace(view, editing=True),
        replace(view, arrows=(Arrow(NEAR, 7, 3, 4),)), replace(view, message="other"),
        replace(view, buttons=view.buttons[:-1]), replace(view, theme="dark"),
        replace(view, units=Sight(5, (4, 5, 6))), replace(view, panel=None),
        replace(view, home_right=False), replace(view, panel=replace(panel, win=None)),
        replace(view, panel=replace(panel, curve=())), replace(view, panel=views.panel(3)),
        replace(view, panel=replace(panel, hints=())), replace(view, show_pips=False),
        replace(view, panel=replace(panel, chosen=0)),
        replace(view, panel=replace(panel, busy="thinking")),
    ):
        changed(view, other)


def test_a_move_that_all_hints_share_is_drawn_once_and_within_the_board():
    view = replace(views.opening(), panel=views.panel())
    shared = tuple(Arrow(NEAR, 23, 20, rank) for rank in range(5) for _ in range(2))
    layout = layout_of(SIZE, view)
    area = changed(view, replace(view, arrows=shared))
    assert_within(area, layout.spot_rect(20), 4 * layout.pitch)
    assert area[3] - area[1] < 2 * layout.diameter and area[1] > layout.board[1]
    apart = changed(replace(view, arrows=shared), replace(view, arrows=shared[:2]))
    assert_within(apart, (area[0], area[1], area[2] - area[0], area[3] - area[1]), 0)


def test_the_button_that_comes_next_looks_otherwise_than_one_that_is_on():
    view = views.opening()
    first, *rest = view.buttons
    looks = [replace(view, buttons=(replace(first, enabled=True, **look), *rest))
             for look in ({}, {"on": True}, {"next": True})]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        changed(looks[one], looks[other])


def test_dice_that_confirm_are_lit():
    view = replace(views.opening(), dice=((Die(3, used=True), Die(1, used=True)), ()))
    layout = layout_of(SIZE, view)
    assert_within(changed(view, replace(view, ready=True)), layout.dice_rect(NEAR, 2),
                  0.3 * layout.diameter)


def test_a_flying_checker_goes_from_where_it_lay_to_where_it_will_lie():
    view = replace(views.view(), counts=((0,) * SPOTS, (0,) * SPOTS))
    layout = layout_of(SIZE, view)
    for progress, spot in ((0.0, 12), (1.0, 3)):
        area = changed(view, replace(view, flying=(Flying(NEAR, 12, 3, progress),)))
        x, y = layout.checker_center(spot, NEAR, 0, 1)
        d = layout.diameter
        assert_within(area, (x - d // 2, y - d // 2, d, d), 0.5 * d)


def test_a_checker_in_the_hand_is_drawn_at_the_pointer_over_everything():
    view = views.analysis()
    area = changed(view, replace(view, lifted=Lifted(NEAR, 12, (800, 300))))
    d = layout_of(SIZE, view).diameter
    assert_within(area, (800 - d // 2, 300 - d // 2, d, d), d)


def test_text_is_shrunk_to_its_room_and_never_runs_over():
    long = "a name that is far longer than anybody should have " * 3
    for text, room in (("short", 200), ("somewhat longer", 60), (long, 120)):
        size = fitting(text, 18, room)
        assert text_width(shortened(text, size, room), size) <= room
        surface = pygame.Surface((300, 60))
        for align in (0.0, 0.5, 1.0):
            write(surface, text, (50, 10, room, 40), 18, (255, 255, 255), align=align)
        drawn = np.nonzero(pygame.surfarray.array3d(surface).any(axis=(1, 2)))[0]
        assert drawn.min() >= 49 and drawn.max() <= 50 + room
    assert fitting("short", 18, 200) == 18
    assert shortened(long, 10, 100).endswith("…")


def test_texts_are_no_wider_than_the_geometry_takes_them_to_be():
    for text in ("24/18(2) 13/7(2)", "Setting up a position", "WWW mmm @ %", "bar/24*", "iIl.,"):
        for size in (9, 12, 16, 31):
            for bold in (False, True):
                assert text_width(text, size, bold) <= width(text, size, bold) * 1.13 + 1
            assert text_width(text, size) <= width(text, size) + 0.06 * size * len(text)


@pytest.mark.parametrize("names", [("", ""), ("W" * 80, "i" * 200)])
def test_odd_texts_can_be_drawn(names):
    view = replace(views.analysis(), names=names, message="word " * 200, score=(999, 1000),
                   pips=(375, 0), length=10000, cube=(4096, FAR))
    for size in ((800, 500), SIZE):
        assert Painter(size).frame(view).get_size() == size


@pytest.mark.parametrize("keys", ["", "h", "a h", "e", "f1", "m", "s", "n", "o", "r", "i", "t"])
def test_what_is_shown_of_a_game_can_be_drawn_and_read_in_the_smallest_window(keys):
    world = World(opening=(6, 3))
    world.key("space").wait(2000)
    for key in keys.split():
        world.key(key)
    view = world.view
    layout = layout_of(SMALLEST, view)
    buttons = tuple((one.label, key_text(one.key)) for one in view.buttons)
    assert min(label_sizes(buttons, layout.button_rects(len(buttons)), layout.unit)) >= 7
    plan = layout.dialog_plan(view)
    if view.dialog is not None and plan is not None:
        assert plan.text >= 8
        texts = tuple((one.label, key_text(one.key)) for one in view.dialog.choices)
        assert label_sizes(texts, plan.choices, plan.text)[0] >= plan.text - 1
        for cell in plan.cells:
            assert fitting(cell.text, plan.text, cell.rect[2], cell.bold) >= plan.text - 1
    assert Painter(SMALLEST).frame(view).get_size() == SMALLEST
