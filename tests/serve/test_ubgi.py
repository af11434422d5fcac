"""The Universal Backgammon Interface: a position in, a play out, `sorry` for the rest."""

import io
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from engine.ids import XgPosition, format_xgid
from engine.notation import parse_play
from serve.ubgi import serve
from tests.engine.positions import pos, random_game
from tests.ui.players import FirstPlay

XG_START = "XGID=-b----E-C---eE---c-e----B-:0:0:1:{}:0:0:0:0:10"
# The starting position, the player called "You" on roll.
FIBS = ("board:You:opponent:5:0:0:0:-2:0:0:0:0:5:0:3:0:0:0:-5:5:0:0:0:-3:0:-5:0:0:0:0:2:0:"
        "1:{}:0:0:1:1:1:0:1:-1:0:25:0:0:0:0:0:0:0:0")
START_PLAYS = {"31": "8/5 6/5", "65": "24/18 18/13"}


class Likes(FirstPlay):
    """Makes the plays named in advance."""

    def choose(self, boards, dice, memory, rng):
        d1, d2 = dice[0].tolist()
        text = START_PLAYS[f"{d1}{d2}"]
        return parse_play(text, boards[0], d1, d2).after[None], memory


def ask(*lines, agent=None):
    """Return the lines that answer lines, given as text or as bytes, in one session."""
    data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    output = io.BytesIO()
    serve(agent or PubevalAgent(), io.BytesIO(data), output, version="1.2.3")
    return output.getvalue().decode().split("\n")[:-1]


def test_ubgi_is_answered_with_who_this_is():
    lines = ask("ubgi")
    assert lines[0] == "id name tdgammon"
    assert lines[1].startswith("id author ")
    assert lines[2:] == ["id version 1.2.3", "readyok"]


def test_isready_is_answered_readyok():
    assert ask("isready", "isready") == ["readyok"] * 2


@pytest.mark.parametrize("roll, play", START_PLAYS.items())
def test_an_xgid_is_answered_with_the_play_move_by_move(roll, play):
    assert ask(XG_START.format(roll), agent=Likes()) == [play]
    assert ask(XG_START.format(roll).removeprefix("XGID="), agent=Likes()) == [play]


def test_a_fibs_board_is_answered_with_the_play_of_the_player_to_move():
    assert ask(FIBS.format("3:1"), agent=Likes()) == ["8/5 6/5"]
    assert ask(FIBS.format("6:5") + "\r", agent=Likes()) == ["24/18 18/13"]


@pytest.mark.parametrize("seed", range(3))
def test_in_a_whole_game_the_answer_is_the_choice_of_the_agent(seed):
    turns = list(random_game(seed))
    answers = ask(*(format_xgid(XgPosition(board, dice=dice)) for board, dice in turns))
    assert len(answers) == len(turns)
    for text, (board, dice) in zip(answers, turns, strict=True):
        choice, _ = PubevalAgent().choose(
            board[None], np.array([dice]), None, np.random.default_rng(0))
        np.testing.assert_array_equal(parse_play(text, board, *dice).after, choice[0])
        assert not set(text) - set("0123456789/ baroff")


def test_the_player_at_the_top_may_be_on_roll():
    board = pos("bar:1 13:2 / 24:2")
    top, bottom = (ask(format_xgid(XgPosition(board, on_roll=on_roll, dice=(6, 6))))[0]
                   for on_roll in (0, 1))
    assert top == bottom
    assert top.startswith("bar/19 ")


def test_a_position_without_a_move_is_answered_with_a_blank_line():
    board = pos("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2 8:3")
    line = format_xgid(XgPosition(board, dice=(6, 6)))
    assert ask(line, "isready") == ["", "readyok"]


def test_bearing_off_is_written_off():
    assert ask(format_xgid(XgPosition(pos("1:1 / 6:2"), dice=(6, 5)))) == ["1/off"]


def test_quit_ends_without_an_answer_and_so_does_the_end_of_input():
    assert ask("quit", "ubgi") == []
    assert ask() == []
    assert ask("", "  ", "\r", "isready") == ["readyok"]


WRONG = [
    "hello", "UBGI", "ubgi now", "stop", "setoption name x value y", "newgame", "board", "board:",
    "XGID=", "XGID=x:0:0:1:31:0:0:0:0:10", XG_START.format("00"), XG_START.format("D"),
    XG_START.format("70"), XG_START.format("31") + ":1", XG_START.format("31").replace("B", "P"),
    FIBS.format("0:0"), FIBS.format("7:1"), FIBS.format("x:1"), FIBS.format("3:1") + ":0",
    FIBS.format("3:1").replace(":25:", "::"), FIBS.format("3:1").replace(":0:-2:", ":0:-9:"),
    FIBS.format(f"{10**30}:1"), FIBS.format("3:1").replace(":-2:", f":{10**30}:"),
    format_xgid(XgPosition(pos("6:2 / "), dice=(3, 1))),
    format_xgid(XgPosition(pos(" / 6:2"), dice=(3, 1))),
    b"\xff\xfe", b"\x00", "é", "x" * 100_000, ":" * 52, "-" * 26 + ":0" * 9,
]


@pytest.mark.parametrize("line", WRONG, ids=lambda line: repr(line[-40:]))
def test_everything_else_is_answered_sorry(line, caplog):
    assert ask(line, "isready") == ["sorry", "readyok"]
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_an_agent_that_fails_or_cheats_is_sorry(caplog):
    class Broken(FirstPlay):
        def choose(self, boards, dice, memory, rng):
            if dice[0, 0] == 6:
                raise KeyError("oops")
            return boards, memory

    lines = [XG_START.format("65"), XG_START.format("31"), "isready"]
    assert ask(*lines, agent=Broken()) == ["sorry", "sorry", "readyok"]
    assert len([one for one in caplog.records if one.levelno >= logging.ERROR]) == 2


characters = st.text("-abcdeABCDE0123456789:XGIDboard=", max_size=60).map(str.encode)
mutated = st.tuples(
    st.sampled_from([XG_START.format("31"), FIBS.format("3:1")]), st.integers(0, 140),
    st.text("-abcdoABCDO0123456789:", max_size=3)).map(
        lambda parts: (parts[0][:parts[1]] + parts[2] + parts[0][parts[1] + 1:]).encode())
garbage = st.binary(max_size=60).map(lambda line: line.replace(b"\n", b" "))


# One ends the conversation, the other is answered in four lines.
commands = {b"quit", b"ubgi"}
anything = (garbage | characters | mutated).filter(lambda line: line.strip() not in commands)


@settings(max_examples=300)
@given(st.lists(anything, max_size=8))
def test_whatever_comes_each_line_that_is_not_blank_gets_one_answer(lines):
    failures = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = failures.append
    logging.getLogger("serve.ubgi").addHandler(handler)
    try:
        answers = ask(*lines, agent=RandomAgent())
    finally:
        logging.getLogger("serve.ubgi").removeHandler(handler)
    assert len(answers) == sum(bool(line.strip()) for line in lines)
    assert not failures
