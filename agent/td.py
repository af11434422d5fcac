"""The TD(lambda) update with eligibility traces, as pure functions.

Sutton, "Learning to predict by the methods of temporal differences", Machine Learning 3 (1988),
section 4; Tesauro, "Practical issues in temporal difference learning", Machine Learning 8 (1992).

For one game, with ``V_t`` the outcome of its position t::

    delta_t = V_{t+1} - V_t        (at the end: the true outcome - V_t)
    e_t     = lambda e_{t-1} + grad V_t
    theta   = theta + alpha delta_t e_t

``V`` is a vector of K outcomes, so a trace holds one gradient for every outcome: a tree like the
parameters whose leaves have a leading axis K. All values of one game are seen by the same side;
turning them each ply is the caller's business (see ``agent.selfplay``).

The update works on *segments* of T plies of B games between two changes of the parameters. T = 1
is the update of each ply as written above. For T > 1 the sum of ``delta_t e_t`` over the segment
is the same, but the traces pass through memory once in T plies: within a segment a gradient is
credited with the TD errors that follow it (backward recursion), and only the trace that was
carried in needs to be read, only the one carried out to be written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array
Params = Any
Traces = Any
Value = Callable[[Params, Any], Array]


class Segment(NamedTuple):
    """T consecutive plies of B games.

    ``observations``: a tree, leaves [T, B, ...], what the value function is given of position t;
    ``delta``: float[T, B, K], TD errors; ``over``: bool[T, B], the game ended with this ply, so
    that position t + 1 belongs to another game.
    """

    observations: Any
    delta: Array
    over: Array


def zero_traces(params: Params, batch: int, outcomes: int) -> Traces:
    """Return the traces of ``batch`` new games: zeros, leaves float[B, K, ...]."""
    return jax.tree.map(lambda p: jnp.zeros((batch, outcomes, *p.shape), p.dtype), params)


def credited_errors(delta: Array, over: Array, lam: Array | float) -> Array:
    """Return what each gradient of a segment is credited with: float[T, B, K].

    ``G_t = delta_t + lambda G_{t+1}`` within a game, which for a whole game is the lambda-return
    less the value.
    """

    def back(following: Array, ply: tuple[Array, Array]) -> tuple[Array, Array]:
        delta_t, over_t = ply
        g = delta_t + jnp.where(over_t[:, None], 0, lam * following)
        return g, g

    return jax.lax.scan(back, jnp.zeros_like(delta[0]), (delta, over), reverse=True)[1]


def _weight_at_end(over: Array, lam: Array | float, dtype: Any) -> tuple[Array, Array]:
    """Weights, at the end of the segment, of its gradients [T, B] and of the old trace [B]."""

    def back(weight: Array, over_t: Array) -> tuple[Array, Array]:
        kept = jnp.where(over_t, 0, weight)
        return lam * kept, kept

    old, weights = jax.lax.scan(back, jnp.ones(over.shape[1:], dtype), over, reverse=True)
    return weights, old


def direction(
    value: Value, params: Params, traces: Traces | None, segment: Segment, lam: Array | float
) -> Params:
    """Return ``sum over plies, games and outcomes of delta_t e_t``, a tree like the parameters.

    Args:
        value: ``value(params, observation) -> float[K]`` of one position.
        params: the parameters that played and valued the segment.
        traces: leaves float[B, K, ...] as they were before the segment; ``None`` for lambda = 0.
        segment: T plies of B games.
        lam: the decay of the traces, 0..1.
    """
    credited = credited_errors(segment.delta, segment.over, lam)

    def credited_value(p: Params) -> Array:
        values = jax.vmap(jax.vmap(lambda o: value(p, o)))(segment.observations)
        return jnp.sum(values * credited)

    fresh = jax.grad(credited_value)(params)
    if traces is None:
        return fresh
    # The first ply of the segment has decayed the old trace once.
    old = lam * credited[0]
    carried = jax.tree.map(lambda e: jnp.tensordot(old, e, axes=([0, 1], [0, 1])), traces)
    return jax.tree.map(jnp.add, fresh, carried)


def carry_traces(
    value: Value, params: Params, traces: Traces, segment: Segment, lam: Array | float
) -> Traces:
    """Return the traces after the segment, leaves float[B, K, ...]; zero where a game just ended.

    Arguments as for :func:`direction`.
    """
    dtype = segment.delta.dtype
    weights, old = _weight_at_end(segment.over, lam, dtype)

    def weighted_value(p: Params, observation: Any, weight: Array) -> Array:
        return weight * value(p, observation)

    jacobian = jax.vmap(jax.jacrev(weighted_value), in_axes=(None, 0, 0))
    traces = jax.tree.map(lambda e: old.reshape(-1, *(1,) * (e.ndim - 1)) * e, traces)
    # Unrolled: the outer products of all plies then fuse into one pass over the traces.
    for t in range(segment.over.shape[0]):
        observation = jax.tree.map(lambda leaf, t=t: leaf[t], segment.observations)
        grown = jacobian(params, observation, weights[t])
        traces = jax.tree.map(jnp.add, traces, grown)
    return traces


def ascend(params: Params, step: Params, alpha: Array | float) -> Params:
    """Return ``theta + alpha step``."""
    return jax.tree.map(lambda p, d: p + alpha * d, params, step)
