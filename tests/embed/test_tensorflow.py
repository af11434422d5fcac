"""The programs in C++ and Node.js that run a SavedModel by TensorFlow's C API."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import catalog
from agent.export import check, savedmodel
from agent.export.files import export
from agent.export.interface import interface, reference
from agent.outcome import equity
from engine.board import start
from engine.ids import decode_positions, encode_position, encode_positions
from engine.plays import afterstates_of
from tests.embed.random_requests import random_requests
from tests.engine.positions import pos, random_game
from tests.serve.test_jsonl import BOTH_OFF, START, WON, WON_BY_THE_ONE_ON_ROLL, WRONG

pytest.importorskip("tensorflow")

FOLDER = Path(__file__).parents[2] / "embed" / "tensorflow"
COMPILED = FOLDER / "build" / "cpp"
SCRIPTS = FOLDER / "node" / "bin"
TURNS = [turn for seed in range(20) for turn in random_game(seed)][:1000]
QUERIES = [[encode_position(board), *dice] for board, dice in TURNS]


@pytest.fixture(scope="module", params=["cpp", "node"])
def program(request) -> list[Any]:
    """Return how a program is called; skip where it is not built: tests fetch nothing."""
    found = [COMPILED / "tdgammon-tensorflow"] if request.param == "cpp" else [
        shutil.which("node"), SCRIPTS / "tdgammon-tensorflow.js"]
    needed = [*found, FOLDER / "build/deps/lib/libtensorflow_cc.so.2", FOLDER / "node/node_modules"]
    if not all(part and Path(part).exists() for part in needed):
        pytest.skip("embed/tensorflow/build.sh has not been run")
    if request.param == "cpp":
        built = subprocess.run(["cmake", "--build", COMPILED], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Return the SavedModel of the net that ships as td-gammon."""
    folder = tmp_path_factory.mktemp("tensorflow") / "net"
    export("td-gammon", "savedmodel", folder, positions=100)
    return folder


def run(program: list[Any], *words: Any, input: bytes = b"") -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of one call."""
    done = subprocess.run([*program, *map(str, words)], input=input, capture_output=True,
                          timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def ask(program: list[Any], model: Path | str, requests: list[Any]) -> list[dict[str, Any]]:
    """Return the answers to requests, objects or bytes, in one session of the protocol."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in requests]
    code, output, errors = run(program, model, "jsonl", input=b"\n".join(lines))
    assert (code, errors) == (0, "")
    return [json.loads(line) for line in output.splitlines()]


def assert_refused(code: int, output: str, errors: str, *words: str) -> None:
    """Assert one line on standard error that has these words in it, and nothing else."""
    assert code == 2 and output == ""
    assert errors.startswith("tdgammon-tensorflow: ") and errors.count("\n") == 1, errors
    assert all(word in errors for word in words), errors


# Numbers


