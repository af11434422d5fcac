"""Comparison training: what is learned is a score, and both kinds of pairs teach it."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets.numpy_classes import POINTS
from agent.nets.numpy_pairwise import against_others, of_scores, scores, shapes
from study.numerai.pairwise import (
    Siblings,
    calibrated,
    comparison_loss,
    fit,
    folded,
    tower,
)

ROWS, COLUMNS = 3000, 6
SMALL = {"width": 16, "code": 8, "batch": 128, "epochs": 4, "references": 64, "rate": 0.01}


def worth(z):
    return 4 * (z[:, 0] - z[:, 1]) * z[:, 2] + 2 * z[:, 3] - 1


@cache
def data():
    """Return columns, results that follow their worth by chance, games, and siblings."""
    rng = np.random.default_rng(1)
    z = rng.random((ROWS, COLUMNS)).astype("f4")
    edges = [-3.5, -2, 0, 2, 3.5]
    y = np.searchsorted(edges, 1.5 * worth(z) + rng.logistic(size=ROWS))
    game = np.arange(ROWS) // 3
    one, other = rng.random((2, 1500, COLUMNS)).astype("f4")
    # The opponent is on roll: the player chooses what is worth less to him.
    less = (worth(one) < worth(other))[:, None]
    siblings = Siblings(np.where(less, one, other), np.where(less, other, one), game[::2])
    return z, y, game, siblings


@cache
def fitted(share=0.5):
    return fit(*data(), share=share, **SMALL)


def drawn_net(seed=2, width=5, code=4):
    rng = np.random.default_rng(seed)

    def layer(before, units):
        return {"kernel": rng.normal(size=(before, units)), "bias": rng.normal(size=units),
                "gain": rng.normal(size=units), "shift": rng.normal(size=units)}

    net = {"hidden": layer(COLUMNS, width), "code": layer(width, code),
           "first": rng.normal(size=code), "second": rng.normal(size=code),
           "constant": rng.normal(), "sharpness": rng.normal()}
    running = {name: {"mean": rng.normal(size=units), "variance": 0.5 + rng.random(units)}
               for name, units in (("hidden", width), ("code", code))}
    return jax.tree.map(lambda a: np.asarray(a, "f4"), (net, running))


def test_scales_and_running_statistics_are_folded_into_plain_layers():
    net, running = drawn_net()
    rng = np.random.default_rng(3)
    mean, spread = rng.random((2, COLUMNS)).astype("f4")
    z = rng.random((20, COLUMNS)).astype("f4")
    codes, _ = tower(net, running, jnp.asarray((z - mean) / spread), False)
    expected = np.asarray(codes) @ (net["first"] + net["second"]) / 2
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(scores(folded(net, running, mean, spread), z), expected,
                               rtol=1e-3, atol=1e-3)


def test_in_training_rows_are_normalised_by_themselves_and_running_statistics_follow():
    net, running = drawn_net()
    z = jnp.asarray(np.random.default_rng(4).normal(size=(500, COLUMNS)).astype("f4"))
    codes, after = tower(net, running, z, True)
    np.testing.assert_allclose(codes.mean(0), net["code"]["shift"], atol=1e-3)
    hidden = np.maximum(z @ net["hidden"]["kernel"] + net["hidden"]["bias"], 0)
    np.testing.assert_allclose(after["hidden"]["mean"], 0.99 * running["hidden"]["mean"]
                               + 0.01 * hidden.mean(0), atol=1e-4)
    np.testing.assert_allclose(after["hidden"]["variance"], 0.99 * running["hidden"]["variance"]
                               + 0.01 * hidden.var(0), atol=1e-4)


def test_shown_in_both_orders_a_comparison_is_never_better_than_a_difference_of_scores():
    rng = np.random.default_rng(5)
    for seed in range(10):
        net, _ = drawn_net(seed)
        codes = jnp.asarray(rng.normal(size=(2, 50, 4)).astype("f4"))
        turned = net | {"first": net["second"], "second": net["first"],
                        "constant": -net["constant"]}
        half = (net["first"] + net["second"]) / 2
        score = net | {"first": half, "second": half, "constant": np.float32(0)}
        cost, same, least = (float(comparison_loss(n, codes, 20)) for n in (net, turned, score))
        assert same == pytest.approx(cost, rel=1e-5) and least <= cost + 1e-6


def test_the_last_pairs_of_a_batch_are_siblings_and_sharper():
    net, _ = drawn_net()
    codes = jnp.asarray(np.random.default_rng(6).normal(size=(2, 2, 4)).astype("f4"))
    (a, b), (c, d) = np.asarray(codes).swapaxes(0, 1)
    logits = [(a, b, 1.0), (b, a, -1.0), (c, d, np.exp(net["sharpness"])),
              (d, c, -np.exp(net["sharpness"]))]
    expected = np.mean([np.logaddexp(0, -by * (
        one @ net["first"] - other @ net["second"] + net["constant"]))
        for one, other, by in logits])
    assert float(comparison_loss(net, codes, 1)) == pytest.approx(expected, rel=1e-4)


def test_both_kinds_of_pairs_teach_the_score():
    z, y, game, _ = data()
    for share, least in ((0.0, 0.8), (0.5, 0.8), (1.0, 0.85)):
        found = fitted(share)
        score = scores(found.params, z)
        assert np.corrcoef(score, worth(z))[0, 1] > 0.8
        assert found.report["siblings_right"] > least, share
        assert found.report["held_right"] > 0.7


def test_without_siblings_results_alone_are_learned_from():
    z, y, game, _ = data()
    found = fit(z, y, game, **SMALL)
    assert "siblings_right" not in found.report and found.report["held_right"] > 0.7


def test_parameters_are_those_of_the_kind_and_the_same_seed_gives_the_same():
    found = fitted()
    assert found.kind == "pairwise"
    made = {f"{part}/{name}": a.shape for part, arrays in found.params.items()
            for name, a in arrays.items()}
    assert made == shapes(COLUMNS, found.settings)
    again = fit(*data(), **SMALL)
    for a, b in zip(*(jax.tree.leaves(f.params) for f in (found, again)), strict=True):
        assert a.dtype == np.float32 and np.isfinite(a).all() and (a == b).all()


def test_a_higher_score_means_a_higher_equity_and_more_won_against_others():
    z, y, *_ = data()
    params = jax.tree.map(lambda a: a.astype("f8"), fitted().params)
    assert params["classes"]["slope"] > 0 and (np.diff(params["classes"]["above"]) < 0).all()
    _, order = np.unique(scores(params, z), return_index=True)
    said = np.exp(of_scores(params["classes"], scores(params, z[order])))
    assert (np.diff(said @ POINTS) > 0).all()
    others = against_others(params, z[order])
    assert (np.diff(others) > 0).all() and others[0] < 0.3 and others[-1] > 0.8


def test_classes_are_fitted_to_scores_as_they_came():
    rng = np.random.default_rng(7)
    score = rng.normal(0, 3, 20_000).astype("f4")
    slope, above = 0.8, np.array([3, 1.5, 0, -2, -3.5])
    reached = rng.random((20_000, 1)) < 1 / (1 + np.exp(-(slope * score[:, None] + above)))
    # One number of chance for all of a row's five: reached classes are reached in order.
    found = calibrated(score, reached.sum(1))
    np.testing.assert_allclose(found["slope"], slope, rtol=0.05)
    np.testing.assert_allclose(found["above"], above, atol=0.15)
    few = calibrated(score[:500], np.where(score[:500] > 0, 3, 2))
    assert np.isfinite(few["above"]).all() and (np.diff(few["above"]) < 0).all()


@pytest.mark.parametrize(("given", "said"), [
    ({"width": 0}, "width must be at least 1, not 0"),
    ({"share": 1.5}, "the share of siblings must be 0 to 1, not 1.5"),
])
def test_what_makes_no_sense_is_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        fit(*data(), **given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_results_that_are_all_alike_are_refused():
    z, y, game, _ = data()
    with pytest.raises(ConfigError, match="no two positions can be compared"):
        fit(z, np.full_like(y, 3), game)
