"""The Node program: its rules, its numbers, and what it says to bad input."""

import json
import subprocess

import numpy as np
import pytest

from agent import catalog
from agent.export import check
from agent.export.files import export
from agent.export.interface import interface, reference
from agent.outcome import equity
from engine.board import start
from engine.ids import decode_positions, encode_position, encode_positions
from engine.plays import afterstates_of
from tests.embed import node_program, onnx_models
from tests.embed.node_program import BENCHMARK, PROGRAM, Session, ask, run
from tests.embed.random_requests import random_requests
from tests.engine.positions import movegen_records, pos, random_game
from tests.serve.test_jsonl import (
    BOTH_OFF,
    START,
    WON,
    WON_BY_THE_ONE_ON_ROLL,
    WRONG,
    WRONG_IDS,
    WRONG_TURNS,
)

TURNS = [turn for seed in range(6) for turn in random_game(seed)]
QUERIES = [[encode_position(board), *dice] for board, dice in TURNS]


@pytest.fixture(scope="module", autouse=True)
def program():
    node_program.require()


@pytest.fixture(scope="module")
def model(tmp_path_factory, program):
    return onnx_models.write(tmp_path_factory.mktemp("node") / "model.onnx")


def assert_refused(code, output, errors, *words):
    """Assert one line on standard error that has these words in it, and nothing else."""
    assert code == 2 and output == ""
    assert errors.startswith("tdgammon-embed") and errors.count("\n") == 1, errors
    assert all(word in errors for word in words), errors


# Rules; test_node_rules.py has more of them


def test_3000_of_3000_legal_sets_are_those_of_gnu_backgammon(model):
    records = movegen_records()
    assert len(records) == 3000
    answer, = ask(model, [{"op": "legal", "q": [[one["id"], *one["d"]] for one in records]}])
    wrong = [one for one, ids in zip(records, answer["r"], strict=True)
             if sorted(ids) != one["after"]]
    assert wrong == []


def test_plays_are_listed_in_the_order_of_the_python_reference(model):
    answer, = ask(model, [{"op": "legal", "q": QUERIES}])
    assert answer["r"] == [encode_positions(afterstates_of(board, *dice)) for board, dice in TURNS]


# Numbers


def test_eval_is_what_the_net_says(model):
    boards = np.stack([board for board, _ in TURNS])
    answer, = ask(model, [{"op": "eval", "q": encode_positions(boards)}])
    found, expected = np.array(answer["r"]), onnx_models.outcomes(boards)
    assert np.ptp(expected[:, 0]) > 0.3, "a net that always says the same would prove nothing"
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_a_batch_is_evaluated_as_its_positions_are(model):
    ids = (encode_positions([board for board, _ in TURNS]) * 10)[:2500]
    together, *alone = ask(model, [{"op": "eval", "q": ids}]
                           + [{"op": "eval", "q": [one]} for one in ids[1000:1050]])
    np.testing.assert_allclose(
        together["r"][1000:1050], [one["r"][0] for one in alone], atol=1e-6)


def test_move_is_the_after_position_of_lowest_equity_to_the_opponent(model):
    answer, = ask(model, [{"op": "move", "q": QUERIES}])
    for (board, dice), chosen in zip(TURNS, decode_positions(answer["r"]), strict=True):
        after = afterstates_of(board, *dice)
        if not after[:, 1].any(-1).all():
            continue  # A finished game has its own test.
        worth = equity(onnx_models.outcomes(after))
        [at] = np.flatnonzero((after == chosen).all((1, 2)))
        assert worth[at] <= worth.min() + 1e-6


def test_an_exported_net_answers_and_plays_as_its_agent_does(tmp_path):
    it, path = interface(catalog.get("td-gammon")), tmp_path / "net.onnx"
    export("td-gammon", "onnx", path, positions=100)

    with Session(path) as session:
        def answer(boards):
            said = np.array(session.ask({"op": "eval", "q": encode_positions(boards)})["r"])
            return said, equity(said)

        assert check.compare(it, answer, 10_000).largest <= 1e-5
        turns = [turn for seed in range(20) for turn in random_game(seed)][:1000]
        query = [[encode_position(board), *dice] for board, dice in turns]
        chosen = decode_positions(session.ask({"op": "move", "q": query})["r"])
    legal = [afterstates_of(board, *dice) for board, dice in turns]
    worth = -np.asarray(reference(it)(np.concatenate(legal))[1])
    ends = np.cumsum([len(after) for after in legal])
    assert len(turns) == 1000
    for after, mine, one in zip(legal, np.split(worth, ends[:-1]), chosen, strict=True):
        [at] = np.flatnonzero((after == one).all((1, 2)))
        assert mine[at] >= mine.max() - 1e-6


