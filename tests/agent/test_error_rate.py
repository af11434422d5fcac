"""Error rates: the loss of a play by hand, files that are wrong, and the net that ships."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

import checkpoints
from agent import outcome
from agent.catalog import get
from agent.decisions import CLASSES, PositionFileError, read
from agent.error_rate import measure
from agent.protocol import Evaluator
from engine.board import start
from engine.ids import decode_position, encode_position, encode_positions
from engine.plays import afterstates_of
from tests.engine.positions import DATA, pos

START = encode_position(start())
PLAYS = encode_positions(afterstates_of(start(), 3, 1))
EVEN = [0.5, 0, 0, 0, 0]
# Three candidates, whose equities exceed the quick ones by 0.02, 0.04 and 0.06, and two more plays.
CAND = [[PLAYS[3], 0.08, 0.1, EVEN], [PLAYS[0], 0.05, 0.09, EVEN], [PLAYS[7], -0.1, -0.04, EVEN]]
REST = [[PLAYS[2], 0.03], [PLAYS[5], -0.3]]
LINE = {"id": START, "d": [3, 1], "c": "opening", "n": 5, "cand": CAND, "rest": REST}


class Scripted:
    """Makes plays given by their Position IDs, one after the other."""

    name = "scripted"

    def __init__(self, *plays: str) -> None:
        self.plays = list(plays)

    def start(self, batch):
        return np.arange(batch)

    def choose(self, boards, dice, memory, rng):
        assert boards.dtype == dice.dtype == np.int8 and (memory == np.arange(len(boards))).all()
        chosen, self.plays = self.plays[:len(boards)], self.plays[len(boards):]
        return np.stack([decode_position(play) for play in chosen]), memory


class Knowing(Scripted):
    """The same with an opinion."""

    def evaluate(self, boards):
        assert not outcome.is_over(boards).any()
        return np.tile(np.float32([0.75, 0.25, 0, 0.125, 0]), (len(boards), 1))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes records to a file and returns its path."""

    def write(*records, name="file.jsonl"):
        lines = [x if isinstance(x, str) else json.dumps(x) for x in ({"meta": {}}, *records)]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    return write


@pytest.fixture
def rate(write):
    """Return a function: the losses of a play in the decision above, and what was counted."""

    def rate(choice, line=LINE):
        found = measure(Scripted(choice), read(write(line)), seed=1).losses
        assert found[line["c"]] == found["all"]
        return found["all"]

    return rate


# The loss of a play


def test_a_candidate_loses_what_it_is_short_of_the_best(rate):
    assert (rate(PLAYS[3]).mpt, rate(PLAYS[3]).best, rate(PLAYS[3]).blunder) == (0, 1, 0)
    found = rate(PLAYS[0])
    assert found.mpt == pytest.approx(10)
    assert (found.best, found.blunder, found.estimated, found.illegal) == (0, 0, 0, 0)
    assert rate(PLAYS[7]).mpt == pytest.approx(140) and rate(PLAYS[7]).blunder == 1


def test_another_play_loses_by_its_quick_equity_and_the_candidates_mean_shift(rate):
    found = rate(PLAYS[2])
    assert found.mpt == pytest.approx(1000 * (0.1 - (0.03 + 0.04)))
    assert (found.estimated, found.illegal) == (1, 0)
    assert rate(PLAYS[5]).mpt == pytest.approx(1000 * (0.1 - (-0.3 + 0.04)))


def test_an_estimated_loss_is_never_a_gain(rate):
    line = LINE | {"rest": [[PLAYS[2], 0.07]]}
    found = rate(PLAYS[2], line)
    assert (found.mpt, found.best, found.estimated) == (0, 1, 1)


@pytest.mark.parametrize(("rest", "worst"), [
    (REST, -0.26), ([[PLAYS[2], 0.03]], -0.04), ([], -0.04)])
def test_an_illegal_play_loses_as_much_as_the_worst(rate, rest, worst):
    found = rate(START, LINE | {"rest": rest})
    assert found.mpt == pytest.approx(1000 * (0.1 - worst))
    assert (found.estimated, found.illegal) == (0, 1)


def test_the_best_candidate_need_not_be_the_first(rate):
    line = LINE | {"cand": CAND[::-1]}
    assert rate(PLAYS[3], line).mpt == 0
    assert rate(PLAYS[2], line).mpt == pytest.approx(30)


@pytest.mark.parametrize(("loss", "best", "blunder"), [
    (0.00001, 1, 0), (0.00002, 0, 0), (0.0799, 0, 0), (0.0801, 0, 1)])
