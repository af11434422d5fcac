"""The board line of FIBS."""

import pytest

from engine.errors import ImpossiblePositionError, MalformedPositionError
from engine.game import MatchState
from engine.ids import parse_fibs_board
from tests.engine.positions import START, pos

# The example of the FIBS client protocol.
FIBS_START = ("board:You:someplayer:3:0:0:0:-2:0:0:0:0:5:0:3:0:0:0:-5:5:0:0:0:-3:0:-5:0:0:0:0:2:0:"
              "1:6:2:0:0:1:1:1:0:1:-1:0:25:0:0:0:0:2:0:0:0")
# A bot's turn as X, moving from point 1 to 24.
FIBS_RACE = ("board:mpgnu:buster:17:0:2:0:0:0:2: 1: 4: 3: 0: 1: 0: 1: 0: 0: 2: 0: 0: 0: 0: 0: 1: "
             "-2: -2: -1: -4: -4: 0: -1: 3: 6: 0: 0: 1: 1: 1: 0: -1: 1: 25: 0: 2: 0: 0: 0: 2: 2: "
             "0: 0")


def fibs(text=FIBS_START, **changes):
    """Return a FIBS line with some fields, named by number as `f32`, changed."""
    fields = text.split(":")
    for name, value in changes.items():
        fields[int(name[1:])] = str(value)
    return ":".join(fields)


def test_the_example_of_the_fibs_protocol_is_read():
    position = parse_fibs_board(FIBS_START)
    assert (position.board == pos(START)).all()
    assert (position.on_roll, position.dice, position.doubled) == (1, (6, 2), False)
    assert position.state == MatchState(length=3)
    assert position.names == ("someplayer", "You")


def test_a_fibs_player_may_move_up_and_be_x():
    position = parse_fibs_board(FIBS_RACE)
    assert (position.board == pos("5:2 4:2 3:1 2:4 1:4 / 3:2 4:1 5:4 6:3 8:1 10:1 13:2 19:1")).all()
    assert (position.on_roll, position.dice) == (1, (3, 6))
    assert position.state == MatchState(length=17, score=(2, 0))


def test_fibs_bars_are_at_either_end():
    line = fibs(f6=-1, f7=-1, f31=1, f30=1)
    board = pos("bar:1 24:1 13:5 8:3 6:5 / bar:1 24:1 13:5 8:3 6:5")
    assert (parse_fibs_board(line).board == board).all()
    turned = fibs(FIBS_RACE, f6=-2)
    assert parse_fibs_board(turned).board[0, 24] == 2


def test_on_fibs_the_opponent_may_be_on_roll():
    line = fibs(f32=-1, f33=0, f34=0, f35=5, f36=4, f30=1)
    position = parse_fibs_board(line)
    assert (position.on_roll, position.dice) == (0, (5, 4))
    assert (position.board == pos("24:2 13:5 8:3 6:5 / 24:1 13:5 8:3 6:5")).all()


def test_fibs_dice_score_cube_and_crawford():
    assert parse_fibs_board(fibs(f33=0, f34=0)).dice is None
    assert parse_fibs_board(fibs(f3=9999)).state.length == 0
    assert parse_fibs_board(fibs(f4=2)).state == MatchState(3, (0, 2), crawford=True)
    assert parse_fibs_board(fibs(f4=2, f52=1)).state == MatchState(3, (0, 2))
    assert parse_fibs_board(fibs(f4=2, f51=3)).state == MatchState(3, (0, 2))
    assert parse_fibs_board(fibs(f37=2, f39=0)).state.cube_owner == 1
    assert parse_fibs_board(fibs(f37=2, f38=0)).state.cube_owner == 0
    offered = parse_fibs_board(fibs(f33=0, f34=0, f37=2, f38=0, f39=0))
    assert offered.doubled and offered.state.cube_owner == 1
    assert parse_fibs_board(fibs(f40=1)).doubled


@pytest.mark.parametrize("text", [
    "", "board", FIBS_START[6:], FIBS_START + ":0", FIBS_START[:-2], fibs(f3="x"), fibs(f32=2),
    fibs(f41=0), fibs(f42=3),
    "XGID=-b----E-C---eE---c-e----B-:0:0:1:00:0:0:0:0:10",
])
def test_text_that_is_no_fibs_line_is_malformed(text):
    with pytest.raises(MalformedPositionError):
        parse_fibs_board(text)


@pytest.mark.parametrize("changes", [
    {"f32": 0}, {"f7": -3}, {"f33": 7}, {"f33": 0}, {"f37": 3}, {"f4": -1},
])
def test_fibs_lines_of_what_cannot_be_are_impossible(changes):
    with pytest.raises(ImpossiblePositionError):
        parse_fibs_board(fibs(**changes))
