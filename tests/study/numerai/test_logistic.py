"""Fitting logistic regression: the same as scikit-learn's, and honest about its end."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures

from agent.errors import ConfigError
from agent.nets import numpy_logistic
from study.numerai import logistic
from study.numerai.logistic import NotConverged, fit


def drawn(rows=600, columns=4, seed=1):
    """Return columns of several scales, and classes that depend on them and on products."""
    rng = np.random.default_rng(seed)
    x = rng.random((rows, columns))
    logits = np.stack([0.5 * x[:, 0] - 1, 2 * x[:, 1] * x[:, 2], 2 - x[:, 3], 3 * x[:, 0],
                       0.3 + x[:, 2] ** 2, -0.5 + x[:, 1]], axis=1)
    y = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    scale = np.array([1.0, 5.0, 0.2, 2.0])
    return (x * scale[:columns] + [0, 1, 0, -1][:columns]).astype(np.float32), y


def sklearns(z, y, degree, c):
    model = make_pipeline(
        PolynomialFeatures(degree, include_bias=False), MinMaxScaler(),
        LogisticRegression(C=np.inf if c is None else c, max_iter=20_000, tol=1e-6))
    return model.fit(z.astype(np.float64), y)


@pytest.mark.parametrize(("degree", "c"), [(1, None), (1, 0.01), (1, 3.0), (2, 0.01), (2, 3.0),
                                           (2, None)])
def test_probabilities_are_those_of_scikit_learns_pipeline(degree, c):
    z, y = drawn()
    found = fit(z, y, degree=degree, c=c, tolerance=3e-5)
    assert found.kind == "logistic" and found.settings == {"degree": degree}
    assert found.report["converged"] and found.report["gradient"] <= 3e-5
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        expected = sklearns(z, y, degree, c)
    fresh = drawn(seed=2)[0]
    np.testing.assert_allclose(np.exp(found.log_probs(fresh)),
                               expected.predict_proba(fresh.astype(np.float64)), atol=2e-3)
    # What it says of itself is so.
    losses = -np.take_along_axis(found.log_probs(z), y[:, None], 1)
    assert found.report["loss"] == pytest.approx(losses.mean(), abs=1e-5)


def test_l2_and_products_make_a_difference_here():
    z, y = drawn()
    said = [np.exp(fit(z, y, degree=degree, c=c).log_probs(z))
            for degree, c in [(1, None), (1, 0.01), (2, None)]]
    assert np.abs(said[0] - said[1]).max() > 0.05 < np.abs(said[0] - said[2]).max()


def test_twice_the_rows_are_half_of_c():
    z, y = drawn(300)
    once = fit(z, y, degree=1, c=0.2, tolerance=1e-6)
    twice = fit(np.tile(z, (2, 1)), np.tile(y, 2), degree=1, c=0.1, tolerance=1e-6)
    np.testing.assert_allclose(once.log_probs(z), twice.log_probs(z), atol=1e-3)


@pytest.mark.parametrize("degree", [1, 2])
def test_the_gradient_is_that_of_the_loss(degree):
    z, y = drawn(50)
    rng = np.random.default_rng(3)
    kernel, bias = rng.normal(size=(numpy_logistic.expanded(4, degree), 6)), rng.normal(size=6)

    def mean_loss(kernel, bias):
        log_probs = numpy_logistic.log_probs({"outcome": {"kernel": kernel, "bias": bias}},
                                             jnp.asarray(z), {"degree": degree}, jnp)
        return -jnp.take_along_axis(log_probs, jnp.asarray(y)[:, None], 1).mean()

    expected = jax.value_and_grad(mean_loss, argnums=(0, 1))(
        kernel.astype("f4"), bias.astype("f4"))
    value, by_kernel, by_bias = logistic._loss(z, y, kernel, bias, degree)
    assert value == pytest.approx(float(expected[0]), rel=1e-5)
    np.testing.assert_allclose(by_kernel, expected[1][0], atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(by_bias, expected[1][1], atol=1e-5)


def test_blocks_of_rows_change_nothing(monkeypatch):
    z, y = drawn(200)
    whole = fit(z, y, c=1.0, tolerance=1e-5).log_probs(z)
    monkeypatch.setattr(logistic, "_BLOCK", 33)
    # Fewer rows tell how columns vary, too: another way to the same end.
    monkeypatch.setattr(logistic, "_TELLING", 70)
    np.testing.assert_allclose(fit(z, y, c=1.0, tolerance=1e-5).log_probs(z), whole, atol=2e-3)


def test_same_rows_same_weights():
    z, y = drawn(200)
    once, again = fit(z, y, c=1.0), fit(z, y, c=1.0)
    assert (once.params["outcome"]["kernel"] == again.params["outcome"]["kernel"]).all()


def test_an_end_that_was_not_reached_is_told():
    z, y = drawn()
    with pytest.warns(NotConverged, match=r"degree 2, C None, 600 rows: after 2 iterations"):
        found = fit(z, y, max_iter=2)
    assert not found.report["converged"] and found.report["iterations"] == 2
    assert found.report["gradient"] > 1e-4


def test_columns_that_say_nothing_or_the_same_and_classes_that_never_come_do_no_harm():
    z, y = drawn(200)
    z = np.concatenate([z, z[:, :1], np.full((200, 1), 0.25, np.float32)], axis=1)
    y = np.where(y == 5, 4, y)
    found = fit(z, y, degree=2, c=1.0)
    assert found.report["converged"]
    assert all(np.isfinite(part).all() for part in found.params["outcome"].values())
    assert np.exp(found.log_probs(z)[:, 5]).max() < 0.01


def test_progress_goes_from_0_to_1_and_who_is_told_may_stop_it():
    z, y = drawn(100)
    told = []
    fit(z, y, c=1.0, tell=told.append)
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told) and len(told) > 3

    def stop(fraction):
        if fraction:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(z, y, c=1.0, tell=stop)


@pytest.mark.parametrize(("given", "said"), [
    ({"degree": 3}, "degree must be 1 or 2, not 3"),
    ({"c": 0.0}, "C must be above 0, or none for no L2, not 0.0"),
    ({"max_iter": 0}, "there must be one iteration at least, not 0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    z, y = drawn(20)
    with pytest.raises(ConfigError) as refusal:
        fit(z, y, **given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_every_row_has_a_class():
    z, y = drawn(20)
    with pytest.raises(ConfigError, match=r"not \[19\] for \[20, 4\]"):
        fit(z, y[1:])
