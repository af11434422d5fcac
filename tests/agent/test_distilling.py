"""Distilling: replies and their worth, what counts in the loss, a seed gives one net."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import contact_play, distilling, outcome
from agent.catalog import get
from agent.distilling import Choices, DistillConfig, Group
from engine import packed
from engine.board import has_contact
from engine.plays import afterstates_of
from engine.race import is_race
from tests.agent.judges import network
from tests.agent.oracle import random_params

CONFIG = DistillConfig(
    teacher="td-gammon", features="tesauro198-v1", hidden=(8,), rolls=250, epochs=6, batch=256)


@pytest.fixture(scope="module")
def boards(positions):
    contact = positions[0][has_contact(positions[0])]
    assert len(contact) > 150
    return contact


@pytest.fixture(scope="module")
def choices(boards) -> Choices:
    return distilling.judged(get("td-gammon"), boards, np.random.default_rng(1))


def test_positions_are_those_of_self_play_with_contact(boards, monkeypatch):
    ended = np.zeros((2, 2, 25), np.int8)
    parts = [np.concatenate([boards[:7], ended]), boards[7:12], boards[12:40]]
    monkeypatch.setattr(contact_play, "plies", lambda player, rng: iter(parts))
    found = distilling.positions("td-gammon", 20, np.random.default_rng(1))
    assert (found == boards[:20]).all()


def test_every_reply_to_a_roll_is_judged_where_there_is_a_choice(boards, choices):
    after = np.asarray(packed.unpack(jnp.asarray(choices.words)))
    assert (np.diff(choices.owner) >= 0).all() and choices.owner[-1] < len(boards)
    assert np.bincount(choices.owner)[choices.owner].min() > 1
    assert not (is_race(after) | outcome.is_over(after)).any()
    np.testing.assert_array_equal(choices.values.T, get("td-gammon").evaluate(after))
    rolls = [(a, b) for a in range(1, 7) for b in range(1, a + 1)]
    for number in np.unique(choices.owner)[::25]:
        mine = {board.tobytes() for board in after[choices.owner == number]}
        legal = (afterstates_of(boards[number], *roll) for roll in rolls)
        assert any(mine == {b.tobytes() for b in some if not is_race(b[None])[0]}
                   for some in legal)


def test_the_best_reply_counts_most(choices):
    weights = distilling.weighted(choices, 0.1)
    equity = -outcome.equity(choices.values.T)
    for number in np.unique(choices.owner)[::25]:
        mine = choices.owner == number
        np.testing.assert_allclose(
            weights[mine], np.exp((equity[mine] - equity[mine].max()) / 0.1), rtol=1e-4)


def test_a_pass_goes_through_whole_rolls_in_random_order(choices):
    weights = np.arange(len(choices.owner), dtype=np.float32)
    size = 300
    parts = list(distilling.groups(choices, weights, size, np.random.default_rng(1)))
    assert len(parts) == len(choices.owner) // size
    seen = np.concatenate([part.weights for part in parts]).astype(int)
    assert len(set(seen)) == len(seen) and (np.diff(choices.owner[seen]) < 0).any()
    for part in parts:
        at = part.weights.astype(int)
        assert (part.words == choices.words[:, at]).all()
        assert part.roll[0] == 0
        steps = np.diff(choices.owner[at]) != 0
        assert (np.diff(part.roll) == steps).all()
    # A roll's replies are never torn apart but at the edge of a group.
    runs = [number for number, _ in itertools.groupby(choices.owner[seen])]
    assert len(runs) == len(set(runs))


def test_what_all_replies_share_does_not_matter_to_their_ranking():
    rng = np.random.default_rng(2)
    said, right = rng.random((2, 5, 7)).astype(np.float32)
    roll = np.array([0, 0, 0, 1, 1, 1, 1], np.int32)
    weights = rng.random(7).astype(np.float32)
    group = Group(None, right, weights, roll)
    total, parts = distilling.loss(said, group, 3.0)
    wrong = distilling.worth(said) - distilling.worth(right)
    apart = np.zeros(7)
    for number in (0, 1):
        mine = roll == number
        off = wrong[mine] - np.average(wrong[mine], weights=weights[mine])
        apart[mine] = off**2 * weights[mine] / (weights[mine].sum() + 0.5)
    assert parts["ranking"] == pytest.approx(apart.mean(), rel=1e-4)
    assert parts["equity"] == pytest.approx((wrong**2).mean(), rel=1e-4)
    judging = ((said - right) ** 2).sum(0).mean() + (wrong**2).mean() / 2
    assert total == pytest.approx(judging + 3 * apart.mean(), rel=1e-4)
    shifted = said.copy()
    shifted[0, roll == 1] += 0.25
    again = distilling.loss(shifted, group, 3.0)[1]
    assert again["ranking"] == pytest.approx(float(parts["ranking"]), rel=1e-3)
    assert abs(again["equity"] - parts["equity"]) > 1e-3


def test_the_same_seed_learns_the_same_net_and_gets_better(choices):
    told = []
    params = distilling.learn(CONFIG, choices, told.append)
    again = distilling.learn(CONFIG, choices)
    assert jax.tree.all(jax.tree.map(np.array_equal, params, again))
    assert [figures["epoch"] for figures in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1]["ranking"] < told[0]["ranking"] and told[-1]["equity"] < told[0]["equity"]
    kernel = params["params"]["hidden0"]["kernel"]
    assert kernel.shape == (198, 8) and kernel.dtype == np.float32


def test_who_taught_misses_nothing_and_a_wider_look_misses_less(choices):
    own, = distilling.spared(get("td-gammon"), choices, [0.0])
    assert (own["mpt"], own["missed"]) == (0, 0) and own["kept"] < 1.2 < own["replies"]
    rows = distilling.spared(network(random_params(5)), choices, (0, 0.05, 9))
    kept, mpt = ([row[name] for row in rows] for name in ("kept", "mpt"))
    assert kept == sorted(kept) and kept[-1] == pytest.approx(rows[0]["replies"])
    assert mpt == sorted(mpt, reverse=True) and mpt[0] > 1 and mpt[-1] == 0
