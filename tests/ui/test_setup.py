"""Setting up a position by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.board import CHECKERS, start
from engine.errors import PositionError
from tests.engine.positions import boards, pos
from ui.setup import HELP, Editing, clear, finished, of_board, opening, press, swap_turn
from ui.view import BARS, FAR, NEAR, NOTHING, SPOTS, TRAYS, Target

EMPTY = clear(Editing(start()))


def spot(index):
    return Target("spot", index)


def pressed(editing, *presses):
    """Return the position after presses: a spot for the left, ~spot for the right button."""
    for index in presses:
        editing = press(editing, spot(max(index, ~index)), other=index < 0)
    return editing


def same(editing, text):
    return (editing.board == pos(text)).all()


def test_the_left_button_puts_near_checkers_and_the_right_one_far_checkers():
    editing = pressed(EMPTY, 5, 5, 7, ~18, ~18, ~0)
    # The near player's point 19 is the far player's 6, his ace point the other's 24.
    assert same(editing, "6:2 8:1 / 6:2 24:1")


def test_the_other_button_takes_a_press_back():
    assert same(pressed(EMPTY, 5, 5, ~5, ~9), "6:1 / 15:1")
    editing = pressed(EMPTY, 5, ~5)
    assert not editing.board.any()


def test_a_point_of_the_other_side_is_emptied_before_it_changes_hands():
    assert same(pressed(EMPTY, 0, ~5, ~5, 5), "1:1 / 19:1")
    assert same(pressed(EMPTY, 0, ~5, ~5, 5, 5, 5), "1:1 6:1 /")


def test_only_its_own_side_stands_on_a_bar():
    near, far = BARS
    assert same(pressed(EMPTY, near, near, ~near, ~far), "bar:1 / bar:1")
    assert not pressed(EMPTY, ~near, far).board.any()
    assert same(pressed(EMPTY, 0, ~far, ~far, far), "1:1 / bar:1")


def test_a_side_has_no_more_than_fifteen_checkers():
    assert same(pressed(Editing(start()), 5, 2), "24:2 13:5 8:3 6:5 / 24:2 13:5 8:3 6:5")
    assert same(pressed(EMPTY, *[3] * 20), "4:15 /")


def test_a_press_on_a_tray_bears_off_its_whole_side():
    near, far = TRAYS
    assert same(pressed(Editing(start()), near), "/ 24:2 13:5 8:3 6:5")
    assert same(pressed(Editing(start()), far), "24:2 13:5 8:3 6:5 /")
    assert same(pressed(Editing(start()), ~near), "/ 24:2 13:5 8:3 6:5")


def test_a_press_on_the_dice_gives_their_side_the_turn():
    editing = press(Editing(start()), Target("dice", FAR), other=False)
    assert editing.on_roll == FAR
    assert press(editing, Target("dice", NEAR), other=True).on_roll == NEAR


@pytest.mark.parametrize("target", [
    NOTHING, Target("cube"), Target("button", name="roll"), Target("spot", SPOTS),
    Target("spot", -1), Target("dice")])
def test_a_press_elsewhere_changes_nothing(target):
    editing = Editing(start())
    assert press(editing, target, other=False) is editing


def test_opening_clear_and_turn():
    editing = opening(Editing(pos("1:1 / 1:1"), FAR))
    assert (editing.board == start()).all() and editing.on_roll == FAR
    assert not clear(editing).board.any() and clear(editing).on_roll == FAR
    assert swap_turn(editing).on_roll == NEAR and swap_turn(swap_turn(editing)).on_roll == FAR


@given(boards(), st.integers(0, 1))
def test_positions_come_back_from_the_side_of_the_player_on_roll(board, on_roll):
    editing = of_board(board, on_roll)
    assert (editing.board[on_roll] == board[0]).all()
    assert (finished(editing) == board).all()


@given(st.lists(st.tuples(st.integers(0, SPOTS - 1), st.booleans()), max_size=60))
def test_no_presses_make_what_no_board_can_hold(presses):
    editing = EMPTY
    for index, other in presses:
        before = editing.board.copy()
        editing = press(editing, spot(index), other)
        assert editing.board.dtype == np.int8 and (editing.board >= 0).all()
        assert (editing.board.sum(1) <= CHECKERS).all()
        assert not ((editing.board[0, :24] > 0) & (editing.board[1, 23::-1] > 0)).any()
        if index not in TRAYS:
            assert abs(editing.board - before).sum() <= 1


@pytest.mark.parametrize("text, why", [
    ("/ 24:2", "near player has no checker"), ("24:2 /", "far player has no checker"),
    ("6:2 5:2 4:2 3:2 2:2 1:2 bar:1 / 6:2 5:2 4:2 3:2 2:2 1:2 bar:1", "closed boards")])
@pytest.mark.parametrize("on_roll", [NEAR, FAR])
def test_positions_in_which_nobody_can_play_on_are_refused(text, why, on_roll):
    with pytest.raises(PositionError, match=why) as caught:
        finished(Editing(pos(text), on_roll))
    assert "\n" not in str(caught.value)


def test_an_empty_board_is_refused():
    with pytest.raises(PositionError, match="both sides borne off"):
        finished(EMPTY)


def test_the_help_is_one_line():
    assert "\n" not in HELP and len(HELP) < 130
