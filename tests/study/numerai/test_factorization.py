"""Fitting a factorization machine: it finds products, and does as well as a library."""

from __future__ import annotations

from functools import cache

import jax
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets.numpy_classes import log_softmax
from agent.nets.numpy_fm import shapes, sums
from study.numerai.factorization import fit, unscaled
from study.numerai.scores import log_losses

ROWS, COLUMNS = 6000, 8


@cache
def data():
    """Return columns, the better one of two classes by products of columns, and games."""
    rng = np.random.default_rng(1)
    z = rng.random((ROWS, COLUMNS)).astype("f4")
    x = 4 * z - 2
    logit = x[:, 0] * x[:, 1] - x[:, 2] * x[:, 3] + 0.5 * x[:, 4]
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return z, y, np.arange(ROWS) // 3


@cache
def fitted(seed=1):
    z, y, game = data()
    return fit(z, 2 + y, game, rank=2, epochs=12, batch=128, rate=0.02, valid=game >= 1500,
               seed=seed)


def loss_of(fitted, z, y):
    return log_losses(fitted.log_probs(z), 2 + y).mean()


def test_scaling_can_be_folded_into_a_machine():
    rng = np.random.default_rng(2)
    params = {"linear": {"kernel": rng.normal(size=(COLUMNS, 6)), "bias": rng.normal(size=6)},
              "factors": {"kernel": rng.normal(size=(COLUMNS, 6, 3))}}
    z = rng.random((20, COLUMNS)).astype("f4")
    mean, spread = rng.random(COLUMNS), 0.2 + rng.random(COLUMNS)
    folded = unscaled(params, mean, spread)
    assert all(a.dtype == np.float32 for a in jax.tree.leaves(folded))
    np.testing.assert_allclose(sums(folded, z), sums(params, (z - mean) / spread),
                               rtol=1e-3, atol=1e-3)


def test_products_of_columns_are_found():
    z, y, game = data()
    held = game >= 1500
    found, loss = fitted(), loss_of(fitted(), z[held], y[held])
    assert loss == pytest.approx(found.report["held_loss"], abs=1e-4)
    # Without products no more than the column that counts alone can be learned.
    alone = unscaled({"linear": found.params["linear"], "factors": {
        "kernel": 0 * found.params["factors"]["kernel"]}}, np.zeros(COLUMNS), np.ones(COLUMNS))
    shares = log_losses(log_softmax(sums(alone, z[held])), 2 + y[held]).mean()
    x = 4 * z[held] - 2
    logit = x[:, 0] * x[:, 1] - x[:, 2] * x[:, 3] + 0.5 * x[:, 4]
    best = np.logaddexp(0, np.where(y[held] == 1, -logit, logit)).mean()
    assert best < loss < best + 0.03 < 0.6 < shares
    made = {"linear/kernel": (COLUMNS, 6), "linear/bias": (6,), "factors/kernel": (COLUMNS, 6, 2)}
    assert shapes(COLUMNS, found.settings) == made


def test_the_same_seed_gives_the_same_machine_and_another_one_another():
    first, other = fitted(), fitted(2)
    fitted.cache_clear()
    for a, b, c in zip(*(jax.tree.leaves(f.params) for f in (first, fitted(), other)),
                       strict=True):
        assert (a == b).all() and (a != c).any()


def test_it_does_as_well_as_a_library():
    myfm = pytest.importorskip("myfm")
    z, y, game = data()
    held = game >= 1500
    theirs = myfm.MyFMClassifier(rank=2, random_seed=1)
    # Its samples move slowly where columns are not spread alike about 0.
    theirs.fit(4 * z[~held] - 2, y[~held], n_iter=150, n_kept_samples=100)
    chance = np.clip(theirs.predict_proba(4 * z[held] - 2), 1e-6, 1 - 1e-6)
    their_loss = -np.log(np.where(y[held] == 1, chance, 1 - chance)).mean()
    assert loss_of(fitted(), z[held], y[held]) == pytest.approx(their_loss, abs=0.02)


def test_what_is_told_rises_to_one_and_fitting_can_be_stopped():
    z, y, game = data()
    told = list[float]()
    fit(z, y, game, rank=2, epochs=3, tell=told.append)
    assert told == pytest.approx([1 / 3, 2 / 3, 1])

    def stop(fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(z, y, game, rank=2, epochs=3, tell=stop)


@pytest.mark.parametrize(("given", "said"), [
    ({"rank": 0}, "rank, batch and epochs must be at least 1, not 0, 512 and 20"),
    ({"valid": np.zeros(ROWS, bool)}, "0 of 6000 rows are held out"),
    ({"valid": np.arange(ROWS) % 2 == 0}, "a game has rows to fit and rows held out"),
])
def test_what_cannot_be_fitted_is_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        fit(*data(), **given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
