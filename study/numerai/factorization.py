"""Fitting a factorization machine in JAX: Adam on mini-batches, stopped by held-out games.

The columns are standardised for it, so that all learn alike; the result is turned back, which
leaves it a factorization machine: see :func:`unscaled`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES, log_softmax
from agent.nets.numpy_fm import sums
from study.numerai.fitted import Fitted, Floats
from study.numerai.stopping import Bools, batches, best_of, falling, held_out

Array = Any
Ints = npt.NDArray[np.int64]
Tell = Callable[[float], None]
# Columns that hardly vary are not blown up: products of those that are seldom not 0 would say wild
# things of the few positions where they are not.
_LEAST_SPREAD = 0.2
_ADAM = optax.scale_by_adam()
# Factors begin at random, or they would never learn.
_BEGIN = 0.05


def fit(
    z: Floats, y: Ints, game: Ints, *, rank: int = 8, classes: int = N_CLASSES, l2: float = 1e-3,
    rate: float = 1e-2, batch: int = 512, epochs: int = 20, patience: int = 4,
    valid: Bools | None = None, seed: int = 1, tell: Tell = lambda fraction: None,
) -> Fitted:
    """Fit a factorization machine.

    Args:
        z: columns float32[N, Z].
        y: classes int64[N].
        game: of each row, int64[N].
        rank: numbers of a column's vector.
        classes: how many; six of a game.
        l2: added to the loss: this times half the squares of weights and factors, standardised.
        rate: of Adam at the beginning; it falls to 0 over the epochs as a cosine.
        batch: rows.
        epochs: at most.
        patience: epochs without a better one after which it stops.
        valid: which rows are held out to tell when to stop, whole games; ``None`` for a tenth.
        seed: of beginning, batches and the games held out. The same seed gives the same result.
        tell: called with the share of epochs done; may raise to stop.

    Returns:
        With ``held_loss``, nats, and ``epochs`` in its report.

    Raises:
        ConfigError: a setting makes no sense.
    """
    if rank < 1 or batch < 1 or epochs < 1:
        raise ConfigError("rank, batch and epochs must be at least 1, "
                          f"not {rank}, {batch} and {epochs}")
    held = held_out(game, valid, seed)
    mean, spread = z[~held].mean(0), np.maximum(z[~held].std(0), _LEAST_SPREAD)
    seen = jnp.asarray((z - mean) / spread)
    right = jnp.asarray(y.astype(np.int32))
    fitted, watched = np.flatnonzero(~held), jnp.asarray(np.flatnonzero(held).astype(np.int32))
    rng = np.random.default_rng([seed, rank])
    params = _begun(z.shape[1], classes, rank, np.bincount(y[~held], minlength=classes), rng)

    def epoch(carried: Any, number: int) -> Any:
        order = batches(np.random.default_rng([seed, number]).permutation(fitted), batch)
        return _epoch(carried, order, falling(rate, epochs, len(order), number), seen, right,
                      np.float32(l2))

    (best, _), losses = best_of(
        (params, _ADAM.init(params)), epoch,
        lambda carried: float(_loss(carried[0], seen[watched], right[watched])),
        epochs, patience, tell)
    return Fitted("fm", {"rank": rank}, unscaled(jax.tree.map(np.asarray, best), mean, spread),
                  {"held_loss": min(losses), "epochs": len(losses)})


def unscaled(params: Any, mean: Floats, spread: Floats) -> dict[str, dict[str, Floats]]:
    """Return the machine that says of x what ``params`` say of (x - mean) / spread.

    With v' = v / spread and S = sum_i m_i v'_i, what becomes of the product of two columns is
    <v'_i, v'_j> (x_i x_j - m_i x_j - m_j x_i + m_i m_j): new factors v', weights
    w_i / spread_i - <v'_i, S> + |v'_i|^2 m_i, and a new constant.
    """
    factors = params["factors"]["kernel"].astype(np.float64) / spread[:, None, None]
    kernel = params["linear"]["kernel"].astype(np.float64) / spread[:, None]
    m = mean.astype(np.float64)
    whole = np.einsum("zcr,z->cr", factors, m)
    squares = (factors * factors).sum(-1)
    bias = (params["linear"]["bias"] - m @ kernel
            + 0.5 * ((whole * whole).sum(-1) - (m * m) @ squares))
    kernel = kernel - np.einsum("zcr,cr->zc", factors, whole) + squares * m[:, None]
    return {"linear": {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)},
            "factors": {"kernel": factors.astype(np.float32)}}


def _begun(
    columns: int, classes: int, rank: int, counts: Ints, rng: np.random.Generator
) -> dict[str, dict[str, Array]]:
    """Return what is begun with: the classes as often as they come, whatever the columns."""
    factors = rng.normal(0, _BEGIN, (columns, classes, rank)).astype(np.float32)
    bias = np.log((counts + 1) / (counts.sum() + classes)).astype(np.float32)
    return {"linear": {"kernel": jnp.zeros((columns, classes)), "bias": jnp.asarray(bias)},
            "factors": {"kernel": jnp.asarray(factors)}}


@jax.jit
def _loss(params: Any, z: Array, y: Array) -> Array:
    """Return the mean log loss in nats."""
    said = log_softmax(sums(params, z), jnp)
    return -jnp.take_along_axis(said, y[:, None], axis=1).mean()


@jax.jit
def _epoch(carried: Any, order: Array, rates: Array, z: Array, y: Array, l2: Array) -> Any:
    """Return parameters and state of Adam after the batches of ``order``, each at its rate."""
    def whole(params: Any, rows: Array) -> Array:
        held_small = (params["linear"]["kernel"] ** 2).sum() + (
            params["factors"]["kernel"] ** 2).sum()
        return _loss(params, z[rows], y[rows]) + 0.5 * l2 * held_small

    def step(carried: Any, given: tuple[Array, Array]) -> tuple[Any, None]:
        params, state = carried
        rows, rate = given
        change, state = _ADAM.update(jax.grad(whole)(params, rows), state)
        return (jax.tree.map(lambda p, c: p - rate * c, params, change), state), None

    return jax.lax.scan(step, carried, (order, rates))[0]
