"""The factorization machine: its sum, in time that grows with the columns, is the double sum."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.nets.numpy_fm import log_probs, shapes, sums

COLUMNS, RANK = 6, 3
SETTINGS = {"rank": RANK}


def drawn(seed=1):
    rng = np.random.default_rng(seed)
    flat = {path: rng.normal(size=shape).astype("f4")
            for path, shape in shapes(COLUMNS, SETTINGS).items()}
    return {"linear": {"kernel": flat["linear/kernel"], "bias": flat["linear/bias"]},
            "factors": {"kernel": flat["factors/kernel"]}}


def double_sum(params, x):
    """Return what each class is told, by all pairs of columns."""
    linear, v = params["linear"], params["factors"]["kernel"]
    total = linear["bias"] + x @ linear["kernel"]
    first, second = np.triu_indices(COLUMNS, 1)
    assert len(first) == COLUMNS * (COLUMNS - 1) / 2
    inner = (v[first] * v[second]).sum(-1)
    return total + (inner * (x[first] * x[second])[:, None]).sum(0)


def test_sums_are_those_over_all_pairs_of_columns():
    params, z = drawn(), np.random.default_rng(2).normal(size=(4, 5, COLUMNS)).astype("f4")
    found = sums(params, z)
    assert found.shape == (4, 5, 6) and found.dtype == np.float32
    for at in np.ndindex(4, 5):
        np.testing.assert_allclose(found[at], double_sum(params, z[at]), rtol=1e-4, atol=1e-4)


def test_gradients_are_those_of_the_double_sum():
    params, x = drawn(), np.random.default_rng(3).normal(size=COLUMNS).astype("f4")
    weights = np.random.default_rng(4).normal(size=6).astype("f4")
    given = jax.tree.map(jnp.asarray, (params, x))
    ours, slow = (jax.jit(jax.grad(lambda p, x, told=told: told(p, x) @ weights, argnums=(0, 1)))(
        *given) for told in (sums, double_sum))
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(slow), strict=True):
        assert np.abs(b).max() > 0.1
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("scale", [1, 100])
def test_log_probabilities_are_normalised_in_numpy_and_jax_alike(scale):
    params = drawn()
    z = scale * np.random.default_rng(5).normal(size=(7, COLUMNS)).astype("f4")
    found = log_probs(params, z, SETTINGS)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found.astype("f8")).sum(-1), 1, atol=1e-5)
    also = jax.jit(partial(log_probs, settings=SETTINGS, xp=jnp))(params, z)
    np.testing.assert_allclose(also, found, rtol=1e-4, atol=1e-3 * scale)
