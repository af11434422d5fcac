"""Fits a softmax regression of a wide layer of random units; see ``agent.nets.numpy_wide``.

A unit looks along a random direction, columns counted by how much they vary, and begins to speak
where one of the rows, drawn at random, stands. Learned are the weights of the six classes alone, by
Adam (Kingma & Ba, arXiv 1412.6980) with dropout (Srivastava et al. 2014, JMLR 15) of the units,
until the games held out are foretold no better.
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
from agent.nets.numpy_wide import DEFAULTS, hidden
from study.numerai.fitted import Fitted, Floats
from study.numerai.scores import Ints, log_losses

Array = Any
Tell = Callable[[float], None]
# One game in so many is held out.
_HELD_OUT = 10
# Rounds without a better loss after which it ends; after each of them the rate is halved.
_PATIENCE = 3
_BATCH = 256
# Steps that are made in one go.
_STRETCH = 32
_LOTS = 256
_ADAM = optax.scale_by_adam()


def fit(
    z: Floats, y: Ints, game: Ints, *, units: int = DEFAULTS["units"], dropout: float = 0.9,
    rate: float = 1e-3, epochs: int = 30, seed: int = 1, tell: Tell = lambda fraction: None,
) -> Fitted:
    """Fit a regression of random units.

    Args:
        z: columns float32[N, Z].
        y: classes of the results int64[N].
        game: of each row, int64[N]; a tenth of the games is held out and says when to end.
        units: how many.
        dropout: the share of them that each row does without while it is learned from, in steps
            of 1/256.
        rate: of Adam at the beginning.
        epochs: rounds through the rows at most.
        seed: of units, games held out, batches and dropout.
        tell: called with the share of ``epochs`` that is done, and with 1; may raise.

    Returns:
        Of kind ``wide``, the parameters of the best round. Its report: ``loss`` of the games held
        out, in nats, after each round, ``best``: which it was, from 0 on; ``stopped``: whether it
        ended because the loss did, not because of ``epochs``.

    Raises:
        ConfigError: a setting makes no sense.
    """
    _check(z, game, units, dropout, rate, epochs)
    rng = np.random.default_rng([seed, len(z)])
    held_out = _held_out(game, rng)
    x, valid = np.ascontiguousarray(z[~held_out], np.float32), z[held_out]
    fixed = _units(x, units, rng)
    right = y[~held_out]
    last: Any = {"kernel": jnp.zeros((units, N_CLASSES)), "bias": jnp.asarray(_start(right))}
    learn = _learner(dropout, fixed, jnp.asarray(x), jnp.asarray(right, jnp.int32))
    state, slower, losses = _ADAM.init(last), 1.0, list[float]()
    best = last
    tell(0.0)
    for epoch in range(epochs):
        for rows in _stretches(len(x), rng):
            # JAX's own random numbers would take a processor ten times as long as the rest.
            lots = np.frombuffer(rng.bytes(rows.size * units), np.uint8).reshape(*rows.shape, units)
            last, state = learn(last, state, rows, lots, rate * slower)
        found = _fitted(fixed, last, units)
        losses.append(float(log_losses(found.log_probs(valid), y[held_out]).mean()))
        if not np.isfinite(losses[-1]):
            raise ConfigError(f"a rate of {rate:g} is too large: the loss is no number any more")
        tell((epoch + 1) / epochs)
        since = epoch - int(np.argmin(losses))
        if since == 0:
            best = last
        elif since >= _PATIENCE:
            break
        else:
            slower /= 2
    tell(1.0)
    ended = len(losses) - 1 - int(np.argmin(losses)) >= _PATIENCE
    return _fitted(fixed, best, units)._replace(
        report={"loss": losses, "best": int(np.argmin(losses)), "stopped": ended})


def _check(
    z: Floats, game: Ints, units: int, dropout: float, rate: float, epochs: int
) -> None:
    checks = [
        (units >= 1, f"there must be one unit at least, not {units}"),
        (0 <= dropout < 1, f"dropout must be at least 0 and below 1, not {dropout}"),
        (0 < rate < np.inf, f"the rate must be above 0, not {rate}"),
        (epochs >= 1, f"there must be one round at least, not {epochs}"),
        (len(np.unique(game)) >= 2,
         "there must be two games at least: one to learn from and one held out"),
        (z.ndim == 2 and game.shape == z.shape[:1],
         f"there must be a game for every row, not {list(game.shape)} for {list(z.shape)}"),
    ]
    for right, message in checks:
        if not right:
            raise ConfigError(message)


def _held_out(game: Ints, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    games = rng.permutation(np.unique(game))
    return np.isin(game, games[: -(-len(games) // _HELD_OUT)])


def _stretches(rows: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Return the rows of one round, int32[stretches, steps, batch]; a few are left out."""
    batch = min(_BATCH, rows)
    steps = min(_STRETCH, rows // batch)
    order = rng.permutation(rows).astype(np.int32)
    return order[: rows // (steps * batch) * steps * batch].reshape(-1, steps, batch)


def _units(x: Floats, units: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Return kernel [Z, U] and bias [U] of units whose sums vary by about 1 over the rows."""
    spread = x.std(0)
    directions = rng.normal(size=(x.shape[1], units)) / np.where(spread > 0, spread, np.inf)[
        :, None]
    kernel = directions / np.sqrt(max((spread > 0).sum(), 1))
    begins = x[rng.integers(len(x), size=units)]
    bias = -np.einsum("uz,zu->u", begins, kernel)
    return {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)}


def _start(y: Ints) -> Floats:
    """Return the bias that foretells how often each class comes."""
    share = (np.bincount(y, minlength=N_CLASSES) + 0.5) / (len(y) + 0.5 * N_CLASSES)
    return np.log(share).astype(np.float32)


def _fitted(fixed: dict[str, Floats], last: Array, units: int) -> Fitted:
    learned = {name: np.asarray(part) for name, part in last.items()}
    return Fitted("wide", {"units": units}, {"random": fixed, "outcome": learned})


def _learner(
    dropout: float, fixed: dict[str, Floats], x: Array, y: Array
) -> Callable[..., tuple[Any, Any]]:
    """Return ``learn(last, state, rows [steps, batch], lots uint8[..., U], rate) -> last, state``.

    A unit is kept where its lot is small enough; lots are of 256 kinds, and so many can be kept.
    """
    kept = max(1, round(_LOTS * (1 - dropout)))

    def loss_of(last: Array, at: Array, lots: Array) -> Array:
        said = hidden({"random": fixed}, x[at], jnp)
        said = jnp.where(lots < kept, said * (_LOTS / kept), 0.0) if kept < _LOTS else said
        log_probs = log_softmax(said @ last["kernel"] + last["bias"], jnp)
        return -jnp.take_along_axis(log_probs, y[at, None], axis=1).mean()

    @jax.jit
    def learn(last: Array, state: Any, rows: Array, lots: Array, rate: Array) -> Any:
        def step(carry: Any, given: tuple[Array, Array]) -> tuple[Any, None]:
            last, state = carry
            change, state = _ADAM.update(jax.grad(loss_of)(last, *given), state)
            return (jax.tree.map(lambda p, d: p - rate * d, last, change), state), None

        return jax.lax.scan(step, (last, state), (rows, lots))[0]

    return learn
