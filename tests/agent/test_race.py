"""Races: exact where they can be, consistent everywhere, and quick."""

import json
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import checkpoints
from agent import outcome, race
from agent.catalog import entries, get
from agent.decisions import CLASSES, read
from agent.endgame import knowledge, knowledge_on_device
from agent.error_rate import losses_of
from agent.errors import CheckpointError
from engine import bearoff
from engine.board import flip, pips
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.plays import afterstates_of
from engine.race import is_race
from tests.engine.positions import DATA, pos, random_game


def races(*texts):
    return np.stack([pos(text) for text in texts])


@cache
def met():
    """Return races of games of random plays, read-only."""
    boards = np.stack([board for seed in range(30) for board, _ in random_game(seed)])
    found = boards[is_race(boards)]
    assert len(found) > 100 and (~bearoff.covers(found)).sum() > 30
    found.setflags(write=False)
    return found


def test_at_home_the_tables_say_it_all():
    boards = met()
    boards = boards[bearoff.covers(boards)]
    few = (boards.sum(-1) <= bearoff.TWO_SIDED_CHECKERS).all(-1)
    found, exact = race.outcomes(knowledge(), boards), bearoff.load().outcomes(boards)
    assert few.any() and not few.all()
    assert np.allclose(found[~few], exact[~few], atol=1e-6)
    assert np.allclose(found, exact, atol=0.02)


def test_one_roll_from_home_is_what_the_tables_say_of_its_plays():
    """A side of few checkers one pip from home: the mean over the rolls, by hand."""
    board = pos("7:1 1:1 / 6:15")
    rolls = race.rolls_to_go(knowledge(), board[0]).all_off
    exact = 1 + sum(
        w * min(bearoff.load().mean_rolls(flip(after))[0] for after in afterstates_of(board, *r))
        for r, w in zip(ROLLS.tolist(), ROLL_WEIGHTS, strict=True))
    assert rolls @ np.arange(race.ROLLS + 1) == pytest.approx(exact, abs=0.1)


def test_numbers_of_rolls_are_chances_and_none_is_too_small():
    sides = met().reshape(-1, 25)
    rolls = race.rolls_to_go(knowledge(), sides)
    for chances in rolls:
        assert np.allclose(chances.sum(-1), 1, atol=1e-5) and chances.min() >= -1e-6
    left = sides.sum(-1)
    assert (rolls.all_off[:, 0] < 1e-6).all()
    for checkers, none in ((15, 3), (9, 2), (5, 1)):
        assert rolls.all_off[left >= checkers][:, : none + 1].max() < 1e-6
    assert (rolls.first_off[left < 15][:, 0] == 1).all()


def test_somebody_wins():
    """On roll or not: if the number of rolls of both is known, so is the winner."""
    boards = met()
    rolls = race.rolls_to_go(knowledge(), boards)
    mine, theirs = rolls.all_off[:, 0].astype(float), rolls.all_off[:, 1].astype(float)
    pairs = mine[:, :, None] * theirs[:, None, :]
    win = np.triu(pairs).sum((1, 2))
    found = race.outcomes(knowledge(), boards)
    large = ~(boards.sum(-1) <= 6).all(-1)
    assert np.allclose(found[large, 0], win[large], atol=1e-4)


def test_outcomes_are_ordered_and_between_0_and_1():
    win, wg, wbg, lg, lbg = race.outcomes(knowledge(), met()).T
    assert (win >= 0).all() and (win <= 1).all()
    assert (wbg >= 0).all() and (wbg <= wg).all() and (wg <= win).all()
    assert (lbg >= 0).all() and (lbg <= lg).all() and (lg <= 1 - win).all()


def test_more_pips_win_less():
    texts = [f"{p}:15 / 10:15" for p in range(4, 15)]
    win = race.outcomes(knowledge(), races(*texts))[:, 0]
    assert (np.diff(win) < 0).all() and win[0] > 0.99 and win[-1] < 0.05
    assert (np.diff(pips(races(*texts))[:, 0]) > 0).all()


def test_who_is_on_roll_is_better_off():
    boards = met()
    win, other = (race.outcomes(knowledge(), b)[:, 0] for b in (boards, flip(boards)))
    assert (win + other >= 1 - 1e-4).all()


