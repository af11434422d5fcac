"""Plays as text: the usual notation, the plain one, and every way a person may write them."""

import pytest
from hypothesis import given

from engine.board import start
from engine.dice import parse_roll
from engine.errors import (
    AmbiguousPlayError,
    IllegalPlayError,
    InvalidPlayError,
    NotationError,
)
from engine.ids import decode_positions
from engine.notation import format_play, parse_play, ubgi_play
from engine.plays import Move, Play, plays
from tests.engine.positions import START, boards, dice, movegen_records, pos


def parse(position, roll, text):
    """Read a play in a position and write it again in the usual notation."""
    return format_play(parse_play(text, pos(position), *parse_roll(roll)))


def of(*moves):
    """Return a play of (source point, die, hit) whose board nobody asks for."""
    return Play(tuple(Move(source - 1, die, hit) for source, die, hit in moves), 0)


# Writing


@pytest.mark.parametrize(("play", "usual", "plain"), [
    (of((25, 3, False), (13, 2, True)), "bar/22 13/11*", "bar/22 13/11"),
    (of((25, 2, False), (25, 2, False), (13, 2, True), (13, 2, False)),
     "bar/23(2) 13/11*(2)", "bar/23 bar/23 13/11 13/11"),
    (of((24, 6, False), (18, 5, False)), "24/13", "24/18 18/13"),
    (of((24, 6, True), (18, 5, False)), "24/18*/13", "24/18 18/13"),
    (of((24, 6, True), (18, 5, True)), "24/18*/13*", "24/18 18/13"),
    (of((24, 6, False), (18, 5, True)), "24/13*", "24/18 18/13"),
    (of((6, 6, False), (4, 5, False)), "6/off 4/off", "6/off 4/off"),
    (of((6, 2, False), (4, 2, False), (2, 2, False), (2, 2, False)),
     "6/off 2/off", "6/4 4/2 2/off 2/off"),
    (of((13, 2, True), (13, 2, False), (11, 2, False)),
     "13/11* 13/9", "13/11 13/11 11/9"),
    (of((13, 2, True), (13, 2, False), (11, 2, False), (11, 2, False)),
     "13/11*/9 13/9", "13/11 13/11 11/9 11/9"),
    (of((24, 2, False), (24, 2, False), (22, 2, False), (22, 2, False)),
     "24/20(2)", "24/22 24/22 22/20 22/20"),
    (of(), "", ""),
])
def test_plays_are_written(play, usual, plain):
    assert format_play(play) == usual
    assert ubgi_play(play) == plain


def test_every_opening_three_one_is_written_differently():
    texts = [format_play(play) for play in plays(start(), 3, 1)]
    assert len(set(texts)) == 16
    assert {"8/5 6/5", "24/20", "24/23 13/10", "13/9"} <= set(texts)


# Reading what is clear


@pytest.mark.parametrize("text", [
    "24/18 18/13", "18/13 24/18", "24/13", "24/18/13", "24 / 13", "24-13", "24 18 18 13",
    " 24/18,18/13 ",
])
def test_a_checker_moving_on_may_be_written_in_many_ways(text):
    assert parse(START, "65", text) == "24/13"


@pytest.mark.parametrize("text", ["8/5 6/5", "6/5 8/5", "8-5 6-5", "8 5 6 5", "6/5,8/5"])
def test_parts_may_come_in_any_order_and_with_other_signs(text):
    assert parse(START, "31", text) == "8/5 6/5"


@pytest.mark.parametrize("text", [
    "bar/20 6/5", "b/20 6/5", "25/20 6/5", "BAR/20 6/5", "6/5 Bar/20*", "bar/20*, 6/5", "25-20 6-5",
])
def test_the_bar_has_three_names_and_stars_may_be_left_out(text):
    assert parse("bar:1 6:2 / 5:1", "51", text) == "bar/20* 6/5"


@pytest.mark.parametrize("text", ["6/off 5/off", "6/o 5/o", "6/0 5/0", "6/OFF 5/Off", "5/0, 6/off"])
def test_off_has_three_names(text):
    assert parse("6:2 5:2 / 1:2", "65", text) == "6/off 5/off"


@pytest.mark.parametrize("text", [
    "8/5(2) 6/3(2)", "6/3(2), 8/5(2)", "8/5 8/5 6/3 6/3", "8/5 (2) 6/3 6/3", "6/3 8/5(2) 6/3",
])
def test_repeated_moves(text):
    assert parse(START, "33", text) == "8/5(2) 6/3(2)"


@pytest.mark.parametrize("text", ["24/15(1) 13/10", "24/21/18/15 13/10", "24/18 18/15 13/10"])
def test_chains_of_a_double(text):
    assert parse(START, "33", text) == "24/15 13/10"


@pytest.mark.parametrize("text", ["13/11*(2)", "13/11(2)*", "13/11(2)", "13/11* 13/11"])
def test_a_star_may_stand_on_either_side_of_the_count(text):
    assert parse("13:2 / 14:1 11:2", "22", text + " 11/9(2)") == "13/11*/9 13/9"


