"""A factorization machine in plain NumPy: what a person waits for must not import jax.

Rendle, "Factorization machines" (ICDM 2010, 995-1000): every product of two columns has a weight,
but the weights are inner products of short vectors v_i, R numbers for each column. Of each class,

    w0 + w x + sum_{i<j} <v_i, v_j> x_i x_j
        = w0 + w x + 1/2 sum_f [(sum_i v_if x_i)^2 - sum_i v_if^2 x_i^2]

and the log probabilities are the log softmax of the six. The parameters:

- ``linear/kernel`` float32[Z, 6], w, and ``linear/bias`` float32[6], w0;
- ``factors/kernel`` float32[Z, 6, R], v.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.nets.numpy_classes import N_CLASSES, log_softmax

Array = Any
Params = Mapping[str, Mapping[str, Array]]
Settings = Mapping[str, Any]
DEFAULTS = {"rank": 8}


def shapes(columns: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path.

    Args:
        columns: Z.
        settings: ``rank``, R.

    >>> shapes(52, {"rank": 8})["factors/kernel"]
    (52, 6, 8)
    """
    return {"linear/kernel": (columns, N_CLASSES), "linear/bias": (N_CLASSES,),
            "factors/kernel": (columns, N_CLASSES, settings["rank"])}


def log_probs(params: Params, z: Array, settings: Settings, xp: Any = np) -> Array:
    """Return log probabilities float32[..., 6] of the classes, of columns float32[..., Z].

    Args:
        params: ``linear`` and ``factors``.
        z: the columns.
        settings: not needed, the parameters say it all.
        xp: ``numpy`` or ``jax.numpy``.
    """
    return log_softmax(sums(params, z), xp)


def sums(params: Params, z: Array) -> Array:
    """Return what goes into the softmax, float32[..., classes]; NumPy and jax alike."""
    linear, factors = params["linear"], params["factors"]["kernel"]
    columns, classes, rank = factors.shape
    inner = (z @ factors.reshape(columns, -1)).reshape(*z.shape[:-1], classes, rank)
    own = (z * z) @ (factors * factors).sum(-1)
    return z @ linear["kernel"] + linear["bias"] + 0.5 * ((inner * inner).sum(-1) - own)
