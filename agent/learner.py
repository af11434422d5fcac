"""What changes while learning, how it moves, and how devices share the games.

Games may be spread over several devices, of several processes: each plays its own, and only the
direction to move in and the sums of the metrics are added up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from agent import td
from agent.errors import ConfigError
from engine.bearoff import Bearoff

Array = jax.Array


class Tally(NamedTuple):
    """Sums over the games finished and the plies played; float32[] each.

    ``loss`` is the sum over plies of the squared TD error, summed over outcomes.
    """

    games: Array
    plies: Array
    finished_plies: Array
    loss: Array
    gammons: Array
    backgammons: Array


class Learner(NamedTuple):
    """Everything that changes while learning; what a run needs to go on exactly.

    ``params``: the net's; ``average``: their running mean (see ``agent.training``);
    ``optimizer``: the state of the optimiser; ``traces``: leaves float32[B, 5, ...] or ``None``;
    ``games``: those running, ``agent.selfplay.Games``; ``key``: the RNG's state; ``memory``: what a
    net that remembers keeps of the games (see ``agent.selfplay_memory``), else ``None``.
    """

    params: Any
    average: Any
    optimizer: Any
    traces: Any
    games: Any
    key: Array
    memory: Any = None


class Rates(NamedTuple):
    """What the schedules say for the next steps: float32[] each."""

    alpha: Array
    lam: Array
    average_decay: Array


def summed(tally: Tally, axis: str | None) -> Tally:
    """Return the sums over all devices."""
    return tally if axis is None else jax.lax.psum(tally, axis)


def moved(
    learner: Learner, step: Any, optimizer: optax.GradientTransformation, rates: Rates,
    axis: str | None,
) -> Learner:
    """Return the learner after its parameters have moved along ``step``, of all devices."""
    step = step if axis is None else jax.lax.psum(step, axis)
    step, optimizer_state = optimizer.update(step, learner.optimizer, learner.params)
    params = td.ascend(learner.params, step, rates.alpha)
    keep = rates.average_decay
    average = jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, learner.average, params)
    return learner._replace(params=params, average=average, optimizer=optimizer_state)


AXIS = "games"


def placement() -> Any:
    """Return the ``Learner`` of partition specs: games and traces are split, the rest is whole."""
    whole: Any = PartitionSpec()
    split: Any = PartitionSpec(AXIS)
    return Learner(
        params=whole, average=whole, optimizer=whole, traces=split, games=split, key=whole,
        memory=split,
    )


def mesh_of(batch: int) -> Mesh | None:
    """Return the devices that share a batch of games, ``None`` where there is only one.

    Raises:
        ConfigError: the games cannot be shared out evenly.
    """
    # Those of one process side by side, as its games are.
    devices = sorted(jax.devices(), key=lambda device: device.process_index)
    if len(devices) == 1:
        return None
    if batch % len(devices):
        raise ConfigError(f"batch must be a multiple of the {len(devices)} devices, not {batch}")
    return Mesh(np.array(devices), (AXIS,))


def spread(learner: Learner, mesh: Mesh) -> Learner:
    """Return the same learner with its games on all devices; see :func:`placement`."""
    parts = [jax.device_put(part, NamedSharding(mesh, spec))
             for part, spec in zip(learner, placement(), strict=True)]
    return Learner(*parts)


def repeated(
    segment: Callable[..., tuple[Learner, Tally]], segments: int, mesh: Mesh | None
) -> Callable[..., Any]:
    """Return the jitted ``learn(learner, rates, tables)`` of segments; see :func:`make_learn`.

    Args:
        segment: ``segment(learner, rates, tables, axis) -> (learner, tally)``.
        segments: how many.
        mesh: the devices.
    """
    axis = None if mesh is None else AXIS

    def learn(
        learner: Learner, rates: Rates, tables: Bearoff | None = None
    ) -> tuple[Learner, Tally]:
        def one(learner: Learner, _: None) -> tuple[Learner, Tally]:
            return segment(learner, rates, tables, axis)

        learner, tallies = jax.lax.scan(one, learner, None, length=segments)
        return learner, jax.tree.map(lambda x: jnp.sum(x, axis=0), tallies)

    if mesh is not None:
        lies, whole = placement(), PartitionSpec()
        # Replication is not checked: the loops over plays run a different number of times on each
        # device, which the check cannot follow.
        learn = jax.shard_map(
            learn,
            mesh=mesh,
            in_specs=(lies, whole, whole),
            out_specs=(lies, whole),
            check_vma=False,
        )
    return jax.jit(learn, donate_argnums=0)
