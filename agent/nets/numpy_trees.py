"""Gradient boosted trees in plain NumPy: what a person waits for must not import jax.

The kind was made for trees of LightGBM (Ke et al., "LightGBM: A highly efficient gradient boosting
decision tree", NIPS 2017), one of each class in each round; the log probabilities are the log
softmax of a class's leaves, summed over the rounds. A node with threshold t sends x to the right
where x > t. Thresholds are float32 such that for every float32 x they decide as LightGBM's float64
ones do; see :func:`float32_below`.

No tree is walked. All of its nodes are asked at once, and what they answer decides by bits: leaves
are numbered from left to right, a node whose test sends to the right rules out the leaves at its
left, and the first leaf that no node rules out is the one (Lucchese et al., "QuickScorer", SIGIR
2015, 73-82). With at most 32 leaves their bits are one word, whatever the depth of the tree.

The parameters of T rounds of trees with at most L leaves, under ``trees``:

- ``feature`` float32[T, 6, L - 1], which column a node looks at, a whole number;
- ``threshold`` float32[T, 6, L - 1];
- ``first`` and ``past`` float32[T, 6, L - 1]: at a node's left are leaves first ... past - 1;
  both are 0 for a node that is not there, which rules out nothing;
- ``leaf`` float32[T, 6, L], what the leaves say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES, log_softmax

Array = Any
Params = Mapping[str, Mapping[str, Array]]
Settings = Mapping[str, Any]
DEFAULTS = {"trees": 100, "leaves": 32}
MAX_LEAVES = 32
# Answers that NumPy holds at once, about: what stays near the processor is faster.
_AT_ONCE = 250_000


def shapes(columns: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path; ``columns`` changes none.

    Args:
        columns: Z, of what the trees look at.
        settings: ``trees`` of each class, and ``leaves``, the most that a tree has.

    Raises:
        ConfigError: the leaves of a tree are more than bits of a word, or too few.

    >>> shapes(52, {"trees": 3, "leaves": 8})["trees/leaf"]
    (3, 6, 8)
    """
    trees, leaves = settings["trees"], settings["leaves"]
    if not 2 <= leaves <= MAX_LEAVES:
        raise ConfigError(f"leaves of a tree must be 2 to {MAX_LEAVES}, not {leaves}")
    nodes = (trees, N_CLASSES, leaves - 1)
    return {"trees/feature": nodes, "trees/threshold": nodes, "trees/first": nodes,
            "trees/past": nodes, "trees/leaf": (trees, N_CLASSES, leaves)}


def log_probs(params: Params, z: Array, settings: Settings, xp: Any = np) -> Array:
    """Return log probabilities float32[..., 6] of the classes.

    Args:
        params: ``{"trees": ...}``.
        z: what the trees look at, float32[..., Z].
        settings: not needed, the parameters say it all.
        xp: ``numpy`` or ``jax.numpy``.
    """
    flat = z.reshape(-1, z.shape[-1])
    sums = (_sums_numpy if xp is np else _sums_jax)(params["trees"], flat)
    return log_softmax(sums.T, xp).reshape(*z.shape[:-1], N_CLASSES)


def leaves_of(params: Params, z: Array, xp: Any = np) -> Array:
    """Return the number of the leaf, int[T, 6, N], in which every tree puts z float32[N, Z]."""
    trees = params["trees"]
    return _reached(z.T, trees["feature"].astype(np.int32), trees["threshold"],
                    _ruled_out(trees["first"], trees["past"]), xp)


def float32_below(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest float32 that is not above each value.

    For every float32 x, ``x <= value`` and ``x <= float32_below(value)`` are the same.

    >>> float(float32_below(np.array(0.1))) < 0.1 < float(np.float32(0.1))
    True
    """
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def _ruled_out(first: Array, past: Array) -> Array:
    """Return the leaves that a node rules out when it sends to the right, as bits uint32[...]."""
    ones = (np.uint32(1) << (past - first).astype(np.uint32)) - np.uint32(1)
    return ones << first.astype(np.uint32)


def _reached(columns: Array, feature: Array, threshold: Array, ruled_out: Array, xp: Any) -> Array:
    """Return the leaf int32[..., N] that each tree reaches.

    Args:
        columns: float32[Z, N], what the trees look at.
        feature: int32[..., nodes]; ``threshold`` float32 and ``ruled_out`` uint32 alike.
    """
    # What all positions show in one column lies together: this is why columns come first.
    looked_at = columns.take(feature, axis=0) if xp is np else columns[feature]
    # A product: NumPy chooses by `where` ten times as slowly.
    out = xp.bitwise_or.reduce(
        (looked_at > threshold[..., None]) * ruled_out[..., None], axis=-2)
    # As many leaves from the left are ruled out as there are ones below the lowest zero.
    return xp.bitwise_count(out & ~(out + np.uint32(1))).astype(np.int32)


def _said(leaf: Array, reached: Array, xp: Any) -> Array:
    """Return float32[6, N], what leaves float32[..., 6, L] say, summed over rounds."""
    at = np.arange(leaf.size // leaf.shape[-1], dtype=np.int32).reshape(*leaf.shape[:-1], 1)
    said = leaf.reshape(-1)[at * leaf.shape[-1] + reached]
    return said.sum(axis=0) if said.ndim == 3 else said


def _sums_numpy(trees: Mapping[str, Array], z: Array) -> Array:
    columns, ruled_out = np.ascontiguousarray(z.T), _ruled_out(trees["first"], trees["past"])
    feature = trees["feature"].astype(np.int32)
    rounds, classes, nodes = feature.shape
    some = max(1, _AT_ONCE // max(1, classes * nodes * len(z)))
    sums = np.zeros((N_CLASSES, len(z)), np.float32)
    for at in range(0, rounds, some):
        part = slice(at, at + some)
        reached = _reached(columns, feature[part], trees["threshold"][part], ruled_out[part], np)
        sums += _said(trees["leaf"][part], reached, np)
    return sums


def _sums_jax(trees: Mapping[str, Array], z: Array) -> Array:
    import jax.numpy as jnp
    from jax import lax

    columns = z.T

    def add(sums: Array, tree: tuple[Array, ...]) -> tuple[Array, None]:
        feature, threshold, ruled_out, leaf = tree
        reached = _reached(columns, feature, threshold, ruled_out, jnp)
        return sums + _said(leaf, reached, jnp), None

    rounds = (trees["feature"].astype(np.int32), trees["threshold"],
              _ruled_out(trees["first"], trees["past"]), trees["leaf"])
    sums, _ = lax.scan(add, jnp.zeros((N_CLASSES, len(z)), jnp.float32), rounds)
    return sums