def test_gammons_and_backgammons_need_fifteen_checkers():
    one = "1:1 / "
    found = race.outcomes(knowledge(), races(
        one + "13:15", one + "13:14", one + "23:15", one + "23:14", one + "23:1 1:14"))
    assert np.allclose(found[:, 0], 1, atol=1e-6)
    assert np.allclose(found[:, 1], [1, 0, 1, 0, 1], atol=1e-6)
    assert np.allclose(found[:, 2], [0, 0, 1, 0, 1], atol=1e-6)


def test_backgammons_are_counted_by_hand():
    """I am off with my second roll at the latest; 4 pips he makes with every roll but 21."""
    found = race.outcomes(knowledge(), races("1:3 / 22:1 1:14"))[0]
    assert found[2] == pytest.approx(1 / 6 + 5 / 6 * 2 / 36, abs=1e-5)
    lost = race.outcomes(knowledge(), races("22:1 1:14 / 1:2"))[0]
    assert lost[4] == pytest.approx(2 / 36, abs=1e-5)


def test_the_device_says_the_same():
    boards = met()
    found = jax.jit(lambda k, b: race.outcomes(k, b, jnp))(knowledge_on_device(), boards)
    assert np.allclose(found, race.outcomes(knowledge(), boards), atol=1e-5)


def test_a_side_that_all_share_is_asked_about_once_and_the_same():
    board = met()[40]
    after = afterstates_of(board, 6, 5)
    one = np.concatenate([race.outcomes(knowledge(), b[None]) for b in after])
    assert np.allclose(race.outcomes(knowledge(), after), one, atol=1e-6)


def test_a_net_is_read_as_it_was_written(tmp_path):
    net = race.load()
    race.save(tmp_path / "some.net", net)
    again = race.load(tmp_path / "some.net")
    assert jax.tree.all(jax.tree.map(np.array_equal, net, again))


@pytest.mark.parametrize("damage", [
    lambda net: net["heads"].pop("bias"),
    lambda net: net["heads"].update(bias=net["heads"]["bias"][:-1]),
    lambda net: net["hidden0"].update(bias=net["hidden0"]["bias"].astype(np.float64)),
    lambda net: net["hidden1"].update(bias=net["hidden1"]["bias"] * np.float32(np.nan))])
def test_another_net_is_refused(tmp_path, damage):
    net = jax.tree.map(np.array, race.load())
    damage(net)
    race.save(tmp_path / "some.net", net)
    with pytest.raises(CheckpointError, match="not those of a net for races"):
        race.load(tmp_path / "some.net")


def test_a_file_that_is_no_net_is_refused(tmp_path):
    for text in (b"", b"nonsense"):
        (tmp_path / "some.net").write_bytes(text)
        with pytest.raises(CheckpointError, match="no net for races"):
            race.load(tmp_path / "some.net")
    with pytest.raises(CheckpointError, match="no net for races"):
        race.load(tmp_path / "missing")
    np.savez(tmp_path / "other.npz", format=np.array(99))
    with pytest.raises(CheckpointError, match="of format 1"):
        race.load(tmp_path / "other.npz")


def test_the_net_for_races_is_no_agent():
    assert "race" not in [entry.name for entry in entries()]


def test_the_net_that_ships_loses_what_its_record_says():
    decisions = read(DATA / "positions-dev.jsonl.gz")
    agent, rng = get("pretrained"), np.random.default_rng(1)
    chosen = decisions.boards.copy()
    mine = np.flatnonzero(decisions.kind == CLASSES.index("race"))
    for i in mine:
        chosen[i] = agent.choose(decisions.boards[i : i + 1], decisions.dice[i : i + 1], None, rng)[
            0][0]
    mpt = 1000 * losses_of(decisions, chosen)[0][mine].mean()
    record = json.loads((Path(checkpoints.__file__).parent / "race.json").read_text())
    assert mpt == pytest.approx(record["errors"]["race_mpt"], abs=0.05)
    assert mpt < 0.5
    assert outcome.NAMES[0] in record["errors"]["race_rms"]