@pytest.mark.parametrize(("loser", "lost"), [
    ("6:2", [0, 0, 0, 0, 0]), ("7:15", [0, 0, 0, 1, 0]), ("7:14 19:1", [0, 0, 0, 1, 1]),
    ("7:14 bar:1", [0, 0, 0, 1, 1]), ("7:13 bar:1", [0, 0, 0, 0, 0])])
def test_a_finished_game_is_exact(model, loser, lost):
    text = encode_position(pos(f"{loser} / "))
    assert ask(model, [{"op": "eval", "q": [text]}]) == [{"r": [lost]}]


def test_a_win_is_taken_whatever_the_net_thinks_of_other_plays(model):
    turn = [encode_position(pos("2:1 / 6:2")), 2, 1]
    assert ask(model, [{"op": "move", "q": [turn]}]) == [{"r": [WON]}]


def test_nothing_to_move_is_answered_with_the_sides_swapped(model):
    board = pos("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2 8:3")
    swapped = encode_position(board[::-1])
    assert ask(model, [{"op": "move", "q": [[encode_position(board), 6, 6]]}]) == [{"r": [swapped]}]


# The program


def test_eval_and_play_from_the_command_line(model):
    code, output, errors = run(model, "eval", START)
    values = [float(line[16:]) for line in output.splitlines()]
    expected = onnx_models.outcomes(start()[None])[0]
    assert (code, errors) == (0, "")
    np.testing.assert_allclose(values, [*expected, equity(expected)], atol=2e-5)
    asked, = ask(model, [{"op": "move", "q": [[START, 3, 1]]}])
    assert run(model, "play", START, 3, 1) == (0, asked["r"][0] + "\n", "")


@pytest.mark.parametrize(("name", "said"), [("dummy", "dummy"), ("n" * 200, "n" * 200),
                                            ("", "other")])
def test_hello_names_the_agent_that_was_exported_or_the_file(tmp_path, name, said):
    other = onnx_models.write(tmp_path / "other.onnx", name=name)
    assert ask(other, [{"op": "hello", "protocol": 1}]) \
        == [{"name": said, "protocol": 1, "ops": ["move", "eval", "legal"]}]


@pytest.mark.parametrize("changes", [{"outputs": ("equity", "outcomes")}, {"declared": None}],
                         ids=["outputs in the other order", "no shape of the outcomes"])
def test_what_a_file_may_say_otherwise(tmp_path, changes):
    other = onnx_models.write(tmp_path / "other.onnx", **changes)
    answer, = ask(other, [{"op": "eval", "q": [START]}])
    np.testing.assert_allclose(answer["r"], onnx_models.outcomes(start()[None]), atol=1e-5)


def test_quit_and_the_end_of_input_end_it_and_blank_lines_are_ignored(model):
    assert ask(model, [{"op": "quit"}, {"op": "hello"}]) == []
    assert ask(model, []) == []
    assert len(ask(model, [b"", b" \t\r", {"op": "eval", "q": []}])) == 1


def test_each_answer_comes_before_the_next_request_and_quit_needs_no_end_of_input(model):
    with Session(model) as session:
        session.send(b'{"op":"ev')
        session.send(b'al","q":["' + START.encode() + b'"]}\n{"op":')
        assert len(session.answer()["r"]) == 1
        session.send(b'"quit"}\n')
        assert session.process.wait(timeout=30) == 0


