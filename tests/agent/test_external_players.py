"""Players from outside: what they answer is played, what they cannot answer is told in one line.

GNU Backgammon is asked itself where it is installed, package or program.
"""

import gzip
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import catalog
from agent.arena import play_games
from agent.errors import AgentError
from agent.players import gnubg_program
from agent.players.external import ExternalAgent, fibs_board
from agent.players.gnubg_program import GnubgProgramAgent
from agent.players.pubeval import PubevalAgent
from agent.players.ubgi import UbgiAgent
from agent.protocol import Agent, Evaluator
from engine.ids import decode_positions, encode_positions, parse_fibs_board
from engine.notation import parse_play
from engine.plays import afterstates_of, plays
from tests.engine.positions import DATA, boards, pos, random_game

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLOSED_OUT = pos("bar:1 / 6:2 5:2 4:2 3:2 2:2 1:2")
START = pos("24:2 13:5 8:3 6:5 / 24:2 13:5 8:3 6:5")


@pytest.fixture(scope="module", autouse=True)
def importable():
    """Let the stand-ins import the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        yield


@pytest.fixture
def ubgi():
    """Return ``make(*mode, answer_s) -> UbgiAgent`` of the stand-in."""
    made = []

    def make(*mode, answer_s=60.0):
        words = [sys.executable, str(HERE / "fake_ubgi.py"), *mode]
        made.append(UbgiAgent(shlex.join(words), answer_s=answer_s))
        return made[-1]

    yield make
    for agent in made:
        agent.close()


@pytest.fixture
def fake_gnubg(tmp_path, monkeypatch):
    """Return ``make(mode, late, **seconds) -> GnubgProgramAgent`` of the stand-in.

    ``late``: it says what it has to say of its end half a second after it hung up.
    """
    path = tmp_path / "gnubg"
    script = f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'fake_gnubg.py'))} \"$@\""
    said = shlex.quote(str(tmp_path / "said"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    made = []

    def make(mode="", late=False, **seconds):
        command = f"{script} 2> {said}; sleep 0.5; cat {said}" if late else f"exec {script}"
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)
        monkeypatch.setenv("FAKE_GNUBG", mode)
        made.append(GnubgProgramAgent(1, **seconds))
        return made[-1]

    yield make
    for agent in made:
        agent.close()


def turns(*seeds):
    """Return boards and dice of whole games of random plays."""
    met = [turn for seed in seeds for turn in random_game(seed)]
    return np.stack([board for board, _ in met]), np.array([dice for _, dice in met], np.int8)


def choose(agent, board, dice):
    """Return what an agent makes of one position."""
    after, memory = agent.choose(board[None], np.array([dice], np.int8), agent.start(1),
                                 np.random.default_rng(1))
    assert memory is None and after.dtype == np.int8
    return after[0]


def fails(agent, *parts):
    """Assert that asking fails in one line with all these parts, and so does asking again."""
    with pytest.raises(AgentError) as caught:
        choose(agent, START, (3, 1))
    text = str(caught.value)
    assert text.startswith(agent.name) and "\n" not in text
    assert all(part in text for part in parts), text


def plays_the_last(agent):
    """Assert that a stand-in's plays arrive: entering, hitting, bearing off, doubles."""
    positions, dice = turns(0, 3)
    after, _ = agent.choose(positions, dice, None, np.random.default_rng(1))
    expected = [plays(b, *d.tolist())[-1].after for b, d in zip(positions, dice, strict=True)]
    assert (after == np.stack(expected)).all()
    assert positions[:, 0, 24].any() and (dice[:, 0] == dice[:, 1]).any()
    assert (positions.sum(-1) < 15).any()


# What they have in common


@given(boards(), st.tuples(*[st.integers(1, 6)] * 2))
def test_a_board_line_says_what_is_on_the_board(board, dice):
    found = parse_fibs_board(fibs_board(board, dice))
    assert (found.board == board).all() and found.dice == dice and not found.doubled
    assert found.state.length == 0 and found.state.cube_owner is None
    # GNU Backgammon reads at most 255 characters of a line.
    assert len(fibs_board(board, dice)) < 250


def test_nobody_is_asked_where_there_is_one_play():
    class Nobody(ExternalAgent):
        name = "nobody"

        def answer(self, board, dice):
            raise AssertionError("asked")

    assert (choose(Nobody(), CLOSED_OUT, (2, 1)) == CLOSED_OUT[::-1]).all()
    assert (choose(Nobody(), pos("1:1 / 6:2"), (2, 1))[1] == 0).all()
    assert Nobody().choose(np.zeros((0, 2, 25), np.int8), np.zeros((0, 2), np.int8), None,
                           np.random.default_rng(1))[0].shape == (0, 2, 25)


