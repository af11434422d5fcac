"""Refining: targets without luck are right on the average, runs go on exactly, nets grow."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import outcome, refiner
from agent.catalog import get, network
from agent.checkpoint import Checkpoint, flatten, load, save
from agent.errors import CheckpointError, ConfigError
from agent.greedy import by_equity, chooser
from agent.growing import grown
from agent.pruning import Pruning
from agent.refiner import RefineConfig, Refiner, refined_agent
from agent.refining import Rules, _ply, corrected, turned
from engine.board import start
from engine.dice import ROLL_WEIGHTS, ROLLS, roll_batch
from engine.plays import afterstates_of
from engine.race import is_race
from tests.agent.oracle import assert_identical
from tests.compiling import quickly

SMALL = RefineConfig("td-gammon", prune="td-gammon", batch=8, plies=4, store=64, sample=16, reuse=2,
                     alpha_games=50, seed=3)


# Targets


@pytest.mark.parametrize("lam", [0.0, 0.6, 1.0])
def test_corrections_are_the_lambda_return_seen_by_whoever_is_on_roll(lam):
    rng = np.random.default_rng(1)
    value, target = rng.random((2, 5, 3, 5))
    cut = rng.random((5, 3)) < 0.2
    found = corrected(*map(jnp.asarray, (value, target, cut)), lam)
    for game in range(3):
        for t in range(5):
            hoped, weight = value[t, game].copy(), 1.0
            for k in range(t, 5):
                delta = target[k, game] - value[k, game]
                hoped += weight * (delta if (k - t) % 2 == 0 else np.asarray(turned(delta)))
                if cut[k, game]:
                    break
                weight *= lam
            np.testing.assert_allclose(found[t, game], hoped, atol=1e-6)


def test_a_difference_is_turned_as_outcomes_are_flipped():
    a, b = np.random.default_rng(2).random((2, 7, 5))
    np.testing.assert_allclose(turned(a - b), outcome.flip(a) - outcome.flip(b), atol=1e-12)


def positions(agent) -> np.ndarray:
    """Return int8[B, 2, 25]: positions of games, from the opening to races."""
    rng = np.random.default_rng(7)
    boards = np.broadcast_to(start(), (48, 2, 25)).copy()
    for ply in range(48):
        # A few at a time are played in NumPy, which has nothing to compile.
        for some in np.split(np.arange(48), 3):
            some = some[~outcome.is_over(boards[some]) & (some >= ply)]
            dice = roll_batch(rng, len(some))
            boards[some], _ = agent.choose(boards[some], dice, None, rng)
    return boards[~outcome.is_over(boards)]


@pytest.fixture(scope="module")
def seen():
    """Positions, and what one ply finds of each of them, 128 times."""
    agent = get("td-gammon")
    boards = positions(agent)
    net = chooser(agent.net, agent.settings, agent.features.name)
    params = jax.tree.map(jnp.asarray, agent.params)
    # A quick net of its own mind, so that the baselines' plays are often not the best ones.
    other = jax.tree.map(
        lambda p: p + 0.05 * jax.random.normal(jax.random.key(1), p.shape), params)
    rules = Rules(plies=1, lam=0.0, explore=0.5, explore_within=0.1, races=0.5, sample=1, reuse=1,
                  keep=0.0, equity_weight=0.0)

    @jax.jit
    def many(boards, keys):
        pruning = Pruning(by_equity(net(other)), 100.0)
        return jax.lax.map(
            lambda key: _ply(rules, net(params), by_equity(net(params)), pruning, boards, key),
            keys)

    keys = jax.random.split(jax.random.key(5), 128)
    made, record = quickly(many)(jnp.asarray(boards), keys)
    return boards, agent, np.asarray(made), jax.tree.map(np.asarray, record)


def after_best_plays(agent, board) -> np.ndarray:
    """Return the equities float[21] after the best play of each roll, by the bare net."""
    found = []
    for a, b in ROLLS:
        after = afterstates_of(board, int(a), int(b))
        values = np.where(
            outcome.is_over(after)[:, None], outcome.terminal(after), agent._of_net(after))
        found.append((-outcome.equity(values)).max())
    return np.array(found)


def test_targets_are_the_mean_over_all_rolls_of_the_best_plays_and_hardly_scatter(seen):
    boards, agent, _, record = seen
    some = ~is_race(boards) & ~(boards == start()).all((1, 2))
    found = outcome.equity(record.target)[:, some]
    plain = np.array([after_best_plays(agent, board) for board in boards[some]])
    exact = plain @ ROLL_WEIGHTS
    off = found.mean(0) - exact
    assert some.sum() > 25
    assert np.abs(off / (found.std(0) / np.sqrt(len(found)) + 1e-4)).max() < 4.5
    luck = (plain - exact[:, None]) ** 2 @ ROLL_WEIGHTS
    assert found.var(0).mean() < 0.1 * luck.mean()


def test_races_are_worth_what_the_judge_says(seen):
    boards, _, _, record = seen
    race = is_race(boards)
    assert race.any()
    np.testing.assert_array_equal(record.target[:, race], record.value[:, race])


def test_games_are_left_where_they_end_or_become_races_not_in_races(seen):
    boards, _, made, record = seen
    fresh = (made == start()).all((-2, -1))
    np.testing.assert_array_equal(fresh, record.ended)
    begun = is_race(made) & ~is_race(boards)
    assert begun.any() and record.ended[:, is_race(boards)].mean() < 0.5
    assert not (record.ended & ~record.cut).any()
    assert 0.02 < record.cut.mean() < 0.6


# Runs


@pytest.fixture(scope="module")
def compiled():
    """Compile a small run's round once, fast, for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        made = {}

        def once(rules, *args, make=refiner.make_round):
            if rules not in made:
                made[rules] = quickly(make(rules, *args))
            return made[rules]

        patch.setattr(refiner, "make_round", once)
        yield