def test_five_digits_are_nothing_and_eighty_thousandths_a_blunder(rate, loss, best, blunder):
    cand = [[PLAYS[0], 0, 0.0, EVEN], [PLAYS[1], 0, -loss, EVEN]]
    found = rate(PLAYS[1], LINE | {"cand": cand})
    assert (found.best, found.blunder) == (best, blunder)


def test_the_mean_of_a_class_and_its_standard_error(write):
    path = write(LINE, LINE, LINE | {"c": "race"}, LINE)
    found = measure(Scripted(PLAYS[3], PLAYS[0], PLAYS[7], PLAYS[2]), read(path), seed=1).losses
    assert list(found) == ["opening", "race", "all"]
    # Losses 0, 10, 30 and, in the race, 140.
    opening = found["opening"]
    assert (opening.decisions, opening.estimated) == (3, 1)
    assert opening.mpt == pytest.approx(40 / 3)
    assert opening.mpt_se == pytest.approx(math.sqrt((1600 + 100 + 2500) / 9 / 2 / 3))
    assert opening.best == pytest.approx(1 / 3) and opening.blunder == 0
    assert found["race"].mpt == pytest.approx(140) and found["race"].mpt_se is None
    assert found["all"].mpt == pytest.approx(45) and found["all"].blunder == 0.25


def test_many_decisions_are_asked_for_in_parts_and_told_of(write):
    told = []
    plays = [PLAYS[0]] * 600 + [PLAYS[3]] * 3
    found = measure(Scripted(*plays), read(write(*[LINE] * 603)), 1, lambda *x: told.append(x))
    assert found.losses["all"].best == pytest.approx(3 / 603)
    assert told == [(512, 603), (603, 603)]


# Evaluations


def test_evaluations_are_compared_after_the_best_play_and_the_last_candidate(write):
    """The outcomes are the opponent's: he is on roll. The play made does not matter."""
    cand = [[PLAYS[0], 0, 0.1, [0.6, 0.25, 0, 0.125, 0]], [PLAYS[1], 0, 0.2, [0.65, 0.25, 0, 0, 0]],
            [PLAYS[2], 0, 0, [0.75, 0.25, 0.25, 0.125, 0]]]
    agent = Knowing(PLAYS[0])
    assert isinstance(agent, Evaluator)
    found = measure(agent, read(write(LINE | {"cand": cand, "rest": []})), seed=1).rms
    assert list(found) == ["opening", "all"] and found["opening"] == found["all"]
    # Off by 0.1, 0, 0, 0.125, 0: equity by 0.2 - 0.125; and by -0.25 in the third.
    assert found["all"] == pytest.approx({
        "positions": 2, "win": math.sqrt(0.01 / 2), "win_gammon": 0,
        "win_backgammon": math.sqrt(0.0625 / 2), "lose_gammon": math.sqrt(0.125**2 / 2),
        "lose_backgammon": 0, "equity": math.sqrt((0.075**2 + 0.0625) / 2)})


def test_the_last_candidate_counts_once_where_it_is_the_best(write):
    found = measure(Knowing(PLAYS[0]), read(write(LINE | {"cand": CAND[:1]})), seed=1).rms
    assert found["all"]["positions"] == 1


def test_finished_games_are_not_evaluated(write):
    board = pos("1:1 / 1:15")
    after, = encode_positions(afterstates_of(board, 3, 1))
    cand = [[after, 2, 2, [0, 0, 0, 1, 0]]]
    line = {"id": encode_position(board), "d": [3, 1], "c": "bearoff", "cand": cand, "rest": []}
    found = measure(Knowing(after, PLAYS[3]), read(write(line, LINE)), seed=1)
    assert list(found.rms) == ["opening", "all"] and found.losses["bearoff"].mpt == 0
    assert measure(Knowing(after), read(write(line)), seed=1).rms == {}


def test_without_an_opinion_nothing_is_compared(write):
    found = measure(Scripted(PLAYS[0]), read(write(LINE)), seed=1).as_json()
    assert found["rms"] is None
    json.dumps(found, allow_nan=False)


# Files


def test_a_gzipped_file_is_the_same_whatever_its_name(write):
    plain = write(LINE, LINE | {"c": "race", "rest": []})
    zipped = plain.with_name("zipped")
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = (dataclasses.asdict(read(path)) for path in (plain, zipped))
    assert one.pop("file") != other.pop("file")
    assert all(np.array_equal(one[k], other[k], equal_nan=one[k].dtype == float) for k in one)
    assert one["kind"].tolist() == [0, 3] and one["first"].tolist() == [0, 5]


