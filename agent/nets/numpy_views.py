"""What a classifier sees of a position: a linear view of the inputs, and what a map makes of it.

A view is ``x @ kernel + bias`` of Tesauro's inputs: the inputs themselves, the numbers of checkers
(which are sums of those), either of them scaled or rotated. A map is a small perceptron that puts
embeddings behind the view as more columns.
The functions take NumPy and JAX arrays alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def mapped(params: Mapping[str, Any], z: Any, xp: Any = np) -> Any:
    """Return the embeddings float32[..., E] of views float32[..., Z].

    Args:
        params: ``hidden0``, ``hidden1``, ... and ``out``, each with ``kernel`` and ``bias``; hidden
            units are rectified, those of ``out`` are not.
        z: views.
        xp: the array module, ``numpy`` or ``jax.numpy``.
    """
    for i in range(len(params) - 1):
        layer = params[f"hidden{i}"]
        z = xp.maximum(z @ layer["kernel"] + layer["bias"], np.float32(0))
    return z @ params["out"]["kernel"] + params["out"]["bias"]


def map_shapes(columns: int, hidden: Sequence[int], codes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a map by path, from ``columns`` to ``codes``."""
    widths = (columns, *hidden, codes)
    names = [*(f"hidden{i}" for i in range(len(hidden))), "out"]
    found: dict[str, tuple[int, ...]] = {}
    for name, before, after in zip(names, widths, widths[1:], strict=False):
        found[f"{name}/kernel"] = (before, after)
        found[f"{name}/bias"] = (after,)
    return found


def seen(params: Mapping[str, Any], x: Any, xp: Any = np) -> Any:
    """Return what a classifier sees float32[..., Z] of inputs float32[..., F].

    Args:
        params: ``view`` with ``kernel`` and ``bias``; perhaps ``map`` with its own ``view`` and
            the layers of :func:`mapped`.
        x: inputs.
        xp: the array module.
    """
    z = x @ params["view"]["kernel"] + params["view"]["bias"]
    if "map" not in params:
        return z
    layers = {name: part for name, part in params["map"].items() if name != "view"}
    view = params["map"]["view"]
    return xp.concatenate([z, mapped(layers, x @ view["kernel"] + view["bias"], xp)], axis=-1)


def seen_shapes(inputs: int, settings: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of :func:`seen` by path.

    Args:
        inputs: F.
        settings: ``view``, columns of the view; ``map_view``, ``map_hidden`` and ``map_codes`` of
            the map, 0 codes where there is none.
    """
    found = {"view/kernel": (inputs, settings["view"]), "view/bias": (settings["view"],)}
    if settings["map_codes"]:
        columns = settings["map_view"]
        found |= {"map/view/kernel": (inputs, columns), "map/view/bias": (columns,)}
        layers = map_shapes(columns, settings["map_hidden"], settings["map_codes"])
        found |= {f"map/{path}": shape for path, shape in layers.items()}
    return found


def columns_of(settings: Mapping[str, Any]) -> int:
    """Return how many columns a classifier sees, Z."""
    return int(settings["view"]) + int(settings["map_codes"])
