"""Independent work shared out among the processes of a cluster, and its results put together."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from agent.cluster import Cluster


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as bytes, an ``.npz`` archive in which nothing is pickled."""
    file = io.BytesIO()
    np.savez(file, **cast(Any, arrays))
    return file.getvalue()


def unpack(payload: bytes) -> dict[str, np.ndarray]:
    """Undo :func:`pack`."""
    archive = np.load(io.BytesIO(payload), allow_pickle=False)
    return {name: archive[name] for name in archive.files}


def part(count: int, cluster: Cluster, group: int = 1) -> slice:
    """Return which of ``count`` things are this process's; it may be none.

    Args:
        count: of things in a row.
        cluster: the processes.
        group: how many of them stay together.
    """
    groups = -(-count // group)
    ends = [min(count, group * (n * groups // cluster.count))
            for n in (cluster.rank, cluster.rank + 1)]
    return slice(*ends)


def joint(mine: Mapping[str, np.ndarray], cluster: Cluster) -> dict[str, np.ndarray]:
    """Return to every process the arrays of all, one after the other by process. Of all."""
    if cluster.count == 1:
        return dict(mine)
    parts = [unpack(payload) for payload in cluster.everyones(pack(mine))]
    return {name: np.concatenate([p[name] for p in parts]) for name in mine}


def rng_of(seed: int, child: int, mine: slice) -> np.random.Generator:
    """Return the generator of what is drawn for things one after the other, as by players.

    That is the ``child``-th one of a seed where the things begin with the first; a process whose
    things begin later has another one.
    """
    key = (child,) if mine.start == 0 else (child, mine.start)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