def everything(run: Refiner) -> dict[str, np.ndarray]:
    checkpoint = run.checkpoint()
    return flatten({"run": checkpoint.run, "average": checkpoint.params}) | {
        "games": np.array(run.games), "positions": np.array(run.positions)}


@pytest.fixture(scope="module")
def three_steps(compiled):
    """A run of three steps, and its checkpoint after two."""
    run = Refiner(SMALL)
    run.step(), run.step()
    saved = run.checkpoint()
    saved = Checkpoint(saved.meta, saved.params, {k: v.copy() for k, v in saved.run.items()})
    return run, saved, run.step()


def test_a_run_goes_on_exactly_where_it_was_saved(three_steps, tmp_path):
    run, saved, report = three_steps
    save(tmp_path / "checkpoint.npz", saved)
    again = Refiner(SMALL, checkpoint=load(tmp_path, with_run=True))
    assert again.step() == report
    assert_identical(everything(again), everything(run))
    assert network(tmp_path, "saved").settings["hidden"] == [80]


def test_a_run_of_the_same_seed_is_the_same_and_of_another_is_not(three_steps):
    run, _, _ = three_steps
    same, other = Refiner(SMALL), Refiner(dataclasses.replace(SMALL, seed=4))
    for _ in range(3):
        same.step(), other.step()
    assert_identical(everything(same), everything(run))
    assert not np.array_equal(run.checkpoint().run["boards"], other.checkpoint().run["boards"])


def test_the_net_learns_and_plays_as_the_running_mean(three_steps):
    run, _, report = three_steps
    before = get("td-gammon").params["params"]["hidden0"]["kernel"]
    after = run.agent("refined").params["params"]["hidden0"]["kernel"]
    assert 0 < np.abs(after - before).max() < 0.01
    assert run.positions == 3 * 8 * 4 and report.alpha == SMALL.alpha_at(0) > SMALL.alpha_at(99)


def test_a_store_keeps_the_newest_positions(three_steps):
    run, _, _ = three_steps
    store = run.checkpoint().run
    assert store["store/size"] == 64 and store["store/next"] == 32
    assert (store["store/words"] != 0).any(0).all()


@pytest.mark.parametrize(("name", "value"), [
    ("boards", np.zeros((8, 2, 24), np.int8)),
    ("store/targets", np.full((5, 64), np.nan, np.float32)),
])
def test_a_damaged_state_is_refused(three_steps, name, value):
    _, saved, _ = three_steps
    broken = Checkpoint(saved.meta, saved.params, {**saved.run, name: value})
    with pytest.raises(CheckpointError, match=name):
        Refiner(SMALL, checkpoint=broken)


def test_a_run_keeps_the_net_that_prunes(three_steps):
    _, saved, _ = three_steps
    with pytest.raises(ConfigError, match="not the net that pruned"):
        Refiner(dataclasses.replace(SMALL, prune="conv"), checkpoint=saved)


@pytest.mark.parametrize(("settings", "said"), [
    ({"prune": ""}, "prune must name"),
    ({"lam": 1.5}, "lambda must be 0 to 1"),
    ({"alpha_end": 1.0}, "alpha_end"),
    ({"store": 10}, "store must be"),
    ({"explore": -1}, "explore must be"),
    ({"keep": 1.0}, "keep must be"),
    ({"precision": "float16"}, "precision must be one of float32, bfloat16"),
])
def test_settings_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(ConfigError, match=said):
        RefineConfig("pretrained", **settings)


def test_settings_survive_json():
    config = RefineConfig("pretrained", hidden=(512, 512, 256), lam=0.5)
    assert RefineConfig.from_json(config.as_json()) == config
    with pytest.raises(ConfigError, match="unknown settings depth"):
        RefineConfig.from_json({**config.as_json(), "depth": 3})
    with pytest.raises(ConfigError, match="does not refine a net"):
        RefineConfig.from_json({"init": "pretrained"})


@pytest.mark.parametrize("name", ["random", "lstm", "numerai"])
def test_what_is_no_network_of_positions_cannot_be_refined(name):
    with pytest.raises(ConfigError, match="cannot be refined"):
        refined_agent(RefineConfig(name))


# Growing


def test_a_grown_net_is_the_same_function():
    agent = get("pretrained")
    boards = np.broadcast_to(start(), (40, 2, 25)).copy()
    rng = np.random.default_rng(3)
    for _ in range(6):
        boards, _ = agent.choose(boards, roll_batch(rng, 40), None, rng)
    widths = agent.settings["hidden"]
    more = (widths[0], *widths, widths[-1])
    larger = refined_agent(RefineConfig("pretrained", hidden=more))
    assert larger.settings["hidden"] == list(more)
    np.testing.assert_allclose(larger.evaluate(boards), agent.evaluate(boards), atol=1e-6)


@pytest.mark.parametrize("hidden", [(512,), (256, 512), (512, 256, 128), (600, 512, 256)])
def test_other_widths_are_refused(hidden):
    settings = {"hidden": [512, 256], "activation": "relu"}
    params = {"params": {name: {} for name in ("hidden0", "hidden1", "outcome")}}
    with pytest.raises(ConfigError, match="cannot begin as 512,256"):
        grown(settings, params, hidden)


def test_sigmoid_units_cannot_grow():
    with pytest.raises(ConfigError, match="only nets of relu units grow"):
        refined_agent(RefineConfig("td-gammon", hidden=(80, 80)))
