"""The board: layout, turning, counting, and what is no board."""

import numpy as np
import pytest
from hypothesis import given

from engine.board import CHECKERS, flip, has_contact, off, pips, start, validate
from engine.errors import EngineError, ImpossiblePositionError, MalformedPositionError
from tests.engine.positions import START, boards, pos


def test_start_has_the_usual_checkers_on_both_sides():
    assert (start() == pos(START)).all()
    assert start().dtype == np.int8
    assert start().sum(-1).tolist() == [CHECKERS, CHECKERS]


def test_start_is_a_fresh_copy():
    start()[0, 0] = 7
    assert start()[0, 0] == 0


@given(boards())
def test_flip_twice_is_identity(board):
    assert (flip(flip(board)) == board).all()
    assert (flip(board)[0] == board[1]).all()


def test_flip_turns_each_board_of_a_batch():
    batch = np.stack([start(), pos("6:1 / 1:1")])
    assert (flip(batch)[1] == pos("1:1 / 6:1")).all()


def test_pips_count_the_bar_as_25_and_off_as_nothing():
    counts = pips(pos("6:2 bar:1 / 1:1"))
    assert counts.dtype == np.int32
    assert counts.tolist() == [37, 1]
    assert pips(pos("bar:15 / 24:1")).tolist() == [375, 24]


def test_off_is_what_is_missing_from_fifteen():
    counts = off(np.stack([start(), pos("6:1 / 1:3")]))
    assert counts.dtype == np.int8
    assert counts.tolist() == [[0, 0], [14, 12]]


@pytest.mark.parametrize(("position", "contact"), [
    (START, True),
    ("12:2 / 14:2", True),
    ("12:2 / 12:2", False),
    ("13:2 / 13:2", True),
    ("bar:1 / 1:1", True),
    ("1:1 / bar:1", True),
    ("6:15 / 6:15", False),
])
def test_contact_lasts_until_the_rearmost_checkers_have_passed(position, contact):
    assert bool(has_contact(pos(position))) is contact


def test_no_contact_once_a_side_has_finished():
    assert not has_contact(pos("bar:1 24:3 / "))
    assert has_contact(np.stack([start(), pos(" / 24:1")])).tolist() == [True, False]


def test_validate_returns_an_int8_copy_of_any_integers():
    given_board = start().astype(np.int64)
    checked = validate(given_board)
    checked[0, 0] = 1
    assert checked.dtype == np.int8
    assert given_board[0, 0] == 0
    assert validate(flip(start())).flags.c_contiguous
    assert validate(start().tolist()).shape == (2, 25)
    assert validate(np.zeros((0, 2, 25), np.int8)).shape == (0, 2, 25)


@pytest.mark.parametrize("board", [
    np.zeros(25, np.int8), np.zeros((2, 26), np.int8), np.zeros((3, 25), np.int8), 7, [[1], [1, 2]],
    start().astype(float), start().astype(bool), start().astype(str), -start(),
])
def test_malformed_boards_are_refused(board):
    with pytest.raises(MalformedPositionError):
        validate(board)


@pytest.mark.parametrize(("mine", "theirs"), [
    ({0: 16}, {0: 1}), ({0: 8, 1: 8}, {0: 1}), ({0: 1}, {24: 15, 3: 1}), ({0: 300}, {0: 1}),
    ({0: 1}, {23: 1}), ({5: 2}, {18: 2}), ({}, {}),
])
def test_impossible_boards_are_refused(mine, theirs):
    board = np.zeros((2, 25), np.int64)
    for row, side in zip(board, (mine, theirs), strict=True):
        for index, count in side.items():
            row[index] = count
    with pytest.raises(ImpossiblePositionError):
        validate(board)


def test_both_bars_may_be_taken_at_once():
    validate(pos("bar:2 / bar:3"))


def test_the_error_names_the_first_bad_board_of_a_batch():
    batch = np.stack([start()] * 4)
    batch[2, 0, 0] = batch[3, 0, 0] = 1
    with pytest.raises(ImpossiblePositionError, match="board 2 has more than 15"):
        validate(batch)


def test_every_error_is_an_engine_error_and_a_value_error():
    for error in (MalformedPositionError, ImpossiblePositionError):
        assert issubclass(error, EngineError) and issubclass(error, ValueError)
