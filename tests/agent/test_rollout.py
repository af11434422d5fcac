"""Rollouts: their means are what exact tables and the search say, and their dice are fair."""

from __future__ import annotations

from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest

from agent import outcome, rollout, search
from agent.analysis import roll_out, turned
from agent.catalog import get
from agent.errors import AgentError
from agent.rollout import Settings, rolls
from agent.search import Search
from engine.plays import plays
from tests.agent import oracle
from tests.agent.judges import Exact, network
from tests.engine.positions import pos

ALL = 36 * 36


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_BLOCKS", (256, 16))
        yield


@pytest.fixture(scope="module")
def share():
    """Make all rollouts of one judge share what is compiled for it."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollout, "Search",
                      lambda judge, quick=None: made.setdefault(judge.name, Search(judge)))
        yield


@pytest.fixture(scope="module")
def exact(share) -> Exact:
    return Exact()


@pytest.fixture(scope="module")
def racer(share):
    """Return a net that runs home: its games are short."""
    return network(oracle.racing_params(1), "racer")


def one(judge, text, **settings):
    """Return the rollout of one position."""
    found, = rollout.rollout(judge, pos(text)[None], Settings(**settings))
    return found


def near(found, truth, errors=3.0, rounding=1e-5):
    """Assert that outcomes lie within so many standard errors of the truth."""
    assert (np.abs(found.outcome - truth) <= errors * found.outcome_se + rounding).all()
    short = found.equity - float(outcome.equity(truth))
    assert abs(short) <= errors * found.equity_se + rounding


# The dice


def test_the_first_two_rolls_go_through_all_combinations_once():
    first, second = (rolls(5, ALL, ply) for ply in (0, 1))
    assert first.dtype == np.int8 and first.shape == (ALL, 2)
    met = {(*a, *b) for a, b in zip(first.tolist(), second.tolist(), strict=True)}
    assert met == set(product(range(1, 7), repeat=4))
    for ply in (0, 1):
        again = rolls(5, 2 * ALL, ply)
        assert (again[:ALL] == again[ALL:]).all() and (again[:ALL] == rolls(5, ALL, ply)).all()


@pytest.mark.parametrize("ply", [0, 1])
def test_every_36_trials_see_every_roll_once(ply):
    thrown = rolls(5, ALL, ply).reshape(36, 36, 2)
    for block in thrown:
        assert {tuple(roll) for roll in block.tolist()} == set(product(range(1, 7), repeat=2))


def test_rolls_are_fair_from_the_third_on_and_new_each_time():
    many = np.stack([rolls(5, 36000, ply) for ply in (2, 3)])
    counts = np.stack([np.bincount(6 * x[:, 0] + x[:, 1] - 7, minlength=36) for x in many])
    assert counts.shape == (2, 36) and np.abs(counts - 1000).max() < 5 * np.sqrt(1000)
    for ply, other in pairwise(range(5)):
        assert (rolls(5, ALL, ply) != rolls(5, ALL, other)).any()


def test_each_trial_by_itself_has_fair_first_rolls():
    met = np.array([[rolls(seed, 3, ply)[1] for ply in (0, 1)] for seed in range(1500)])
    counts = np.stack([np.bincount(6 * x[:, 0] + x[:, 1] - 7, minlength=36)
                       for x in np.moveaxis(met, 1, 0)])
    assert np.abs(counts - 1500 / 36).max() < 5 * np.sqrt(1500 / 36)


def test_equal_seeds_give_equal_results(racer):
    text = "8:3 6:3 / 8:3 5:3"
    first, again, other = (one(racer, text, trials=40, seed=seed) for seed in (3, 3, 4))
    assert (first.values == again.values).all() and (first.outcome == again.outcome).all()
    assert first.equity != other.equity


def test_trials_have_the_same_dice_whatever_is_rolled_out_beside_them(racer):
    texts = ["8:3 6:3 / 8:3 5:3", "6:5 / 6:5", "2:1 / 6:3"]
    settings = Settings(trials=50, truncate=0, seed=2)
    together = rollout.rollout(racer, np.stack([pos(t) for t in texts]), settings)
    for text, found in zip(texts, together, strict=True):
        alone = one(racer, text, trials=50, truncate=0, seed=2)
        np.testing.assert_allclose(found.values, alone.values, atol=1e-4)


# The mean


EXACT = ["6:2 5:1 / 6:1 4:1", "4:1 3:1 / 6:3", "2:5 1:1 / 4:4 6:1"]


@pytest.mark.parametrize("text", EXACT)
def test_perfect_players_win_what_the_tables_say(exact, text):
    found = one(exact, text, trials=2592, truncate=0, luck=False)
    near(found, exact.evaluate(pos(text)[None])[0])
    assert found.trials == 2592 and set(found.values) == {-1.0, 1.0}
    assert found.equity_se == pytest.approx(found.values.std(ddof=1) / np.sqrt(2592))


@pytest.mark.parametrize("truncate", [0, 3])
@pytest.mark.parametrize("text", EXACT)
def test_with_exact_luck_taken_out_every_trial_is_the_truth(exact, text, truncate):
    found = one(exact, text, trials=60, truncate=truncate)
    truth = exact.evaluate(pos(text)[None])[0]
    np.testing.assert_allclose(found.values, outcome.equity(truth), atol=2e-5)
    np.testing.assert_allclose(found.outcome, truth, atol=1e-5)
    assert found.equity_se < 1e-5


@pytest.mark.parametrize("luck", [False, True])
def test_where_there_is_no_choice_any_player_wins_what_the_tables_say(exact, racer, luck):
    found = one(racer, "6:1 / 5:1", trials=2592, truncate=0, luck=luck)
    near(found, exact.evaluate(pos("6:1 / 5:1")[None])[0])
    assert found.equity_se > 0


@pytest.mark.parametrize("luck", [False, True])
def test_gammons_and_backgammons_of_both_sides_are_counted(racer, luck):
    # Two turns are needed, with a double one: the other side has one roll at most, and with
    # double sixes it bears one off.
    found = one(racer, "1:3 / 19:1 6:14", trials=ALL, truncate=0, luck=luck)
    win, gammon, backgammon, *lost = found.outcome
    assert [win, *lost] == pytest.approx([1, 0, 0], abs=1e-5)
    assert gammon == pytest.approx(1 - 30 / 36 / 36, abs=1e-5)
    assert 6 / 36 - 1e-5 <= backgammon <= 6 / 36 + 30 / 36 * 25 / 36 + 1e-5
    # Now the loser is on roll; any six takes his last checker out of the winner's home.
    found = one(racer, "19:1 6:14 / 2:1", trials=ALL, truncate=0, luck=luck)
    *won, gammon, backgammon = found.outcome
    assert won == pytest.approx([0, 0, 0], abs=1e-5)
    assert gammon == pytest.approx(35 / 36, abs=1e-5) and backgammon <= 25 / 36 + 1e-5


@pytest.mark.parametrize("luck", [False, True])
@pytest.mark.parametrize("truncate", [1, 2])
def test_all_first_rolls_together_are_the_search(racer, positions, luck, truncate):
    boards = positions[0][[40, 200, 260]]
    settings = Settings(trials=ALL, truncate=truncate, luck=luck)
    found = rollout.rollout(racer, boards, settings)
    expected = rollout.Search(racer).outcomes(boards, truncate)
    np.testing.assert_allclose([r.outcome for r in found], expected, atol=2e-5)
    if luck and truncate == 1:
        assert all(np.ptp(r.values) < 1e-4 for r in found)


def test_taking_out_the_luck_does_not_move_the_mean(racer):
    text = "13:2 8:3 6:5 5:3 / 13:2 8:3 6:5 4:3"
    plain, adjusted = (one(racer, text, trials=ALL // 9, truncate=0, luck=luck)
                       for luck in (False, True))
    off = plain.outcome - adjusted.outcome
    assert (np.abs(off) < 3.5 * np.hypot(plain.outcome_se, adjusted.outcome_se) + 1e-5).all()
    assert abs(plain.equity - adjusted.equity) < 3.5 * plain.equity_se


def test_the_luck_by_a_net_that_knows_something_is_most_of_the_spread(share):
    text = "8:2 6:5 5:4 / 8:2 6:5 4:4"
    plain, adjusted = (one(get("quick"), text, trials=144, truncate=0, luck=luck)
                       for luck in (False, True))
    assert 0 < adjusted.equity_se < plain.equity_se / 4
    near(plain, adjusted.outcome)


def test_players_who_look_ahead_see_more(racer):
    text = "13:2 8:2 6:2 / 13:2 8:2 5:2"
    shallow, deep = (one(racer, text, trials=36, truncate=0, plies=p, luck=False) for p in (0, 1))
    assert (shallow.values != deep.values).any()


def test_games_that_are_over_need_no_trial(racer):
    found = one(racer, "6:15 / ", trials=7)
    assert (found.values == -2).all() and found.equity_se == 0


def test_one_trial_tells_nothing_of_the_spread(racer):
    found = one(racer, "6:1 / 5:1", trials=1)
    assert found.trials == 1 and found.equity_se is None and found.outcome_se is None


def _tell(told, done, total):
    told.append((done, total))


def test_progress_ends_with_all_trials(racer):
    for truncate in (0, 2):
        told: list[tuple[int, int]] = []
        settings = Settings(trials=10, truncate=truncate)
        rollout.rollout(racer, pos("6:3 / 5:3")[None], settings, partial(_tell, told))
        assert told == sorted(told) and told[-1] == (10, 10)


@pytest.mark.parametrize("wrong", ["trials=0", "truncate=-1", "plies=-1", "seed=-1"])
def test_settings_that_make_no_sense_are_refused(wrong):
    name, value = wrong.split("=")
    with pytest.raises(AgentError, match=f"{name} must be at least"):
        Settings(**{name: int(value)})


# Plays


def test_the_best_few_plays_are_rolled_out_and_put_in_order(exact):
    legal = plays(pos("6:2 5:1 3:1 / 4:4"), 2, 1)
    found = roll_out(legal, exact, Settings(trials=72, truncate=0))
    worth = {play: -outcome.equity(exact.evaluate(play.after[None])[0]) for play in legal}
    best = max(worth.values())
    near_best = [p for p in legal if worth[p] >= best - 0.16]
    assert {f.play for f in found} <= set(near_best)
    assert len(found) == min(5, len(near_best)) > 1
    for choice in found:
        assert choice.rollout.equity == pytest.approx(worth[choice.play], abs=1e-4)
    assert found[0].behind is None
    for choice in found[1:]:
        short, se = choice.behind
        assert short == pytest.approx(best - worth[choice.play], abs=1e-4) and se < 1e-4


def test_a_rollout_can_be_seen_by_the_other_player(racer):
    found = one(racer, "8:3 6:3 / 8:3 5:3 24:2", trials=36, truncate=2)
    other = turned(found)
    assert other.equity == -found.equity and (other.values == -found.values).all()
    np.testing.assert_allclose(other.outcome, outcome.flip(found.outcome))
    assert other.outcome_se[1] == found.outcome_se[3] and other.outcome_se[0] == found.outcome_se[0]
    assert (turned(other).outcome_se == found.outcome_se).all()
