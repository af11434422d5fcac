"""Larger perceptrons that begin as the very function of a smaller one.

A new layer as wide as the one before it begins as the identity: what comes out of rectified linear
units is not negative, so passing it through others changes nothing (Chen, Goodfellow & Shlens,
"Net2Net", ICLR 2016, arXiv 1511.05641).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.errors import ConfigError


def grown(
    settings: Mapping[str, Any], params: Mapping[str, Any], hidden: tuple[int, ...]
) -> dict[str, Any]:
    """Return parameters of an mlp with these hidden layers that computes the same.

    Args:
        settings: of the smaller mlp, as in a checkpoint; its units must be rectified linear ones
            if there is anything to add.
        params: its parameters, ``{"params": ...}``.
        hidden: widths; those of the smaller net, with layers put in that repeat the width of the
            layer before them.

    Raises:
        ConfigError: the larger net cannot begin as the smaller one.
    """
    layers: dict[str, Any] = {"outcome": params["params"]["outcome"]}
    old, used = tuple(settings["hidden"]), 0
    for i, width in enumerate(hidden):
        if used < len(old) and width == old[used]:
            layers[f"hidden{i}"] = params["params"][f"hidden{used}"]
            used += 1
        elif i and width == hidden[i - 1]:
            layers[f"hidden{i}"] = {
                "kernel": np.eye(width, dtype=np.float32), "bias": np.zeros(width, np.float32)}
        else:
            break
    whole = len(layers) == len(hidden) + 1 and used == len(old)
    if not whole or (hidden != old and settings.get("activation") != "relu"):
        raise ConfigError(
            f"hidden layers {_listed(hidden)} cannot begin as {_listed(old)}: only nets of relu "
            "units grow, by layers that repeat the width of the one before them"
        )
    return {"params": layers}


def _listed(widths: tuple[int, ...]) -> str:
    return ",".join(str(width) for width in widths)
