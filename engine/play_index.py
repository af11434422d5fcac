"""Running numbers for plays named by bit masks, and back: count, and find the k-th (jax).

An *entry* (a position, or a pair of moves) has rows of masks, one bit a play. Counting is a
population count; the k-th play is the k-th set bit of the row in which it falls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Array = jax.Array
Carry = TypeVar("Carry")


class Index(NamedTuple):
    """Cumulative counts that turn a running number into (entry, row, bit)."""

    rows: Array  # uint32[N, R] masks, entry-major for near gathers
    row_ends: Array  # int32[N, R] running count within the entry
    ends: Array  # int32[N] running count over entries


def index_rows(rows: Array) -> Index:
    """Index masks uint32[R, N]."""
    sizes = lax.population_count(rows).astype(jnp.float32)
    # A matrix product is the fastest way to running sums; float32 holds such counts exactly.
    ones = np.triu(np.ones((rows.shape[0], rows.shape[0]), np.float32))
    ends = lax.dot_general(sizes, ones, (((0,), (0,)), ((), ())), precision="highest")
    row_ends = ends.astype(jnp.int32)
    return Index(rows.T, row_ends, jnp.cumsum(row_ends[:, -1]))


def _kth_bit(mask: Array, k: Array) -> Array:
    """Position of the k-th (from 0) set bit of a 25-bit mask."""
    position = jnp.zeros(mask.shape, jnp.uint32)
    for width in (16, 8, 4, 2, 1):
        low = mask & np.uint32((1 << width) - 1)
        below = lax.population_count(low).astype(jnp.int32)
        up = k >= below
        k = jnp.where(up, k - below, k)
        mask = jnp.where(up, mask >> width, low)
        position = jnp.where(up, position + np.uint32(width), position)
    return position


def in_entry(index: Index, entry: Array, rank: Array) -> tuple[Array, Array]:
    """Return row int32[C], bit uint32[C] of the rank-th play int32[C] of entries int32[C]."""
    entries, rows = index.row_ends.shape
    ends, base = index.row_ends.reshape(-1), entry * rows
    # Binary search for the first row that ends beyond the rank.
    row = jnp.zeros_like(rank)
    for step in reversed([1 << i for i in range((rows - 1).bit_length())]):
        probe = row + step
        inside = probe <= rows - 1
        up = inside & (ends[base + jnp.where(inside, probe - 1, 0)] <= rank)
        row = jnp.where(up, probe, row)
    mask = index.rows.reshape(-1)[base + row]
    before_row = ends[base + row] - lax.population_count(mask).astype(jnp.int32)
    return row, _kth_bit(mask, rank - before_row)


def lookup(index: Index, number: Array) -> tuple[Array, Array, Array]:
    """Return entry int32[C], row int32[C], bit uint32[C] of each running number int32[C]."""
    entry = jnp.searchsorted(index.ends, number, side="right", method="scan")
    entry = jnp.minimum(entry, index.ends.shape[0] - 1)
    before_entry = index.ends[entry] - index.row_ends[entry, -1]
    return entry, *in_entry(index, entry, number - before_entry)


def windows(
    total: Array, size: int, carry: Carry, body: Callable[[Carry, Array, Array], Carry]
) -> Carry:
    """Call ``body(carry, numbers int32[size], valid bool[size])`` until ``total`` are covered."""

    def step(state: tuple[Array, Carry]) -> tuple[Array, Carry]:
        start, carry = state
        numbers = start + jnp.arange(size, dtype=jnp.int32)
        return start + size, body(carry, numbers, numbers < total)

    return lax.while_loop(lambda state: state[0] < total, step, (jnp.int32(0), carry))[1]
