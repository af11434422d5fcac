"""Training in 1, 2 and 4 processes of this machine, and what the model says of many GPUs.

    python benchmarks/cluster.py --json FILE --png FILE

Each worker, on a core of its own where there are enough, makes steps of a training run like
``tdgammon train``'s; the processor time of all processes is counted, since that is what can be
compared where cores are shared. The time of an all-reduce and of drawing dice is measured by
itself. The figures of GPUs are assumptions, named and to be replaced by options: no GPU was at
hand (``benchmarks/cluster_model.py`` has the formula).
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from cluster_model import Device, halved_at, point
from machine import hardware

from agent.checkpoint import flatten
from agent.cluster import joined
from agent.place import Place
from study.results import save as save_result

_REDUCTIONS = 200
# The batch that is split ever finer.
_IN_ALL = 16_384


def work(rank: int, count: int, port: int, batch: int, plies: int, steps: int,
         folder: str) -> dict[str, Any]:
    """Train as one of several processes; return this one's figures.

    The first process writes the parameters after the first and the last step into the folder.
    """
    # A core each, shared where there are too few: otherwise one process alone uses all of them.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[rank % len(cores)]})
    place = Place("127.0.0.1", port, count, rank, 600) if count > 1 else None
    with joined(place, with_jax=True) as cluster:
        from agent.config import TrainConfig
        from agent.training import Trainer

        trainer = Trainer(TrainConfig(batch=batch, plies=plies), cluster=cluster)
        trainer.step()
        keep(trainer.params(), folder, count, "first", rank)
        changes, cpu, wall, games = trainer.changes, time.process_time(), time.perf_counter(), 0
        for _ in range(steps):
            games += trainer.step().finished
        spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        keep(trainer.params(), folder, count, "last", rank)
        reduce_s = all_reduce_seconds(trainer.params())
        draw_s = draw_seconds()
    return {**spent, "games": games, "changes": trainer.changes - changes, "plies": plies,
            "reduce_s": reduce_s, "draw_s": draw_s}


def keep(params: Any, folder: str, count: int, name: str, rank: int) -> None:
    """Write the parameters of a run, by the first of its processes."""
    if rank == 0:
        arrays: Any = {path: np.asarray(array) for path, array in flatten(params).items()}
        np.savez(Path(folder) / f"{count}-{name}.npz", **arrays)


def furthest(folder: str, count: int, other: int, name: str) -> float:
    """Return the largest difference between the parameters of two runs."""
    paths = [Path(folder) / f"{n}-{name}.npz" for n in (count, other)]
    with np.load(paths[0]) as a, np.load(paths[1]) as b:
        return max(float(np.abs(a[path] - b[path]).max()) for path in a.files)


def all_reduce_seconds(params: Any) -> float:
    """Return the median time of one sum over all devices of a tree like ``params``; 0 for one."""
    import jax
    from jax.sharding import Mesh, PartitionSpec

    if jax.device_count() == 1:
        return 0.0
    mesh = Mesh(np.array(jax.devices()), ("all",))
    add = jax.jit(jax.shard_map(lambda tree: jax.lax.psum(tree, "all"), mesh=mesh,
                                in_specs=PartitionSpec(), out_specs=PartitionSpec()))
    times = []
    for _ in range(_REDUCTIONS):
        began = time.perf_counter()
        jax.block_until_ready(add(params))
        times.append(time.perf_counter() - began)
    return statistics.median(times[20:])


def draw_seconds(games: int = 65_536) -> float:
    """Return the time of drawing the dice of one game."""
    import jax
    import jax.numpy as jnp

    from agent.selfplay import roll

    draw = jax.jit(lambda key: roll(key, jnp.zeros(games, bool)))
    times = []
    for n in range(12):
        began = time.process_time()
        jax.block_until_ready(draw(jax.random.key(n)))
        times.append(time.process_time() - began)
    return statistics.median(times[2:]) / games


def measured(count: int, batch: int, plies: int, steps: int, folder: str) -> dict[str, Any]:
    """Return the figures of a run in so many processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, __file__, "--worker"]
    rest = [count, port, batch, plies, steps, folder]
    made = [subprocess.Popen([*words, json.dumps([rank, *rest])], stdout=subprocess.PIPE, text=True)
            for rank in range(count)]
    found = [json.loads(process.communicate()[0]) for process in made]
    games = found[0]["games"]
    return {
        "processes": count, "batch": batch, "plies": plies, "games": games,
        "games_per_s": games / found[0]["wall_s"],
        "cpu_ms_a_game": 1000 * sum(f["cpu_s"] for f in found) / games,
        "cores_used": sum(f["cpu_s"] for f in found) / found[0]["wall_s"],
        "all_reduce_ms": 1000 * found[0]["reduce_s"], "draw_ns": 1e9 * found[0]["draw_s"],
        "changes": found[0]["changes"],
    }


