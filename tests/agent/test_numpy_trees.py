"""Trees by bits: they decide as trees that are walked."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets import numpy_trees
from agent.nets.numpy_classes import N_CLASSES
from agent.nets.numpy_trees import float32_below, leaves_of, log_probs, shapes
from tests.test_imports import heavy_after

TREES, LEAVES, COLUMNS = 5, 32, 7
SETTINGS = {"trees": TREES, "leaves": LEAVES}


def grown(rng, leaves):
    """Return a random tree: a number of its leaf, or (feature, threshold, left, right)."""
    if leaves == 1:
        return None
    left = int(rng.integers(1, leaves))
    return (int(rng.integers(COLUMNS)), np.float32(rng.integers(8) / 8), grown(rng, left),
            grown(rng, leaves - left))


def laid(tree, nodes, first=0):
    """Add (feature, threshold, first, past) of each node; return the number past its leaves."""
    if tree is None:
        return first + 1
    feature, threshold, left, right = tree
    past = laid(left, nodes, first)
    nodes.append((feature, threshold, first, past))
    return laid(right, nodes, past)


def walked(tree, x, first=0):
    """Return the number of the leaf that x comes to."""
    if tree is None:
        return first
    feature, threshold, left, right = tree
    if x[feature] <= threshold:
        return walked(left, x, first)
    return walked(right, x, laid(left, [], first))


def forest(seed=1, most=LEAVES):
    """Return random trees, some of one leaf or few, and their parameters."""
    rng = np.random.default_rng(seed)
    trees = [grown(rng, (most, 1, 2, most - 1)[i % 4]) for i in range(TREES * N_CLASSES)]
    nodes = np.zeros((4, len(trees), LEAVES - 1), "f4")
    nodes[1] = np.finfo("f4").max
    for i, tree in enumerate(trees):
        laid(tree, found := [])
        if found:
            nodes[:, i, :len(found)] = np.array(found).T
    params = dict(zip(("feature", "threshold", "first", "past"),
                      nodes.reshape(4, TREES, N_CLASSES, -1), strict=True))
    leaf = rng.normal(size=(TREES, N_CLASSES, LEAVES)).astype("f4")
    return trees, {"trees": params | {"leaf": leaf}}


def rows(count=200):
    # Eighths: many a value is a threshold exactly.
    return (np.random.default_rng(2).integers(9, size=(count, COLUMNS)) / 8).astype("f4")


def test_bits_find_the_leaf_that_a_walk_down_the_tree_comes_to():
    trees, params = forest()
    z = rows()
    walks = np.array([[walked(tree, x) for x in z] for tree in trees])
    assert len(np.unique(walks)) == LEAVES
    found = leaves_of(params, z)
    assert (found.reshape(walks.shape) == walks).all()
    assert (np.asarray(leaves_of(jax.tree.map(jnp.asarray, params), jnp.asarray(z), jnp))
            == found).all()


@pytest.mark.parametrize("at_once", [1, 20_000, 10**9])
def test_probabilities_are_the_softmax_of_what_the_leaves_say(at_once, monkeypatch):
    monkeypatch.setattr(numpy_trees, "_AT_ONCE", at_once)
    trees, params = forest()
    z = rows(30)
    leaf = params["trees"]["leaf"].reshape(len(trees), LEAVES).astype("f8")
    said = np.array([[leaf[i, walked(tree, x)] for x in z] for i, tree in enumerate(trees)])
    sums = said.reshape(TREES, N_CLASSES, -1).sum(0).T
    expected = sums - np.log(np.exp(sums).sum(-1, keepdims=True))
    found = log_probs(params, z, SETTINGS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    one = log_probs(params, z[0], SETTINGS)
    assert one.shape == (6,)
    np.testing.assert_allclose(one, expected[0], atol=1e-5)


def test_jax_says_what_numpy_says_for_any_leading_axes():
    _, params = forest()
    z = rows(30).reshape(5, 6, COLUMNS)
    found = jax.jit(partial(log_probs, settings=SETTINGS, xp=jnp))(params, z)
    assert found.shape == (5, 6, N_CLASSES) and found.dtype == np.float32
    np.testing.assert_allclose(found, log_probs(params, z, SETTINGS), atol=1e-5)


def test_parameters_have_the_shapes_that_are_told():
    _, params = forest()
    assert {f"trees/{name}": a.shape for name, a in params["trees"].items()} == shapes(
        COLUMNS, SETTINGS)
    with pytest.raises(ConfigError, match="leaves of a tree must be 2 to 32, not 33"):
        shapes(COLUMNS, SETTINGS | {"leaves": 33})


def test_a_threshold_in_float32_decides_as_that_in_float64():
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=3000), np.arange(16) / 15]).astype("f4")
    halves = (x[:-1].astype("f8") + x[1:]) / 2
    near = np.nextafter(x.astype("f8"), np.inf), np.nextafter(x.astype("f8"), -np.inf)
    for t in (halves, *near, x.astype("f8")):
        t32 = float32_below(t)
        assert t32.dtype == np.float32 and (t32.astype("f8") <= t).all()
        for i in range(0, len(t), 7):
            assert ((x.astype("f8") <= t[i]) == (x <= t32[i])).all()
    # Rounding to the nearest would not do.
    assert (near[1].astype("f4") > near[1]).any()


def test_trees_in_numpy_do_not_wait_for_jax():
    assert heavy_after("import agent.nets.numpy_trees, agent.nets.numpy_fm, "
                       "agent.nets.numpy_pairwise") == []
