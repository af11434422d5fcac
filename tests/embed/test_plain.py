"""The programs without any library: their numbers, and what they say to bad input."""

import itertools
import json
import subprocess

import numpy as np
import pytest

from agent import catalog
from agent.export import check, plain_file
from agent.export.files import about_of
from agent.export.interface import interface, reference
from agent.outcome import equity
from engine.board import start
from engine.ids import encode_position
from engine.plays import afterstates_of
from tests.agent.test_export_plain import HEADER, LINE, NUMBERS, SMALL, TACTICS, TESAURO, drawn
from tests.agent.test_export_plain import data as data_of
from tests.embed import plain_programs
from tests.embed.plain_programs import MODULES, SANITIZED, evaluated, run
from tests.engine.positions import pos, random_game
from tests.serve.test_jsonl import BOTH_OFF, START, WON_BY_THE_ONE_ON_ROLL

SHIPPED = ("td-gammon", "pretrained")
# Opens each of the files that are named on standard input, and says what was wrong with it.
OPEN_ALL = """
import { createInterface } from "node:readline";
import { NetError } from "./net.mjs";
import { open } from "./open.mjs";
for await (const path of createInterface({ input: process.stdin })) {
  const wrong = await open(path).then(() => "", (error) => {
    if (!(error instanceof NetError)) throw error;
    return error.message;
  });
  console.log(JSON.stringify(wrong));
}
"""


