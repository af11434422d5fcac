"""The five outcomes, their worth, and what is certain when a game is over."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import outcome
from engine.board import start
from tests.engine.positions import pos


@pytest.fixture(scope="module")
def outcomes():
    """Return possible outcomes float64[500, 5]."""
    rng = np.random.default_rng(1)
    win, a, b, c, d = rng.random((5, 500))
    return np.stack([win, win * a, win * a * b, (1 - win) * c, (1 - win) * c * d], axis=-1)


def test_the_order_of_outcomes():
    assert outcome.NAMES == ("win", "win_gammon", "win_backgammon", "lose_gammon",
                             "lose_backgammon")
    assert [getattr(outcome, name.upper()) for name in outcome.NAMES] == [0, 1, 2, 3, 4]
    assert outcome.N_OUTCOMES == 5


def test_equity_counts_points(outcomes):
    """A single game counts 1, a gammon 2, a backgammon 3: the chances of each alone."""
    win, wg, wbg, lg, lbg = outcomes.T
    lose = 1 - win
    by_cases = ((win - wg) + 2 * (wg - wbg) + 3 * wbg
                - (lose - lg) - 2 * (lg - lbg) - 3 * lbg)
    np.testing.assert_allclose(outcome.equity(outcomes), by_cases, atol=1e-12)
    assert np.abs(outcome.equity(outcomes)).max() <= 3


def test_what_one_wins_the_other_loses(outcomes):
    np.testing.assert_allclose(outcome.equity(outcome.flip(outcomes)), -outcome.equity(outcomes),
                               atol=1e-12)


def test_turned_twice_is_unturned(outcomes):
    np.testing.assert_allclose(outcome.flip(outcome.flip(outcomes)), outcomes, atol=1e-15)


def test_turning_exchanges_the_gammons():
    assert outcome.flip(np.array([0.75, 0.5, 0.25, 0.125, 0.0625])).tolist() == [
        0.25, 0.125, 0.0625, 0.5, 0.25]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_and_shapes_are_kept(dtype):
    o = np.full((2, 3, 5), 0.5, dtype)
    assert outcome.flip(o).dtype == dtype and outcome.flip(o).shape == (2, 3, 5)
    assert outcome.equity(o).dtype == dtype and outcome.equity(o).shape == (2, 3)


def test_the_outcome_of_points():
    points = np.array([1, 2, 3, -1, -2, -3])
    assert outcome.of_points(points).tolist() == [
        [1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0],
        [0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 1]]
    assert outcome.of_points(points).dtype == np.float32
    assert outcome.equity(outcome.of_points(points)).tolist() == points.tolist()
    assert (outcome.flip(outcome.of_points(points)) == outcome.of_points(-points)).all()


# The player on roll has lost: the winner's side, after the "/", is empty.
FINISHED = [
    ("1:1", -1), ("bar:14", -1), ("24:14", -1), ("6:13 bar:1", -1),
    ("6:15", -2), ("18:15", -2), ("13:14 18:1", -2),
    ("19:1 6:14", -3), ("24:1 6:14", -3), ("6:14 bar:1", -3), ("bar:15", -3),
]


@pytest.mark.parametrize(("loser", "points"), FINISHED)
def test_the_end_of_a_game_is_certain(loser, points):
    board = pos(f"{loser} / ")
    assert outcome.is_over(board)
    found = outcome.terminal(board)
    assert found.tolist() == [0, 0, 0, points <= -2, points <= -3]
    assert outcome.equity(found) == points


def test_a_game_is_over_only_when_the_last_mover_has_no_checker():
    going_on = np.stack([start(), pos("15:1 / 1:1"), pos("6:15 / bar:1")])
    assert not outcome.is_over(going_on).any()


def test_numpy_and_jax_agree(outcomes):
    boards = np.stack([pos(f"{text} / ") for text, _ in FINISHED] + [start()])
    o = outcomes.astype(np.float32)

    @jax.jit
    def all_of_it(o, boards):
        return outcome.equity(o), outcome.flip(o), outcome.terminal(boards), outcome.is_over(boards)

    found = all_of_it(jnp.asarray(o), jnp.asarray(boards))
    np.testing.assert_allclose(found[0], outcome.equity(o), atol=1e-6)
    np.testing.assert_allclose(found[1], outcome.flip(o), atol=1e-7)
    assert (np.asarray(found[2])[:-1] == outcome.terminal(boards)[:-1]).all()
    assert (np.asarray(found[3]) == outcome.is_over(boards)).all()
