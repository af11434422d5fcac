"""How long one choice takes in contact positions, by plies; and whether a quick look first pays.

    python benchmarks/search.py pretrained --positions tests/data/positions-dev.jsonl.gz

Each choice is timed alone, one after another, as at a board: median, 95 % and longest, and how many
took 150 ms at most. All are made once before, so that nothing compiles any more. Every depth is
also timed without the quick net that looks first (``agent.quick``), choice by choice in turns.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import hardware

from agent.catalog import get
from agent.decisions import CLASSES, Decisions, read
from agent.device import prepare
from agent.players.searching import SearchingAgent, judge_of
from agent.protocol import Agent
from agent.search import Search
from study.results import save as save_result

# Seconds within which a player gets an answer.
_SOON = 0.15


def player(name: str, plies: int, quick: bool) -> Agent:
    """Return the network of that name, looking ahead with or without a quick look."""
    judge, _ = judge_of(get(name))
    if not plies:
        return judge
    agent = SearchingAgent(judge, plies)
    if not quick:
        agent.search = Search(judge, None)
    return agent


def times(agents: list[Agent], decisions: Decisions, at: np.ndarray) -> np.ndarray:
    """Return seconds float64[agents, choices] of each agent's choices, in turns."""
    rng = np.random.default_rng(1)
    found = np.zeros((len(agents), len(at)))
    # The second time counts.
    for i, number in 2 * list(enumerate(at)):
        board, dice = decisions.boards[number][None], decisions.dice[number][None]
        for which, agent in enumerate(agents):
            began = time.perf_counter()
            agent.choose(board, dice, agent.start(1), rng)
            found[which, i] = time.perf_counter() - began
    return found


def row(plies: int, quick: bool, seconds: np.ndarray) -> dict[str, Any]:
    """Return one line of the table, milliseconds."""
    ms = 1000 * seconds
    return {"plies": plies, "quick": quick, "choices": len(ms), "median_ms": float(np.median(ms)),
            "p95_ms": float(np.percentile(ms, 95)), "longest_ms": float(ms.max()),
            "within_150_ms": float(np.mean(seconds <= _SOON))}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent")
    parser.add_argument("--positions", type=Path, required=True, help="a position benchmark")
    parser.add_argument("--every", type=int, default=24, help="of its contact positions")
    parser.add_argument("--plies", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--json", type=Path, help="write the result here too")
    args = parser.parse_args()
    prepare("cpu")
    decisions = read(args.positions)
    at = np.flatnonzero(decisions.kind == CLASSES.index("contact"))[:: args.every]
    rows = []
    for plies in args.plies:
        kinds = [True, False] if plies else [True]
        agents = [player(args.agent, plies, quick) for quick in kinds]
        print(f"{plies}-ply ...", file=sys.stderr)
        seconds = times(agents, decisions, at)
        rows += [row(plies, quick, some) for quick, some in zip(kinds, seconds, strict=True)]
    print("plies quick look choices    median      95 %   longest  in 150 ms")
    for r in rows:
        print(f"{r['plies']:5} {'yes' if r['quick'] else 'no':>10} {r['choices']:7} "
              f"{r['median_ms']:6.1f} ms {r['p95_ms']:6.1f} ms {r['longest_ms']:6.1f} ms "
              f"{100 * r['within_150_ms']:8.1f} %")
    if args.json:
        save_result({"agent": args.agent, "hardware": hardware(), "rows": rows}, args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
