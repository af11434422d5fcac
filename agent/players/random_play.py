"""The player that makes any legal play, all equally likely."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agent.players.scored import ScoredAgent
from agent.protocol import Boards


class RandomAgent(ScoredAgent):
    """Chooses uniformly among the distinct after-positions."""

    name = "random"

    def scores(
        self, after: Boards, before: Boards, rng: np.random.Generator
    ) -> npt.NDArray[np.float64]:
        """Score at random."""
        return rng.random(len(after))

    def device_scorer(self) -> Any:
        """Score at random on the device."""
        import jax

        def make(state: None, boards: Any) -> Any:
            return lambda chunk, key: jax.random.uniform(key, chunk.owner.shape)

        return make
