"""Memory of the after-position search against its formula, by XLA's own account.

    python benchmarks/memory.py

Prints the temporary memory of the compiled fold beside the formula, for B positions, chunks of C
after-positions and P pairs of a double's first two moves, without what scoring needs.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from engine.afterstates import Chunk, fold_afterstates

_SIZES = (
    (256, 1024, 1024),
    (4096, 1024, 1024),
    (16384, 8192, 8192),
    (256, 65536, 1024),
    (256, 1024, 65536),
)


def temporary_bytes(batch: int, chunk: int, pair_chunk: int) -> int:
    """Return the temporary memory of a fold that only counts."""

    def step(total: jax.Array, c: Chunk) -> jax.Array:
        return total + jnp.sum(c.valid) + jnp.sum(c.boards, dtype=jnp.int32)

    def fold(boards: jax.Array, dice: jax.Array) -> jax.Array:
        return fold_afterstates(
            boards, dice, jnp.int32(0), step, chunk=chunk, pair_chunk=pair_chunk
        )

    boards = jax.ShapeDtypeStruct((batch, 2, 25), jnp.int8)
    dice = jax.ShapeDtypeStruct((batch, 2), jnp.int8)
    analysis: Any = jax.jit(fold).lower(boards, dice).compile().memory_analysis()
    return int(analysis.temp_size_in_bytes)


def formula_bytes(batch: int, chunk: int, pair_chunk: int) -> int:
    """Return what docs/architecture.md says: the masks of all positions, or a chunk beside them."""
    return max(706 * batch, 490 * batch + max(232 * chunk, 43 * chunk + 322 * pair_chunk))


def main() -> None:
    """Measure and print."""
    print(f"{'B':>6} {'C':>6} {'P':>6} {'measured':>12} {'formula':>12} {'ratio':>6}")
    for sizes in _SIZES:
        b, c, p = sizes
        measured, formula = temporary_bytes(*sizes), formula_bytes(*sizes)
        print(f"{b:6} {c:6} {p:6} {measured:12,} {formula:12,} {measured / formula:6.2f}")


if __name__ == "__main__":
    main()
