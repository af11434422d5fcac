"""Turn the checkpoint of a run into a net that ships, with its provenance and measured strength.

    python benchmarks/release.py RUN NAME --about TEXT --command "tdgammon train ..." --hours H

Writes checkpoints/NAME.npz (without the training state) and checkpoints/NAME.json. An existing net
of that name is replaced only if the new one beats it: a match of duplicate games whose 95 %
interval, luck taken out (``agent.luck``), lies above zero.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import jax

from agent.arena import Contest, play_contest
from agent.catalog import DEFAULT, get, network
from agent.checkpoint import Checkpoint, load, save
from agent.decisions import read
from agent.device import prepare
from agent.error_rate import measure
from agent.luck import RollValues, default_values
from agent.players.network import NetworkAgent
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from study.results import save as save_result

FOLDER = Path(__file__).parents[1] / "checkpoints"


def hardware() -> str:
    """Say what the machine is."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(x.split(":", 1)[1].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores of {model}, {jax.devices()[0].device_kind}"


def provenance(path: Path) -> dict[str, Any]:
    """Say where and when the file of a net was made, and what is in it."""
    return {
        "hardware": hardware(),
        "date": datetime.date.today().isoformat(),
        "jax": jax.__version__,
        "sha256": digest(path),
    }


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def strength(contest: Contest, name: str) -> dict[str, Any]:
    """Return a contest with the command that repeats it."""
    command = (
        f"tdgammon benchmark {name} --opponent {contest.opponent} --games {contest.games} "
        f"--seed {contest.seed}"
        + (" --luck" if contest.luck_evaluator else "")
    )
    today = datetime.date.today().isoformat()
    return {
        **contest.as_json(),
        "agent": name,
        "command": command,
        "hardware": hardware(),
        "date": today,
    }


def errors(agent: NetworkAgent, file: Path) -> dict[str, Any]:
    """Return the loss in thousandths of a point a decision by class, and how it was measured."""
    found = measure(agent, read(file), seed=1)
    return {
        "mpt": {name: losses.mpt for name, losses in found.losses.items()},
        "mpt_se": {name: losses.mpt_se for name, losses in found.losses.items()},
        "command": f"tdgammon benchmark {agent.name} --positions {file}",
        "hardware": hardware(),
        "date": datetime.date.today().isoformat(),
    }


def main() -> int:
    """Measure, compare, write; 1 if the net that ships is not beaten."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--about", required=True)
    parser.add_argument("--command", required=True, help="the one that made it")
    parser.add_argument("--hours", type=float, required=True, help="wall time of training")
    parser.add_argument("--games", type=int, default=10_000, help="against each known opponent")
    parser.add_argument("--match", type=int, default=6_000, help="games against its predecessor")
    parser.add_argument("--gnubg", type=int, default=0, help="games against gnubg:0, without luck")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--earlier", type=int, default=0, help="games of the runs whose nets this one started from"
    )
    parser.add_argument("--positions", type=Path, help="a position benchmark, for error rates")
    args = parser.parse_args()
    prepare()
    source = load(args.run)
    agent = network(args.run, args.name)
    old_path = FOLDER / f"{args.name}.npz"
    # Who cannot be had is missed before the long match.
    gnubg = get("gnubg:0") if args.gnubg else None
    against_old = None
    if old_path.exists():
        old = network(old_path, f"{args.name} before")
        match = play_contest(agent, old, args.match, args.seed, luck_by=default_values())
        print(json.dumps(match.as_json()), flush=True)
        if match.ppg_luck_adjusted_ci95 is None or match.ppg_luck_adjusted_ci95[0] <= 0:
            print("not stronger than the net that ships: nothing written", file=sys.stderr)
            return 1
        against_old = strength(match, args.name)
    opponents = (PubevalAgent(), RandomAgent())
    contests = [play_contest(agent, o, args.games, args.seed) for o in opponents]
    if gnubg is not None:
        # The luck by the new net itself, as `tdgammon benchmark` takes it once this one ships.
        luck_by = RollValues(agent) if args.name == DEFAULT else default_values()
        contests.append(play_contest(agent, gnubg, args.gnubg, args.seed, luck_by=luck_by))
    results = {c.opponent: strength(c, args.name) for c in contests}
    # Where the run before lay on this machine concerns nobody.
    config = {**source.meta["config"]}
    config["init"] = Path(config.get("init", "")).name
    meta = {**source.meta, "config": config, "results": results}
    save(old_path, Checkpoint(meta, source.params))
    record = {
        "name": args.name,
        "about": args.about,
        "made_by": args.command,
        "games": args.earlier + source.meta["games"],
        "hours": args.hours,
        "seed": source.meta["seed"],
        "config": config,
        "features": source.meta["features"],
        **provenance(old_path),
        "strength": results["pubeval"],
        "results": list(results.values()),
        "against_predecessor": against_old,
        "errors": None if args.positions is None else errors(agent, args.positions),
    }
    save_result(record, FOLDER / f"{args.name}.json")
    for contest in contests:
        print(json.dumps(contest.as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
