"""What choosing plays in bfloat16 costs a net in strength.

    python benchmarks/precision.py [--agent pretrained] [--games 20000] [--seed 1]

The net plays itself with duplicate dice, choosing in bfloat16 on one side and in float32 on the
other; prints points a game of the bfloat16 side and how often the two choose differently.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from agent import catalog
from agent.arena import play_contest
from agent.greedy import by_equity
from agent.players.network import NetworkAgent
from engine.board import start
from engine.dice import roll_batch
from engine.game import results


class Rounded(NetworkAgent):
    """The same net, looking for its plays in bfloat16."""

    def device_scorer(self) -> Any:
        """Score as the network does, with factors in bfloat16."""
        outcomes = self.device_outcomes("bfloat16")
        return lambda state, boards: by_equity(outcomes(state))


def differences(plain: NetworkAgent, rounded: NetworkAgent, plies: int, seed: int) -> float:
    """Return the share of decisions of 512 games in which the two choose differently."""
    rng = np.random.default_rng(seed)
    boards, differ = np.broadcast_to(start(), (512, 2, 25)), 0
    for _ in range(plies):
        dice = roll_batch(rng, len(boards))
        after, other = (a.choose(boards, dice, None, rng)[0] for a in (plain, rounded))
        differ += int((after != other).any((1, 2)).sum())
        boards = np.where((results(after) > 0)[:, None, None], start(), after)
    return differ / (plies * len(boards))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", default="pretrained")
    parser.add_argument("--games", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    plain = catalog.get(args.agent)
    assert isinstance(plain, NetworkAgent), "name a network"
    rounded = Rounded("bfloat16", plain.net, plain.settings, plain.features.name, plain.params)
    share = differences(plain, rounded, 100, args.seed)
    contest = play_contest(rounded, plain, args.games, args.seed)
    print(f"different plays: {100 * share:.2f} % of {51200:,} decisions")
    print(f"bfloat16 - float32: {contest.ppg:+.5f} ± {contest.ppg_se:.5f} ppg, {args.games} games")


if __name__ == "__main__":
    main()
