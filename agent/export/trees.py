"""Boosted trees as one node: ``TreeEnsembleRegressor`` of ONNX's operators for machine learning.

``agent.nets.numpy_trees`` keeps trees as the leaves that each node rules out; here they become
nodes with a left and a right child again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.errors import AgentError
from agent.export.arrays import Array
from agent.export.symbols import XP
from agent.nets.numpy_classes import N_CLASSES, log_softmax

DOMAIN = "ai.onnx.ml"


class _Lists:
    """The attributes of the node, lists alike in length for nodes and for leaves."""

    def __init__(self) -> None:
        self.nodes: dict[str, list[Any]] = {name: [] for name in (
            "treeids", "nodeids", "featureids", "values", "modes", "truenodeids",
            "falsenodeids")}
        self.leaves: dict[str, list[Any]] = {name: [] for name in (
            "treeids", "nodeids", "ids", "weights")}

    def attributes(self) -> dict[str, Any]:
        """Return them as the node has them."""
        return {**{f"nodes_{name}": value for name, value in self.nodes.items()},
                **{f"target_{name}": value for name, value in self.leaves.items()}}


def log_probs(trees: Mapping[str, np.ndarray], z: Array) -> Array:
    """Return log probabilities float32[N, 6] of the classes, of columns float32[N, Z].

    Args:
        trees: parameters; see ``agent.nets.numpy_trees``.
        z: what the trees look at.

    Raises:
        AgentError: the parameters are not those of trees.
    """
    lists, rounds = _Lists(), len(trees["feature"])
    for i in range(rounds * N_CLASSES):
        at = divmod(i, N_CLASSES)
        _add(lists, i, at[1], {name: array[at] for name, array in trees.items()})
    sums = z.graph.node("TreeEnsembleRegressor", (z,), (None, N_CLASSES), np.float32, DOMAIN,
                        n_targets=N_CLASSES, aggregate_function="SUM", post_transform="NONE",
                        **lists.attributes())
    return log_softmax(sums, XP)  # type: ignore[no-any-return]


def _add(lists: _Lists, tree: int, target: int, params: Mapping[str, np.ndarray]) -> None:
    """Append a tree, its root first."""
    first, past = params["first"].astype(int), params["past"].astype(int)
    there = [i for i in range(len(first)) if past[i] > first[i]]
    # Of nodes whose left part begins at the same leaf the one with the larger part is above.
    starts: dict[int, list[int]] = {}
    for i in sorted(there, key=lambda i: past[i]):
        starts.setdefault(int(first[i]), []).append(i)
    # Leaves from ... to, and the node above it with the list of its children that needs filling.
    todo: list[tuple[int, int, str, int]] = [(0, len(there) + 1, "", 0)]
    number = 0
    while todo:
        low, high, side, parent = todo.pop()
        if side:
            lists.nodes[side][parent] = number
        node = starts.get(low, [])[-1:]
        leaf = high - low == 1
        if leaf == bool(node) or (node and past[node[0]] >= high):
            raise AgentError("a classifier's trees are none: a node rules out what is not its own")
        for name, value in _row(tree, number, leaf, node, params).items():
            lists.nodes[name].append(value)
        if leaf:
            row = (tree, number, target, float(params["leaf"][low]))
            for name, value in zip(lists.leaves, row, strict=True):
                lists.leaves[name].append(value)
        else:
            starts[low].pop()
            at, middle = len(lists.nodes["nodeids"]) - 1, int(past[node[0]])
            todo += [(middle, high, "falsenodeids", at), (low, middle, "truenodeids", at)]
        number += 1


def _row(
    tree: int, number: int, leaf: bool, node: list[int], params: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    known = {"treeids": tree, "nodeids": number, "truenodeids": 0, "falsenodeids": 0}
    if leaf:
        return {**known, "featureids": 0, "values": 0.0, "modes": "LEAF"}
    return {**known, "featureids": int(params["feature"][node[0]]),
            "values": float(params["threshold"][node[0]]), "modes": "BRANCH_LEQ"}
