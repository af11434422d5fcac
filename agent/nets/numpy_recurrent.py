"""What recurrent nets are made of, in NumPy and jax alike: operations, and what a cell kind is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from agent.nets.numpy_mlp import sigmoid

Array = Any
Settings = Mapping[str, Any]
Params = Mapping[str, Any]


class Ops(NamedTuple):
    """The operations that NumPy and jax do not share by name.

    ``xp`` is the array module; ``sigmoid`` that of gates; ``hard`` maps float32 in 0..1 to exactly
    0 or 1, 1 above one half, and where it is differentiated passes the gradient straight through.
    """

    xp: Any
    sigmoid: Callable[[Array], Array]
    hard: Callable[[Array], Array]


def _hard(share: Array) -> Array:
    return (share > 0.5).astype(np.float32)


NUMPY = Ops(np, sigmoid, _hard)


class CellKind(NamedTuple):
    """A kind of cell, or of a stack of cells, as functions of its parameters and settings.

    ``shapes(F, settings)`` of the parameters by path; ``zero_states(settings, *batch)``, a tree of
    float32[*batch, ...]; ``driven(params, settings)``, what F inputs do to the lowest layer, kernel
    float32[F, M] and bias float32[M]; ``step(driven float32[..., M], states, params, settings,
    ops)`` returns what the stack says, float32[..., E], and the states after it, where the leading
    axes of the states before need only broadcast with those of ``driven``;
    ``width_of(settings)`` is E.
    """

    shapes: Callable[[int, Settings], dict[str, tuple[int, ...]]]
    zero_states: Callable[..., Any]
    driven: Callable[[Params, Settings], tuple[Array, Array]]
    step: Callable[[Array, Any, Params, Settings, Ops], tuple[Array, Any]]
    width_of: Callable[[Settings], int]


def leaves(tree: Any) -> list[Array]:
    """Return the arrays of a tree of tuples, NamedTuples and dictionaries, in its order.

    >>> [a.shape for a in leaves((np.zeros(2), {"a": np.zeros(3)}))]
    [(2,), (3,)]
    """
    if isinstance(tree, Mapping):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


def with_leaves(tree: Any, arrays: list[Array]) -> Any:
    """Return the same tree with other arrays, in the order of :func:`leaves`."""
    left = iter(arrays)

    def rebuilt(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {name: rebuilt(some) for name, some in part.items()}
        if isinstance(part, tuple):
            parts = [rebuilt(some) for some in part]
            return type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)
        return next(left)

    return rebuilt(tree)


def on_leaves(change: Callable[..., Array], *trees: Any) -> Any:
    """Return a tree of ``change(array, ...)`` of the arrays of trees of one build."""
    together = zip(*map(leaves, trees), strict=True)
    return with_leaves(trees[0], [change(*arrays) for arrays in together])