def checked(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each run what the model expects: the work of one process, shared by as many cores.

    The cores are those that the processes really got; an all-reduce is waited for, not worked at.
    """
    for run in runs:
        alone = runs[0]
        n, b = run["processes"], run["batch"]
        more = (n - 1) * b * run["plies"] * run["draw_ns"] * 1e-9 * run["changes"]
        cost = alone["cpu_ms_a_game"] / 1000 + more / run["games"]
        waiting = run["changes"] * run["all_reduce_ms"] / 1000 / run["games"] if n > 1 else 0
        run["model_games_per_s"] = 1 / (cost / run["cores_used"] + waiting)
    return runs


def table(report: dict[str, Any]) -> str:
    """Return the report as text."""
    lines = [report["hardware"], "processes  games/s  model  CPU ms a game  cores  all-reduce ms  "
             f"parameters from those of {report['local'][0]['processes']}, first and last step"
             if report["local"] else "nothing measured here"]
    for run in report["local"]:
        lines.append(f"{run['processes']:9}  {run['games_per_s']:7.1f}  "
                     f"{run['model_games_per_s']:5.1f}  {run['cpu_ms_a_game']:13.2f}  "
                     f"{run['cores_used']:5.2f}  {run['all_reduce_ms']:13.2f}  "
                     f"{run['differs_first']:.1e} {run['differs_last']:.1e}")
    for name, series in report["model"].items():
        half = series["halved_at"]
        lines += [name + (f": half as fast a device at {half:,} devices" if half else ""),
                  "devices       games/s  efficiency   dice  all-reduce  changes/s  traces MB"]
        for p in series["points"]:
            lines.append(f"{p['devices']:7}  {p['games_per_s']:12,.0f}  {p['efficiency']:10.1%}  "
                         f"{p['share_drawing']:5.1%}  {p['share_reducing']:10.1%}  "
                         f"{p['changes_per_s']:9.0f}  {p['trace_bytes_a_device'] / 1e6:9,.1f}")
    return "\n".join(lines)


def modelled(gpu: Device, plies: int, hidden: int) -> dict[str, Any]:
    """Return the model's points for batches a GPU, with where each saturates; and of one in all."""
    found = {}
    for batch in (64, 1024, 16_384):
        points = [point(gpu, n, batch, plies, hidden) for n in (1, 8, 64, 512)]
        found[f"{batch:,} games a GPU"] = {
            "points": points, "halved_at": halved_at(gpu, batch, plies, hidden)}
    found[f"{_IN_ALL:,} games in all"] = {"points": [
        point(gpu, n, _IN_ALL // n, plies, hidden) for n in (1, 8, 64, 512)], "halved_at": None}
    return found


def picture(report: dict[str, Any], gpu: Device, plies: int, hidden: int, path: str) -> None:
    """Draw games a second over devices, and the local runs beside."""
    from matplotlib.figure import Figure

    runs = report["local"]
    figure = Figure(figsize=(10 if runs else 6.5, 4.2), layout="constrained")
    many, *rest = figure.subplots(1, 2 if runs else 1, squeeze=False)[0]
    devices = [2**n for n in range(13)]
    for name, series in report["model"].items():
        batch, whole = series["points"][0]["batch"], series["halved_at"] is None
        rates = [point(gpu, n, batch // n if whole else batch, plies, hidden)["games_per_s"]
                 for n in devices]
        line, = many.loglog(devices, rates, "--" if whole else "-", label=name)
        many.loglog(devices, [rates[0] * n for n in devices], ":", color=line.get_color(), lw=0.8)
    for n in (8, 64, 512):
        many.axvline(n, color="0.85", lw=0.8, zorder=0)
    many.set(xlabel="GPUs", ylabel="games a second", title="model (assumed GPU); dotted: ideal")
    many.legend()
    for local in rest:
        at = range(len(runs))
        local.bar(at, [r["cpu_ms_a_game"] for r in runs])
        local.set_xticks(list(at), [str(r["processes"]) for r in runs])
        local.set(xlabel="processes on this machine", ylabel="CPU ms a game", title="measured")
    figure.savefig(path, dpi=110)


@click.command()
@click.option("--processes", default="1,2,4", show_default=True,
              help="How many, in turn; empty: only the model.")
@click.option("--batch", default=64, show_default=True, help="Games at once in all.")
@click.option("--plies", default=8, show_default=True, help="Between two changes.")
@click.option("--steps", default=6, show_default=True, help="Of 128 plies, after the first.")
@click.option("--hidden", default=80, show_default=True, help="Units of the net, for the model.")
@click.option("--gpu-floor", default=1e-3, show_default=True, help="Assumed: seconds a ply.")
@click.option("--gpu-game", default=5e-7, show_default=True, help="Assumed: and a game in it.")
@click.option("--gpu-draw", default=1e-10, show_default=True, help="Assumed: dice of a game.")
@click.option("--bandwidth", default=2e10, show_default=True, help="Assumed: bytes a second.")
@click.option("--latency", default=1e-5, show_default=True, help="Assumed: seconds a message.")
@click.option("--json", "json_path", help="Write the record to this file.")
@click.option("--png", help="Draw the picture into this file.")
@click.option("--worker", hidden=True)
def main(processes: str, batch: int, plies: int, steps: int, hidden: int, gpu_floor: float,
         gpu_game: float, gpu_draw: float, bandwidth: float, latency: float,
         json_path: str | None, png: str | None, worker: str | None) -> None:
    """Measure here, model elsewhere."""
    if worker is not None:
        click.echo(json.dumps(work(*json.loads(worker))))
        return
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in map(int, filter(None, processes.split(","))):
            run = measured(count, batch, plies, steps, folder)
            first = runs[0]["processes"] if runs else count
            runs.append(run | {f"differs_{name}": furthest(folder, first, count, name)
                               for name in ("first", "last")})
            click.echo(f"{count} processes: {run['games_per_s']:.1f} games/s", err=True)
    gpu = Device(gpu_floor, gpu_game, gpu_draw, bandwidth, latency)
    report = {"hardware": hardware(), "local": checked(runs), "assumed_gpu": vars(gpu),
              "model": modelled(gpu, plies, hidden)}
    click.echo(table(report))
    if json_path:
        save_result(report, Path(json_path))
    if png:
        picture(report, gpu, plies, hidden, png)


if __name__ == "__main__":
    main()
