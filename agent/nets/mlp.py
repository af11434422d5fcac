"""The multilayer perceptron of TD-Gammon (Tesauro 1992, Machine Learning 8:257-277)."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax

from agent.outcome import N_OUTCOMES


class MLP(nn.Module):
    """Inputs float32[..., F] -> hidden layers of sigmoids -> outcomes float32[..., 5].

    ``hidden`` are the widths of the hidden layers.
    """

    hidden: tuple[int, ...] = (80,)

    @nn.compact
    def __call__(self, x: Any) -> Any:
        for i, width in enumerate(self.hidden):
            x = jax.nn.sigmoid(nn.Dense(width, name=f"hidden{i}")(x))
        return jax.nn.sigmoid(nn.Dense(N_OUTCOMES, name="outcome")(x))
