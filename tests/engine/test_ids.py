"""Positions as text: the Position ID."""

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.board import flip, start
from engine.errors import ImpossiblePositionError, MalformedPositionError
from engine.ids import decode_position, decode_positions, encode_position, encode_positions
from tests.engine.positions import boards, movegen_records, pos

BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def test_the_start_has_the_id_that_everyone_knows():
    assert encode_position(start()) == "4HPwATDgc/ABMA"
    assert (decode_position("4HPwATDgc/ABMA") == start()).all()


def test_the_player_not_on_roll_comes_first_in_the_id():
    # After the opening 3-1 the opponent is on roll.
    after = pos("24:2 13:5 8:3 6:5 / 24:2 13:5 8:2 6:4 5:2")
    assert encode_position(after) == "sGfwATDgc/ABMA"
    assert encode_position(flip(after)) == "4HPwATCwZ/ABMA"


def test_finished_games_and_full_bars_have_ids():
    for board in (pos("1:1 / "), pos(" / 24:15"), pos("bar:15 / bar:15"), pos("24:15 / 24:15")):
        assert (decode_position(encode_position(board)) == board).all()


@given(st.lists(boards(), max_size=5))
def test_ids_come_back(batch):
    ids = encode_positions(batch)
    assert all(len(text) == 14 for text in ids)
    decoded = decode_positions(ids)
    assert decoded.dtype == np.int8 and decoded.shape == (len(batch), 2, 25)
    assert all((a == b).all() for a, b in zip(decoded, batch, strict=True))


def test_ids_of_gnu_backgammon_come_back():
    ids = [text for record in movegen_records() for text in [record["id"], *record["after"]]]
    assert len(ids) > 30_000
    assert encode_positions(decode_positions(ids)) == ids


@given(st.text(BASE64, min_size=14, max_size=14))
def test_what_can_be_decoded_is_the_only_id_of_its_position(text):
    try:
        board = decode_position(text)
    except (MalformedPositionError, ImpossiblePositionError):
        return
    assert encode_position(board) == text


@pytest.mark.parametrize("text", [
    "", "4HPwATDgc/ABM", "4HPwATDgc/ABMAA", "4HPwATDgc/ABM=", "4HPwATDgc_ABMA", "4HPwATDgc ABMA",
    "4HPwATDgc/ABMÀ", "4HPwATDgc/ABM\n", 14, None,
    "4HPwATDgc/ABMB", "4HPwATDgc/ABMC", "4HPwATDgc/ABMP",  # bits beyond the ten bytes
    "AAAAAAAAAAAAAg",  # bits after the last cell
])
def test_text_that_is_no_id_is_malformed(text):
    with pytest.raises(MalformedPositionError):
        decode_position(text)


@pytest.mark.parametrize("text", [
    "AAAAAAAAAAAAAA",  # both sides have finished
    "//8AAAAAAAAAAA",  # sixteen on one point
    "AAAEgAAAAAAAAA",  # both sides on one point
])
def test_ids_of_what_no_game_contains_are_impossible(text):
    with pytest.raises(ImpossiblePositionError, match=text):
        decode_position(text)


def test_the_error_names_the_bad_id_of_a_batch():
    with pytest.raises(ImpossiblePositionError, match="'//8AAAAAAAAAAA'"):
        decode_positions(["4HPwATDgc/ABMA", "//8AAAAAAAAAAA", "AAAAAAAAAAAAAA"])
    with pytest.raises(MalformedPositionError, match="'4HPwATDgc/ABMB'"):
        decode_positions(["4HPwATDgc/ABMA", "4HPwATDgc/ABMB"])


def test_an_empty_batch_is_fine():
    assert encode_positions(np.zeros((0, 2, 25), np.int8)) == encode_positions([]) == []
    assert decode_positions([]).shape == (0, 2, 25)


def test_boards_that_are_none_have_no_id():
    with pytest.raises(MalformedPositionError):
        encode_position(np.zeros((25, 2), np.int8))
    with pytest.raises(MalformedPositionError):
        encode_positions(start())
    with pytest.raises(ImpossiblePositionError):
        encode_positions([start(), start() * 2])
