"""Which device jax computes on, and where it keeps what it compiled."""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import AgentError

DEVICES = ("auto", "cpu", "gpu")


def cache_folder() -> Path:
    """Return the folder for compiled programs: the user's cache folder, as XDG defines it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "tdgammon" / "jax"


def use_cache() -> None:
    """Let jax keep what it compiles in :func:`cache_folder`, unless the user chose a folder."""
    import jax

    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder()))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def prepare(device: str = "auto") -> str:
    """Choose jax's device, turn on its compilation cache, and say what the device is.

    Call before the first computation.

    Args:
        device: ``auto`` (a GPU if jax has one), ``cpu`` or ``gpu``.

    Raises:
        AgentError: ``gpu``, and jax finds none.
    """
    if device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    use_cache()
    found = jax.devices()[0]
    if device == "gpu" and found.platform != "gpu":
        raise AgentError("no GPU that jax can use; install the extra [gpu], or --device cpu")
    return f"{found.platform}: {found.device_kind}"
