"""Ensembles of classifiers: what they say, what they see, and that they play like any net."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from agent import catalog
from agent.checkpoint import Checkpoint, load, save, unflatten
from agent.decisions import read
from agent.errors import CheckpointError, ConfigError
from agent.nets import numpy_classes, numpy_ensemble, numpy_views
from agent.nets.numpy_ensemble import KINDS, apply, geometric_mean
from agent.outcome import equity, of_points
from agent.players.network import NetworkAgent
from engine.board import start
from engine.dice import roll_batch
from engine.plays import afterstates_of

FEATURES = "tesauro198-v1"


def member(kind, *, codes=0):
    own = dict(import_module(f"agent.nets.numpy_{kind}").DEFAULTS)
    own |= {"trees": 3} if kind == "trees" else {"units": 16} if kind == "wide" else {}
    return {"name": kind, "kind": kind, "view": 20, "map_view": 10 * bool(codes),
            "map_hidden": [8] * bool(codes), "map_codes": codes, "settings": own}


def some(members, seed=1):
    """Return settings and random parameters of an ensemble."""
    rng = np.random.default_rng(seed)
    settings = {"members": members}
    shapes = numpy_ensemble.shapes(198, settings, 5)
    flat = {path: rng.normal(scale=0.3, size=shape).astype("f4") for path, shape in shapes.items()}
    for path, values in flat.items():
        if path.endswith("trees/feature"):
            flat[path] = rng.integers(20, size=values.shape).astype("f4")
        if path.endswith(("trees/first", "trees/past")):
            # Where its answer is no, node i rules out leaf i.
            flat[path] = np.broadcast_to(np.arange(values.shape[-1], dtype="f4"), values.shape) \
                + path.endswith("past")
        if path.endswith("slope"):
            flat[path] = abs(values)
        if path.endswith("above"):
            flat[path] = -np.sort(-values)
    flat["params/weights"] = np.full(len(members), 1 / len(members), np.float32)
    return settings, unflatten(flat)


def positions(count=60, seed=3):
    rng = np.random.default_rng(seed)
    found, board = [], start()
    for first, second in roll_batch(rng, count):
        after = afterstates_of(board, int(first), int(second))
        board = after[rng.integers(len(after))]
        board = start() if not board.any(-1).all() else board
        found.append(board)
    return np.array(found)


EVERY = [member(kind) for kind in KINDS] + [member("logistic", codes=3)]


def test_classes_and_outcomes_are_two_ways_to_say_one_thing():
    points = numpy_classes.POINTS
    classes = numpy_classes.of_points(points)
    assert classes.tolist() == list(range(6))
    certain = np.where(np.eye(6), 0.0, -np.inf)
    np.testing.assert_array_equal(numpy_classes.outcomes(certain), of_points(points))
    probabilities = np.random.default_rng(1).dirichlet(np.ones(6), 50)
    values = numpy_classes.outcomes(np.log(probabilities))
    np.testing.assert_allclose(equity(values), probabilities @ points, atol=1e-6)
    np.testing.assert_allclose(numpy_classes.of_outcomes(values), probabilities, atol=1e-6)


def test_a_geometric_mean_sums_to_one():
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(6), (2, 40))
    found = np.exp(geometric_mean([np.log(p), np.log(q)], [0.25, 0.75]))
    expected = p**0.25 * q**0.75
    np.testing.assert_allclose(found, expected / expected.sum(-1, keepdims=True), rtol=1e-6)


def test_one_member_says_what_it_says_alone():
    settings, params = some([member("fm", codes=2)])
    x = np.random.default_rng(4).random((30, 198), np.float32)
    part = params["params"]["member0"]
    alone = KINDS["fm"].log_probs(part["model"], numpy_views.seen(part, x),
                                  settings["members"][0]["settings"])
    np.testing.assert_allclose(apply(params, x, settings), numpy_classes.outcomes(alone),
                               atol=1e-6)


def test_what_is_seen_is_the_view_and_behind_it_the_embeddings():
    settings, params = some([member("fm", codes=2)])
    part = params["params"]["member0"]
    x = np.random.default_rng(5).random((7, 198), np.float32)
    z = numpy_views.seen(part, x)
    assert z.shape == (7, 22) and numpy_views.columns_of(settings["members"][0]) == 22
    np.testing.assert_allclose(z[:, :20], x @ part["view"]["kernel"] + part["view"]["bias"])
    own = part["map"]
    hidden = (x @ own["view"]["kernel"] + own["view"]["bias"]) @ own["hidden0"]["kernel"]
    hidden = np.maximum(hidden + own["hidden0"]["bias"], 0)
    np.testing.assert_allclose(z[:, 20:], hidden @ own["out"]["kernel"] + own["out"]["bias"],
                               rtol=1e-4, atol=1e-5)


def test_jax_says_what_numpy_says_and_both_choose_alike():
    settings, params = some(EVERY)
    agent = NetworkAgent("all", "ensemble", settings, FEATURES, params)
    boards = positions()
    on_device = agent._evaluate_on_device(boards)
    np.testing.assert_allclose(agent._of_net(boards), on_device, atol=2e-6)
    rng = np.random.default_rng(6)
    dice = roll_batch(rng, len(boards))
    many, _ = agent.choose(boards, dice, None, rng)
    one = [agent.choose(boards[i:i + 1], dice[i:i + 1], None, rng)[0][0]
           for i in range(len(boards))]
    value = [agent.scores(after, boards, rng) for after in (many, np.array(one))]
    np.testing.assert_allclose(*value, atol=1e-5)


def test_what_ships_says_the_same_with_numpy_and_jax():
    # Trees ask which side of a threshold a number is on: it must not depend on the last bit.
    agent = catalog.get("numerai")
    path = Path(__file__).parents[1] / "data" / "positions-dev.jsonl.gz"
    boards = read(path).boards[:1000]
    np.testing.assert_allclose(agent._of_net(boards), agent._evaluate_on_device(boards), atol=1e-5)


def test_an_ensemble_is_kept_in_a_checkpoint(tmp_path):
    settings, params = some(EVERY)
    meta = {"features": FEATURES, "net": "ensemble", "settings": settings, "config": {},
            "games": 1, "seed": 1, "results": {}}
    save(tmp_path / "all.npz", Checkpoint(meta, params))
    kept = load(tmp_path / "all.npz")
    x = np.random.default_rng(7).random((5, 198), np.float32)
    np.testing.assert_array_equal(apply(kept.params, x, kept.meta["settings"]),
                                  apply(params, x, settings))


@pytest.mark.parametrize("spoil", [
    lambda settings: settings.update(members=[]),
    lambda settings: settings["members"][0].update(kind="crystal ball"),
    lambda settings: settings["members"][0].update(view=21),
    lambda settings: settings["members"][0].update(view=-1),
    lambda settings: settings["members"][0].update(map_codes="two"),
    lambda settings: settings["members"][0].pop("settings"),
    lambda settings: settings["members"].append(member("fm")),
])
def test_settings_that_are_not_the_parameters_are_refused(tmp_path, spoil):
    settings, params = some([member("logistic")])
    spoil(settings)
    meta = {"features": FEATURES, "net": "ensemble", "settings": settings, "config": {},
            "games": 1, "seed": 1, "results": {}}
    save(tmp_path / "bad.npz", Checkpoint(meta, params))
    with pytest.raises(CheckpointError):
        load(tmp_path / "bad.npz")


def test_self_play_does_not_train_it():
    from agent.config import TrainConfig

    with pytest.raises(ConfigError, match="net must be one of"):
        TrainConfig(net="ensemble")
