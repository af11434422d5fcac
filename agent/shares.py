"""The state of a run in several processes: each keeps its own games, and all keep the rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from agent.checkpoint import Checkpoint, flatten, unflatten
from agent.cluster import Cluster
from agent.errors import ClusterError, ConfigError
from agent.learner import Learner, placement
from agent.parts import pack, unpack

# Of the arrays of a run's state, those with a row for each game.
_BY_GAME = ("games/", "traces/", "memory/")


def rows(batch: int, cluster: Cluster) -> slice:
    """Return which games of a batch are this process's.

    Raises:
        ConfigError: they cannot be shared out evenly.
    """
    if batch % cluster.count:
        raise ConfigError(f"batch must be a multiple of the {cluster.count} processes, not {batch}")
    mine = batch // cluster.count
    return slice(cluster.rank * mine, (cluster.rank + 1) * mine)


def as_first_has(tree: Any, cluster: Cluster) -> Any:
    """Return a tree of arrays as process 0 has it, on the host. Of all."""
    leaves, structure = jax.tree.flatten(tree)
    named = {str(i): np.asarray(leaf) for i, leaf in enumerate(leaves)}
    got = unpack(cluster.broadcast(pack(named) if cluster.first else b""))
    return jax.tree.unflatten(structure, [got[str(i)] for i in range(len(leaves))])


def dealt(checkpoint: Checkpoint | None, cluster: Cluster) -> Checkpoint:
    """Return a checkpoint that process 0 has, its run with this process's games only. Of all."""
    payloads = []
    if checkpoint is not None:
        whole = {f"net/{k}": v for k, v in flatten(checkpoint.params).items()}
        whole["meta"] = np.frombuffer(json.dumps(checkpoint.meta).encode(), np.uint8)
        for rank in range(cluster.count):
            run = {f"run/{name}": _part(name, array, rank, cluster.count)
                   for name, array in checkpoint.run.items()}
            payloads.append(pack(whole | run))
    got = unpack(cluster.scatter(payloads))
    net = {k.removeprefix("net/"): v for k, v in got.items() if k.startswith("net/")}
    run = {k.removeprefix("run/"): v for k, v in got.items() if k.startswith("run/")}
    return Checkpoint(json.loads(got["meta"].tobytes()), unflatten(net), run)


def _part(name: str, array: np.ndarray, rank: int, count: int) -> np.ndarray:
    if not name.startswith(_BY_GAME) or not array.ndim:
        return array
    ends = [n * len(array) // count for n in (rank, rank + 1)]
    return array[ends[0] : ends[1]]


def collected(checkpoint: Checkpoint, cluster: Cluster) -> Checkpoint:
    """Return a checkpoint to process 0 with the games of all, to others as it was. Of all.

    Raises:
        ClusterError: the processes have come to different parameters.
    """
    if cluster.count == 1:
        return checkpoint
    mine = {k: v for k, v in checkpoint.run.items() if k.startswith(_BY_GAME)}
    rest = {k: v for k, v in checkpoint.run.items() if k not in mine}
    digest = np.frombuffer(_digest({**rest, **flatten(checkpoint.params)}), np.uint8)
    parts = [unpack(p) for p in cluster.gather(pack({**mine, "digest": digest}))]
    if not cluster.first:
        return checkpoint
    for rank, part in enumerate(parts):
        if part["digest"].tobytes() != digest.tobytes():
            raise ClusterError(f"process {rank} has come to other parameters than process 0; "
                               "the machines of a run must be of one kind")
    joint = {name: np.concatenate([part[name] for part in parts]) for name in mine}
    return replace(checkpoint, run={n: joint.get(n, a) for n, a in checkpoint.run.items()})


def _digest(arrays: Mapping[str, np.ndarray]) -> bytes:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.digest()


def spread_parts(learner: Learner, mesh: Mesh, cluster: Cluster) -> Learner:
    """Return the learner of all processes from those that each has of its own games. Of all.

    Raises:
        ConfigError: the processes have different numbers of devices.
    """
    if len(mesh.devices) != cluster.count * jax.local_device_count():
        raise ConfigError(
            f"all processes of a run must have equally many devices; {len(mesh.devices)} of "
            f"{cluster.count} processes cannot be so, and this one has {jax.local_device_count()}")

    def placed(part: Any, spec: PartitionSpec) -> Any:
        return jax.tree.map(lambda leaf: _global(leaf, NamedSharding(mesh, spec)), part)

    return Learner(*map(placed, learner, placement()))


def _global(leaf: Any, sharding: NamedSharding) -> jax.Array:
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        data = _global(jax.random.key_data(leaf), sharding)
        return jax.random.wrap_key_data(data)
    return jax.make_array_from_process_local_data(sharding, np.asarray(leaf))


def own_part(learner: Learner) -> Learner:
    """Return what this process has of a learner of several, on the host."""
    return jax.tree.map(_local, learner)


def _local(leaf: jax.Array) -> Any:
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_local(jax.random.key_data(leaf)))
    if leaf.is_fully_replicated:
        return np.asarray(leaf.addressable_data(0))
    shards = sorted(leaf.addressable_shards, key=lambda shard: shard.index[0].start or 0)
    return np.concatenate([np.asarray(shard.data) for shard in shards])
