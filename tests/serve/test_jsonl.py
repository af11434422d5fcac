"""The JSON-lines player protocol: every request gets its answer, and nothing ends it but quit."""

import io
import json
import logging
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from engine.board import start
from engine.ids import decode_position, encode_position, encode_positions
from engine.plays import afterstates_of
from serve.jsonl import Player, serve
from tests.engine.positions import pos, random_game
from tests.ui.players import FirstPlay, Judge

START = encode_position(start())
WON = encode_position(pos("6:2 / "))
WON_BY_THE_ONE_ON_ROLL = encode_position(pos(" / 6:2"))
BOTH_OFF = "AAAAAAAAAAAAAA"


def ask(*requests, agent=None, seed=0):
    """Return the answers to requests, given as objects or as bytes, in one session."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in requests]
    output = io.BytesIO()
    serve(agent or Judge(), io.BytesIO(b"\n".join(lines)), output, seed=seed)
    assert not output.getvalue() or output.getvalue().endswith(b"\n")
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_hello_lists_the_ops_the_agent_can_serve():
    assert ask({"op": "hello", "protocol": 1}) \
        == [{"name": "judge", "protocol": 1, "ops": ["move", "eval", "legal"]}]
    assert ask({"op": "hello", "protocol": 1}, agent=PubevalAgent()) \
        == [{"name": "pubeval", "protocol": 1, "ops": ["move", "legal"]}]


@pytest.mark.parametrize("version", [2, 0, "1", 1.0, True, None, [1]])
def test_hello_in_another_version_is_an_error(version):
    answer, = ask({"op": "hello", "protocol": version})
    assert answer == {"error": "protocol must be 1"}


def test_move_answers_the_agents_choice_for_each_query():
    turns = [turn for turn in random_game(1)][:20]
    query = [[encode_position(board), *dice] for board, dice in turns]
    answer, = ask({"op": "move", "q": query}, agent=PubevalAgent())
    boards, dice = (np.array(part, np.int8) for part in zip(*turns, strict=True))
    after, _ = PubevalAgent().choose(boards, dice, None, np.random.default_rng(0))
    assert answer == {"r": encode_positions(after)}


def test_the_order_of_the_dice_carries_no_meaning():
    first, second = ask({"op": "move", "q": [[START, 3, 1]]}, {"op": "move", "q": [[START, 1, 3]]},
                        agent=PubevalAgent())
    assert first == second


def test_a_seed_determines_the_random_player():
    request = {"op": "move", "q": [[START, 3, 1]] * 20}
    assert ask(request, agent=RandomAgent(), seed=1) == ask(request, agent=RandomAgent(), seed=1)
    assert ask(request, agent=RandomAgent(), seed=1) != ask(request, agent=RandomAgent(), seed=2)


def test_legal_lists_every_after_position_of_each_query_once():
    turns = list(random_game(2))
    answer, = ask({"op": "legal", "q": [[encode_position(board), *dice] for board, dice in turns]})
    assert len(answer["r"]) == len(turns)
    for ids, (board, dice) in zip(answer["r"], turns, strict=True):
        assert ids == encode_positions(afterstates_of(board, *dice))
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("op", ["move", "legal"])
def test_a_position_without_a_move_is_answered_with_the_sides_swapped(op):
    board = pos("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2 8:3")
    swapped = encode_position(board[::-1])
    answer, = ask({"op": op, "q": [[encode_position(board), 6, 6]]})
    assert answer == {"r": [swapped if op == "move" else [swapped]]}


@pytest.mark.parametrize("op", ["move", "legal"])
def test_the_last_checker_borne_off_gives_an_id_as_any_play(op):
    answer, = ask({"op": op, "q": [[encode_position(pos("1:1 / 6:2")), 2, 1]]})
    assert answer == {"r": [WON if op == "move" else [WON]]}


def test_eval_answers_five_chances_for_the_player_on_roll():
    boards = np.stack([board for board, _ in random_game(3)][:10])
    answer, = ask({"op": "eval", "q": encode_positions(boards)})
    np.testing.assert_array_equal(np.float32(answer["r"]), Judge().evaluate(boards))


def test_eval_of_a_game_that_is_over_is_for_the_loser():
    answer, error = ask({"op": "eval", "q": [WON]}, {"op": "eval", "q": [WON_BY_THE_ONE_ON_ROLL]})
    assert answer["r"][0][0] == 0
    assert "borne off everything" in error["error"]


def test_an_empty_list_has_an_empty_answer():
    assert ask(*({"op": op, "q": []} for op in ("move", "legal", "eval"))) == [{"r": []}] * 3


def test_quit_ends_without_an_answer_and_so_does_the_end_of_input():
    assert ask({"op": "quit"}, {"op": "hello"}) == []
    assert ask() == []
    assert len(ask({"op": "hello"})) == 1


def test_blank_lines_are_ignored():
    assert len(ask(b"", b"  \r", b"\t", {"op": "hello"}, b"")) == 1


def test_an_agent_without_evaluate_cannot_eval():
    answer, = ask({"op": "eval", "q": [START]}, agent=FirstPlay())
    assert "'eval' is not an op" in answer["error"]


WRONG = [
    b"hello", b"{", b"[]", b"1", b'"hello"', b"null", b"{}", b'{"op": 1}', b'{"op": null}',
    b'{"op": ["move"]}', b'{"op": "MOVE"}', b'{"op": "jump", "q": []}', b"\xff\xfe", b"\x00",
    b'{"op": "hello\xff"}', b'{"op": "\\ud800"}', b"[" * 100_000, b'{"q":' * 100_000,
    b'{"op": NaN}', b'{"op": "eval", "q": [NaN]}', b"Infinity", b"9" * 10_000,
    b'{"op": "move"}', b'{"op": "move", "q": null}', b'{"op": "move", "q": {}}',
    b'{"op": "move", "q": "4HPwATDgc/ABMA"}', b'{"op": "eval", "q": 1}', b'{"op": "legal"}',
    b'\xef\xbb\xbf{"op": "hello"}',
    b'{"op": "move", "q": [' + b"[" * 900 + b"]" * 900 + b"]}",
]
WRONG_TURNS = [
    None, 1, "x", {}, [], [START], [START, 3], [START, 3, 1, 1], [START, [3, 1]], [3, 1, START],
    [START, 0, 1], [START, 7, 1], [START, -1, 1], [START, True, 1], [START, 3, False],
    [START, "3", "1"], [START, 3.0, 1], [START, None, 1], [START, [3], 1], [START, 10**30, 1],
    [None, 3, 1], [1, 3, 1], ["", 3, 1], [START[:-1], 3, 1], [START + "A", 3, 1],
    [START + "==", 3, 1], ["4HPwATDgc/ABM!", 3, 1], ["é" * 14, 3, 1], ["\ud800" * 14, 3, 1],
    ["4HPwATDgc/ABMB", 3, 1], ["/" * 14, 3, 1], [BOTH_OFF, 3, 1], ["x" * 100_000, 3, 1],
    [WON, 3, 1], [WON_BY_THE_ONE_ON_ROLL, 3, 1],
]
WRONG_IDS = [None, 1, 1.5, True, [], {}, [START], "", START[:-1], START + "A", "4HPwATDgc/ABM!",
             "4HPwATDgc/ABMB", "/" * 14, BOTH_OFF, WON_BY_THE_ONE_ON_ROLL]


def assert_refused(request):
    """Assert that the request gets one short error, nothing unforeseen, and the next an answer."""
    error, hello = ask(request, {"op": "hello"})
    assert list(error) == ["error"] and 0 < len(error["error"]) <= 300
    assert "\n" not in error["error"] and "internal" not in error["error"]
    assert hello["name"] == "judge"


@pytest.mark.parametrize("line", WRONG, ids=lambda line: repr(line[:30]))
def test_lines_that_are_no_request(line):
    assert_refused(line)


@pytest.mark.parametrize("op", ["move", "legal"])
@pytest.mark.parametrize("turn", WRONG_TURNS, ids=lambda turn: repr(turn)[:30])
def test_queries_that_are_no_turn(op, turn):
    assert_refused({"op": op, "q": [turn]})
    assert_refused({"op": op, "q": [[START, 3, 1], turn]})


@pytest.mark.parametrize("text", WRONG_IDS, ids=repr)
def test_queries_that_are_no_position(text):
    assert_refused({"op": "eval", "q": [text]})
    assert_refused({"op": "eval", "q": [START, text]})


def test_a_finished_game_is_named_as_such():
    answer, = ask({"op": "move", "q": [[START, 3, 1], [WON, 3, 1]]})
    assert answer["error"] == f"query 1, position {WON!r}: the game is over; nothing can be played"


def test_an_agent_that_fails_or_talks_nonsense_does_not_end_the_session(caplog):
    class Broken(Judge):
        def choose(self, boards, dice, memory, rng):
            raise KeyError("oops")

        def evaluate(self, boards):
            return np.full((len(boards), 5), np.nan)

    requests = [{"op": "move", "q": [[START, 3, 1]]}, {"op": "eval", "q": [START]}, {"op": "hello"}]
    *errors, hello = ask(*requests, agent=Broken())
    assert all(one["error"].startswith("internal error") for one in errors)
    assert hello["protocol"] == 1
    assert len(caplog.records) == 2


def test_every_answer_is_flushed_before_the_next_line_is_read():
    class Pipe(io.BytesIO):
        flushed = 0

        def flush(self):
            self.flushed = len(self.getvalue().splitlines())

    output, seen = Pipe(), []

    def lines():
        for _ in range(3):
            seen.append(output.flushed)
            yield b'{"op": "hello"}\n'

    serve(Judge(), lines(), output)
    assert seen == [0, 1, 2] and output.flushed == 3


def test_500_queries_of_legal_take_a_fraction_of_a_second():
    turns = [turn for seed in range(10) for turn in random_game(seed)][:500]
    line = json.dumps({"op": "legal", "q": [[encode_position(b), *d] for b, d in turns]}).encode()
    player = Player(Judge())
    began = time.perf_counter()
    answer = player.answer(line)
    # Ten times what it takes: a guard against a change of order, not a benchmark.
    assert time.perf_counter() - began < 2
    assert len(json.loads(answer[0])["r"]) == 500


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([START, WON, BOTH_OFF, 1, 3, 6]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4)
requests = st.fixed_dictionaries(
    {"op": st.sampled_from(["hello", "move", "eval", "legal"]) | st.text(max_size=5)},
    optional={"q": anything | st.lists(st.tuples(anything, anything, anything), max_size=2),
              "protocol": anything})
garbage = st.binary(max_size=60).map(lambda line: line.replace(b"\n", b" "))


@settings(max_examples=100)
@given(st.lists(garbage | requests.map(lambda one: json.dumps(one).encode()), max_size=4))
@example([b"\x1c", b"\x85", b"\xa0"])
def test_whatever_comes_each_line_that_is_not_blank_gets_one_answer(lines):
    expected = sum(bool(line.strip()) for line in lines)
    failures = []
    handler = logging.Handler()
    handler.emit = failures.append
    logging.getLogger("serve.jsonl").addHandler(handler)
    try:
        answers = ask(*lines)
    finally:
        logging.getLogger("serve.jsonl").removeHandler(handler)
    assert len(answers) == expected
    assert all(isinstance(one, dict) for one in answers)
    assert not failures


@settings(max_examples=200)
@given(st.text("ABCDEFGHIJabcdefghij0123456789+/", min_size=14, max_size=14))
def test_whatever_id_comes_it_is_answered_or_refused(text):
    answer, = ask({"op": "eval", "q": [text]})
    if "error" not in answer:
        assert encode_position(decode_position(text)) == text
