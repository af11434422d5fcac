"""What the TD(lambda) update costs by itself, for several lengths of the segment.

    python benchmarks/traces.py [--hidden 80] [--games 64]

Prints microseconds a ply of one game (median of 7), and the bytes of traces of one game.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agent import td
from agent.nets.mlp import MLP
from agent.outcome import N_OUTCOMES

_INPUTS = 198


def seconds_a_ply(hidden: int, games: int, plies: int) -> float:
    """Return the median time of an update divided by its plies and games."""
    net = MLP((hidden,))
    rng = np.random.default_rng(1)
    inputs = jnp.asarray(rng.random((plies, games, _INPUTS)), jnp.float32)
    delta = jnp.asarray(rng.normal(size=(plies, games, N_OUTCOMES)) * 0.01, jnp.float32)
    segment = td.Segment(inputs, delta, jnp.zeros((plies, games), bool))
    params = net.init(jax.random.key(1), inputs)
    traces = td.zero_traces(params, games, N_OUTCOMES)

    def update(params: Any, traces: Any) -> Any:
        def value(p: Any, x: Any) -> Any:
            return net.apply(p, x)

        step = td.direction(value, params, traces, segment, 0.7)
        traces = td.carry_traces(value, params, traces, segment, 0.7)
        return td.ascend(params, step, 1e-3), traces

    update = jax.jit(update, donate_argnums=(0, 1))
    times = []
    for _ in range(9):
        began = time.perf_counter()
        params, traces = jax.block_until_ready(update(params, traces))
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:]) / plies / games


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=80)
    parser.add_argument("--games", type=int, default=64)
    args = parser.parse_args()
    weights = (_INPUTS + 1) * args.hidden + (args.hidden + 1) * N_OUTCOMES
    print(f"{4 * N_OUTCOMES * weights:,} bytes of traces a game, {args.games} games")
    for plies in (1, 2, 4, 8, 16):
        seconds = seconds_a_ply(args.hidden, args.games, plies)
        print(f"T = {plies:2}: {1e6 * seconds:7.1f} µs a ply of one game")


if __name__ == "__main__":
    main()
