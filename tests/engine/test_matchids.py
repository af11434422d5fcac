"""Match states as text: Match ID and XGID."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.board import flip, start
from engine.errors import EngineError, ImpossiblePositionError, MalformedPositionError
from engine.game import MatchState
from engine.ids import (
    MatchRecord,
    XgPosition,
    decode_match_id,
    encode_match_id,
    format_xgid,
    parse_xgid,
)
from tests.engine.positions import boards, pos

ROLLS = st.none() | st.tuples(st.integers(1, 6), st.integers(1, 6))


@st.composite
def states(draw):
    """Draw a match state with a score that can be."""
    length = draw(st.integers(0, 25))
    points = st.integers(0, max(length - 1, 0) if length else 99)
    score = (draw(points), draw(points))
    return MatchState(
        length, score, cube=1 << draw(st.integers(0, 9)),
        cube_owner=draw(st.sampled_from([None, 0, 1])),
        crawford=length - max(score) == 1 and draw(st.booleans()),
        jacoby=not length and draw(st.booleans()))


# Match ID


@pytest.mark.parametrize(("text", "record"), [
    # The example of the GNU Backgammon manual: 2-4 in a match to 9, player 0 owns the cube on 2,
    # player 1 has rolled 52.
    ("QYkqASAAIAAA", MatchRecord(
        MatchState(9, (2, 4), 2, 0, jacoby=True), on_roll=1, turn=1, dice=(5, 2))),
    ("cAkAAAAAAAAA", MatchRecord(MatchState(jacoby=True), on_roll=1, turn=1)),
    ("cAkAAAAAAAAE", MatchRecord()),
    ("8IluACAACAAE", MatchRecord(
        MatchState(3, (2, 1), crawford=True), on_roll=1, turn=1, dice=(5, 3))),
    ("8IhuACAACAAE", MatchRecord(
        MatchState(3, (2, 1), crawford=True), on_roll=1, turn=1, dice=(5, 3), phase=0)),
])
def test_match_ids_that_are_known(text, record):
    assert decode_match_id(text) == record
    assert encode_match_id(record) == text


@given(states(), st.integers(0, 1), st.integers(0, 1), ROLLS, st.booleans(), st.integers(0, 3),
       st.integers(0, 4))
def test_match_ids_come_back(state, on_roll, turn, roll, doubled, resigned, phase):
    roll = roll and tuple(sorted(roll, reverse=True))
    record = MatchRecord(state, on_roll, turn, roll, doubled, resigned, phase)
    text = encode_match_id(record)
    assert len(text) == 12
    assert decode_match_id(text) == record


@pytest.mark.parametrize("text", [
    "", "cAkAAAAAAAA", "cAkAAAAAAAAAA", "cAkAAAAAAAA=", "cAkAAAAAAAA*", "cAkAAAAAAAÀA",
    "4HPwATDgc/ABMA", "YAkAAAAAAAAA", "cA0AAAAAAAAA", "cAkAAAAAAAAI",
])
def test_text_that_is_no_match_id_is_malformed(text):
    with pytest.raises(MalformedPositionError):
        decode_match_id(text)


@pytest.mark.parametrize("text", ["cIkDAAAAAAAA", "cAkCAAAAAAAA", "8AkAAAAAAAAA"])
def test_match_ids_of_impossible_dice_or_crawford_games(text):
    with pytest.raises(ImpossiblePositionError):
        decode_match_id(text)


def test_what_a_match_id_has_no_room_for_is_refused():
    with pytest.raises(EngineError, match="length"):
        encode_match_id(MatchRecord(MatchState(length=1 << 15)))


# XGID

XG_START = "XGID=-b----E-C---eE---c-e----B-:0:0:1:00:0:0:0:0:10"


def test_the_start_has_the_xgid_that_everyone_knows():
    position = parse_xgid(XG_START)
    assert (position.board == start()).all()
    assert (position.on_roll, position.dice, position.state) == (1, None, MatchState())
    assert format_xgid(XgPosition(start())) == XG_START


@pytest.mark.parametrize("text", [
    XG_START[5:], "xgid=" + XG_START[5:], f"  {XG_START}\n", XG_START.removesuffix(":10"),
])
def test_prefix_and_highest_cube_may_be_missing(text):
    assert format_xgid(parse_xgid(text)) == XG_START


def test_an_xgid_is_seen_from_below_whoever_is_on_roll():
    below = parse_xgid("XGID=aC----B-------------b---dB:0:0:1:31:0:0:1:0:10")
    above = parse_xgid("XGID=aC----B-------------b---dB:0:0:-1:31:0:0:1:0:10")
    assert (below.board == pos("1:3 6:2 bar:2 / 1:4 5:2 bar:1")).all()
    assert (above.board == flip(below.board)).all()
    assert above.on_roll == 0 and below.on_roll == 1


def test_scores_cube_and_rules_of_an_xgid():
    position = parse_xgid("XGID=--A-bBBBB--BbB-----dbbc-B-:0:0:1:31:6:4:1:7:10")
    # The first score is that of the player at the bottom, player 1.
    assert position.state == MatchState(7, (4, 6), crawford=True)
    assert position.dice == (3, 1)
    position = parse_xgid("XGID=-a-B--E-B-a-dDB--b-bcb----:1:1:-1:63:0:0:0:3:8")
    assert position.state == MatchState(3, cube=2, cube_owner=1)
    assert position.max_cube == 8
    position = parse_xgid("XGID=-b----E-C---eE---c-e----B-:1:-1:-1:D:0:0:3:0:10")
    assert (position.cube_action, position.dice) == ("D", None)
    assert position.state == MatchState(cube=2, cube_owner=0, jacoby=True)
    assert position.beavers


def test_match_id_and_xgid_of_one_position_agree():
    # Both as GNU Backgammon 1.08 writes them.
    xgid = parse_xgid("XGID=-b----E-C---eE---c-e----B-:0:0:1:53:1:2:1:3:10")
    match = decode_match_id("8IluACAACAAE")
    assert (xgid.state, xgid.dice, xgid.on_roll) == (match.state, match.dice, match.on_roll)


@pytest.mark.parametrize("text", [
    "XGID=-BBB--CC----eA--bc-e-B----:0:0:1:00:0:0:0:3:8",
    "XGID=-B-CBBB---a---A---ABcbbbd-:1:-1:1:21:3:6:0:7:10",
    "XGID=ab----D-C---cD---c-d----AB:0:0:1:52:3:2:0:7:10",
    "XGID=-b----E-C---eE---b-d-b--B-:0:0:1:46:0:0:3:0:10",
    "XGID=-O----------------------o-:0:0:1:31:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:2:1:1:R:0:0:3:0:10",
    "XGID=-b----E-C---eE---c-e----B-:1:-1:-1:B:0:0:2:0:10",
])
def test_xgids_found_in_the_wild_come_back(text):
    assert format_xgid(parse_xgid(text)) == text


@given(boards(), st.integers(0, 1), ROLLS, states(), st.sampled_from(["", "D", "B", "R"]),
       st.booleans(), st.integers(0, 12))
def test_xgids_come_back(board, on_roll, roll, state, action, beavers, max_cube):
    roll = None if action else roll
    beavers = beavers and not state.length
    given_position = XgPosition(board, on_roll, roll, state, action, beavers, max_cube)
    back = parse_xgid(format_xgid(given_position))
    assert (back.board == board).all()
    assert (back.on_roll, back.dice, back.state) == (on_roll, roll, state)
    assert (back.cube_action, back.beavers, back.max_cube) == (action, beavers, max_cube)


@pytest.mark.parametrize("text", [
    "", "4HPwATDgc/ABMA:cAkAAAAAAAAA",
    "XGID=-b----E-C---eE---c-e----B:0:0:1:31:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:1",
    "XGID=-b----E-C---eE---c-e----5-:0:0:1:31:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:x:0:1:31:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:2:1:31:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:0:31:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:3:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:Q:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:2:7:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:4:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:0:-1:10",
])
def test_text_that_is_no_xgid_is_malformed(text):
    with pytest.raises(MalformedPositionError):
        parse_xgid(text)


@pytest.mark.parametrize("text", [
    "XGID=-b----E-C---eE---c-e----P-:0:0:1:31:0:0:1:0:10",  # sixteen on a point
    "XGID=-b----E-C---eE---c-e----C-:0:0:1:31:0:0:1:0:10",  # sixteen in all
    "XGID=Ab----E-C---eE---c-e----A-:0:0:1:31:0:0:1:0:10",  # on the other side's bar
    "XGID=-b----E-C---eE---c-e----Aa:0:0:1:31:0:0:1:0:10",
    "XGID=--------------------------:0:0:1:00:0:0:0:0:10",  # nobody left
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:71:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:30:0:0:1:0:10",
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:5:3:1:7:10",  # no Crawford game at this score
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:-1:3:0:7:10",
])
def test_xgids_of_what_cannot_be_are_impossible(text):
    with pytest.raises(ImpossiblePositionError):
        parse_xgid(text)
