"""Learn the net that races are judged by, and measure what it is worth.

    python benchmarks/race.py train [--seed 1] [--out checkpoints]
    python benchmarks/race.py check [--net checkpoints/race.net] [--positions FILE]

``train`` writes OUT/race.net and OUT/race.json: how it was made, and its errors. On one machine
the same seed gives the same net. ``check`` prints the errors alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from release import provenance

from agent import endgame, outcome, race, race_positions, race_training
from agent.decisions import read
from agent.device import prepare
from agent.error_rate import measure
from agent.protocol import Boards
from engine.bearoff import load
from engine.plays import afterstates_of
from engine.race import stragglers
from study.results import save as save_result

FOLDER = Path(__file__).parents[1] / "checkpoints"
POSITIONS = Path("tests/data/positions-dev.jsonl.gz")
_SIDES, _PATHS = 96, 4


class Racer:
    """Races by some net, and makes any play in other positions."""

    name = "racer"

    def __init__(self, judge: endgame.Knowledge) -> None:
        self.judge = judge

    def start(self, batch: int) -> None:
        """Return no memory."""

    def evaluate(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return outcomes float32[B, 5]; even chances where there is contact."""

        def even(boards: Boards) -> npt.NDArray[np.float32]:
            return np.tile(np.array([0.5, 0, 0, 0, 0], np.float32), (len(boards), 1))

        over = outcome.is_over(boards)[:, None]
        found = endgame.evaluated(boards, even, self.judge)
        return np.where(over, outcome.terminal(boards), found)

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: None, rng: np.random.Generator
    ) -> tuple[Boards, None]:
        """Choose the play of the highest equity in each game."""
        chosen = []
        for board, (high, low) in zip(boards, dice.tolist(), strict=True):
            after = afterstates_of(board, high, low)
            chosen.append(after[outcome.equity(self.evaluate(after)).argmin()])
        return np.stack(chosen), None


def quality(net: Any, positions: Path) -> dict[str, Any]:
    """Return how far off the means are, and what the plays of the race class lose."""
    tables = endgame.tables_on_device()
    on_device = jax.tree.map(jnp.asarray, net)
    rng = np.random.default_rng(12345)
    kinds = {
        "of races": race_positions.race_starts("td-gammon", 512, rng)[:_SIDES],
        "anywhere": race_positions.random_sides(_SIDES, rng),
    }
    mean_rolls: dict[str, Any] = {}
    for name, sides in kinds.items():
        found = race_training.errors(on_device, tables, sides, _PATHS, rng)
        whole = sides.sum(-1) == 15
        for row, what, some in ((0, "all off", whole | True), (1, "first off", whole)):
            off = found[row][some]
            mean_rolls[f"{what}, {name}"] = {
                "rms": float(np.sqrt(np.mean(off**2))), "mean": float(np.mean(off)),
                "largest": float(abs(off).max()), "sides": int(some.sum()),
            }
    judge = endgame.Knowledge(net, load(), stragglers())
    rate = measure(Racer(judge), read(positions), seed=1)
    rms = rate.rms or {}
    return {
        "mean_rolls": mean_rolls,
        "race_mpt": rate.losses["race"].mpt,
        "race_mpt_se": rate.losses["race"].mpt_se,
        "race_rms": rms["race"],
        "command": f"python benchmarks/race.py check --positions {positions}",
    }


def train(config: race_training.RaceConfig, out: Path, positions: Path) -> None:
    """Learn, measure, write."""
    net, facts = race_training.learn(config, lambda figures: print(json.dumps(figures), flush=True))
    path = out / race.FILE_NAME
    race.save(path, net)
    record = {
        "name": "race",
        "about": "rolls to bear off all, and the first one, of one side in a race: "
        f"{race.INPUTS}-{'-'.join(map(str, config.hidden))}-{2 * (1 + race.WAVES)}",
        "made_by": f"python benchmarks/race.py train --seed {config.seed}",
        **facts,
        **provenance(path),
        "errors": quality(net, positions),
    }
    save_result(record, path.with_suffix(".json"))
    print(json.dumps(record["errors"]))


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    learn = commands.add_parser("train")
    learn.add_argument("--seed", type=int, default=1)
    learn.add_argument("--out", type=Path, default=FOLDER)
    check = commands.add_parser("check")
    check.add_argument("--net", type=Path, default=FOLDER / race.FILE_NAME)
    for command in (learn, check):
        command.add_argument("--positions", type=Path, default=POSITIONS)
    args = parser.parse_args()
    prepare()
    if args.command == "train":
        train(race_training.RaceConfig(seed=args.seed), args.out, args.positions)
        return
    print(json.dumps(quality(race.load(args.net), args.positions), indent=1))


if __name__ == "__main__":
    main()
