"""Which device jax computes on, and where it keeps what it compiled."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from agent.errors import AgentError
from engine.bearoff import cache_folder

DEVICES = ("auto", "cpu", "gpu")


def use_cache() -> None:
    """Let jax keep what it compiles in the user's cache folder, unless he chose another."""
    import jax

    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "jax"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def prepare(device: str = "auto", *, batch: int = 1) -> str:
    """Choose jax's device, turn on its compilation cache, and say what the device is.

    Call before the first computation.

    Args:
        device: ``auto`` (a GPU if jax has one), ``cpu`` or ``gpu``.
        batch: games to be shared out; jax then sees as many CPU devices as this process may use
            cores, or fewer if the games can only be shared out evenly to fewer. The environment's
            ``JAX_NUM_CPU_DEVICES`` comes first.

    Raises:
        AgentError: ``gpu``, and jax finds none.
    """
    if device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    use_cache()
    cores = _cores()
    shares = max(n for n in range(1, cores + 1) if batch % n == 0)
    if shares > 1 and "JAX_NUM_CPU_DEVICES" not in os.environ:
        # Where jax has started already, its devices stay as they are.
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", shares)
    found = jax.devices()[0]
    if device == "gpu" and found.platform != "gpu":
        raise AgentError("no GPU that jax can use; install the extra [gpu], or --device cpu")
    count = len(jax.devices())
    kind = f"{found.platform}: {found.device_kind}"
    return kind if count == 1 else f"{kind}, {count} devices"


def _cores() -> int:
    """Return how many cores this process may use; containers are often given a share of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    with contextlib.suppress(OSError, ValueError):
        # https://docs.kernel.org/admin-guide/cgroup-v2.html: microseconds in a period, or "max".
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="utf-8").split()
        cores = min(cores, max(1, -(-int(quota) // int(period))))
    return cores


def fast_precision() -> str:
    """Return the precision in which matrix products are fastest: of GPUs, and of CPUs with AMX."""
    import jax

    if jax.default_backend() == "gpu":
        return "bfloat16"
    cpuinfo = Path("/proc/cpuinfo")
    found = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.is_file() else ""
    return "bfloat16" if " amx_bf16" in found else "float32"