@pytest.fixture(scope="module", params=["cpp", "js"])
def program(request):
    return plain_programs.command(request.param)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Return, of each net that ships and can be had plain, its interface and its file."""
    found = {}
    for name in SHIPPED:
        it, path = interface(catalog.get(name)), tmp_path_factory.mktemp("plain") / "net.plain"
        path.write_bytes(plain_file.data_of(it, about_of(name, it)))
        found[name] = it, path
    return found


@pytest.fixture(scope="module")
def played(shipped):
    """Return 10,000 positions of games, half of whose players play at random."""
    by = plain_file.Session(shipped["td-gammon"][1])
    steps = itertools.islice(check._played(lambda boards: by(boards)[1], seed=1), 100)
    return np.concatenate([boards for boards, _, _ in steps])


def strange_boards(n, seed=0):
    """Return boards with checkers anywhere: on the bar, off, alone, in primes."""
    rng = np.random.default_rng(seed)
    boards = np.zeros((n, 2, 25), np.int8)
    for board in boards:
        mine = rng.random(24) < rng.random()
        if rng.random() < 0.3:
            at, length = rng.integers(24, size=2)
            mine[at:at + length] = True
        for row, points in ((0, np.flatnonzero(mine)), (1, 23 - np.flatnonzero(~mine))):
            places = rng.permutation(points)[:rng.integers(1, 9)]
            if rng.random() < 0.3:
                places = np.repeat(points[:7], 2)
            elif rng.random() < 0.4 or not len(places):
                places = rng.choice(np.append(places, 24), rng.integers(1, 16))
            board[row] = np.bincount(places, minlength=25)
        if not board[0].any():
            board[0, 24] = 1
    return boards


def assert_refused(code, output, errors, *words):
    """Assert one line on standard error that has these words in it, and nothing else."""
    assert code == 2 and output == ""
    assert errors.startswith("plain-eval: ") and errors.count("\n") == 1, errors
    assert len(errors) < 320 and all(word in errors for word in words), errors


# Numbers


@pytest.mark.parametrize("name", SHIPPED)
def test_10000_positions_are_worth_what_flax_says(program, shipped, played, name):
    it, path = shipped[name]
    assert len(played) == 10_000 and not played[:, 1].any(-1).all()
    want_outcomes, want_equity = map(np.asarray, reference(it)(played))
    outcomes, worth = evaluated(program, path, played)
    np.testing.assert_allclose(outcomes, want_outcomes, atol=1e-5, rtol=0)
    np.testing.assert_allclose(worth, want_equity, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", SHIPPED)
def test_1000_plays_are_those_of_flax(program, shipped, name):
    it, path = shipped[name]
    turns = [turn for seed in range(20) for turn in random_game(seed)][:1000]
    legal = [afterstates_of(board, *dice) for board, dice in turns]
    every = np.concatenate(legal)
    worth, said = -np.asarray(reference(it)(every)[1]), -evaluated(program, path, every)[1]
    ends = np.cumsum([len(after) for after in legal])[:-1]
    assert len(turns) == 1000
    for want, mine in zip(np.split(worth, ends), np.split(said, ends), strict=True):
        assert want[mine.argmax()] >= want.max() - 1e-6


@pytest.mark.parametrize(("features", "settings"), [
    (TESAURO, {"hidden": (16,)}), (TESAURO, {"hidden": (1, 17), "activation": "relu"}),
    (TACTICS, {"hidden": (9,)}), (TACTICS, {"hidden": (33, 5, 2)}),
    (TACTICS, {"hidden": (130, 40), "activation": "relu"})], ids=str)
def test_nets_of_any_layers_and_positions_of_any_kind(tmp_path, program, features, settings):
    agent, path = drawn(features=features, **settings), tmp_path / "net.plain"
    path.write_bytes(data_of(agent))
    boards = strange_boards(1500)
    want, _ = plain_file.Session(path)(boards)
    # One input that is wrong, in one position, would show.
    varying = agent.features.encode(boards).std(axis=0) > 0
    assert varying.sum() >= agent.features.size - 2 and want.std(axis=0).max() > 0.01
    outcomes, _ = evaluated(program, path, boards)
    np.testing.assert_allclose(outcomes, want, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("loser", "lost"), [
    ("6:2", [0, 0, 0, 0, 0]), ("7:15", [0, 0, 0, 1, 0]), ("7:14 19:1", [0, 0, 0, 1, 1]),
    ("7:14 bar:1", [0, 0, 0, 1, 1]), ("7:13 bar:1", [0, 0, 0, 0, 0])])
def test_a_finished_game_is_exact(program, shipped, loser, lost):
    outcomes, worth = evaluated(program, shipped["td-gammon"][1], pos(f"{loser} / ")[None])
    assert outcomes.tolist() == [lost] and worth.tolist() == [equity(np.array(lost))]


def test_one_position_is_shown_with_names(program, shipped):
    _, path = shipped["td-gammon"]
    code, output, errors = run(program, path, START)
    names, values = zip(*(line.rsplit(None, 1) for line in output.splitlines()), strict=True)
    assert (code, errors) == (0, "")
    assert names == ("win", "win gammon", "win backgammon", "lose gammon", "lose backgammon",
                     "equity")
    outcomes, worth = plain_file.Session(path)(start()[None])
    np.testing.assert_allclose(np.array(values, float), [*outcomes[0], worth[0]], atol=2e-6)


def test_no_positions_are_no_lines(program, shipped):
    assert run(program, shipped["td-gammon"][1], "-") == (0, "", "")


@pytest.mark.parametrize("language", ["cpp", "js"])
def test_the_benchmark_prints_json(shipped, language):
    words = plain_programs.command(language)
    if language == "js":
        words[-1] = MODULES / "benchmark.mjs"
    else:
        words = [plain_programs.FOLDER / "build" / "release" / "plain-benchmark"]
    code, output, errors = run(words, shipped["td-gammon"][1], "--json")
    found = json.loads(output)
    assert (code, errors) == (0, "")
    assert list(found) == ["load_ms", "one_us", "batch_1024_us"]
    assert all(value > 0 for value in found.values())


# Bad input


@pytest.mark.parametrize(("words", "said"), [
    ((), "FILE ID"), (("FILE",), "FILE ID"), (("FILE", START, START), "FILE ID"),
    (("FILE", ""), "14 characters"), (("FILE", "x\n\x1b"), r"'x\x0a\x1b' must have 14"),
    (("FILE", START[:-1] + "é"), "14 characters|base64"), (("FILE", "4HPwATDgc/ABM!"), "base64"),
    (("FILE", "4HPwATDgc/ABMB"), "bits after the last cell"), (("FILE", BOTH_OFF), "borne off"),
    (("FILE", "x" * 100_000), "14 characters"), (("FILE", WON_BY_THE_ONE_ON_ROLL), "loser on roll"),
], ids=lambda value: repr(value)[:40])
def test_wrong_words_are_one_line_and_exit_2(program, shipped, words, said):
    words = [shipped["td-gammon"][1] if word == "FILE" else word for word in words]
    code, output, errors = run(program, *words)
    assert_refused(code, output, errors)
    assert any(one in errors for one in said.split("|")), errors


def test_a_wrong_line_among_others_is_refused(program, shipped):
    lines = f"{START}\n{START[:-1]}\n{START}\n".encode()
    assert_refused(*run(program, shipped["td-gammon"][1], "-", input=lines), "14 characters")


def headers():
    """Yield first lines that are not right, and what is said of each."""
    for changes, said in (
        ({"format": "onnx"}, "format"), ({"version": 2}, "version"),
        ({"features": "x"}, "features"),
        ({"activation": "tanh"}, "activation"), ({"layers": [198, 3, 6]}, "bytes instead"),
        ({"layers": [224, 3, 5]}, "bytes instead"), ({"layers": [198, 4, 5]}, "bytes instead"),
        ({"layers": []}, "layers"), ({"layers": [198]}, "layers"), ({"layers": [5]}, "layers"),
        ({"layers": [198, 0, 5]}, "layers"), ({"layers": [198, 10**7, 5]}, "layers"),
    ):
        yield {**HEADER, **changes}, said
    for name in ("format", "version", "agent", "features", "layers", "activation",
                 "checkpoint_sha256"):
        yield {key: value for key, value in HEADER.items() if key != name}, ""
    for value in (None, True, 1.5, -1, 10**30, {}, [[1]], "x", ["x"]):
        yield {**HEADER, "layers": value}, ""
        yield {**HEADER, "features": value}, ""


BAD = [
    *((json.dumps(header).encode() + b"\n" + NUMBERS, said) for header, said in headers()),
    *((SMALL[:size], "") for size in range(len(LINE) + 1)),
    *((SMALL[:len(LINE) + 1 + 4 * numbers + more], "bytes instead of")
      for numbers in (0, 1, 198 * 3, 199 * 3, 199 * 3 + 15, 199 * 3 + 19) for more in range(4)),
    (SMALL + b"\0", "bytes instead of"), (SMALL + bytes(4), "bytes instead of"),
    (SMALL[:-4] + b"\0\0\x80\x7f", "not finite"), (SMALL[:-4] + b"\0\0\xc0\xff", "not finite"),
    (b"", ""), (b"\n", ""), (b"not a net\n" * 50, ""), (bytes(1000), ""), (b" " * 70_000, ""),
    (b"{" * 60_000 + b"\n", ""), (b'{"a": "\\\n' + NUMBERS, ""), (LINE + b"x\n" + NUMBERS, ""),
]


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    for i, (file, _) in enumerate(BAD):
        (folder / f"{i}.plain").write_bytes(file)
    return [folder / f"{i}.plain" for i in range(len(BAD))]


@pytest.mark.parametrize("which", ["deployed", "sanitized"])
def test_what_is_no_net_or_not_the_whole_of_one_is_refused(bad_files, which):
    program = plain_programs.command("cpp")
    if which == "sanitized":
        if not SANITIZED.exists():
            pytest.skip("embed/plain/build.sh --sanitize has not been run")
        program = [SANITIZED]
    # The sanitizers take their time.
    some = slice(None, None, 7 if which == "sanitized" else 1)
    for path, (_, said) in zip(bad_files[some], BAD[some], strict=True):
        assert_refused(*run(program, path, START), path.name, said)


def test_what_is_no_net_or_not_the_whole_of_one_is_refused_by_javascript(bad_files):
    node, script = plain_programs.command("js")
    names = "".join(f"{path}\n" for path in bad_files)
    done = subprocess.run([node, "--input-type=module", "-e", OPEN_ALL], cwd=MODULES, text=True,
                          input=names, capture_output=True, timeout=120)
    assert done.stderr == ""
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for path, answer, (_, said) in zip(bad_files, answers, BAD, strict=True):
        assert path.name in answer and said in answer and "\n" not in answer
    assert_refused(*run([node, script], bad_files[0], START), "0.plain")


def test_folders_devices_and_nothing_are_refused(program, tmp_path):
    for path in (tmp_path, tmp_path / "none", "/dev/zero"):
        assert_refused(*run(program, path, START), "there is no such file")


def test_any_bytes_for_a_file_are_answered(tmp_path):
    """Either the net is one all the same, or there is one line."""
    program = plain_programs.command("cpp")
    if SANITIZED.exists():
        program = [SANITIZED]
    rng, path, codes = np.random.default_rng(1), tmp_path / "net.plain", []
    for _ in range(100):
        file = bytearray(SMALL)
        for at in rng.integers(len(LINE), size=rng.integers(1, 4)):
            file[at] = rng.choice([*b'"\\[]{},:9 \n', int(rng.integers(256))])
        path.write_bytes(file)
        code, output, errors = run(program, path, encode_position(start()))
        assert (code, errors) == (0, "") or (code == 2 and errors.count("\n") == 1), file
        codes.append(code)
    assert set(codes) == {0, 2}
