"""Boosted trees: as arrays they say what LightGBM says, and come to the same leaves."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets.numpy_trees import leaves_of, shapes
from study.numerai import boosting
from study.numerai.boosting import arrays_of, fit
from study.numerai.scores import log_losses

lightgbm = pytest.importorskip("lightgbm")


@cache
def data(rows=3000, columns=12):
    """Return columns, some of whole steps as checkers are, classes that follow them, and games."""
    rng = np.random.default_rng(1)
    z = rng.random((rows, columns)).astype("f4")
    z[:, ::2] = rng.integers(16, size=z[:, ::2].shape) / np.float32(15)
    z[:, 1] -= 0.5
    edges = np.quantile(z[:, 0] + z[:, 1] * z[:, 2], [0.05, 0.2, 0.5, 0.8, 0.95])
    return z, np.searchsorted(edges, z[:, 0] + z[:, 1] * z[:, 2]), np.arange(rows) // 3


@cache
def booster():
    z, y, _ = data()
    settings = {"objective": "multiclass", "num_class": 6, "num_leaves": 32, "verbosity": -1,
                "use_missing": False, "num_threads": 1, "seed": 1, "min_data_in_leaf": 5}
    return lightgbm.train(settings, lightgbm.Dataset(z, y), 12)


def test_every_row_comes_to_the_leaf_of_lightgbm():
    rng = np.random.default_rng(2)
    z, *_ = data()
    laid = arrays_of(booster().dump_model(), 32)
    # Rows seen, rows not seen, and rows with thresholds of the trees as values, and next to them.
    thresholds = laid.params["trees"]["threshold"]
    edges = rng.choice(thresholds[thresholds < 2], (4000, z.shape[1]))
    many = np.concatenate([z, rng.random((3000, z.shape[1])).astype("f4"), edges,
                           np.nextafter(edges, np.float32(2))])
    assert len(many) >= 10_000 and many.dtype == np.float32
    expected = booster().predict(many, pred_leaf=True, num_threads=1)
    reached = leaves_of(laid.params, many)
    named = np.take_along_axis(laid.numbers, reached, axis=2)
    assert (expected == named.reshape(-1, len(many)).T).all()
    assert laid.numbers.max() == 31


def test_probabilities_are_those_of_lightgbm():
    z, y, game = data()
    fitted = fit(z, y, game, trees=12, leaves=20, least=5, patience=12)
    laid = arrays_of(booster().dump_model(), 32)
    said = fitted._replace(params=laid.params).log_probs(z)
    np.testing.assert_allclose(np.exp(said), booster().predict(z, num_threads=1), atol=1e-5)
    assert fitted.kind == "trees" and fitted.settings == {"trees": 12, "leaves": 20}
    made = {f"trees/{name}": a.shape for name, a in fitted.params["trees"].items()}
    assert made == shapes(z.shape[1], fitted.settings)
    assert all(a.dtype == np.float32 and np.isfinite(a).all()
               for a in fitted.params["trees"].values())


def test_trees_foretell_results_and_the_same_seed_gives_the_same_trees():
    z, y, game = data()
    valid = game >= 800
    told = list[float]()
    once, again, other = (fit(z, y, game, trees=30, rate=0.3, leaves=8, least=20, valid=valid,
                              seed=seed, tell=told.append) for seed in (1, 1, 2))
    for name, array in once.params["trees"].items():
        assert (array == again.params["trees"][name]).all()
    assert once.params["trees"]["leaf"].shape != other.params["trees"]["leaf"].shape or (
        once.params["trees"]["leaf"] != other.params["trees"]["leaf"]).any()
    # It is judged by columns as they are learned from, in steps.
    steps = np.round(z[valid] / boosting._STEP) * boosting._STEP
    loss = log_losses(once.log_probs(steps), y[valid]).mean()
    assert loss == pytest.approx(once.report["held_loss"], abs=1e-5)
    shares = np.bincount(y[~valid], minlength=6) / (~valid).sum()
    assert loss < -np.log(shares[y[valid]]).mean() - 0.5
    assert told[0] == pytest.approx(1 / 30) and told[-1] == 1 and max(told) == 1


def test_rounds_after_the_best_are_left_off():
    z, y, game = data()
    y = np.random.default_rng(3).permutation(y)
    found = fit(z, y, game, trees=40, rate=0.5, least=5, patience=3)
    assert found.settings["trees"] < found.report["rounds"] < 40


def test_trees_without_a_split_say_what_their_one_leaf_says():
    z, y, game = data()
    found = fit(z[:300], y[:300], game[:300], trees=2, least=200, leaves=4, patience=2)
    again = fit(np.zeros_like(z[:300]), y[:300], game[:300], trees=2, leaves=4, patience=2)
    assert np.isfinite(found.log_probs(z[:5])).all()
    assert (np.ptp(again.log_probs(z[:50]), axis=0) == 0).all()


@pytest.mark.parametrize(("given", "said"), [
    ({"leaves": 33}, "trees must be at least 1 with 2 to 32 leaves, not 100 with 33"),
    ({"trees": 0}, "trees must be at least 1 with 2 to 32 leaves, not 0 with 32"),
    ({"valid": np.arange(3000) % 2 == 0}, "a game has rows to fit and rows held out"),
    ({"valid": np.ones(3000, bool)}, "3000 of 3000 rows are held out"),
])
def test_what_cannot_be_fitted_is_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        fit(*data(), **given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_tree_with_too_many_leaves_or_other_questions_is_refused():
    model = booster().dump_model()
    with pytest.raises(ConfigError, match="leaves, more than 8"):
        arrays_of(model, 8)
    model["tree_info"][0]["tree_structure"]["missing_type"] = "NaN"
    with pytest.raises(ConfigError, match="none missing; not <= with missing NaN"):
        arrays_of(model, 32)


def test_what_is_a_last_bit_apart_comes_to_the_same_leaf():
    rng = np.random.default_rng(3)
    # Not 0, which LightGBM keeps apart from all other numbers, however near.
    exact = rng.integers(1, 300, (4000, 3))
    # The same numbers, as different orders of a sum leave them.
    noise = rng.integers(-2, 3, exact.shape) * np.float32(6e-8)
    z = (exact / 299).astype("f4") + noise
    y = np.clip((exact[:, 0] + exact[:, 1] - 150) // 75, 0, 5)
    fitted = fit(z, y, np.arange(4000) // 4, trees=20, least=5)
    other = (exact / 299).astype("f4")
    np.testing.assert_array_equal(leaves_of(fitted.params, z), leaves_of(fitted.params, other))
