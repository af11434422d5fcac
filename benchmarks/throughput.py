"""Speed of random games, greedy self-play and TD(lambda) training beside other programs.

    python benchmarks/throughput.py --json speed.json --png speed.png
    python benchmarks/throughput.py --parts batch,width --json speed.json --png speed.png
    python benchmarks/throughput.py --quick

Ours and, where installed, pgx, OpenSpiel and gnubg-nn take turns within one run; every figure is
the median of the repetitions. What each of them does: ``benchmarks/peers.py``. A peer that cannot
share our environment runs under ``--peer-python``. The work is done in parts, each written to the
JSON file as soon as it is done; a later run of other parts adds to the file. On a CPU our games
are shared out over as many jax devices as there are cores.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

# Workers of peers may want memory of the same GPU.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import machine
from peers import KNOWN, Peer
from rich.console import Console
from speed_report import picture, table
from workloads import WORKS, Settings, Workload, expected_bytes, trace_bytes

from agent.config import PRECISIONS
from agent.device import fast_precision
from study.results import save as save_result

PARTS = ("peers", "person", "memory", "batch", "width")
BATCHES = tuple(4**n for n in range(8))
WIDTHS = (40, 80, 160, 320, 640, 1024)
_LOG = Console(stderr=True)


def say(text: str) -> None:
    """Tell a person at a terminal how far it is."""
    if sys.stderr.isatty():
        _LOG.log(text)


def summary(samples: list[dict[str, float]]) -> dict[str, Any]:
    """Return the medians of the repetitions, and the slowest and fastest."""
    found: dict[str, Any] = {k: statistics.median(s[k] for s in samples) for k in samples[0]}
    rates = [s["games_per_second"] for s in samples]
    return {**found, "slowest": min(rates), "fastest": max(rates), "repeats": len(rates)}


def stretch(work: Workload, seconds: float) -> dict[str, float]:
    """Return the rates of one stretch of ours."""
    s = work.stretch(seconds)
    return {
        "games_per_second": s.games / s.seconds,
        "plies_per_second": s.plies / s.seconds,
        "plies_per_game": s.finished_plies / max(1.0, s.games),
    }


def settings(args: argparse.Namespace, work: str, **changes: Any) -> Settings:
    """Return the settings of a work as the options say."""
    batch = {"random": args.random_batch, "greedy": args.greedy_batch}.get(work, args.train_batch)
    plain = {
        "batch": batch,
        "plies": args.plies,
        "segment": args.segment,
        "chunk": args.chunk,
        "precision": args.precision,
    }
    return Settings(work, **{**plain, **changes})


def our_kinds(args: argparse.Namespace, work: str) -> dict[str, Settings]:
    """Return ours by name: in float32 and, where the net is asked, in the other precision."""
    kinds = {"tdgammon": settings(args, work, precision="float32")}
    if work != "random" and args.precision != "float32":
        kinds[f"tdgammon {args.precision}"] = settings(args, work)
    return kinds


def side_by_side(args: argparse.Namespace, work: str) -> list[dict[str, Any]]:
    """Measure ours and the peers in turns."""
    say(f"{work}: compiling and warming up")
    kinds = our_kinds(args, work)
    ours = {name: Workload(s) for name, s in kinds.items()}
    steady = {name: w.warm_up(args.warm_up, args.limit) for name, w in ours.items()}
    counts = [1] if args.processes == 1 else [1, args.processes]
    peers = []
    for peer, theirs in KNOWN:
        for n in counts if peer != "pgx" else [1]:
            if theirs == work:
                peers.append(Peer(args.peer_python, peer, theirs, args.pgx_batch, n))
    present = [p for p in peers if not p.missing]
    names = [*ours, *(p.name for p in present)]
    samples: dict[str, list[dict[str, float]]] = {n: [] for n in names}
    for i in range(args.repeats):
        say(f"{work}: repetition {i + 1} of {args.repeats}")
        for name, workload in ours.items():
            samples[name].append(stretch(workload, args.seconds))
        for p in present:
            samples[p.name].append(p.stretch(args.seconds))
    rows = []
    for name, workload in ours.items():
        rows.append({"work": work, "program": name, "batch": kinds[name].batch,
                     "steady": steady[name], **summary(samples[name]),
                     "plays_a_roll": workload.plays_a_roll(),
                     "compile_seconds": workload.compile_seconds})  # fmt: skip
    for p in present:
        found = summary(samples[p.name])
        ratio = rows[0]["games_per_second"] / found["games_per_second"]
        rows.append({"work": work, "program": p.name, "version": p.version, **found,
                     "ours_is_times_faster": ratio})  # fmt: skip
        p.close()
    missing = {p.peer: p.missing for p in peers if p.missing}
    return rows + [{"work": work, "program": n, "missing": why} for n, why in missing.items()]


def sweep(
    args: argparse.Namespace, variable: str, values: tuple[int, ...], works: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Measure ours over batch sizes or widths; a point that would take too long is left out."""
    rows = []
    for work in works:
        for value in values:
            s = settings(args, work, **{variable: value})
            row: dict[str, Any] = {"work": work, "batch": s.batch, "hidden": s.hidden}
            say(f"{work}: {variable} {value}")
            if expected_bytes(s) > args.memory * 1e9:
                rows.append({**row, "left_out": f"needs {expected_bytes(s) / 1e9:.1f} GB"})
                continue
            ours = Workload(s)
            if not ours.warm_up(args.warm_up, args.limit):
                rows.append({**row, "left_out": f"not steady within {args.limit:g} s"})
                break
            found = summary([stretch(ours, args.sweep_seconds) for _ in range(args.repeats)])
            rows.append({**row, **found, "compile_seconds": ours.compile_seconds})
    return rows


