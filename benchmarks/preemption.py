"""Whether a run in several processes survives: one of them killed, or asked to end, many times.

    python benchmarks/preemption.py --trials 20 --json FILE

One run is trained on by several processes, which are started again after each trial. In a trial one
of them, drawn at random, is killed (SIGKILL) at a random time; or one of them or all are asked to
end (SIGTERM). Then it is checked that the others end by themselves, with the right code and one
line, and that the checkpoint can be read and was written within one interval. That it is gone on
with is checked by the next trial, often with another number of processes.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from machine import hardware

from agent.checkpoint import FILE_NAME, load

ROOT = Path(__file__).parents[1]
LOST, TERMINATED = 75, 143
_PATIENCE = 600.0
_SMALL = ("--hidden", "16", "--plies", "4", "--precision", "float32", "--measure", "0",
          "--device", "cpu")
# Compiling is not what is tried here.
_FLAGS = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"


@dataclass(frozen=True)
class Trial:
    """One of them: what was sent to which processes, and what came of it.

    ``seconds``: until the last process had ended; ``codes``: exit codes of those that were not
    killed; ``said``: lines of ours on stderr of each of them; ``age``: seconds from the last
    checkpoint to the signal; ``saved``: from the signal to the checkpoint written after it, if
    there was one; ``games``: in the checkpoint; ``wrong``: what was not as it should be.
    """

    signal: str
    processes: int
    sent_to: list[int]
    seconds: float
    codes: list[int]
    said: list[int]
    age: float
    saved: float | None
    games: int
    wrong: list[str]


class Processes:
    """Processes that train a run together."""

    def __init__(self, folder: Path, count: int, batch: int, interval: float) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.started = time.time()
        environment = {
            "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled"), **os.environ,
            "JAX_PLATFORMS": "cpu", "XLA_FLAGS": _FLAGS,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1"}
        words = [sys.executable, "-m", "cli", "train", *_SMALL, "--batch", str(batch),
                 "--games", "100000000", "--out", str(folder), "--go-on",
                 "--checkpoint-seconds", str(interval), "--coordinator", f"127.0.0.1:{port}",
                 "--num-processes", str(count)]
        self.errors = [tempfile.TemporaryFile("w+") for _ in range(count)]  # noqa: SIM115
        self.all = [subprocess.Popen([*words, "--process-id", str(n)], cwd=ROOT, env=environment,
                                     stdout=subprocess.DEVNULL, stderr=self.errors[n])
                    for n in range(count)]

    def await_steps(self, checkpoint: Path) -> None:
        """Wait until this sitting has written a checkpoint of its own after a step."""
        deadline = time.time() + _PATIENCE
        first = max(0, games_of(checkpoint))
        while not (checkpoint.exists() and checkpoint.stat().st_mtime > self.started
                   and games_of(checkpoint) > first):
            if any(p.poll() is not None for p in self.all) or time.time() > deadline:
                raise click.ClickException(f"training did not get going: {self.lines()}")
            time.sleep(0.1)

    def end(self, but: list[int]) -> list[int | None]:
        """Wait for all to end by themselves; return the codes of those that were not killed."""
        deadline = time.time() + _PATIENCE
        while any(p.poll() is None for p in self.all) and time.time() < deadline:
            time.sleep(0.02)
        codes = [p.poll() for n, p in enumerate(self.all) if n not in but]
        self.kill()
        return codes

    def kill(self) -> None:
        """Leave none running."""
        for process in self.all:
            process.kill()
            process.wait()

    def lines(self) -> list[list[str]]:
        """Return what each has said on stderr."""
        found = []
        for file in self.errors:
            file.seek(0)
            found.append(file.read().splitlines())
        return found


def games_of(checkpoint: Path) -> int:
    """Return the games in a checkpoint, -1 where there is none; raises if it cannot be read."""
    return int(load(checkpoint, with_run=True).meta["games"]) if checkpoint.exists() else -1


def trial(
    rng: random.Random, kind: str, folder: Path, count: int, batch: int, interval: float
) -> Trial:
    """Let ``count`` processes train on; kill one or ask to end; say what came of it."""
    checkpoint = folder / FILE_NAME
    before = games_of(checkpoint)
    running = Processes(folder, count, batch, interval)
    atexit.register(running.kill)
    running.await_steps(checkpoint)
    time.sleep(rng.uniform(0, 2 * interval))
    kill = kind == "SIGKILL"
    one = [rng.randrange(count)]
    targets = one if kill or rng.random() < 0.5 else list(range(count))
    written, sent = checkpoint.stat().st_mtime, time.time()
    for n in targets:
        running.all[n].send_signal(signal.SIGKILL if kill else signal.SIGTERM)
    codes = running.end(targets if kill else [])
    seconds = time.time() - sent
    heard = [lines for n, lines in enumerate(running.lines()) if not (kill and n in targets)]
    # jax may warn of a slow compilation where a machine is busy.
    said = [[line for line in lines if line.startswith(("tdgammon:", "stopping"))]
            for lines in heard]
    games = games_of(checkpoint)
    wrong = []
    if any(code != (LOST if kill else TERMINATED) for code in codes):
        wrong.append(f"codes {codes}: {heard}")
    if kill and any(len(lines) != 1 or "was lost" not in lines[0] for lines in said):
        wrong.append(f"said {said}")
    if any(word in line for lines in heard for line in lines
           for word in ("Traceback", "Check failure")):
        wrong.append(f"a traceback: {heard}")
    saved = round(checkpoint.stat().st_mtime - sent, 2)
    if seconds > 60:
        wrong.append(f"they ended after {seconds:.1f} s")
    if not kill and not 0 < saved <= 10:
        wrong.append(f"the checkpoint was written {saved} s after the signal")
    if games <= before:
        wrong.append(f"the checkpoint has {games} games, before it was {before}")
    return Trial(kind, count, targets, round(seconds, 2), [int(c or 0) for c in codes],
                 [len(lines) for lines in said], round(sent - written, 2),
                 saved if saved > 0 else None, games, wrong)


def summary(trials: list[Trial], interval: float) -> dict[str, Any]:
    """Return the figures of all trials by signal."""
    found: dict[str, Any] = {"hardware": hardware(), "interval_s": interval,
                             "load_average": os.getloadavg()}
    for kind in ("SIGKILL", "SIGTERM"):
        mine = [t for t in trials if t.signal == kind]
        if mine:
            found[kind] = {
                "trials": len(mine), "as_they_should": sum(not t.wrong for t in mine),
                "seconds_mean": round(sum(t.seconds for t in mine) / len(mine), 2),
                "seconds_most": max(t.seconds for t in mine),
                "age_of_checkpoint_most_s": max(t.age for t in mine),
                "saved_most_s": max((t.saved or 0 for t in mine), default=0)}
    return found


@click.command()
@click.option("--trials", type=click.IntRange(1), default=20, show_default=True,
              help="Of each signal.")
@click.option("--processes", default="2,2,3", show_default=True, help="How many, in turn.")
@click.option("--interval", type=click.FloatRange(1), default=5.0, show_default=True,
              help="Seconds between checkpoints.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--batch", default=12, show_default=True, help="Games at once.")
@click.option("--json", "path", help="Write the record to this file, after each trial.")
def main(
    trials: int, processes: str, interval: float, seed: int, batch: int, path: str | None
) -> None:
    """Kill and stop a run in several processes, and see that it goes on."""
    rng, made = random.Random(seed), []
    counts = [int(n) for n in processes.split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        for number in range(2 * trials):
            kind = "SIGKILL" if number % 2 == 0 else "SIGTERM"
            count = counts[number // 2 % len(counts)]
            made.append(trial(rng, kind, folder, count, batch, interval))
            click.echo(json.dumps(asdict(made[-1])), err=True)
            if path:
                record = summary(made, interval) | {"trials": [asdict(t) for t in made]}
                Path(path).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for kind, figures in summary(made, interval).items():
        click.echo(f"{kind}: {figures}")
    sys.exit(any(t.wrong for t in made))


if __name__ == "__main__":
    main()
