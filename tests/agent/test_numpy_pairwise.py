"""The net that compares, at play: a score, and what follows from its being one."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from agent.checkpoint import unflatten
from agent.nets.numpy_classes import POINTS
from agent.nets.numpy_pairwise import against_others, log_probs, of_scores, scores, shapes

COLUMNS = 6
SETTINGS = {"width": 8, "code": 4, "references": 16}
CLASSES = {"slope": np.array([0.7], "f4"), "above": np.array([4, 2, 0.1, -2, -4.5], "f4")}


def drawn():
    rng = np.random.default_rng(1)
    params = unflatten({path: rng.normal(size=shape).astype("f4")
                        for path, shape in shapes(COLUMNS, SETTINGS).items()})
    return params | {"classes": CLASSES}


def rows(count=50):
    return np.random.default_rng(2).normal(size=(count, COLUMNS)).astype("f4")


def test_classes_are_reached_with_the_probabilities_of_proportional_odds():
    score = np.linspace(-6, 6, 25)
    found = np.exp(of_scores(CLASSES, score))
    reached = 1 / (1 + np.exp(-(0.7 * score[:, None] + CLASSES["above"])))
    reached = np.concatenate([np.ones((25, 1)), reached, np.zeros((25, 1))], axis=1)
    np.testing.assert_allclose(found, reached[:, :-1] - reached[:, 1:], atol=1e-6)


def test_log_probabilities_are_sound_however_large_the_score_is():
    for score in (np.float32([-500, -30, 0, 30, 500]), jnp.float32([-500, -30, 0, 30, 500])):
        found = np.asarray(of_scores(CLASSES, score, jnp if isinstance(score, jax.Array) else np))
        assert found.dtype == np.float32 and np.isfinite(found).all()
        np.testing.assert_allclose(np.exp(found.astype("f8")).sum(-1), 1, atol=1e-5)


def test_equity_and_the_mean_against_others_rise_with_the_score():
    params, z = drawn(), rows(400)
    # Once each: where all units are at rest, scores are the same.
    _, order = np.unique(scores(params, z), return_index=True)
    z = z[order]
    assert np.ptp(scores(params, z)) > 3 and len(z) > 300
    # In float64, where neighbours do not round to the same number.
    wide = jax.tree.map(lambda a: a.astype("f8"), params)
    equity = np.exp(log_probs(wide, z.astype("f8"), SETTINGS)) @ POINTS
    preferred = against_others(wide, z.astype("f8"))
    exact = np.argsort(scores(wide, z.astype("f8")))
    assert (np.diff(equity[exact]) > 0).all() and (np.diff(preferred[exact]) > 0).all()
    assert ((preferred > 0) & (preferred < 1)).all()
    # Who chooses by equity in float32 chooses by score, but for ties.
    rounded = (np.exp(log_probs(params, z, SETTINGS)) @ POINTS.astype("f4"))
    assert (np.diff(rounded) > -2e-6).all()


def test_the_mean_against_others_is_that_of_all_comparisons():
    params, z = drawn(), rows(5)
    others = params["references"]["scores"]
    expected = [np.mean([1 / (1 + np.exp(r - s)) for r in others]) for s in scores(params, z)]
    np.testing.assert_allclose(against_others(params, z), expected, rtol=1e-5)


def test_jax_says_what_numpy_says_for_any_leading_axes():
    params, z = drawn(), rows().reshape(5, 10, COLUMNS)
    found = jax.jit(partial(log_probs, settings=SETTINGS, xp=jnp))(params, z)
    assert found.shape == (5, 10, 6) and found.dtype == np.float32
    np.testing.assert_allclose(found, log_probs(params, z, SETTINGS), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(log_probs(params, z[0, 0], SETTINGS), found[0, 0], atol=1e-4)