def shares(rows: list[dict[str, Any]], args: argparse.Namespace, platform: str) -> dict[str, Any]:
    """Return what part of one device's measured best each work reaches, and how it was counted.

    Arithmetic: two operations for each weight and after-position (six more for a ply learned
    from). Memory: boards and inputs of an after-position written and read once, hidden units
    likewise; in training the traces read twice and written once a segment.
    """
    best = machine.device_peaks(platform)
    found: dict[str, Any] = {"measured_best": best}
    hidden, inputs = 80, 198
    for row in rows:
        if not row["program"].startswith("tdgammon"):
            continue
        net = row["work"] != "random"
        flops = row["plays_a_roll"] * 2 * hidden * (inputs + 5) * net
        count = row["plays_a_roll"] * (2 * 32 + net * 2 * 4 * (inputs + hidden))
        if row["work"] == "training":
            flops += 6 * 5 * hidden * (inputs + 5)
            count += 3 * trace_bytes(hidden) / args.segment
        rate = row["plies_per_second"] / args.devices
        found[f"{row['work']}, {row['program']}"] = {
            "flops_a_ply": flops,
            "bytes_a_ply": count,
            "share_of_flops": rate * flops / best["flops"],
            "share_of_bandwidth": rate * count / best["bytes_per_second"],
        }
    return found


