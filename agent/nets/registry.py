"""The registry that builds networks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn

from agent.nets.mlp import MLP

Builder = Callable[[Mapping[str, Any]], nn.Module]

# From the settings of a run (plain values, as they stand in a checkpoint) to a module that maps
# inputs float32[..., F] to outcomes float32[..., 5].
REGISTRY: dict[str, Builder] = {
    "mlp": lambda settings: MLP(hidden=tuple(settings["hidden"])),
}


def build(net: str, settings: Mapping[str, Any]) -> nn.Module:
    """Return the network of that name; ``KeyError`` with the known names otherwise."""
    if net not in REGISTRY:
        raise KeyError(f"unknown net {net!r}; known: {', '.join(REGISTRY)}")
    return REGISTRY[net](settings)
