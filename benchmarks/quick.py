"""Distil the net that looks first where a large one judges, and measure what it spares and loses.

    python benchmarks/quick.py train [--seed 1] [--out checkpoints]
    python benchmarks/quick.py check [--agent quick] [--json FILE]

``train`` writes OUT/quick.npz and OUT/quick.json: how it was made, how it plays by itself, and what
``check`` prints. On one machine the same seed gives the same net. ``check`` lets it look first at
replies that it never saw, and compares with what the net that taught it would have chosen.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from release import FOLDER, digest, errors, hardware, provenance, strength

from agent.arena import play_contest
from agent.catalog import get
from agent.checkpoint import Checkpoint, save
from agent.device import prepare
from agent.distilling import DistillConfig, distilled, judged, positions, spared
from agent.errors import AgentError
from agent.players.made import player
from agent.players.network import NetworkAgent
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from study.results import save as save_result

POSITIONS = Path("tests/data/positions-dev.jsonl.gz")
_ROLLS = 10_000
# Another seed than that of any training.
_OTHER_SEED = 987_654_321
_MARGINS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.16)


def quality(quick: NetworkAgent, config: DistillConfig) -> list[dict[str, float]]:
    """Return a row for each margin: what is left to the large net, and what is lost."""
    teacher = get(config.teacher)
    assert isinstance(teacher, NetworkAgent)
    rng = np.random.default_rng(_OTHER_SEED)
    choices = judged(teacher, positions(config.player, _ROLLS, rng), rng)
    return spared(quick, choices, _MARGINS)


def show(rows: list[dict[str, float]]) -> None:
    """Print the table."""
    print("within  replies   kept   lost, mpt   best missed")
    for r in rows:
        print(f"{r['within']:6.2f} {r['replies']:8.1f} {r['kept']:6.2f} {r['mpt']:11.2f} "
              f"{100 * r['missed']:11.2f} %")


def train(config: DistillConfig, out: Path) -> None:
    """Distil, measure, write."""
    params, facts = distilled(config, lambda figures: print(json.dumps(figures), flush=True))
    quick = player("quick", "mlp", config.settings, config.features, params)
    contests = [play_contest(quick, other, 10_000, 1) for other in (PubevalAgent(), RandomAgent())]
    results = {c.opponent: strength(c, "quick") for c in contests}
    rows = quality(quick, config)
    meta = {"net": "mlp", "settings": config.settings, "features": config.features,
            "config": facts["config"], "games": 0, "seed": config.seed, "results": results}
    path = out / "quick.npz"
    save(path, Checkpoint(meta, params))
    record: dict[str, Any] = {
        "name": "quick",
        "about": f"{config.teacher}'s small helper, {quick.features.size}-"
                 f"{'-'.join(map(str, config.hidden))}-5: learned from its judgements, looks first "
                 "in searches",
        "made_by": f"python benchmarks/quick.py train --seed {config.seed}",
        **facts,
        "features": config.features,
        **provenance(path),
        "teacher_sha256": digest(FOLDER / f"{config.teacher}.npz"),
        "strength": results["pubeval"],
        "results": list(results.values()),
        "errors": errors(quick, POSITIONS),
        "spared": rows,
    }
    save_result(record, out / "quick.json")
    show(rows)


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    learn = commands.add_parser("train")
    learn.add_argument("--seed", type=int, default=1)
    learn.add_argument("--out", type=Path, default=FOLDER)
    check = commands.add_parser("check")
    check.add_argument("--agent", default="quick")
    check.add_argument("--json", type=Path, help="write the table here too")
    args = parser.parse_args()
    prepare("cpu")
    if args.command == "train":
        train(DistillConfig(seed=args.seed), args.out)
        return 0
    try:
        quick = get(args.agent)
    except AgentError as error:
        print(f"quick: {error}", file=sys.stderr)
        return 2
    if not isinstance(quick, NetworkAgent):
        print(f"quick: {args.agent} is no network; name one, as quick", file=sys.stderr)
        return 2
    rows = quality(quick, DistillConfig())
    show(rows)
    if args.json:
        save_result({"agent": args.agent, "hardware": hardware(), "rows": rows}, args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
