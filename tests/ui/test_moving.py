"""A play in progress: what may move, one die at a time."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.board import start
from engine.notation import format_play
from engine.plays import OFF, Move
from tests.engine.positions import pos, random_game
from ui.moving import Moving, begin

BAR = 24


def reached(moving: Moving) -> set[bytes]:
    """Return every position in which following the options can end."""
    if moving.complete:
        return {moving.board.tobytes()}
    assert moving.options, "a play that is not complete can go on"
    return set().union(*(reached(moving.make(move)) for move in moving.options))


@pytest.mark.parametrize("seed", range(4))
def test_following_the_options_leads_to_every_legal_play_and_to_nothing_else(seed):
    for n, (board, roll) in enumerate(random_game(seed)):
        if n % 6 and roll[0] != roll[1] or n % 24:
            continue
        moving = begin(board, roll)
        assert reached(moving) == {play.board.tobytes() for play in moving.legal}


def test_whatever_is_made_at_random_is_complete_after_as_many_moves_as_can_be_made():
    rng = random.Random(3)
    for board, roll in random_game(11):
        moving = begin(board, roll)
        while not moving.complete:
            assert moving.play is None
            moving = moving.make(rng.choice(moving.options))
        assert moving.play in moving.legal
        np.testing.assert_array_equal(moving.play.board, moving.board)
        assert moving.options == () == moving.sources


def test_a_checker_on_the_bar_must_enter_first():
    moving = begin(pos("bar:1 6:5 / 6:2 5:2"), (3, 1))
    assert moving.sources == (BAR,)
    assert 5 in moving.make(moving.options[0]).sources


def test_a_move_that_would_forfeit_the_other_die_is_not_offered():
    # 13/7 with the six leaves no two, for 5 and 6 are held; 13/11 8/2 uses both dice.
    moving = begin(pos("13:1 8:1 / 20:2 19:2"), (6, 2))
    assert {(move.source, move.die) for move in moving.options} == {(12, 2), (7, 6)}


def test_only_the_larger_die_is_offered_if_either_but_not_both_can_be_used():
    # From 14 both 8 and 9 are open, but 3, where the second die would lead, is held.
    moving = begin(pos("14:1 / 22:2 6:1"), (6, 5))
    assert moving.length == 1
    assert [(move.source, move.die) for move in moving.options] == [(13, 6)]


def test_the_first_die_in_the_order_shown_is_used_by_a_click():
    moving = begin(start(), (1, 3))
    assert moving.roll == (3, 1)
    assert moving.click(7).made[0].die == 3
    assert moving.swap().click(7).made[0].die == 1


def test_a_click_uses_the_other_die_where_the_first_cannot_go():
    moving = begin(start(), (5, 1))
    assert moving.click(23).made == (Move(23, 1),)


def test_a_click_where_nothing_can_leave_does_nothing():
    assert begin(start(), (3, 1)).click(0) is None
    assert begin(start(), (5, 5)).click(23) is None


def test_a_checker_may_be_carried_with_several_dice():
    moving = begin(start(), (3, 1))
    assert set(moving.ways(23)) == {22, 20, 19}
    assert [move.die for move in moving.drop(23, 19).made] == [3, 1]
    assert [move.die for move in moving.swap().drop(23, 19).made] == [1, 3]


def test_a_checker_may_be_carried_three_and_four_times_a_double():
    moving = begin(start(), (2, 2))
    assert {12 - 2 * n for n in (1, 2, 3, 4)} <= set(moving.ways(12))
    assert len(moving.drop(12, 4).made) == 4


def test_a_checker_is_not_carried_over_a_point_that_is_held():
    # With 61 from 13: over 7 or over 12; with both held there is no way to 6.
    assert 5 in begin(pos("13:2 / 18:2"), (6, 1)).ways(12)
    assert 5 not in begin(pos("13:2 / 18:2 13:2"), (6, 1)).ways(12)


def test_the_exact_die_bears_off_before_a_larger_one():
    moving = begin(pos("4:2 2:2 / 24:2"), (6, 4))
    assert moving.drop(3, OFF).made[0].die == 4


def test_undo_takes_back_one_move_or_all():
    moving = begin(start(), (3, 1))
    whole = moving.click(7).click(5)
    assert [m.source for m in whole.undo().made] == [7]
    assert whole.undo_all().made == ()
    np.testing.assert_array_equal(whole.undo_all().board, start())


def test_a_hit_sends_the_checker_to_the_bar_and_undo_brings_it_back():
    moving = begin(pos("8:2 6:2 / 20:1 24:2"), (3, 1)).click(7)
    assert moving.made[0].hit and moving.board[1, BAR] == 1 and moving.board[1, 19] == 0
    assert moving.undo().board[1, 19] == 1


def test_dice_left_are_those_not_used_in_their_order():
    moving = begin(start(), (3, 1))
    assert moving.left == (3, 1) and moving.swap().left == (1, 3)
    assert moving.click(7).left == (1,)
    double = begin(start(), (1, 1))
    assert double.left == (1,) * 4 and double.click(7).left == (1,) * 3


def test_the_play_made_is_the_legal_one_of_that_position():
    moving = begin(start(), (3, 1)).click(7).click(5)
    assert format_play(moving.play) == "8/5 6/5"
    assert moving.with_moves_of(moving.legal[3]).play == moving.legal[3]


def test_a_play_finishes_itself_from_wherever_it_is():
    for board, roll in random_game(5):
        moving = begin(board, roll)
        part = moving.make(moving.options[-1]) if moving.options else moving
        assert part.finish().play in moving.legal


def test_nothing_to_move_is_a_complete_play():
    moving = begin(pos("bar:1 6:5 / 6:2 5:2 4:2 3:2 2:2 1:2"), (3, 1))
    assert moving.complete and moving.options == () and moving.play.moves == ()