def options() -> argparse.Namespace:
    """Read the command line; what was not said depends on the device."""
    cores = len(os.sched_getaffinity(0))
    jax.config.update("jax_num_cpu_devices", cores)  # before jax starts
    gpu = jax.default_backend() == "gpu"
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = p.add_argument
    add("--parts", default=",".join(PARTS), help="which, with commas between")
    add("--devices", type=int, default=1 if gpu else cores, help="of jax that share our games")
    add("--precision", choices=PRECISIONS, default=fast_precision(), help="beside float32")
    add("--quick", action="store_true", help="everything once, in under a minute, for a test")
    add("--repeats", type=int, default=5)
    add("--seconds", type=float, default=3.0, help="of one repetition beside peers")
    add("--sweep-seconds", type=float, default=1.0, help="of one repetition of a curve")
    add("--plies", type=int, default=64, help="in one call of the compiled program")
    add("--segment", type=int, default=8, help="plies between two changes of the parameters")
    add("--random-batch", type=int, default=65536 if gpu else 1024 * cores)
    add("--greedy-batch", type=int, default=16384 if gpu else 256 * cores)
    add("--train-batch", type=int, default=4096 if gpu else 32 * cores)
    add("--pgx-batch", type=int, default=4096 if gpu else 256)
    add("--chunk", type=int, help="after-positions scored at a time (random, greedy)")
    add("--warm-up", type=float, default=2.0, help="games of each place before measuring")
    add("--limit", type=float, default=120.0, help="seconds a warm-up may take")
    add("--memory", type=float, default=100.0 if gpu else 4.0, help="GB a workload may take")
    add("--processes", type=int, default=len(os.sched_getaffinity(0)), help="of CPU peers")
    add("--peer-python", default=sys.executable, help="an interpreter that has the peers")
    add("--json", type=Path, metavar="FILE")
    add("--png", type=Path, metavar="FILE")
    args = p.parse_args()
    unknown = set(args.parts.split(",")) - set(PARTS)
    if unknown:
        p.error(f"unknown part {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    if args.devices != len(jax.devices()):
        p.error(f"jax has {len(jax.devices())} devices here, not {args.devices}")
    if args.quick:
        args.repeats, args.seconds, args.sweep_seconds, args.warm_up = 1, 0.3, 0.1, 1.0
        args.processes, args.pgx_batch, args.random_batch = 1, 4, 256
    return args


def person(args: argparse.Namespace) -> dict[str, Any]:
    """Measure what a person waits for."""
    found: dict[str, Any] = {
        "choice_microseconds": machine.choice_latency(100 if args.quick else 2000),
        "first_board_seconds": machine.first_board(args.repeats),
    }
    if not args.quick:
        found["cold_start_seconds"] = machine.cold_start(args.repeats)
    return found


def memory(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Compare the memory each work takes with its formula, on one device."""
    works = WORKS[:1] if args.quick else WORKS
    return [machine.in_own_process(vars(settings(args, w, batch=b)))
            for w in works for b in ((64, 1024) if w != "random" else (1024, 16384))]  # fmt: skip


def measure(args: argparse.Namespace, part: str, platform: str) -> dict[str, Any]:
    """Return what one part adds to the report."""
    quick = args.quick
    if part == "peers":
        rows = [row for work in WORKS for row in side_by_side(args, work)]
        Console(width=None if sys.stdout.isatty() else 120).print(table(rows))
        return {"works": rows, "shares": shares(rows, args, platform)}
    if part == "person":
        return {"person": person(args)}
    if part == "memory":
        return {"memory": memory(args)}
    if part == "batch":
        works = WORKS[:1] if quick else WORKS
        return {"by_batch": sweep(args, "batch", (16,) if quick else BATCHES, works)}
    return {"by_width": [] if quick else sweep(args, "hidden", WIDTHS, WORKS[1:])}


def main() -> None:
    """Measure the parts, print and write each as it is done."""
    args = options()
    jax.config.update("jax_enable_compilation_cache", False)  # compile times are to be true
    device = jax.devices()[0]
    where = f"{machine.hardware()}, jax on {args.devices} {device.platform}: {device.device_kind}"
    report: dict[str, Any] = {}
    if args.json and args.json.is_file():
        report = json.loads(args.json.read_text(encoding="utf-8"))
        if report.get("hardware") != where:
            raise SystemExit(f"{args.json} was measured on {report.get('hardware')}: name another")
    report |= {"hardware": where, "jax": jax.__version__}
    print(where)
    for part in args.parts.split(","):
        say(part)
        found = measure(args, part, device.platform)
        if part != "peers":
            print(json.dumps(found))
        today = datetime.date.today().isoformat()
        report |= found
        report.setdefault("parts", {})[part] = {"date": today, "command": " ".join(sys.argv)}
        if args.json:
            save_result(report, args.json)
    if args.png:
        picture(report.get("by_batch", []), report.get("by_width", []), where).savefig(args.png)


if __name__ == "__main__":
    main()
