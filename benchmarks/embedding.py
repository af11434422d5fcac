"""What it costs to have a net answer in another program: every route measured in one run.

    python benchmarks/embedding.py [AGENT] [--rounds 5] [--pause SECONDS]
                                   [--tensorflow-python PYTHON] [--json FILE]

The routes are Python, C++ and Node.js, each by the net itself or ONNX Runtime, by TensorFlow, and
by plain code without a library. All run on one processor core, in turns: a round starts every
program once and times it, so that what else the machine does meets all of them alike; figures are
the medians of the rounds. A route that was not built is named with the command that builds it, and
left out.

Size is what has to be on the other machine: the model, the program and its libraries, but not
Python's, Node's or the system's own. Start is the time from starting the process to the first
answer. ``--pause`` leaves the core to others between two programs; where they are many, let nobody
interrupt a program while it is measured (``chrt -r 1 python ...``), and pause. The difference is
the largest from the net as Flax and jax compute it, in outcomes, on positions of games played at
random, finished ones among them. ``--tensorflow-python`` names a Python that has the project's
packages and TensorFlow, where this one has not.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from embedding_routes import ROUTES, Models, Route, environment
from embedding_worker import random_positions
from machine import hardware

from agent import catalog
from agent.device import prepare
from agent.errors import AgentError
from agent.export.interface import Interface, interface, reference
from engine.board import start
from engine.ids import encode_position, encode_positions
from study.results import save as save_result

ROOT = Path(__file__).parents[1]
_MEASURED = ("start_ms", "one_us", "batch_1024_us")
LANGUAGES = ("Python", "C++", "Node")
_AT_ONCE = 1000
_LONGEST_S = 600


class RouteError(Exception):
    """A program of a route did not do what it should."""


def output_of(route: Route, command: list[str], given: str = "") -> str:
    """Return what a command prints."""
    done = subprocess.run(command, input=given, capture_output=True, text=True,
                          env=environment(), timeout=_LONGEST_S)
    if done.returncode:
        raise RouteError(f"{route.name}: {(done.stderr.splitlines() or ['no word'])[-1]}")
    return done.stdout


def seconds_to_answer(route: Route, models: Models) -> float:
    """Return seconds from starting the program to its first answer, for the start of a game."""
    command = route.evaluate(models, encode_position(start()))
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment()) as process:
        assert process.stdout and process.stderr
        first = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.stdout.read()
        errors = process.stderr.read().decode()
    if process.returncode or not first:
        raise RouteError(f"{route.name}: {(errors.splitlines() or ['no answer'])[-1]}")
    return seconds


def once(route: Route, models: Models) -> dict[str, float]:
    """Return the figures of a round."""
    seconds = seconds_to_answer(route, models)
    found = json.loads(output_of(route, route.benchmark(models)).splitlines()[-1])
    return {"start_ms": 1000 * seconds, **{name: found[name] for name in _MEASURED[1:]}}


def outcomes_of(route: Route, models: Models, boards: np.ndarray) -> np.ndarray:
    """Return outcomes float64[N, 5] as the program of a route says they are."""
    ids = encode_positions(boards)
    if route.lines:
        text = output_of(route, route.many(models), "".join(f"{one}\n" for one in ids))
        rows = [line.split()[:5] for line in text.splitlines()]
    else:
        asked = [json.dumps({"op": "eval", "q": ids[at : at + _AT_ONCE]})
                 for at in range(0, len(ids), _AT_ONCE)]
        text = output_of(route, route.many(models), "\n".join(asked) + "\n")
        answers = [json.loads(line) for line in text.splitlines()]
        if any("r" not in answer for answer in answers):
            raise RouteError(f"{route.name}: {answers[0]}")
        rows = [row for answer in answers for row in answer["r"]]
    found = np.array(rows, float)
    if found.shape != (len(boards), 5):
        raise RouteError(f"{route.name}: {found.shape} numbers for {len(boards)} positions")
    return found


def differences(
    routes: list[Route], models: Models, it: Interface, positions: int, pause: float
) -> dict[str, float]:
    """Return the largest difference of each route from the net, over so many positions."""
    boards = random_positions(positions, seed=1)
    true = np.asarray(reference(it)(boards)[0])
    found = {}
    for route in routes:
        found[route.name] = float(np.abs(outcomes_of(route, models, boards) - true).max())
        time.sleep(pause)
    return found


def measured(args: argparse.Namespace, models: Models, it: Interface) -> dict[str, Any]:
    """Return the record of the run."""
    routes = [route for route in ROUTES if route.language in args.languages]
    missing = {route.name: why for route in routes if (why := route.missing(models))}
    present = [route for route in routes if route.name not in missing]
    apart = differences(present, models, it, args.positions, args.pause)
    rounds: dict[str, list[dict[str, float]]] = {route.name: [] for route in present}
    for i in range(args.rounds):
        for route in present:
            if sys.stderr.isatty():
                print(f"round {i + 1} of {args.rounds}: {route.name}", file=sys.stderr)
            rounds[route.name].append(once(route, models))
            time.sleep(args.pause)
    rows = []
    for route in present:
        samples = rounds[route.name]
        rows.append({
            "route": route.name, "megabytes": route.size(models) / 1e6,
            **{name: statistics.median(s[name] for s in samples) for name in _MEASURED},
            **{f"{name}_{word}": f(s[name] for s in samples) for name in _MEASURED
               for word, f in (("least", min), ("most", max))},
            "difference": apart[route.name]})
    return {"agent": args.agent, "net": it.agent.net, "features": it.agent.features.name,
            "command": " ".join(["python", "benchmarks/embedding.py", *sys.argv[1:]]),
            "hardware": hardware(), "date": datetime.date.today().isoformat(),
            "rounds": args.rounds, "positions": args.positions, "routes": rows,
            "missing": missing}


def table(record: dict[str, Any]) -> str:
    """Return the record as lines of text."""
    lines = [f"{record['agent']} ({record['net']}, {record['features']}), one of the "
             f"{record['hardware']}; medians of {record['rounds']} rounds",
             f"{'':24}{'MB':>9}{'start ms':>11}{'us for 1':>11}{'us for 1,024':>14}"
             f"{'difference':>12}"]
    for row in record["routes"]:
        lines.append(f"{row['route']:24}{row['megabytes']:9.2f}{row['start_ms']:11.1f}"
                     f"{row['one_us']:11.2f}{row['batch_1024_us']:14.0f}"
                     f"{row['difference']:12.1e}")
    for name, command in record["missing"].items():
        lines.append(f"{name:24}is not there: {command}")
    return "\n".join(lines)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("agent", nargs="?", default="td-gammon",
                        help="a net that can be exported plain")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pause", type=float, default=0, metavar="SECONDS",
                        help="between two programs")
    parser.add_argument("--positions", type=int, default=10_000, help="of the differences")
    parser.add_argument("--languages", nargs="+", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--tensorflow-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--core", type=int, help="processor core to run on, the first by default")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


def main() -> int:
    """Measure, print, write; 2 for what cannot be measured."""
    args = _options().parse_args()
    try:
        allowed = os.sched_getaffinity(0)
        core = min(allowed) if args.core is None else args.core
        if core not in allowed or args.rounds < 1 or args.positions < 1 or args.pause < 0:
            raise RouteError(f"--core must be one of {sorted(allowed)}, the numbers at least 1, "
                             "the pause at least 0")
        text = hardware()
        os.sched_setaffinity(0, {core})
        prepare("cpu")
        it = interface(catalog.get(args.agent))
        with tempfile.TemporaryDirectory() as folder:
            models = Models(args.agent, it, Path(folder), args.tensorflow_python)
            record = {**measured(args, models, it), "hardware": text}
    except (AgentError, RouteError, OSError, subprocess.SubprocessError) as error:
        print(f"embedding: {error}", file=sys.stderr)
        return 2
    print(table(record))
    if args.json:
        save_result(record, args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
