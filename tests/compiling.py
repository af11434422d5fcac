"""How tests compile what they hardly run."""

from __future__ import annotations

from typing import Any

# A moment of self-play compiles for many seconds, most of them in optimisations that do not pay
# in tests of a few games. What is computed stays the same, up to the order of sums.
OPTIONS: dict[str, Any] = {
    "xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
# The same for a process of its own: its XLA_FLAGS.
FLAGS = " ".join(f"--{name}={str(value).lower()}" for name, value in OPTIONS.items())


def quickly(function: Any) -> Any:
    """Return a jitted function that compiles at its first call, fast; for arguments of one kind."""
    made: list[Any] = []

    def run(*args: Any) -> Any:
        if not made:
            made.append(function.lower(*args).compile(compiler_options=OPTIONS))
        return made[0](*args)

    return run
