"""A wide layer of random units that is never trained, and softmax regression of them, in NumPy.

ReLU units whose kernel is drawn once, as the wide fixed random layer of Fleming's Numerai pipeline
(github.com/jimfleming/numerai); after Rahimi & Recht, "Random features for large-scale kernel
machines" (NIPS 2007). Parameters of U units over Z columns:

- ``random/kernel`` float32[Z, U] and ``random/bias`` float32[U], fixed;
- ``outcome/kernel`` float32[U, 6] and ``outcome/bias`` float32[6], learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.nets.numpy_classes import N_CLASSES, log_softmax

Array = Any
Settings = Mapping[str, Any]
DEFAULTS = {"units": 2048}


def shapes(columns: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path.

    >>> shapes(52, {"units": 2048})["random/kernel"]
    (52, 2048)
    """
    units = settings["units"]
    return {"random/kernel": (columns, units), "random/bias": (units,),
            "outcome/kernel": (units, N_CLASSES), "outcome/bias": (N_CLASSES,)}


def hidden(params: Any, z: Array, xp: Any = np) -> Array:
    """Return what the random units say of columns z float32[..., Z]: float32[..., U]."""
    fixed = params["random"]
    return xp.maximum(z @ fixed["kernel"] + fixed["bias"], 0.0)


def log_probs(params: Any, z: Array, settings: Settings, xp: Any = np) -> Array:
    """Return the logarithms of the six classes' probabilities, float32[..., 6].

    Args:
        params: ``{"random": ..., "outcome": ...}``.
        z: columns float32[..., Z].
        settings: ``units``; the parameters have them already.
        xp: ``numpy`` or ``jax.numpy``.
    """
    last = params["outcome"]
    return log_softmax(hidden(params, z, xp) @ last["kernel"] + last["bias"], xp)
