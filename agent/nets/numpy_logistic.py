"""Multinomial logistic regression of a position's columns, degree 1 or 2, in plain NumPy.

Columns z and, of degree 2, their squares and products of two as well: the polynomial model of
Fleming's Numerai pipeline (github.com/jimfleming/numerai). Logits are ``expanded @ kernel +
bias``. The products are never laid out: z' K z, K the upper triangle, is the same with less to
keep in memory. Parameters:

- ``outcome/kernel`` float32[E, 6], a row for each of the E expanded columns; ``outcome/bias``
  float32[6].
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.nets.numpy_classes import N_CLASSES, log_softmax

Array = Any
Settings = Mapping[str, Any]
DEFAULTS = {"degree": 2}


def expanded(columns: int, degree: int) -> int:
    """Return how many expanded columns there are.

    >>> expanded(52, 1), expanded(52, 2)
    (52, 1430)
    """
    return columns if degree == 1 else columns + columns * (columns + 1) // 2


def shapes(columns: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path.

    >>> shapes(3, {"degree": 2})
    {'outcome/kernel': (9, 6), 'outcome/bias': (6,)}
    """
    return {"outcome/kernel": (expanded(columns, settings["degree"]), N_CLASSES),
            "outcome/bias": (N_CLASSES,)}


@cache
def pairs(columns: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return which two columns each product is of, int[P] twice: first <= second, in rows.

    >>> [p.tolist() for p in pairs(2)]
    [[0, 0, 1], [0, 1, 1]]
    """
    first, second = np.triu_indices(columns)
    return first, second


@cache
def _places(columns: int) -> npt.NDArray[np.intp]:
    """Return int[Z, Z]: which product two columns make; that behind the last below the diagonal."""
    first, second = pairs(columns)
    places = np.full((columns, columns), len(first))
    places[first, second] = np.arange(len(first))
    return places


def expand(z: Array, degree: int, xp: Any = np) -> Array:
    """Return the columns z float32[..., Z] with, of degree 2, their products: float32[..., E].

    >>> expand(np.array([2.0, 3.0]), 2).tolist()
    [2.0, 3.0, 4.0, 6.0, 9.0]
    """
    if degree == 1:
        return z
    first, second = pairs(z.shape[-1])
    return xp.concatenate([z, z[..., first] * z[..., second]], axis=-1)


def logits(kernel: Array, bias: Array, z: Array, degree: int, xp: Any = np) -> Array:
    """Return ``expand(z, degree) @ kernel + bias``, float32[..., 6], without the products."""
    columns, classes = z.shape[-1], kernel.shape[-1]
    linear = z @ kernel[:columns] + bias
    if degree == 1:
        return linear
    rows = xp.concatenate([kernel[columns:], xp.zeros((1, classes), kernel.dtype)])
    # By first column, class, second column: sums over the last axis are the fastest.
    square = xp.swapaxes(rows[_places(columns)], 1, 2).reshape(columns, classes * columns)
    half = (z @ square).reshape(*z.shape[:-1], classes, columns)
    return linear + xp.einsum("...cj,...j->...c", half, z)


def log_probs(params: Any, z: Array, settings: Settings, xp: Any = np) -> Array:
    """Return the logarithms of the six classes' probabilities, float32[..., 6].

    Args:
        params: ``{"outcome": {"kernel", "bias"}}``.
        z: columns float32[..., Z].
        settings: ``degree``.
        xp: ``numpy`` or ``jax.numpy``.
    """
    last = params["outcome"]
    return log_softmax(logits(last["kernel"], last["bias"], z, settings["degree"], xp), xp)
