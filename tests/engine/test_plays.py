"""Legal plays: the rules one by one, properties, and three oracles."""

import json

import numpy as np
import pytest
from hypothesis import given

from engine.board import flip, off, pips, start, validate
from engine.dice import ROLLS, parse_roll
from engine.errors import DiceError, ImpossiblePositionError, MalformedPositionError
from engine.ids import decode_position, decode_positions, encode_positions
from engine.notation import format_play
from engine.plays import Move, afterstates_of, plays
from tests.engine import bruteforce
from tests.engine.positions import (
    DATA,
    START,
    boards,
    dice,
    movegen_records,
    pos,
    random_game,
)


def legal(position, roll):
    """Return the legal plays as a set of notations."""
    found = [format_play(play) for play in plays(pos(position), *parse_roll(roll))]
    assert len(set(found)) == len(found)
    return set(found)


# Entering


def test_a_checker_on_the_bar_must_enter_before_another_moves():
    assert legal("bar:1 6:2 / 24:1", "31") == {"bar/21", "bar/24 6/3", "bar/22 6/5"}


def test_two_on_the_bar_leave_no_die_for_the_others():
    assert legal("bar:2 6:2 / 24:1", "31") == {"bar/24 bar/22"}


def test_only_entering_with_the_smaller_die_leaves_the_larger_for_any_checker():
    assert legal("bar:1 13:1 / 6:2", "61") == {"bar/18", "bar/24 13/7"}


def test_one_of_two_may_enter_alone():
    assert legal("bar:2 6:2 / 1:2 2:2 4:2 5:2 6:2", "31") == {"bar/22"}


def test_nothing_moves_against_a_closed_board():
    board = pos("bar:1 6:5 / 1:2 2:2 3:2 4:2 5:2 6:2")
    [play] = plays(board, 6, 6)
    assert play.moves == ()
    assert (play.board == board).all()
    assert (play.after == flip(board)).all()


# Hitting and blocking


def test_a_point_held_by_two_opponents_is_blocked():
    [play] = plays(pos("24:1 / 3:2"), 2, 1)
    assert play.moves == (Move(23, 1), Move(22, 2))
    assert legal("24:1 / 2:2 3:2", "21") == {""}


def test_a_blot_that_is_landed_on_goes_to_the_bar():
    [play] = plays(pos("24:1 / 4:1 24:1"), 2, 1)
    assert play.moves == (Move(23, 2, False), Move(21, 1, True))
    assert (play.board == pos("21:1 / bar:1 24:1")).all()
    assert (play.after == pos("bar:1 24:1 / 21:1")).all()


def test_hitting_on_the_way_and_not_hitting_are_different_plays():
    assert legal("24:1 / 3:1", "21") == {"24/22*/21", "24/21"}


def test_both_blots_on_the_two_ways_give_two_plays():
    assert legal("24:1 / 2:1 3:1", "21") == {"24/22*/21", "24/23*/21"}


def test_entering_may_hit():
    assert legal("bar:1 / 3:1", "33") == {"bar/22*/13"}


def test_a_way_on_without_a_hit_is_one_play_with_the_larger_die_first():
    [play] = plays(pos("24:1 / 24:1"), 6, 5)
    assert play.moves == (Move(23, 6), Move(17, 5))


def test_the_same_play_in_two_orders_is_listed_once():
    assert legal("24:1 13:1 / 24:1", "21") == {"24/21", "24/22 13/12", "24/23 13/11", "13/10"}


# Using as many dice as possible


def test_a_die_that_leaves_the_other_unusable_may_not_be_chosen():
    # 12/8 is open, but no six can follow it.
    assert legal("20:1 12:1 / 11:2 19:2 23:2", "64") == {"20/10"}


def test_the_larger_die_must_be_used_if_only_one_can_be():
    assert legal("24:1 / 12:2", "65") == {"24/18"}


def test_the_smaller_die_is_used_if_the_larger_cannot_be():
    assert legal("24:1 / 7:2 12:2", "65") == {"24/19"}


def test_the_larger_die_is_used_even_to_bear_off():
    assert legal("6:1 / 24:2", "61") == {"6/off"}


@pytest.mark.parametrize(("blocked", "play"), [
    ("13:2", "24/15"), ("10:2", "24/18"), ("7:2", "24/21"), ("4:2", ""), ("16:2", "24/12"),
])
def test_doubles_are_played_as_often_as_they_can_be(blocked, play):
    assert legal(f"24:1 / {blocked}", "33") == {play}


def test_doubles_are_played_four_times_with_any_checkers():
    assert legal("24:2 / 24:1", "66") == {"24/18 24/6", "24/12(2)"}


# Bearing off


def test_nobody_bears_off_while_a_checker_is_outside():
    assert legal("8:1 6:1 / 1:2", "61") == {"8/1", "8/2 6/5"}


def test_nobody_bears_off_while_a_checker_has_yet_to_enter_or_come_round():
    assert legal("bar:1 1:2 / 2:2", "11") == {"bar/24"}


def test_the_last_checker_may_come_home_and_another_go_off_in_one_play():
    assert legal("7:1 5:1 / 1:2", "51") == {"7/1", "7/2 5/4", "7/6 5/off"}


def test_a_larger_die_bears_off_only_the_rearmost_checker():
    assert legal("6:1 3:1 / 1:2", "54") == {"6/1 3/off", "6/2 3/off"}
    assert legal("5:1 2:1 / 1:2", "43") == {"5/1 2/off", "5/off"}


def test_a_larger_die_bears_off_what_is_left():
    assert legal("4:1 2:1 / 1:2", "65") == {"4/off 2/off"}
    assert legal("4:1 2:3 / 1:2", "66") == {"4/off 2/off(3)"}


