"""Nets: by rows and by columns, on the device and in NumPy, they are the same function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.checkpoint import unflatten
from agent.features import FeatureSet, feature_set, tesauro198
from agent.greedy import chooser, evaluator
from agent.nets import mlp, numpy_mlp, registry
from engine import packed
from tests.engine.weird import weird_boards

FEATURES = feature_set("tesauro198-v1")
KINDS = pytest.mark.parametrize(("hidden", "activation"), [
    ((16,), "sigmoid"), ((16,), "relu"), ((12, 8), "sigmoid"), ((12, 8), "relu"),
])


def random_net(hidden, seed=1):
    """Return random parameters under which outcomes take values of all kinds."""
    rng = np.random.default_rng(seed)
    shapes = numpy_mlp.shapes(198, hidden, 5)
    return unflatten({name: rng.normal(0, 3 / np.sqrt(max(s[0], 20)), s).astype("f4")
                      for name, s in shapes.items()})


def settings_of(hidden, activation):
    return {"hidden": list(hidden), "activation": activation}


@pytest.fixture(scope="module")
def any_boards(positions):
    """Return positions of games and weird ones, int8[512, 2, 25]."""
    weird = weird_boards(np.random.default_rng(6), 512 - len(positions[0]))
    return np.concatenate([positions[0], weird])


def by_columns(settings, params, boards, precision="float32", net="mlp"):
    """Return what the chooser of a net makes of boards, float32[B, 5]."""
    choose = chooser(net, settings, "tesauro198-v1", precision)
    found = jax.jit(lambda p, words: choose(p)(words))(params, packed.pack(jnp.asarray(boards)))
    assert found.shape == (5, len(boards)) and found.dtype == jnp.float32
    return np.asarray(found).T


@KINDS
def test_numpy_flax_and_columns_are_the_same_function(any_boards, hidden, activation):
    settings, params = settings_of(hidden, activation), random_net(hidden)
    by_flax = evaluator(registry.build("mlp", settings).apply, tesauro198)(params, any_boards)
    assert by_flax.std(0).max() > 0.02, "a net that says the same of all positions tells nothing"
    by_numpy = numpy_mlp.apply(params, tesauro198(any_boards), activation)
    assert by_numpy.dtype == np.float32
    np.testing.assert_allclose(by_numpy, by_flax, atol=1e-5)
    np.testing.assert_allclose(by_columns(settings, params, any_boards), by_flax, atol=1e-5)


@KINDS
def test_in_bfloat16_the_outcomes_are_nearly_the_same(any_boards, hidden, activation):
    settings, params = settings_of(hidden, activation), random_net(hidden)
    exact = numpy_mlp.apply(params, tesauro198(any_boards), activation)
    error = np.abs(by_columns(settings, params, any_boards, "bfloat16") - exact)
    # Measured: 0.0017 to 0.0065 at most, root mean square 0.0004 to 0.0009.
    assert 1e-4 < error.max() < 0.015 and np.sqrt((error**2).mean()) < 0.002


def test_the_activations_differ_and_the_outcomes_are_sigmoids_always(any_boards):
    params, x = random_net((16,)), tesauro198(any_boards)
    sigmoid, relu = (numpy_mlp.apply(params, x, name) for name in ("sigmoid", "relu"))
    assert np.abs(sigmoid - relu).max() > 0.1
    assert (relu >= 0).all() and (relu <= 1).all()
    assert (numpy_mlp.apply(params, x) == sigmoid).all()
    assert set(numpy_mlp.ACTIVATIONS) == set(mlp.ACTIVATIONS)


def test_relu_by_hand():
    params = {"params": {
        "hidden0": {"kernel": np.array([[1, -1]], "f4"), "bias": np.array([0, 1], "f4")},
        "outcome": {"kernel": np.array([[2], [4]], "f4"), "bias": np.array([-1], "f4")},
    }}
    # For 3: units 3 and 0, sum 6 - 1; for -1: units 0 and 2, sum 8 - 1.
    found = numpy_mlp.apply(params, np.array([[3], [-1]], "f4"), "relu")
    np.testing.assert_allclose(found[:, 0], 1 / (1 + np.exp([-5.0, -7.0])), rtol=1e-5)


def test_settings_say_what_the_net_is():
    assert mlp.of_settings({"hidden": [5, 4]}) == mlp.MLP((5, 4), "sigmoid")
    assert mlp.of_settings({"hidden": [5], "activation": "relu"}) == mlp.MLP((5,), "relu")
    assert registry.build("mlp", {"hidden": [5], "activation": "relu"}).activation == "relu"


# Who cannot take columns


def test_a_net_or_features_without_columns_have_none(monkeypatch):
    assert registry.columns_of("mlp", {"hidden": [4]}, FEATURES) is not None
    plain = FeatureSet("plain", 198, tesauro198)
    assert registry.columns_of("mlp", {"hidden": [4]}, plain) is None
    monkeypatch.setitem(registry.REGISTRY, "other", mlp.of_settings)
    assert registry.columns_of("other", {"hidden": [4]}, FEATURES) is None


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_net_without_columns_is_asked_by_rows_in_full_precision(
        monkeypatch, any_boards, precision):
    monkeypatch.setitem(registry.REGISTRY, "other", mlp.of_settings)
    settings, params = settings_of((16,), "relu"), random_net((16,))
    expected = numpy_mlp.apply(params, tesauro198(any_boards), "relu")
    found = by_columns(settings, params, any_boards, precision, net="other")
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_unknown_net_has_no_chooser():
    with pytest.raises(KeyError, match="unknown net 'transformer'"):
        chooser("transformer", {"hidden": [4]}, "tesauro198-v1")