def wrong(**change):
    return json.dumps(LINE | change)


@pytest.mark.parametrize(("line", "reason"), [
    ("nonsense", "not JSON"),
    ("", "not JSON"),
    (json.dumps(LINE)[:-5], "not JSON"),
    ("[" * 100_000, "nested"),
    ("\x00", "not JSON"),
    ("[1, 2]", "not an object"),
    ("{}", '"id"'),
    (wrong(id=7), '"id"'),
    (wrong(id="nonsense"), "14 characters"),
    (wrong(id="//8AAAAAAAAAAA"), "more than 15 checkers"),
    (wrong(id=encode_position(pos(" / 6:2"))), "the game is over"),
    (wrong(d=[3]), "two dice"),
    (wrong(d=[0, 7]), "two dice"),
    (wrong(d=[3.0, 1]), "two dice"),
    (wrong(d="31"), "two dice"),
    (wrong(c="endgame"), '"c" must be one of opening, contact'),
    (wrong(c=["race"]), '"c" must be one of'),
    (wrong(cand=[]), "at least one"),
    (wrong(cand=None), "lists of plays"),
    (wrong(rest={}), "lists of plays"),
    (wrong(cand=[CAND[0][:3]]), "five outcomes"),
    (wrong(cand=[[*CAND[0][:3], EVEN[:4]]]), "five outcomes"),
    (wrong(cand=[[*CAND[0][:3], [2, 0, 0, 0, 0]]]), "outcomes from 0 to 1"),
    (wrong(cand=[[PLAYS[0], 0, "0.1", EVEN]]), "equities from -3 to 3"),
    (wrong(cand=[[PLAYS[0], 0, 100, EVEN]]), "equities from -3 to 3"),
    (json.dumps(LINE).replace("0.08", "NaN"), "NaN is not a JSON number"),
    (json.dumps(LINE).replace("0.08", "1e999"), "equities from -3 to 3"),
    (wrong(rest=[[PLAYS[2]]]), '"rest"'),
    (wrong(rest=[[PLAYS[2], True]]), '"rest"'),
    (wrong(rest=[["nonsense", 0.1]]), "14 characters"),
    (wrong(rest=[[PLAYS[0], 0.1]]), "listed twice"),
])
def test_a_malformed_line_is_named(write, line, reason):
    path = write(LINE, line, LINE)
    with pytest.raises(PositionFileError) as error:
        read(path)
    message = str(error.value)
    assert message.startswith(f"{path}, line 3") and reason in message
    assert len(message.splitlines()) == 1 and len(message) < 400


@pytest.mark.parametrize("damage", [
    lambda good: good[:-20], lambda good: good[:40] + b"\xff\xff\xff" + good[43:],
    lambda good: good[:-8] + b"\0" * 8, lambda good: good[:5]])
def test_a_damaged_archive_is_refused(write, damage):
    path = write(LINE)
    path.write_bytes(damage(gzip.compress(path.read_bytes())))
    with pytest.raises(PositionFileError, match="is damaged"):
        read(path)


@pytest.mark.parametrize("text", ["", "\n", '{"meta": {}}\n'])
def test_a_file_without_a_decision_is_refused(tmp_path, text):
    (tmp_path / "empty").write_text(text)
    with pytest.raises(PositionFileError, match="holds no decision"):
        read(tmp_path / "empty")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing", tmp_path / "nul\0"):
        with pytest.raises(PositionFileError, match="cannot be read"):
            read(path)


# The net that ships, by 3,000 decisions judged by GNU Backgammon at 2-ply


def test_the_error_rate_of_the_net_that_ships():
    decisions = read(DATA / "positions-dev.jsonl.gz")
    assert len(decisions) == 3000 and len(decisions.after) == 54_954
    found = measure(get("pretrained"), decisions, seed=1)
    assert list(found.losses) == [*CLASSES, "all"] == list(found.rms)
    record = json.loads((Path(checkpoints.__file__).parent / "pretrained.json").read_text())
    recorded = record["errors"]["mpt"]
    assert {k: x.mpt for k, x in found.losses.items()} == pytest.approx(recorded, abs=0.05)
    total = found.losses["all"]
    assert 0 < total.mpt_se < 0.5 and total.best > 0.7 and total.blunder < 0.03
    assert 0 < total.estimated < 200 and total.illegal == 0
    assert found.losses["bearoff"].mpt < 0.1
    assert all(0 < x["equity"] < 0.2 for x in found.rms.values())
    assert found.rms["all"]["positions"] == 5977