def test_an_answer_that_is_no_legal_play_is_refused():
    class Cheat(ExternalAgent):
        name = "cheat"

        def answer(self, board, dice):
            return board

    with pytest.raises(AgentError, match="cheat: made no legal play of the roll 31 in 4HPw"):
        choose(Cheat(), START, (3, 1))


# By name


@pytest.mark.parametrize("name, message", [
    ("gnubg:3", "gnubg:3: plies must be 0, 1 or 2, as in gnubg:0"),
    ("gnubg:", "plies must be"), ("gnubg:-1", "plies must be"), ("gnubg:0 ", "plies must be"),
    ("gnubg-program:9", "plies must be 0, 1 or 2, as in gnubg-program:0"),
    ("ubgi:", "names no command"), ("ubgi:  ", "names no command"),
    ("ubgi:'x", "No closing quotation"),
    ("ubgi:/no/such/engine -x", "/no/such/engine cannot be started"),
    ("gnubg", "unknown agent 'gnubg'; known: random, .*gnubg:N, gnubg-program:N, ubgi:COMMAND"),
])
def test_a_wrong_name_is_told_in_one_line(name, message):
    with pytest.raises(AgentError, match=message) as caught:
        catalog.get(name)
    assert "\n" not in str(caught.value)


def test_without_the_package_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gnubg_nn", None)
    with pytest.raises(AgentError, match=r'pip install "tdgammon\[gnubg\]"'):
        catalog.get("gnubg:0")
    about = {entry.name: entry for entry in catalog.entries()}["gnubg:N"].about
    assert "not installed" in about and "pip install" in about


def test_without_the_program_it_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gnubg_program, "_ELSEWHERE", "")
    with pytest.raises(AgentError, match="install GNU Backgammon"):
        catalog.get("gnubg-program:0")
    about = {entry.name: entry for entry in catalog.entries()}["gnubg-program:N"].about
    assert "not installed" in about


def test_each_kind_from_outside_is_listed_once():
    found = [entry for entry in catalog.entries() if ":" in entry.name]
    assert [entry.name for entry in found] == ["gnubg:N", "gnubg-program:N", "ubgi:COMMAND"]
    assert all(entry.strength is None and entry.about for entry in found)


# UBGI


@pytest.mark.parametrize("mode", ["good", "xgid", "ready"])
def test_an_engine_is_played_as_it_answers(ubgi, mode):
    plays_the_last(ubgi(mode))


def test_this_program_behind_ubgi_plays_as_it_does_itself():
    agent = catalog.get(f"ubgi:{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'cli.py'))} "
                        "serve pubeval --protocol ubgi")
    assert isinstance(agent, Agent)
    points, plies = play_games(agent, PubevalAgent(), 6, seed=5)
    agent.close()
    # The same player in both seats with the same dice: every pair of games is one game.
    assert (points[0::2] == -points[1::2]).all() and (plies[0::2] == plies[1::2]).all()


@pytest.mark.parametrize("mode, parts", [
    (["dies"], ["ended instead of answering board:You", "it said 'out of memory'"]),
    (["says", "24/1"], ["answered '24/1' to the roll 31 in 4HPwATDgc/ABMA"]),
    (["says", "8/5"], ["'8/5' is not legal with 31"]),
    (["says", "double"], ["answered 'double'", "is not play notation"]),
    (["says", "sorry"], ["answered 'sorry'"]),
    (["says", ""], ["answered ''", "the roll can be played"]),
])
def test_an_engine_that_cannot_play_is_told_in_one_line(ubgi, mode, parts):
    fails(ubgi(*mode), *parts)


def test_an_engine_that_hangs_is_ended(ubgi):
    agent = ubgi("hangs")
    agent._answer_s = 0.2
    fails(agent, "no answer to board:You", "within 0.2 s")
    assert agent._process.poll() is not None
    fails(agent, "was ended after an error")


def test_an_engine_must_say_that_it_is_ready(ubgi):
    with pytest.raises(AgentError, match="no answer to ubgi within 0.5 s"):
        ubgi("mute", answer_s=0.5)
    with pytest.raises(AgentError, match="ended instead of answering ubgi.*no such thing"):
        UbgiAgent(f"{shlex.quote(sys.executable)} -c 'raise SystemExit(\"no such thing\")'")


def test_an_engine_is_told_to_quit_when_this_program_ends(tmp_path):
    words = [sys.executable, str(HERE / "fake_ubgi.py"), "signs off", str(tmp_path / "said")]
    code = f"from agent.players.ubgi import UbgiAgent\nagent = UbgiAgent({shlex.join(words)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=180)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "said").read_text() == "bye"


# The program GNU Backgammon, by a stand-in


