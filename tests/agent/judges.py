"""Networks for tests of search and rollouts: a tiny one, and one with exact bear-off tables."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from agent import outcome
from agent.greedy import by_equity
from agent.players.network import NetworkAgent
from agent.players.scored import ScoredAgent
from engine import bearoff, packed
from tests.agent import oracle


def network(params: dict, name: str = "net") -> NetworkAgent:
    """Return a net 198 -> 4 -> 5 as a player."""
    return NetworkAgent(name, "mlp", {"hidden": [oracle.HIDDEN]}, "tesauro198-v1", params)


class Exact(ScoredAgent):
    """Knows what positions of the bear-off tables are worth; up to 6 checkers a side exactly."""

    name = "exact"

    def __init__(self) -> None:
        super().__init__()
        self.tables = bearoff.load()

    def evaluate(self, boards):
        over = outcome.is_over(boards)[:, None]
        return np.where(over, outcome.terminal(boards), self.tables.outcomes(boards))

    def scores(self, after, before, rng):
        return -outcome.equity(self.evaluate(after))

    def device_state(self):
        return jax.tree.map(jnp.asarray, self.tables)

    def device_outcomes(self, precision="float32"):
        return lambda tables: lambda words: tables.outcomes(packed.unpack(words), jnp).T

    def device_scorer(self):
        return lambda tables, boards: by_equity(self.device_outcomes()(tables))