def test_a_reader_that_has_gone_is_an_error(model):
    with subprocess.Popen(["node", PROGRAM, model, "jsonl"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.write(b'{"op":"hello"}\n')
        process.stdin.close()
        assert_refused(process.wait(timeout=30), "", process.stderr.read().decode(), "nobody reads")


def test_the_benchmark_measures_the_net_and_the_rules(model):
    code, output, errors = run(model, 1, "--json", program=BENCHMARK)
    assert (code, errors) == (0, "")
    found = json.loads(output)
    assert found["threads"] == 1
    assert 0 < found["load_ms"] < found["start_ms"]
    assert 0 < found["one_us"] < found["batch_1024_us"] < 1024 * found["one_us"]
    assert found["rolls_per_s"] < found["plays_per_s"]
    assert_refused(*run(program=BENCHMARK), "usage")
    assert_refused(*run(model, 0, program=BENCHMARK), "usage")
    assert_refused(*run("none.onnx", program=BENCHMARK), "there is no file")


# Bad input


@pytest.mark.parametrize(("words", "said"), [
    ((), "eval ID"), (("eval",), "eval ID"), (("eval", START, START), "eval ID"),
    (("play", START, 3), "play ID D1 D2"), (("jump", START), "eval ID"), (("jsonl", 1), "jsonl"),
    (("eval", ""), "14 characters"), (("eval", "x\n\x1b"), r"'x\x0a\x1b' must have 14"),
    (("eval", START[:-1] + "é"), "base64"), (("eval", "4HPwATDgc/ABM!"), "base64"),
    (("eval", "4HPwATDgc/ABMB"), "bits after the last cell"), (("eval", BOTH_OFF), "borne off"),
    (("eval", "/" * 14), "bits after the last cell"), (("eval", "x" * 100_000), "14 characters"),
    (("eval", WON_BY_THE_ONE_ON_ROLL), "loser on roll"),
    (("play", START, 7, 1), "'7' is not a die"), (("play", START, 0, 1), "'0' is not a die"),
    (("play", START, 1, -1), "'-1' is not a die"), (("play", START, "", 1), "'' is not a die"),
    (("play", START, "3x", 1), "'3x' is not a die"), (("play", WON, 3, 1), "the game is over"),
    (("play", WON_BY_THE_ONE_ON_ROLL, 3, 1), "the game is over"),
    (("serve", "--port", 65536), "0 to 65535"), (("serve", "--port"), "0 to 65535"),
    (("serve", 80), "0 to 65535"), (("serve", "--port", "x"), "0 to 65535"),
    (("serve", "--port", 0, "--host", "no host"), "cannot be had"),
], ids=lambda value: repr(value)[:40])
def test_wrong_words_are_one_line_and_exit_2(model, words, said):
    assert_refused(*run(model, *words), said)


@pytest.mark.parametrize(("changes", "said"), [
    ({"board_shape": ("N", 50)}, "another rank"), ({"board_shape": ("N", 2, 26)}, "another shape"),
    ({"board_shape": (1, 2, 25)}, "fixed batch of 1"), ({"board_name": "b"}, "'b' is not known"),
    ({"board_type": onnx_models.FLOAT}, "another type"), ({"answers": 4}, "another shape"),
    ({"taken": 4, "declared": ("N", "M")}, "instead of 15"), ({"nan": True}, "finite"),
    ({"outputs": ("outcomes",)}, "1 outputs")], ids=lambda value: str(value)[:40])
def test_models_of_another_kind_are_refused(tmp_path, changes, said):
    other = onnx_models.write(tmp_path / "other.onnx", **changes)
    assert_refused(*run(other, "eval", START), said)


def test_nets_that_remember_are_refused(tmp_path):
    export("lstm", "onnx", tmp_path / "lstm.onnx", positions=10)
    assert_refused(*run(tmp_path / "lstm.onnx", "eval", START), "nets that remember")


def test_files_that_are_no_model_are_refused(tmp_path, model):
    for words in (("eval", START), ("play", START, 3, 1), ("jsonl",), ("serve",)):
        assert_refused(*run(tmp_path / "none.onnx", *words), "there is no file")
    assert_refused(*run(tmp_path, "eval", START), "there is no file")
    bytes_of_model = model.read_bytes()
    for text in (b"", b"not a model\n" * 50, bytes_of_model[:5000], bytes(1000)):
        (tmp_path / "bad.onnx").write_bytes(text)
        assert_refused(*run(tmp_path / "bad.onnx", "eval", START), "bad.onnx")


def test_what_cannot_be_served_is_answered_with_one_short_error(model):
    turns = [{"op": op, "q": [*good, turn]} for op in ("move", "legal") for turn in WRONG_TURNS
             for good in ([], [[START, 3, 1]])]
    ids = [{"op": "eval", "q": [*good, text]} for text in WRONG_IDS for good in ([], [START])]
    versions = [{"op": "hello", "protocol": one} for one in (2, 0, "1", 1.0, True, None, [1])]
    wrong = [*WRONG, b'{"op":"hello"}\x00', b"1e999", *turns, *ids, *versions,
             b'{"op":"move","q":[["4HPwATDgc/ABMA",3,1e0]]}', {"op": "constructor", "q": []}]
    answers = ask(model, wrong)
    for request, answer in zip(wrong, answers, strict=True):
        assert list(answer) == ["error"] and 0 < len(answer["error"]) <= 300, request
        assert "internal" not in answer["error"] and "\n" not in answer["error"], request
    assert ask(model, [{"op": "legal", "q": [[START, 3, 1], [WON, 3, 1]]}]) \
        == [{"error": "query 1: the game is over; nothing can be played"}]


def test_fractions_elsewhere_in_a_request_do_no_harm(model):
    line = b'{"x":[1.5,-2e3,"1.5\\"",{"3.0": 0.1}], "op":"legal", "q":[["%s", 3, 1]], "e":1E1}'
    answer, = ask(model, [line % START.encode()])
    assert len(answer["r"][0]) == 16


def test_10000_random_requests_get_an_answer_each(model):
    lines = random_requests(10_000, QUERIES)
    answers = ask(model, lines)
    assert len(answers) == len(lines)
    kinds = {tuple(sorted(answer)) for answer in answers}
    assert kinds == {("r",), ("error",), ("name", "ops", "protocol")}
    assert 0.3 < sum("r" in answer for answer in answers) / len(answers) < 0.9
    assert not [one for one in answers if "internal" in one.get("error", "")]