@pytest.mark.parametrize("text", ["", "  ", "pass", "-", "no move", "Cannot move"])
def test_nothing_moves(text):
    closed = "bar:1 6:5 / 1:2 2:2 3:2 4:2 5:2 6:2"
    assert parse_play(text, pos(closed), 6, 5).moves == ()


def test_one_die_alone_is_a_complete_play_if_nothing_else_can_be_played():
    assert parse("24:1 / 12:2", "65", "24/18") == "24/18"


# Reading what depends on hits

# From 24 a six hits on 18; a five does not hit on 19.
ONE_BLOT = "24:1 / 7:1"
TWO_BLOTS = "24:1 / 7:1 6:1"


@pytest.mark.parametrize(("text", "play"), [
    ("24/13", "24/13"), ("24/19/13", "24/13"), ("24/19 19/13", "24/13"),
    ("24/18/13", "24/18*/13"), ("24/18*/13", "24/18*/13"), ("24/18 18/13", "24/18*/13"),
])
def test_text_without_a_hit_on_the_way_means_the_play_without_it(text, play):
    assert parse(ONE_BLOT, "65", text) == play


def test_text_that_may_hit_either_of_two_blots_is_ambiguous():
    with pytest.raises(AmbiguousPlayError, match=r'"24/18\*/13" or "24/19\*/13"'):
        parse(TWO_BLOTS, "65", "24/13")
    assert parse(TWO_BLOTS, "65", "24/19/13") == "24/19*/13"


def test_a_star_where_nobody_is_hit_is_illegal():
    with pytest.raises(IllegalPlayError, match="hits on 5, where no blot"):
        parse(START, "31", "8/5* 6/5")


# Refusing


@pytest.mark.parametrize("text", [
    "hello", "8/5 6", "8", "8/", "/5", "26/20", "8/25", "8/bar", "off/3", "0/3", "8/5(0)",
    "8/5(5)", "8/5**", "8/5*(2)*", "8*/5", "8/5 6/5 x", "8/5(2) 6/3(3)", "8/5 6/5 4/3 3/2 2/1",
    "double", "8//5", "8/5(2",
])
def test_what_is_no_notation_is_invalid(text):
    with pytest.raises(InvalidPlayError):
        parse(START, "33", text)


@pytest.mark.parametrize(("position", "roll", "text", "why"), [
    (START, "31", "8/5", "as many dice as possible"),
    (START, "31", "", "moves nothing"),
    (START, "31", "8/4 6/5", "dice cannot make"),
    (START, "31", "8/6 6/5", "2 pips"),
    (START, "31", "5/8 6/5", "backwards"),
    (START, "31", "7/4 6/5", "no checker of the mover stands on 7"),
    (START, "31", "23/22 24/21", "no checker of the mover stands on 23"),
    (START, "31", "6/off", "6 pips"),
    (START, "66", "6/off", "not all checkers are home"),
    (START, "65", "24/18 6/1", "opponent holds 1"),
    (START, "31", "8/5 8/5", "cannot make"),
    (START, "31", "bar/22 6/5", "no checker of the mover stands on bar"),
    ("bar:1 6:2 / 24:1", "31", "6/3 6/5", "enter from the bar first"),
    ("bar:1 6:5 / 1:2 2:2 3:2 4:2 5:2 6:2", "65", "6/1", "nothing can be moved"),
    ("24:1 / 12:2", "65", "24/19", "the larger die that can be used"),
    ("6:1 4:1 / 1:2", "51", "4/off 6/5", "dice cannot make"),
])
def test_what_is_not_legal_is_refused_with_the_reason(position, roll, text, why):
    with pytest.raises(IllegalPlayError, match=why) as error:
        parse(position, roll, text)
    assert "\n" not in str(error.value)


def test_the_three_errors_are_told_apart():
    kinds = (InvalidPlayError, IllegalPlayError, AmbiguousPlayError)
    assert all(issubclass(kind, NotationError) for kind in kinds)
    assert not any(issubclass(a, b) for a in kinds for b in kinds if a is not b)


# Round trips


def both_texts_come_back(board, d1, d2, every=1):
    found = plays(board, d1, d2)
    assert len({format_play(play) for play in found}) == len(found)
    for play in found[::every]:
        assert parse_play(format_play(play), board, d1, d2) == play
        assert parse_play(ubgi_play(play), board, d1, d2) == play


def test_every_text_comes_back_in_real_positions():
    records = movegen_records()[::20]
    for record, board in zip(records, decode_positions([r["id"] for r in records]), strict=True):
        both_texts_come_back(board, *record["d"])


@given(boards(), dice, dice)
def test_every_text_comes_back_anywhere(board, d1, d2):
    both_texts_come_back(board, d1, d2, every=max(1, len(plays(board, d1, d2)) // 20))
