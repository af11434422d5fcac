"""Multilayer perceptrons: TD-Gammon's (Tesauro 1992, Machine Learning 8:257-277), and deeper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from agent.features import FeatureSet
from agent.outcome import N_OUTCOMES

ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}


class MLP(nn.Module):
    """Inputs float32[..., F] -> hidden layers -> outcomes float32[..., 5], always sigmoids.

    ``hidden`` are the widths of the hidden layers, ``activation`` what their units are.
    """

    hidden: tuple[int, ...] = (80,)
    activation: str = "sigmoid"

    @nn.compact
    def __call__(self, x: Any) -> Any:
        bend = ACTIVATIONS[self.activation]
        for i, width in enumerate(self.hidden):
            x = bend(nn.Dense(width, name=f"hidden{i}")(x))
        return jax.nn.sigmoid(nn.Dense(N_OUTCOMES, name="outcome")(x))


def of_settings(settings: Mapping[str, Any]) -> MLP:
    """Return the net of settings as they stand in a checkpoint; sigmoids unless they say else."""
    return MLP(tuple(settings["hidden"]), settings.get("activation", "sigmoid"))


def columns(
    settings: Mapping[str, Any], features: FeatureSet, params: Any, dtype: Any
) -> Callable[[Any], Any]:
    """Return ``evaluate(words uint32[8, B]) -> outcomes float32[5, B]``, the same function.

    Positions lie on the last axis from the board to the outcomes, which is several times faster
    than one position a row.

    Args:
        settings: the net's; see :func:`of_settings`.
        features: the net's; they must have ``columns``.
        params: the net's, ``{"params": ...}``, made ready here once.
        dtype: of the factors of the matrix products; sums are float32.
    """
    layers = params["params"]
    names = [f"hidden{i}" for i in range(len(layers) - 1)] + ["outcome"]
    first = features.fold(layers[names[0]]["kernel"], layers[names[0]]["bias"])
    rest = [(layers[n]["kernel"].T, layers[n]["bias"]) for n in names[1:]]
    ready = [(kernel.astype(dtype), bias[:, None]) for kernel, bias in (first, *rest)]
    bend = ACTIVATIONS[of_settings(settings).activation]
    encode = features.columns
    assert encode is not None

    def evaluate(words: Any) -> Any:
        x = encode(words, dtype)
        for i, (kernel, bias) in enumerate(ready):
            sums = jnp.dot(kernel, x.astype(dtype), preferred_element_type=jnp.float32) + bias
            x = bend(sums) if i + 1 < len(ready) else jax.nn.sigmoid(sums)
        return x

    return evaluate