def test_the_program_is_played_as_it_answers(fake_gnubg):
    agent = fake_gnubg()
    assert agent.name == "gnubg-program:1" and isinstance(agent, Agent)
    plays_the_last(agent)
    folder = agent._folder
    assert folder.is_dir()
    agent.close()
    assert agent._process.poll() is not None and not folder.exists()


@pytest.mark.parametrize("mode, parts", [
    ("dies", ["the program ended", "'Segmentation fault'"]),
    ("error", ["answered 'Error: no such luck' to board:You"]),
    ("illegal", ["answered '24/1 24/1' to the roll 31"]),
])
def test_a_program_that_cannot_play_is_told_in_one_line(fake_gnubg, mode, parts):
    fails(fake_gnubg(mode), *parts)


def test_what_a_program_says_after_it_hung_up_is_told(fake_gnubg):
    fails(fake_gnubg("dies", late=True), "the program ended", "'Segmentation fault'")


def test_a_program_that_hangs_is_ended(fake_gnubg):
    agent = fake_gnubg("hangs", answer_s=0.5)
    fails(agent, "did not answer board:You", "within 0.5 s")
    assert agent._process.poll() is not None
    fails(agent, "was ended after an error")


@pytest.mark.parametrize("mode, message", [
    ("deaf", "did not listen within 1.5 s; the last it said was"),
    ("refuses", "ended at once; the last it said was 'cannot open display'"),
])
def test_a_program_must_listen(fake_gnubg, mode, message):
    began = time.monotonic()
    with pytest.raises(AgentError, match=message):
        fake_gnubg(mode, start_s=1.5 if mode == "deaf" else 30)
    assert time.monotonic() - began < 20


# GNU Backgammon itself


@pytest.fixture(scope="module", params=["gnubg:0", "gnubg-program:0"])
def gnubg(request):
    """Return GNU Backgammon at 0 plies, by package and by program."""
    if request.param == "gnubg:0":
        pytest.importorskip("gnubg_nn")
    elif gnubg_program.program() is None:
        pytest.skip("the program gnubg is not installed")
    agent = catalog.get(request.param)
    yield agent
    if request.param != "gnubg:0":
        agent.close()


@pytest.fixture(scope="module")
def decisions():
    """Return every tenth decision of the benchmark, with 2-ply equities of GNU Backgammon."""
    with gzip.open(DATA / "positions-dev.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines][1::10]


def test_gnubg_opens_by_the_book(gnubg):
    for dice, text in [((3, 1), "8/5 6/5"), ((4, 2), "8/4 6/4"), ((6, 5), "24/13")]:
        assert (choose(gnubg, START, dice) == parse_play(text, START, *dice).after).all()


def test_gnubg_plays_every_turn_legally_and_the_same_again(gnubg):
    positions, dice = turns(*range(6))
    after, _ = gnubg.choose(positions, dice, None, np.random.default_rng(1))
    for board, roll, chosen in zip(positions, dice, after, strict=True):
        assert (afterstates_of(board, *roll.tolist()) == chosen).all((1, 2)).any()
    again, _ = gnubg.choose(positions[::-1], dice[::-1], None, np.random.default_rng(2))
    assert (again[::-1] == after).all()


def test_gnubg_errs_as_little_as_gnubg_does(gnubg, decisions):
    dice = np.array([one["d"] for one in decisions], np.int8)
    after, _ = gnubg.choose(decode_positions([one["id"] for one in decisions]), dice, None,
                            np.random.default_rng(1))
    losses = []
    for one, chosen in zip(decisions, encode_positions(after), strict=True):
        equities = {name: two_ply for name, _, two_ply, _ in one["cand"]}
        best = max(equities.values())
        losses.append(best - equities.get(chosen, best))
    # 2.0 thousandths of a point on the whole benchmark; any other player errs several times that.
    assert 0.5e-3 < np.mean(losses) < 4e-3


def test_gnubg_knows_the_chances(decisions):
    pytest.importorskip("gnubg_nn")
    agent = catalog.get("gnubg:0")
    assert isinstance(agent, Evaluator)
    best = [max(one["cand"], key=lambda candidate: candidate[2]) for one in decisions]
    found = agent.evaluate(decode_positions([one[0] for one in best]))
    assert found.shape == (len(best), 5) and found.dtype == np.float32
    np.testing.assert_allclose(found, [one[3] for one in best], atol=0.06)
    assert np.abs(found - [one[3] for one in best]).mean() < 0.005
    over = pos("24:1 6:14 / ")
    assert agent.evaluate(over).tolist() == [[0, 0, 0, 1, 1]]
    assert agent.evaluate(np.zeros((0, 2, 25), np.int8)).shape == (0, 5)
