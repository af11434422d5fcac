"""The registry that builds networks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from agent.features import FeatureSet
from agent.nets import conv, highway, mlp, numpy_ensemble, remembering
from agent.nets.settings import REMEMBERING

Columns = Callable[[Any, Any], Callable[[Any], Any]]
Builder = Callable[[Mapping[str, Any]], nn.Module]

# From the settings of a run (plain values, as they stand in a checkpoint) to a module that maps
# inputs float32[..., F] to outcomes float32[..., 5].
REGISTRY: dict[str, Builder] = {
    "mlp": mlp.of_settings,
    "highway": highway.of_settings,
    "conv": conv.of_settings,
    **{net: remembering.builder(net) for net in REMEMBERING},
}
_COLUMNS: dict[str, Callable[..., Callable[[Any], Any]]] = {
    "mlp": mlp.columns,
    "highway": highway.columns,
    "conv": conv.columns,
}


def build(net: str, settings: Mapping[str, Any]) -> nn.Module:
    """Return the network of that name; ``KeyError`` with the known names otherwise."""
    if net not in REGISTRY:
        raise KeyError(f"unknown net {net!r}; known: {', '.join(REGISTRY)}")
    return REGISTRY[net](settings)


def apply_of(net: str, settings: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    """Return ``apply(params, inputs float32[..., F]) -> outcomes float32[..., 5]`` of a net.

    Also of nets that no self-play trains and that :func:`build` does not know: ensembles.
    """
    if net == "ensemble":
        return partial(numpy_ensemble.apply, settings=settings, xp=jnp)
    return build(net, settings).apply


def columns_of(net: str, settings: Mapping[str, Any], features: FeatureSet) -> Columns | None:
    """Return ``columns(params, dtype) -> (words uint32[8, B] -> outcomes float32[5, B])``.

    ``None`` where the network or the features cannot take positions that way.
    """
    known = _COLUMNS.get(net)
    if known is None or features.columns is None:
        return None
    return partial(known, settings, features)
