"""The luck of rolls: its mean is nothing, and what it leaves of a result is what was to expect."""

import functools
from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest

from agent import arena, luck, outcome
from agent.arena import play_games
from agent.checkpoint import flatten
from agent.errors import AgentError
from agent.greedy import by_equity
from agent.luck import RollValues, Tally
from agent.players.network import NetworkAgent
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from agent.players.scored import ScoredAgent
from engine import packed
from engine.board import has_contact, start
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.plays import afterstates_of
from engine.race import is_race
from tests.agent import oracle
from tests.engine.positions import pos

SMALL_BLOCKS = (32, 8)


def network(params) -> NetworkAgent:
    return NetworkAgent("net", "mlp", {"hidden": [oracle.HIDDEN]}, "tesauro198-v1", params)


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(luck, "_BLOCKS", SMALL_BLOCKS)
        yield


@pytest.fixture(scope="module")
def values() -> RollValues:
    """Return the opinion of a net that knows nothing, which the tests share: it compiles once."""
    return RollValues(network(oracle.random_params(3, scale=4)))


@pytest.fixture(scope="module")
def of_positions(values, positions):
    """Return what it thinks of the 300 positions, all at once."""
    return values.expected_values(positions[0])


def all_luck(found, *, opening: bool):
    """Return the luck float64[36, B] of the 36 ordered rolls (30 in the opening)."""
    rolls = [r for r in product(range(1, 7), repeat=2) if not (opening and r[0] == r[1])]
    thrown = [np.broadcast_to(np.array(r, np.int8), (len(found), 2)) for r in rolls]
    return np.stack([luck.luck(found, dice, opening=opening) for dice in thrown])


def test_each_roll_is_worth_its_best_play(values, positions, of_positions):
    flat = {k: v.astype(float) for k, v in flatten(values.judge.params).items()}
    compared = 0
    for at in range(0, 300, 30):
        for roll, found in zip(ROLLS, of_positions[at], strict=True):
            if is_race(afterstates_of(positions[0][at], *roll.tolist())).any():
                continue  # the net does not speak of races
            compared += 1
            best = oracle.best_play(flat, positions[0][at], roll)
            assert found == pytest.approx(-outcome.equity(best.value), abs=2e-5)
    assert compared > 100


def test_rolls_that_end_the_game_are_worth_what_they_win(values):
    boards = np.stack([pos(f"1:1 / {rest}") for rest in ("23:15", "6:15", "6:14")])
    found = values.expected_values(boards)
    assert (found == np.array([[3], [2], [1]])).all()


@pytest.mark.parametrize("size", [0, 1, 8, 9, 16, 17, 32, 33, 49, 50, 75])
def test_how_many_are_asked_at_once_does_not_matter(values, positions, of_positions, size):
    found = values.expected_values(positions[0][7:7 + size])
    assert found.shape == (size, 21) and found.dtype == np.float32
    np.testing.assert_allclose(found, of_positions[7:7 + size], atol=1e-5)


def test_the_mean_luck_of_a_roll_is_nothing(of_positions):
    found = all_luck(of_positions, opening=False)
    assert np.abs(found).max() > 0.1
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-12)


def test_the_mean_luck_of_a_first_roll_is_nothing_without_doubles(of_positions):
    found = all_luck(of_positions, opening=True)
    assert len(found) == 30
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-12)
    changed = np.where(ROLLS[:, 0] == ROLLS[:, 1], np.float32(7), of_positions)
    assert (all_luck(changed, opening=True) == found).all()


def test_luck_is_that_of_the_roll_thrown_in_any_order():
    worth = np.arange(21, dtype=np.float32)[None]
    for number, (high, low) in enumerate(ROLLS):
        for dice in ((high, low), (low, high)):
            found = luck.luck(worth, np.array([dice], np.int8), opening=False)
            assert found[0] == pytest.approx(number - worth[0] @ ROLL_WEIGHTS)


# Races of one checker each, of which everything is known


@functools.cache
def chance(mine: int, theirs: int, opening: bool = False) -> float:
    """Return the chance to win of a player on roll with one checker left against one."""
    won = 0.0
    rolls = [r for r in product(range(1, 7), repeat=2) if not (opening and r[0] == r[1])]
    for one, two in rolls:
        left = mine - (4 * one if one == two else one + two)
        won += 1 if left <= 0 else 1 - chance(theirs, left)
    return won / len(rolls)


class Oracle(ScoredAgent):
    """Knows the chances of such races exactly."""

    name = "oracle"

    def scores(self, after, before, rng):
        return np.zeros(len(after))

    def device_scorer(self):
        table = [[chance(m, t) if m and t else 0.0 for t in range(25)] for m in range(25)]
        exact = jnp.asarray(np.array(table, np.float32))

        def evaluate(words):
            boards = packed.unpack(words)
            mine, theirs = jnp.moveaxis(boards @ np.arange(1, 26, dtype=np.int32), -1, 0)
            win = exact[mine, theirs]
            return jnp.stack([win] + [jnp.zeros_like(win)] * 4)

        return lambda state, boards: by_equity(evaluate)


def test_with_nothing_but_luck_every_game_is_adjusted_to_what_was_to_expect(monkeypatch):
    race = pos("13:1 / 11:1")
    assert not has_contact(race)
    monkeypatch.setattr(luck, "_BLOCKS", SMALL_BLOCKS[-1:])
    monkeypatch.setattr(arena, "start", lambda: race.copy())
    tally = Tally(RollValues(Oracle()), 60)
    points, plies = play_games(RandomAgent(), PubevalAgent(), 60, seed=2, luck=tally)
    assert plies.max() > 3 and abs(points[::2].mean()) < 1
    # In even games the agent begins, in odd ones the opponent, with other checkers to go.
    expected = 2 * chance(13, 11, opening=True) - 1
    assert 0.05 < abs(expected) < 0.5
    assert abs(2 * chance(13, 11) - 1 - expected) > 0.02
    adjusted = points - tally.total
    np.testing.assert_allclose(adjusted[::2], expected, atol=1e-5)
    np.testing.assert_allclose(adjusted[1::2], -expected, atol=1e-5)


# Whole games, which the evaluator knows nothing of


def test_luck_is_nothing_in_the_mean_whatever_the_evaluator_and_the_players(values):
    tally = Tally(values, 80)
    agents = network(oracle.racing_params(1)), network(oracle.racing_params(2))
    points, _ = play_games(*agents, 80, seed=4, luck=tally)
    assert points.all()
    of_pairs = tally.total.reshape(-1, 2).mean(1)
    se = of_pairs.std(ddof=1) / np.sqrt(len(of_pairs))
    assert np.abs(tally.total).min() > 0 and 0.001 < se < 0.3
    assert abs(of_pairs.mean()) < 4 * se


def test_games_are_told_apart(values):
    tally = Tally(values, 5)
    boards, dice = np.repeat(start()[None], 2, 0), np.array([[6, 5], [6, 5]], np.int8)
    for _ in range(2):
        tally.add(np.array([3, 1]), boards, dice, sign=np.array([1, -1]), opening=True)
    once = luck.luck(values.expected_values(boards), dice, opening=True)[0]
    np.testing.assert_allclose(tally.total, [0, -2 * once, 0, 2 * once, 0], atol=1e-6)
    assert once != 0


def test_luck_is_measured_by_the_net_that_ships(monkeypatch):
    assert luck.default_values().judge.name == "pretrained"
    monkeypatch.setattr(luck.catalog, "get", lambda name: PubevalAgent())
    with pytest.raises(AgentError, match="no network"):
        luck.default_values()