def test_it_answers_as_flax_on_10000_positions(program, model):
    it = interface(catalog.get("td-gammon"))
    with subprocess.Popen([*program, model, "jsonl"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        def answer(boards):
            request = {"op": "eval", "q": encode_positions(boards)}
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            said = np.array(json.loads(process.stdout.readline())["r"])
            return said, equity(said)

        assert 0 < check.compare(it, answer, 10_000).largest <= 1e-5
    assert process.returncode == 0


def test_it_plays_as_flax_in_1000_decisions(program, model):
    answer, = ask(program, model, [{"op": "move", "q": QUERIES}])
    legal = [afterstates_of(board, *dice) for board, dice in TURNS]
    worth = -np.asarray(reference(interface(catalog.get("td-gammon")))(np.concatenate(legal))[1])
    assert len(answer["r"]) == len(TURNS) == 1000
    at = 0
    for after, one in zip(legal, decode_positions(answer["r"]), strict=True):
        mine = worth[at : at + len(after)]
        [chosen] = np.flatnonzero((after == one).all((1, 2)))
        assert mine[chosen] >= mine.max() - 1e-6
        at += len(after)


def test_a_batch_is_evaluated_as_its_positions_are(program, model):
    ids = (encode_positions([board for board, _ in TURNS]) * 3)[:2500]
    together, *alone = ask(program, model, [{"op": "eval", "q": ids}]
                           + [{"op": "eval", "q": [one]} for one in ids[1010:1030]])
    np.testing.assert_allclose(
        together["r"][1010:1030], [one["r"][0] for one in alone], atol=1e-6)
    assert ask(program, model, [{"op": "eval", "q": []}]) == [{"r": []}]


def test_a_finished_game_is_exact_and_a_win_is_taken(program, model):
    lost, won = encode_position(pos("7:14 bar:1 / ")), encode_position(pos("2:1 / 6:2"))
    assert ask(program, model, [{"op": "eval", "q": [lost]}, {"op": "move", "q": [[won, 2, 1]]}]) \
        == [{"r": [[0, 0, 0, 1, 1]]}, {"r": [WON]}]


# The program


def test_eval_and_play_from_the_command_line(program, model):
    code, output, errors = run(program, model, "eval", START)
    expected = catalog.get("td-gammon").evaluate(start()[None])[0]
    assert (code, errors) == (0, "")
    np.testing.assert_allclose([float(line[16:]) for line in output.splitlines()],
                               [*expected, equity(expected)], atol=2e-5)
    asked, = ask(program, model, [{"op": "move", "q": [[START, 3, 1]]}])
    assert run(program, model, "play", START, 3, 1) == (0, asked["r"][0] + "\n", "")


def test_hello_names_the_agent_that_was_exported(program, model):
    assert ask(program, model, [{"op": "hello"}, {"op": "quit"}, {"op": "hello"}]) \
        == [{"name": "td-gammon", "protocol": 1, "ops": ["move", "eval", "legal"]}]


def test_the_benchmark_measures(program, model):
    compiled = len(program) == 1
    name = "tdgammon-tensorflow-benchmark" + ("" if compiled else ".js")
    found = [*program[:-1], program[-1].with_name(name)]
    code, output, _ = run(found, model, "--json")
    said = json.loads(output)
    assert code == 0 and said["load_ms"] > 0
    assert 0 < said["one_us"] < said["batch_1024_us"]
    assert run(found)[0] == 2


# Bad input


@pytest.mark.parametrize(("words", "said"), [
    ((), "eval ID"), (("eval",), "eval ID"), (("play", START, 3), "play ID D1 D2"),
    (("jump", START), "eval ID"), (("eval", "x\n\x1b"), r"'x\x0a\x1b' must have 14"),
    (("eval", "4HPwATDgc/ABM!"), "base64"), (("eval", BOTH_OFF), "borne off"),
    (("eval", WON_BY_THE_ONE_ON_ROLL), "loser on roll"),
    (("play", START, 7, 1), "'7' is not a die"), (("play", START, 1, -1), "'-1' is not a die"),
    (("play", WON, 3, 1), "the game is over")], ids=lambda value: repr(value)[:40])
def test_wrong_words_are_one_line_and_exit_2(program, model, words, said):
    assert_refused(*run(program, model, *words), said)


def written(folder: Path, *, board=(None, 2, 25), answers=5, name="board", nan=False) -> Path:
    """Write a SavedModel that answers always the same, and may be of another kind."""
    tf = savedmodel.library()
    from tensorflow.core.protobuf import saved_model_pb2

    with tf.Graph().as_default() as graph:
        given = tf.compat.v1.placeholder(np.int8, board, name)
        count = tf.shape(given)[:1]
        value = np.float32("nan") if nan else np.float32(0.5)
        tf.identity(tf.fill(tf.concat([count, [answers]], 0), value), "outcomes")
        tf.identity(tf.fill(count, value), "equity")
        whole = tf.compat.v1.train.export_meta_graph(graph=graph)
    whole.meta_info_def.tags.append("serve")
    made = saved_model_pb2.SavedModel(saved_model_schema_version=1, meta_graphs=[whole])
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(made.SerializeToString())
    return folder


@pytest.mark.parametrize(("changes", "said"), [
    ({"board": (None, 50)}, "'board' is missing, or of another type or shape"),
    ({"board": (1, 2, 25)}, "'board' is missing"), ({"name": "b"}, "'board' is missing"),
    ({"answers": 4}, "'outcomes' is missing, or of another type or shape"),
    ({"nan": True}, "not a finite number")], ids=str)
def test_models_of_another_kind_are_refused(program, tmp_path, changes, said):
    assert_refused(*run(program, written(tmp_path / "other", **changes), "eval", START), said)


def test_a_model_that_says_nothing_of_itself_has_the_name_of_its_folder(program, tmp_path):
    folder = written(tmp_path / "plain")
    about = folder / "assets.extra" / "tdgammon.json"
    about.parent.mkdir()
    for said in (None, "[1]", "null", '{"agent": 5}'):
        if said is not None:
            about.write_text(said)
        answer, = ask(program, f"{folder}/", [{"op": "hello"}])
        assert answer["name"] == "plain", said


def test_nets_that_remember_are_refused(program, tmp_path):
    export("lstm", "savedmodel", tmp_path / "lstm", positions=100)
    assert_refused(*run(program, tmp_path / "lstm", "eval", START), "remember")


def test_what_is_no_model_is_refused(program, tmp_path, model):
    refused = "is not a model that TensorFlow can run"
    (tmp_path / "file").write_text("not a model")
    for place in (tmp_path / "none", tmp_path, tmp_path / "file"):
        assert_refused(*run(program, place, "eval", START), refused)
    whole = (model / "saved_model.pb").read_bytes()
    for text in (b"", b"not a model\n" * 50, whole[:5000], bytes(1000)):
        (tmp_path / "saved_model.pb").write_bytes(text)
        assert_refused(*run(program, tmp_path, "jsonl"), "tdgammon-tensorflow")


def test_10000_random_requests_get_an_answer_each(program, model):
    lines = random_requests(10_000, QUERIES)
    answers = ask(program, model, lines)
    assert len(answers) == len(lines)
    assert {tuple(sorted(answer)) for answer in answers} == {
        ("r",), ("error",), ("name", "ops", "protocol")}
    assert 0.3 < sum("r" in answer for answer in answers) / len(answers) < 0.9
    assert not [one for one in answers if "internal" in one.get("error", "")]
    assert all(list(one) == ["error"] for one in ask(program, model, list(WRONG)))
