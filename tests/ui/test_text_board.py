"""The board in characters."""

import numpy as np
import pytest
from hypothesis import given, settings

from engine.board import off, pips, start
from engine.errors import PositionError
from tests.engine.positions import boards, pos
from ui.text_board import FAR, NEAR, WIDTH, draw

START = """\
O opponent: pips 167, off 0
+-13--14--15--16--17--18-+-----+-19--20--21--22--23--24-+
|  X               O     |     |  O                   X |
|  X               O     |     |  O                   X |
|  X               O     |     |  O                     |
|  X                     |     |  O                     |
|  X                     |     |  O                     |
|                        | BAR |                        |
|  O                     |     |  X                     |
|  O                     |     |  X                     |
|  O               X     |     |  X                     |
|  O               X     |     |  X                   O |
|  O               X     |     |  X                   O |
+-12--11--10---9---8---7-+-----+--6---5---4---3---2---1-+
X you: pips 167, off 0"""

LATE = """\
O pubeval: pips 62, off 1
+-13--14--15--16--17--18-+-----+-19--20--21--22--23--24-+
|                        |     |              O   O     |
|                        |     |              O   O     |
|                        |     |              O         |
|                        |     |              O         |
|                        |  O  |             11         |
|                        | BAR |                        |
|                        |  X  |                        |
|                        |  X  |                        |
|                        |  X  |                        |
|                        |  X  |                        |
|                        |  6  |                      X |
+-12--11--10---9---8---7-+-----+--6---5---4---3---2---1-+
X you: pips 151, off 8
O to play 3-1"""


def test_starting_position():
    assert draw(start()) == START


def test_more_than_five_checkers_on_a_point_and_on_the_bar_end_in_their_number():
    board = pos("bar:6 1:1 / 3:11 2:2 bar:1")
    assert draw(board, on_roll=FAR, dice=(3, 1), names=("you", "pubeval")) == LATE


@pytest.mark.parametrize("on_roll, dice, last", [
    (NEAR, (6, 5), "X to play 6-5"), (FAR, None, "O to roll"), (NEAR, None, "X to roll")])
def test_last_line_says_whose_turn_it_is(on_roll, dice, last):
    assert draw(start(), on_roll=on_roll, dice=dice).splitlines()[-1] == last


def test_other_checkers_and_long_names_fit():
    text = draw(start(), names=("a" * 200, "b" * 200), checkers=("#", "."), on_roll=NEAR)
    assert max(map(len, text.splitlines())) == WIDTH
    assert text.splitlines()[-2].endswith(": pips 167, off 0")
    assert "X" not in text and "#" in text and "." in text


def test_a_wrong_board_is_refused():
    with pytest.raises(PositionError):
        draw(np.zeros((2, 24), np.int8))


def test_the_board_is_left_as_it_was():
    board = start()
    board.setflags(write=False)
    draw(board)


@settings(max_examples=100)
@given(boards())
def test_every_position_has_its_checkers_in_a_picture_of_fixed_size(board):
    lines = draw(board).splitlines()
    assert len(lines) == 15
    assert {len(line) for line in lines[1:-1]} == {WIDTH}
    assert lines[-1] == f"X you: pips {pips(board)[0]}, off {off(board)[0]}"
    body = lines[2:7] + lines[8:13]
    for row, sign in enumerate("XO"):
        drawn = np.minimum(board[row], 5).sum() - (board[row] > 5).sum()
        assert "".join(body).count(sign) == drawn