def test_the_last_checker_off_ends_the_play():
    [play] = plays(pos("2:1 / 1:2"), 6, 6)
    assert play.moves == (Move(1, 6),)
    assert off(play.board).tolist() == [15, 13]
    assert (play.after == pos("1:2 / ")).all()


# Properties


@given(boards(), dice, dice)
def test_checkers_are_conserved(board, d1, d2):
    for play in plays(board, d1, d2):
        validate(play.board)
        assert play.board[1].sum() == board[1].sum()
        borne_off = sum(move.target == -1 for move in play.moves)
        assert play.board[0].sum() == board[0].sum() - borne_off


@given(boards(), dice, dice)
def test_pips_moved_are_the_dice_used_unless_bearing_off_overshoots(board, d1, d2):
    for play in plays(board, d1, d2):
        used = sum(move.die for move in play.moves)
        overshoot = sum(max(move.die - move.source - 1, 0) for move in play.moves)
        hits = [24 - move.target for move in play.moves if move.hit]
        mine, theirs = (pips(play.board) - pips(board)).tolist()
        assert -mine == used - overshoot
        assert theirs == sum(25 - point for point in hits)


@given(boards(), dice, dice)
def test_no_play_uses_fewer_dice_than_another(board, d1, d2):
    found = plays(board, d1, d2)
    assert len({len(play.moves) for play in found}) == 1
    assert len(found[0].moves) <= (4 if d1 == d2 else 2)
    if d1 != d2 and len(found[0].moves) == 1:
        assert len({play.moves[0].die for play in found}) == 1


@given(boards(), dice, dice)
def test_every_play_leads_elsewhere_and_the_order_of_dice_means_nothing(board, d1, d2):
    afters = afterstates_of(board, d1, d2)
    assert afters.dtype == np.int8
    assert len(np.unique(afters, axis=0)) == len(afters)
    assert (afters == afterstates_of(board, d2, d1)).all()
    assert (afters == np.stack([play.after for play in plays(board, d1, d2)])).all()


@given(boards(), dice, dice)
def test_moves_are_given_in_a_legal_order(board, d1, d2):
    for play in plays(board, d1, d2):
        place = bruteforce.place_of(board)
        assert sorted(move.die for move in play.moves) in \
            [sorted(left) for left in ([], [d1], [d2], [d1, d2], [d1] * 3, [d1] * 4)]
        for move in play.moves:
            moved = bruteforce.moved(place, move.source + 1, move.die)
            assert moved is not None
            assert move.hit == (moved[1].count(0) > place[1].count(0))
            place = moved
        assert place == bruteforce.place_of(play.board)


# Oracles


def test_plays_are_those_of_gnu_backgammon():
    records = movegen_records()
    assert len(records) == 3000
    for record, board in zip(records, decode_positions([r["id"] for r in records]), strict=True):
        ids = encode_positions(afterstates_of(board, *record["d"]))
        assert len(ids) == len(set(ids))
        assert set(ids) == set(record["after"]), record["id"]


def same_as_brute_force(board, d1, d2):
    found = [bruteforce.place_of(play.board) for play in plays(board, d1, d2)]
    return len(set(found)) == len(found) and \
        set(found) == bruteforce.after_positions(board, d1, d2)


def test_plays_are_those_of_brute_force_in_random_games():
    seen = 0
    for seed in range(30):
        for board, roll in random_game(seed):
            # Brute force is slow where a double can be played in a thousand ways.
            if roll[0] != roll[1] or seen % 4 == 0:
                assert same_as_brute_force(board, *roll), (encode_positions(board[None]), roll)
            seen += 1
    assert seen > 2000


@given(boards(), dice, dice)
def test_plays_are_those_of_brute_force_anywhere(board, d1, d2):
    assert same_as_brute_force(board, d1, d2)


def test_perft_counts_stand():
    golden = json.loads((DATA / "perft.json").read_text())
    nodes = decode_positions([golden["position"]])
    for depth in golden["depths"]:
        children = [play for node in nodes for d1, d2 in ROLLS.tolist()
                    for play in plays(node, d1, d2)]
        distinct = {play.packed: play for play in children}.values()
        assert {"plays": len(children), "positions": len(distinct)} == depth
        nodes = (play.after for play in distinct)


# What is refused, and what is promised


def test_only_one_board_and_two_dice_are_taken():
    with pytest.raises(MalformedPositionError):
        plays(np.stack([start()] * 2), 3, 1)
    with pytest.raises(MalformedPositionError):
        plays(start().astype(float), 3, 1)
    with pytest.raises(MalformedPositionError):
        plays(-start(), 3, 1)
    with pytest.raises(MalformedPositionError):
        plays([[1], [1, 2]], 3, 1)
    with pytest.raises(ImpossiblePositionError):
        plays(start() + start(), 3, 1)
    with pytest.raises(DiceError):
        plays(start(), 3, 7)


def test_the_kept_boards_cannot_be_changed():
    play = plays(start(), 3, 1)[0]
    assert play.after is play.after and play.board is play.board
    for board in (play.board, play.after):
        with pytest.raises(ValueError, match="read-only"):
            board[0, 0] = 1


def test_plays_are_values():
    once, again = plays(start(), 3, 1), plays(start(), 1, 3)
    assert once == again
    assert len(set(once + again)) == 16
    assert len(plays(pos(START), 3, 1)) == 16


def test_the_board_given_is_left_alone():
    board = decode_position("4HPwATDgc/ABMA")
    plays(board, 6, 6)
    assert (board == start()).all()
