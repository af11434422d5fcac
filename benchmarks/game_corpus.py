"""How fast games become tokens and tokens games again, in tokens a minute.

    python benchmarks/game_corpus.py [--agent AGENT] [--games N] [--json FILE]

Games are played by an agent, written as tokens, read back by the rules, written to a file and read
from it. Times are medians of several, of wall time, on whatever cores the process may use.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import hardware

from agent import catalog
from study.game_corpus import encode, play, read, replay, write
from study.results import save as save_result


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the median time of some work."""
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def rates(agent: str, games: int, seed: int, repeats: int) -> dict[str, float]:
    """Return tokens a minute of every stage."""
    player = catalog.get(agent)
    turns = play(player, games, seed)
    corpus = encode(turns, agent)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "games.npz"
        write(path, corpus)
        took = {
            "boards to tokens": seconds(lambda: encode(turns, agent), repeats),
            "tokens to boards, by the rules": seconds(lambda: replay(corpus.tokens), repeats),
            "reading a file, with that": seconds(lambda: read(path), repeats),
            f"self-play of {agent} and writing it down": seconds(
                lambda: write(path, encode(play(player, games, seed), agent)), repeats
            ),
        }
    return {"tokens": len(corpus.tokens)} | {
        stage: 60 * len(corpus.tokens) / second for stage, second in took.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", default="pubeval")
    parser.add_argument("--games", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = rates(args.agent, args.games, args.seed, args.repeats)
    print(f"{found['tokens']:,} tokens of {args.games:,} games, {hardware()}")
    for stage, rate in found.items():
        if stage != "tokens":
            print(f"{stage:45} {rate / 1e6:6.1f} million tokens a minute")
    if args.json:
        save_result({**vars(args), "json": None, "hardware": hardware()} | found, args.json)


if __name__ == "__main__":
    main()
