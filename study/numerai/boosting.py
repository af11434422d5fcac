"""Gradient boosted trees of LightGBM, turned into arrays that play without it.

Ke et al., "LightGBM: A highly efficient gradient boosting decision tree" (NIPS 2017). A tree of
each class is added in each round; rounds after the best one on held-out games are left off. Trees
grow by their best leaf and have at most 32 leaves: see ``agent.nets.numpy_trees``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES
from agent.nets.numpy_trees import MAX_LEAVES, float32_below
from study.numerai.extra import need
from study.numerai.fitted import Fitted, Floats
from study.numerai.stopping import Bools, held_out

Ints = npt.NDArray[np.int64]
Tell = Callable[[float], None]
# Columns are learned from in steps of this, so that no threshold lies between two roundings of one
# number: a sum, as the pip count is, comes out a last bit apart in NumPy and in jax.
_STEP = np.float32(2.0**-12)


class Laid(NamedTuple):
    """Trees as arrays: ``params`` of ``agent.nets.numpy_trees``.

    ``numbers`` int32[T, 6, L]: what LightGBM calls the leaves; -1 where there is none.
    """

    params: dict[str, dict[str, Floats]]
    numbers: npt.NDArray[np.int32]


def fit(
    z: Floats, y: Ints, game: Ints, *, trees: int = 100, leaves: int = 32, rate: float = 0.2,
    least: int = 100, columns: float = 0.5, l2: float = 1.0, patience: int = 15,
    valid: Bools | None = None, threads: int = 1, seed: int = 1,
    tell: Tell = lambda fraction: None,
) -> Fitted:
    """Fit trees.

    Args:
        z: what they look at, float32[N, Z].
        y: classes of the results, int64[N].
        game: of each row, int64[N].
        trees: of each class, at most.
        leaves: of a tree, at most; 2 to 32.
        rate: by which each tree is scaled.
        least: rows in a leaf; with few rows no more than a hundredth of them.
        columns: share of the columns that a tree may look at, drawn anew for each.
        l2: weight that holds leaves small.
        patience: rounds without a better one after which it stops.
        valid: which rows are held out to tell when to stop, whole games; ``None`` for a tenth.
        threads: of LightGBM.
        seed: of columns and of the games held out. The same seed gives the same trees.
        tell: called with the share of rounds done; may raise to stop.

    Raises:
        AgentError: LightGBM is not installed; ConfigError: a setting makes no sense.
    """
    if not 2 <= leaves <= MAX_LEAVES or trees < 1:
        raise ConfigError(f"trees must be at least 1 with 2 to {MAX_LEAVES} leaves, "
                          f"not {trees} with {leaves}")
    lightgbm: Any = need("lightgbm")
    held = held_out(game, valid, seed)
    least = max(1, min(least, int((~held).sum()) // 100))
    settings = {
        "objective": "multiclass", "num_class": N_CLASSES, "num_leaves": leaves,
        "learning_rate": rate, "min_data_in_leaf": least, "feature_fraction": columns,
        "lambda_l2": l2, "max_bin": 63, "use_missing": False, "deterministic": True,
        "force_col_wise": True, "num_threads": threads, "seed": seed, "verbosity": -1}
    z = np.round(z / _STEP) * _STEP
    data = lightgbm.Dataset(z[~held], y[~held], params=settings)
    watched = lightgbm.Dataset(z[held], y[held], reference=data, params=settings)
    losses: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        settings, data, trees, valid_sets=[watched], valid_names=["held"], callbacks=[
            lightgbm.early_stopping(patience, verbose=False),
            lightgbm.record_evaluation(losses),
            lambda env: tell((env.iteration + 1) / trees)])
    laid = arrays_of(booster.dump_model(num_iteration=booster.best_iteration), leaves)
    curve = losses["held"]["multi_logloss"]
    # In case it stopped early the last share told was below 1.
    tell(1.0)
    return Fitted("trees", {"trees": len(laid.numbers), "leaves": leaves}, laid.params,
                  {"held_loss": float(min(curve)), "rounds": len(curve)})


def arrays_of(model: Mapping[str, Any], leaves: int) -> Laid:
    """Return the trees of a model as arrays, ready for ``agent.nets.numpy_trees``.

    Args:
        model: what ``Booster.dump_model`` returns, six classes.
        leaves: the most that a tree may have, L.

    Raises:
        ConfigError: the model has nodes that ask otherwise than whether a number is at most t, a
            tree has too many leaves, or the classes are not six.
    """
    trees = [tree["tree_structure"] for tree in model["tree_info"]]
    if model["num_class"] != N_CLASSES or len(trees) % N_CLASSES:
        raise ConfigError(f"trees must be of {N_CLASSES} classes, not {model['num_class']}")
    nodes = np.zeros((4, len(trees), leaves - 1))
    # What a node that is not there asks is answered by yes, and would rule out nothing anyway.
    nodes[1] = np.finfo(np.float32).max
    said = np.zeros((len(trees), leaves), np.float32)
    numbers = np.full((len(trees), leaves), -1, np.int32)
    for i, tree in enumerate(trees):
        asked, found = list[tuple[float, ...]](), list[Mapping[str, Any]]()
        _lay(tree, asked, found)
        if len(found) > leaves:
            raise ConfigError(f"a tree has {len(found)} leaves, more than {leaves}")
        if asked:
            nodes[:, i, :len(asked)] = np.array(asked).T
        said[i, :len(found)] = [leaf["leaf_value"] for leaf in found]
        numbers[i, :len(found)] = [leaf.get("leaf_index", 0) for leaf in found]
    nodes[1] = float32_below(nodes[1])
    shape = -1, N_CLASSES, leaves - 1
    named = dict(zip(("feature", "threshold", "first", "past"),
                     nodes.astype(np.float32).reshape(4, *shape), strict=True))
    return Laid({"trees": {**named, "leaf": said.reshape(-1, N_CLASSES, leaves)}},
                numbers.reshape(-1, N_CLASSES, leaves))


def _lay(
    node: Mapping[str, Any], asked: list[tuple[float, ...]], found: list[Mapping[str, Any]]
) -> None:
    """Add the nodes of a tree (feature, threshold, first, past) and its leaves, left to right."""
    if "split_feature" not in node:
        found.append(node)
        return
    if node["decision_type"] != "<=" or node["missing_type"] != "None":
        raise ConfigError("a node must ask whether a number is at most a threshold, none missing; "
                          f"not {node['decision_type']} with missing {node['missing_type']}")
    first = len(found)
    _lay(node["left_child"], asked, found)
    asked.append((node["split_feature"], node["threshold"], first, len(found)))
    _lay(node["right_child"], asked, found)
