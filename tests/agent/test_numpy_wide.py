"""A wide layer of random units: what it says, whoever computes it."""

from __future__ import annotations

from math import exp, log

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.checkpoint import unflatten
from agent.nets import numpy_wide as wide
from tests.test_imports import heavy_after

SETTINGS = {"units": 7}


@pytest.fixture(scope="module")
def params():
    rng = np.random.default_rng(1)
    return unflatten({path: rng.normal(size=shape).astype("f4")
                      for path, shape in wide.shapes(4, SETTINGS).items()})


def by_hand(params, z):
    """Return the log probabilities of one row, in loops."""
    fixed, last = params["random"], params["outcome"]
    units = [max(float(fixed["bias"][u]) + sum(
        float(x) * float(fixed["kernel"][i, u]) for i, x in enumerate(z)), 0) for u in range(7)]
    sums = [float(last["bias"][k]) + sum(h * float(last["kernel"][u, k])
                                         for u, h in enumerate(units)) for k in range(6)]
    total = log(sum(exp(s) for s in sums))
    return [s - total for s in sums]


def test_random_units_speak_above_their_thresholds_and_are_weighed(params):
    z = np.random.default_rng(2).random((2, 5, 4), np.float32)
    found = wide.log_probs(params, z, SETTINGS)
    assert found.shape == (2, 5, 6) and found.dtype == np.float32
    np.testing.assert_allclose(found, [[by_hand(params, row) for row in rows] for rows in z],
                               atol=2e-6)
    said = wide.hidden(params, z)
    assert (said >= 0).all() and 0.1 < (said == 0).mean() < 0.9


def test_jax_says_what_numpy_says(params):
    z = np.random.default_rng(3).random((9, 4), np.float32)
    said = jax.jit(lambda p, x: wide.log_probs(p, x, SETTINGS, jnp))(params, z)
    np.testing.assert_allclose(said, wide.log_probs(params, z, SETTINGS), atol=5e-6)


def test_who_judges_does_not_wait_for_jax():
    assert not heavy_after("import agent.nets.numpy_wide")
