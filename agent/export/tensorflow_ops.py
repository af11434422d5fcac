"""The nodes of ``agent.export.graph`` as operations of TensorFlow.

Most are one operation each. A convolution is a product: lines of W points [N, C, 1, W] are kept as
rows of channels [N * W, C] until somebody asks for them as they were. (TensorFlow's own takes no
empty batch where oneDNN computes it.) Trees, for which TensorFlow has no operation, are products
too; see :func:`_trees`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from agent.export.graph import Node
from agent.nets.numpy_classes import N_CLASSES

Tensor = Any

# The arguments of these operations are x or x and y, and nothing else.
_ALIKE = {
    "Add": "AddV2", "Sub": "Sub", "Mul": "Mul", "Div": "RealDiv", "Min": "Minimum",
    "Max": "Maximum", "Relu": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Exp": "Exp",
    "Log": "Log", "Sqrt": "Sqrt", "Abs": "Abs", "Neg": "Neg", "Less": "Less",
    "LessOrEqual": "LessEqual", "Greater": "Greater", "GreaterOrEqual": "GreaterEqual",
    "Equal": "Equal", "And": "LogicalAnd", "Or": "LogicalOr", "Not": "LogicalNot",
    "BitwiseAnd": "BitwiseAnd", "BitwiseOr": "BitwiseOr", "BitwiseNot": "Invert"}
_SUMS = {"ReduceSum": "Sum", "ReduceMean": "Mean", "ReduceMax": "Max"}


class Made:
    """The tensors made so far by name, in the graph that is open."""

    def __init__(self, tf: Any, given: Mapping[str, Tensor], constants: Mapping[str, Any]) -> None:
        """Begin with inputs; ``tf`` is the module ``tensorflow``."""
        self.tf, self.constants = tf, constants
        self._tensors: dict[str, Tensor] = dict(given)
        self._rows: dict[str, Tensor] = {}  # Those that are kept as rows of channels,
        self._width = 0  # of lines this long.

    def __getitem__(self, name: str) -> Tensor:
        """Return a tensor as the graph knows it, or a constant."""
        if name not in self._tensors:
            self._tensors[name] = (self._as_it_was(self._rows[name]) if name in self._rows
                                   else self.tf.constant(self.constants[name]))
        return self._tensors[name]

    def _as_it_was(self, rows: Tensor) -> Tensor:
        lines = self.tf.reshape(rows, (-1, self._width, rows.shape[1]))
        return self.tf.transpose(lines, (0, 2, 1))[:, :, None]

    def rows(self, name: str) -> Tensor:
        """Return lines float32[N, C, 1, W] as rows float32[N * W, C]."""
        if name not in self._rows:
            lines = self[name]
            self._width = lines.shape[3]
            self._rows[name] = self.tf.reshape(
                self.tf.transpose(lines[:, :, 0], (0, 2, 1)), (-1, lines.shape[1]))
        return self._rows[name]

    def add(self, node: Node) -> None:
        """Make what a node gives."""
        name, = node.outputs
        if node.op == "Conv":
            self._rows[name] = self._conv(node)
        elif node.op in _ALIKE and all(given in self._rows for given in node.inputs):
            self._rows[name] = self._alike(node.op, *map(self.rows, node.inputs))
        elif node.op in _ALIKE:
            self._tensors[name] = self._alike(node.op, *(self[given] for given in node.inputs))
        elif node.op in _SUMS:
            x, axis = node.inputs
            function = getattr(self.tf.raw_ops, _SUMS[node.op])
            self._tensors[name] = function(input=self[x], axis=self.constants[axis],
                                           keep_dims=bool(node.attributes["keepdims"]))
        else:
            self._tensors[name] = _OTHER[node.op](self, node)

    def _alike(self, op: str, *given: Tensor) -> Tensor:
        function = getattr(self.tf.raw_ops, _ALIKE[op])
        names = ("x", "y") if len(given) == 2 else \
            ("features",) if op == "Relu" else ("x",)
        return function(**dict(zip(names, given, strict=True)))

    def _conv(self, node: Node) -> Tensor:
        x, kernel, bias = node.inputs
        weights = self.constants[kernel][:, :, 0]
        channels, inputs, size = weights.shape
        _, step = node.attributes["dilations"]
        rows, reach = self.rows(x), size // 2 * step
        lines = self.tf.reshape(rows, (-1, self._width, inputs))
        wide = self.tf.pad(lines, ((0, 0), (reach, reach), (0, 0)))
        seen = [wide[:, at * step : at * step + self._width] for at in range(size)]
        beside = self.tf.reshape(self.tf.concat(seen, axis=2), (-1, size * inputs))
        matrix = weights.transpose(2, 1, 0).reshape(size * inputs, channels)
        return self.tf.nn.bias_add(self.tf.matmul(beside, matrix), self[bias])


def _gemm(made: Made, node: Node) -> Tensor:
    x, matrix, offset = node.inputs
    product = made.tf.matmul(made[x], made[matrix])
    # One operation with the product when TensorFlow has made the graph faster.
    one_row = offset in made.constants and made.constants[offset].ndim == 1
    return made.tf.nn.bias_add(product, made[offset]) if one_row else product + made[offset]


def _matmul(made: Made, node: Node) -> Tensor:
    x, y = (made[name] for name in node.inputs)
    if y.shape.rank == 1:
        return made.tf.linalg.matvec(x, y)
    return made.tf.matmul(x, y)


def _reshape(made: Made, node: Node) -> Tensor:
    return made.tf.reshape(made[node.inputs[0]], made.constants[node.inputs[1]])


def _slice(made: Made, node: Node) -> Tensor:
    first, past, axis = (int(made.constants[name].item()) for name in node.inputs[1:])
    return made[node.inputs[0]][(slice(None),) * axis + (slice(first, past),)]


def _gather(made: Made, node: Node) -> Tensor:
    x, where = node.inputs
    return made.tf.gather(made[x], made.constants[where].astype(np.int32),
                          axis=node.attributes["axis"])


def _unsqueeze(made: Made, node: Node) -> Tensor:
    return made.tf.expand_dims(made[node.inputs[0]], int(made.constants[node.inputs[1]].item()))


def _concat(made: Made, node: Node) -> Tensor:
    return made.tf.concat([made[name] for name in node.inputs], node.attributes["axis"])


def _clip(made: Made, node: Node) -> Tensor:
    x, low, high = (made[name] for name in node.inputs)
    return made.tf.raw_ops.ClipByValue(t=x, clip_value_min=low, clip_value_max=high)


def _where(made: Made, node: Node) -> Tensor:
    return made.tf.where(*(made[name] for name in node.inputs))


def _cast(made: Made, node: Node) -> Tensor:
    return made.tf.cast(made[node.inputs[0]], node.attributes["to"])


def _shift(made: Made, node: Node) -> Tensor:
    x, y = (made[name] for name in node.inputs)
    left = node.attributes["direction"] == "LEFT"
    ops = made.tf.raw_ops
    return ops.LeftShift(x=x, y=y) if left else ops.RightShift(x=x, y=y)


def _trees(made: Made, node: Node) -> Tensor:
    """Return float32[N, 6], the sums of the leaves that a position reaches.

    Of every node of a tree it is asked whether it sends the position to the left, 1 or 0. A leaf
    that k nodes have at their left is reached if those answer 1 and all that have it at their
    right answer 0: if the answers of the first, less those of the second, are k. These numbers are
    small and whole, so that nothing is rounded.
    """
    tf, z = made.tf, made[node.inputs[0]]
    feature, threshold, side, leaf, target = _arrays(node.attributes)
    trees, nodes, _ = side.shape
    # The positions come last: what is gathered are whole rows then.
    looked_at = tf.gather(tf.transpose(z), feature.ravel())
    left = tf.cast(looked_at <= threshold.reshape(-1, 1), tf.float32)
    score = tf.matmul(side, tf.reshape(left, (trees, nodes, -1)), transpose_a=True)
    wanted = np.maximum(side, 0).sum(axis=1)[..., None]
    reached = tf.cast(tf.equal(score, wanted), tf.float32)
    said = tf.squeeze(tf.matmul(leaf, reached), axis=1)
    return tf.transpose(tf.matmul(target, said))


def _arrays(of: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """Return trees as arrays.

    Each node's feature int32[T, n] and threshold float32[T, n]; where each leaf is from there,
    float32[T, n, L]: 1 at the left, -1 at the right; what leaves say, float32[T, 1, L]; and of
    which class a tree is, 0 or 1, float32[6, T]. What is not there is 0.
    """
    at = {key: i for i, key in enumerate(zip(of["nodes_treeids"], of["nodes_nodeids"],
                                             strict=True))}
    weights = {key: (target, weight) for *key2, target, weight in zip(
        of["target_treeids"], of["target_nodeids"], of["target_ids"], of["target_weights"],
        strict=True) for key in [tuple(key2)]}
    trees = max(of["nodes_treeids"]) + 1
    leaves = max(np.bincount(of["target_treeids"]))
    nodes = max(1, leaves - 1)
    feature, threshold = np.zeros((trees, nodes), np.int32), np.zeros((trees, nodes), np.float32)
    side, leaf = np.zeros((trees, nodes, leaves), np.float32), np.zeros((trees, 1, leaves))
    classes = np.zeros((N_CLASSES, trees), np.float32)
    for tree in range(trees):
        todo: list[tuple[int, tuple[tuple[int, int], ...]]] = [(0, ())]
        branch = end = 0
        while todo:
            number, above = todo.pop()
            i = at[tree, number]
            if of["nodes_modes"][i] == "LEAF":
                target, leaf[tree, 0, end] = weights[tree, number]
                classes[target, tree] = 1
                for node, sign in above:
                    side[tree, node, end] = sign
                end += 1
                continue
            feature[tree, branch] = of["nodes_featureids"][i]
            threshold[tree, branch] = of["nodes_values"][i]
            todo += [(of["nodes_truenodeids"][i], (*above, (branch, 1))),
                     (of["nodes_falsenodeids"][i], (*above, (branch, -1)))]
            branch += 1
    return feature, threshold, side, leaf.astype(np.float32), classes


_OTHER: dict[str, Callable[[Made, Node], Tensor]] = {
    "Gemm": _gemm, "MatMul": _matmul, "Reshape": _reshape, "Slice": _slice, "Gather": _gather,
    "Unsqueeze": _unsqueeze, "Concat": _concat, "Clip": _clip, "Where": _where, "Cast": _cast,
    "BitShift": _shift, "TreeEnsembleRegressor": _trees}
