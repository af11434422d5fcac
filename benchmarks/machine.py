"""What a person waits for, what a workload costs before it runs, and what the machine could do."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_COLD_START = """
import numpy as np
from agent.catalog import get
from engine.board import start
boards = np.broadcast_to(start(), (BATCH, 2, 25))
dice = np.tile(np.array([[3, 1]], np.int8), (BATCH, 1))
get("td-gammon").choose(boards, dice, None, np.random.default_rng(1))
"""


def hardware() -> str:
    """Say what the processor is."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{len(os.sched_getaffinity(0))} cores of {model}"


def _environment(cache: str | None = None) -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    more = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    if cache is not None:
        more |= {
            "JAX_COMPILATION_CACHE_DIR": cache,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
    return {**os.environ, **more}


def _seconds(code: str, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=ROOT)
    return time.perf_counter() - began


def cold_start(repeats: int) -> dict[str, float]:
    """Return seconds from starting Python to the first 0-ply play made.

    ``one``: one position, through NumPy (median); ``batch_first`` 512 positions through jax with
    nothing compiled before, ``batch_again`` with the compilation cache of the time before.
    """
    one, many = (_COLD_START.replace("BATCH", n) for n in ("1", "512"))
    found = {"one": statistics.median(_seconds(one, _environment()) for _ in range(repeats))}
    with tempfile.TemporaryDirectory() as folder:
        found["batch_first"] = _seconds(many, _environment(folder))
        found["batch_again"] = _seconds(many, _environment(folder))
    return found


def first_board(repeats: int) -> float:
    """Return seconds from starting ``tdgammon play --text`` to the first board shown (median)."""
    command = "import sys; sys.argv[0] = 'tdgammon'; from cli import main; main()"
    arguments = ["play", "--text", "--seed", "1"]
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", command, *arguments],
            stdin=subprocess.DEVNULL,  # the game ends where it asks for a play
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            text=True,
        )
        assert process.stdout is not None
        edges = 0
        for line in process.stdout:  # the board is drawn between two rulers of point numbers
            edges += line.startswith(("+-13-", "+-12-"))
            if edges == 2:
                break
        times.append(time.perf_counter() - began)
        process.kill()
        process.wait()
        process.stdout.close()
        if edges != 2:
            raise RuntimeError("tdgammon play --text showed no board")
    return statistics.median(times)


def choice_latency(positions: int) -> dict[str, float]:
    """Return microseconds of a 0-ply choice on one position, NumPy only: median, 99 %, maximum."""
    import numpy as np

    from agent.catalog import get
    from engine.board import start
    from engine.dice import roll_batch
    from engine.game import result

    agent, rng = get("td-gammon"), np.random.default_rng(1)
    board, times = start(), []
    for dice in roll_batch(rng, positions):
        began = time.perf_counter()
        after, _ = agent.choose(board[None], dice[None], None, rng)
        times.append(1e6 * (time.perf_counter() - began))
        board = start() if result(after[0]) else after[0]
    median, most, top = (float(np.quantile(times[10:], q)) for q in (0.5, 0.99, 1))
    return {"median": median, "p99": most, "max": top}


def in_own_process(settings: dict[str, Any]) -> dict[str, Any]:
    """Compile and run a workload in a fresh process; what :func:`_child` says of it."""
    command = [sys.executable, __file__, json.dumps(settings)]
    done = subprocess.run(
        command, check=True, env=_environment(), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _child(settings: dict[str, Any]) -> dict[str, Any]:
    def peak() -> int:
        # Not ru_maxrss: that includes what the parent held when it forked.
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])

    import jax
    jax.config.update("jax_enable_compilation_cache", False)
    from workloads import Settings, Workload, expected_bytes

    jax.block_until_ready(jax.numpy.zeros(8) + 1)
    before = peak()
    s = Settings(**settings)
    work = Workload(s)
    compiled = peak()
    work.call()
    stats = jax.devices()[0].memory_stats() or {}
    return {
        "settings": settings,
        "compile_seconds": work.compile_seconds,
        "rss_jax_alone": before,
        "rss_compiled": compiled,
        "rss_peak": peak(),
        "device_peak": stats.get("peak_bytes_in_use"),
        "xla_bytes": work.xla_bytes(),
        "expected_bytes": expected_bytes(s),
    }


def device_peaks(platform: str) -> dict[str, float]:
    """Return what this device reaches at best, measured here and now.

    ``bytes_per_second``: ``x + 1`` over an array far larger than any cache, reading and writing;
    ``flops``: a square float32 matrix product at jax's default precision.
    """
    import jax
    import jax.numpy as jnp

    gpu = platform == "gpu"
    elements, side = (2**30, 8192) if gpu else (2**26, 2048)
    x, m = jnp.ones(elements, jnp.float32), jnp.ones((side, side), jnp.float32)

    def fastest(function: Any, argument: Any) -> float:
        # In place (donated): fresh memory would cost page faults instead.
        function, times = jax.jit(function, donate_argnums=0), []
        for _ in range(9):
            began = time.perf_counter()
            argument = jax.block_until_ready(function(argument))
            times.append(time.perf_counter() - began)
        return min(times)

    return {
        "bytes_per_second": 8 * elements / fastest(lambda a: a + 1, x),
        "flops": 2 * side**3 / fastest(lambda a: a @ a / side, m),
    }


if __name__ == "__main__":
    print(json.dumps(_child(json.loads(sys.argv[1]))))
