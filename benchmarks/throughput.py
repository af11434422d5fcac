"""Speed of random games, greedy self-play and TD(lambda) training beside other programs.

    python benchmarks/throughput.py --json speed.json --png speed.png
    python benchmarks/throughput.py --quick

Ours and, where installed, pgx, OpenSpiel and gnubg-nn take turns within one run; every figure is
the median of the repetitions. What each of them does: ``benchmarks/peers.py``. A peer that cannot
share our environment runs under ``--peer-python``.
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
from matplotlib.figure import Figure
from peers import KNOWN, Peer
from rich.console import Console
from rich.table import Table
from workloads import WORKS, Settings, Workload, expected_bytes, trace_bytes

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
    plain = {"batch": batch, "plies": args.plies, "segment": args.segment, "chunk": args.chunk}
    return Settings(work, **{**plain, **changes})


def side_by_side(args: argparse.Namespace, work: str) -> list[dict[str, Any]]:
    """Measure ours and the peers in turns."""
    say(f"{work}: compiling and warming up")
    s = settings(args, work)
    ours = Workload(s)
    steady = ours.warm_up(args.warm_up, args.limit)
    counts = [1] if args.processes == 1 else [1, args.processes]
    peers = []
    for peer, theirs in KNOWN:
        for n in counts if peer != "pgx" else [1]:
            if theirs == work:
                peers.append(Peer(args.peer_python, peer, theirs, args.pgx_batch, n))
    present = [p for p in peers if not p.missing]
    names = [p.name for p in present]
    samples: dict[str, list[dict[str, float]]] = {n: [] for n in ("tdgammon", *names)}
    for i in range(args.repeats):
        say(f"{work}: repetition {i + 1} of {args.repeats}")
        samples["tdgammon"].append(stretch(ours, args.seconds))
        for p in present:
            samples[p.name].append(p.stretch(args.seconds))
    plays = ours.plays_a_roll()
    own = summary(samples["tdgammon"])
    rows = [{"work": work, "program": "tdgammon", "batch": s.batch, "steady": steady, **own,
             "plays_a_roll": plays, "compile_seconds": ours.compile_seconds}]  # fmt: skip
    for p in present:
        found = summary(samples[p.name])
        ratio = own["games_per_second"] / found["games_per_second"]
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
    """Return what part of the device's measured best each work reaches, and how it was counted.

    Arithmetic: two operations for each weight and after-position (six more for a ply learned
    from). Memory: boards and inputs of an after-position written and read once, hidden units
    likewise; in training the traces read twice and written once a segment.
    """
    best = machine.device_peaks(platform)
    found: dict[str, Any] = {"measured_best": best}
    hidden, inputs = 80, 198
    for row in rows:
        if row["program"] != "tdgammon":
            continue
        net = row["work"] != "random"
        flops = row["plays_a_roll"] * 2 * hidden * (inputs + 5) * net
        count = row["plays_a_roll"] * (2 * 50 + net * 2 * 4 * (inputs + hidden))
        if row["work"] == "training":
            flops += 6 * 5 * hidden * (inputs + 5)
            count += 3 * trace_bytes(hidden) / args.segment
        rate = row["plies_per_second"]
        found[row["work"]] = {
            "flops_a_ply": flops,
            "bytes_a_ply": count,
            "share_of_flops": rate * flops / best["flops"],
            "share_of_bandwidth": rate * count / best["bytes_per_second"],
        }
    return found


def table(rows: list[dict[str, Any]]) -> Table:
    """Return the comparison as a table."""
    out = Table(title="Complete games a second, medians")
    for name in ("work", "program", "games/s", "from … to", "plies/s", "plies/game", "ours ÷ it"):
        out.add_column(name, justify="left" if name in ("work", "program") else "right")
    for r in rows:
        if "missing" in r:
            out.add_row(r["work"], r["program"], "not measured: " + r["missing"])
            continue
        ratio = r.get("ours_is_times_faster")
        out.add_row(
            r["work"],
            f"{r['program']} {r.get('version', '')}".strip(),
            f"{r['games_per_second']:,.0f}",
            f"{r['slowest']:,.0f} … {r['fastest']:,.0f}",
            f"{r['plies_per_second']:,.0f}",
            f"{r['plies_per_game']:.1f}",
            "" if ratio is None else f"{ratio:.2f}",
        )
    return out


def picture(by_batch: list[dict[str, Any]], by_width: list[dict[str, Any]], where: str) -> Figure:
    """Return games a second over batch size and hidden width, both log-log."""
    figure = Figure(figsize=(10, 4.5), dpi=110, layout="constrained")
    for axes, rows, x in zip(
        figure.subplots(1, 2), (by_batch, by_width), ("batch", "hidden"), strict=True
    ):
        for work in WORKS:
            mine = [r for r in rows if r["work"] == work and "left_out" not in r]
            if mine:
                rates = [max(r["games_per_second"], 1e-3) for r in mine]
                axes.loglog([r[x] for r in mine], rates, marker="o", label=work)
        axes.set_xlabel("games at once" if x == "batch" else "hidden units")
        axes.set_ylabel("games a second")
        axes.grid(alpha=0.3, which="both")
        if axes.lines:
            axes.legend()
    figure.suptitle(where)
    return figure


def options() -> argparse.Namespace:
    """Read the command line; what was not said depends on the device."""
    gpu = jax.default_backend() == "gpu"
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = p.add_argument
    add("--quick", action="store_true", help="everything once, in under a minute, for a test")
    add("--repeats", type=int, default=5)
    add("--seconds", type=float, default=3.0, help="of one repetition beside peers")
    add("--sweep-seconds", type=float, default=1.0, help="of one repetition of a curve")
    add("--plies", type=int, default=64, help="in one call of the compiled program")
    add("--segment", type=int, default=4, help="plies between two changes of the parameters")
    add("--random-batch", type=int, default=65536 if gpu else 1024)
    add("--greedy-batch", type=int, default=16384 if gpu else 256)
    add("--train-batch", type=int, default=4096 if gpu else 32)
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
    if args.quick:
        args.repeats, args.seconds, args.sweep_seconds, args.warm_up = 1, 0.3, 0.1, 1.0
        args.processes, args.pgx_batch, args.random_batch = 1, 4, 256
    return args


def main() -> None:
    """Measure everything, print it, write it."""
    args = options()
    jax.config.update("jax_enable_compilation_cache", False)  # compile times are to be true
    device = jax.devices()[0]
    where = f"{machine.hardware()}, jax on {device.platform}: {device.device_kind}"
    rows = [row for work in WORKS for row in side_by_side(args, work)]
    report: dict[str, Any] = {
        "hardware": where,
        "date": datetime.date.today().isoformat(),
        "jax": jax.__version__,
        "command": " ".join(["python", *sys.argv]),
        "options": {k: v if v is None else str(v) for k, v in vars(args).items()},
        "works": rows,
        "shares": shares(rows, args, device.platform),
    }
    say("what a person waits for, and memory")
    report["choice_microseconds"] = machine.choice_latency(100 if args.quick else 2000)
    report["first_board_seconds"] = machine.first_board(args.repeats)
    if not args.quick:
        report["cold_start_seconds"] = machine.cold_start(args.repeats)
    report["memory"] = [
        machine.in_own_process(vars(settings(args, work)))
        for work in (WORKS if not args.quick else WORKS[:1])
    ]
    works = WORKS[:1] if args.quick else WORKS
    report["by_batch"] = sweep(args, "batch", (16,) if args.quick else BATCHES, works)
    report["by_width"] = [] if args.quick else sweep(args, "hidden", WIDTHS, WORKS[1:])
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(where, table(rows), sep="\n")
    rest = {k: v for k, v in report.items() if k not in ("works", "options")}
    console.print_json(json.dumps(rest))
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if args.png:
        picture(report["by_batch"], report["by_width"], where).savefig(args.png)


if __name__ == "__main__":
    main()
