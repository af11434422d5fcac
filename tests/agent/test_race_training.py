"""Learning races: plays and targets by hand, the same seed gives the same net."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import contact_play, race, race_positions, race_training
from agent.endgame import knowledge, tables_on_device
from engine.bearoff import load
from engine.board import CHECKERS, has_contact
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.plays import afterstates_of

NUMBERS = np.arange(race.ROLLS + 1)


@pytest.fixture(scope="module")
def sides():
    """Return 16 sides int8[16, 24], most of them of all checkers."""
    found = race_positions.random_sides(16, np.random.default_rng(4))
    assert 4 < (found.sum(-1) == CHECKERS).sum() < 16
    return found


@pytest.fixture(scope="module")
def words(sides):
    """Return the best after-positions of all their rolls."""
    net = jax.tree.map(jnp.asarray, race.load())
    return np.asarray(jax.jit(race_positions.look_at)(net, tables_on_device(), sides))


def means(sides):
    """Return mean numbers of rolls float64[2, N], the net's own word and the tables'."""
    said = [shape.mean for shape in race.shapes(race.load(), sides)]
    number = race.home_index(sides)
    exact = load().still_on[number].sum(-1), load().none_off[number].sum(-1)
    home = race_positions.at_home(sides)
    whole = sides.sum(-1) == CHECKERS
    found = [np.where(home, x, y) for x, y in zip(exact, said, strict=True)]
    return np.stack([found[0], np.where(whole, found[1], 0)])


def after_all(side, roll):
    board = np.zeros((2, 25), np.int8)
    board[0, :24] = side
    board[1, 0] = 1  # where it can never be met
    return afterstates_of(board, *roll)[:, 1, :24]


def test_random_sides_are_not_at_home_and_their_checkers_are_counted():
    found = race_positions.random_sides(500, np.random.default_rng(1))
    left = found.sum(-1)
    assert left.min() >= 1 and left.max() == CHECKERS and found.min() == 0
    assert not race_positions.at_home(found).any() and (found[:, 18:].sum(-1) > 0).any()


def test_packed_sides_are_unpacked(sides):
    from engine import packed

    boards = np.zeros((16, 2, 25), np.int8)
    boards[:, 1, :24] = sides
    words = np.asarray(packed.pack(jnp.asarray(boards)))[4:7]
    assert np.array_equal(race_positions.unpacked(words), sides)


def test_the_best_play_of_every_roll_is_found(sides, words):
    best = [race_positions.unpacked(w).reshape(16, 21, 24) for w in words]
    for side, of_all, of_first in zip(sides, *best, strict=True):
        for roll, *chosen in zip(ROLLS.tolist(), of_all, of_first, strict=True):
            options = after_all(side, roll)
            worth = means(options).min(-1)
            for kind, one in enumerate(chosen):
                assert (options == one).all(-1).any()
                assert means(one[None])[kind, 0] == pytest.approx(worth[kind], abs=1e-4)


def test_a_target_is_the_mean_over_the_rolls_one_roll_later(sides, words):
    net = jax.tree.map(jnp.asarray, race.load())
    goal = jax.jit(race_training.targets)(net, tables_on_device(), words)
    for kind, (found, some) in enumerate(zip(goal, words, strict=True)):
        after = race_positions.unpacked(some)
        full = np.pad(after, ((0, 0), (0, 1)))
        chances = race.rolls_to_go(knowledge(), full)[kind].reshape(16, 21, -1)
        right = np.einsum("r,prn->pn", ROLL_WEIGHTS, chances)
        assert np.allclose(found[:, 1:], right[:, :-1], atol=1e-4)
        assert np.allclose(found @ NUMBERS, right @ NUMBERS + 1, atol=1e-2)


def test_races_start_where_contact_has_ended(monkeypatch):
    few = partial(contact_play.plies, games=32)
    monkeypatch.setattr(contact_play, "plies", few)
    found = race_positions.race_starts("td-gammon", 40, np.random.default_rng(1))
    assert len(found) > 10 and not race_positions.at_home(found).any()
    assert (found.sum(-1) <= CHECKERS).all()
    alone = np.zeros((len(found), 2, 25), np.int8)
    alone[:, 0, :24] = found
    assert not has_contact(alone).any()


def test_the_same_seed_learns_the_same_net(monkeypatch):
    monkeypatch.setattr(race_training, "_BLOCK", 256)
    monkeypatch.setattr(race_positions, "_LANES", 64)
    monkeypatch.setattr(race_training, "race_starts",
                        lambda player, games, rng: race_positions.random_sides(50, rng))
    told = []

    def learn(seed):
        config = race_training.RaceConfig(rounds=((512, 3),), batch=64, seed=seed)
        return race_training.learn(config, told.append)

    (net, facts), (again, _) = learn(1), learn(1)
    assert jax.tree.all(jax.tree.map(np.array_equal, net, again))
    assert {k: v.shape for k, v in race.flatten(net).items()} == race.net_shapes(race.HIDDEN)
    assert facts["starts"] == 50 and facts["config"]["seed"] == 1
    assert told[0]["met"] == 512 and told[3]["mean_all"] < told[1]["mean_all"]


def test_another_seed_begins_with_another_net():
    one, other = (race_training.first_net((4,), np.random.default_rng(s)) for s in (1, 2))
    assert not np.array_equal(one["hidden0"]["kernel"], other["hidden0"]["kernel"])


def test_one_roll_from_home_the_first_step_is_the_whole_error():
    sides = np.zeros((1, 24), np.int8)
    sides[0, [0, 6]] = [14, 1]
    net = jax.tree.map(jnp.asarray, race.load())
    found = race_training.errors(net, tables_on_device(), sides, 2, np.random.default_rng(1))
    best = [min(means(after_all(sides[0], roll))[0]) for roll in ROLLS.tolist()]
    right = means(sides)[0, 0] - 1 - np.dot(ROLL_WEIGHTS, best)
    assert found[0, 0] == pytest.approx(right, abs=1e-4)
