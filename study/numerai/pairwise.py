"""Comparison training: a net learns which of two positions is better, then what scores mean.

Tesauro, "Connectionist learning of expert preferences by comparison training" (NIPS 1 (1989)
99-106): the play an expert chose and another one of the same roll go in together, and the net says
which is better. The net is the competition's: a tower of two dense layers, each rectified and then
batch normalised, the same for both, and a linear layer on the two codes.

Two kinds of pairs: the after-position a player chose against another one (which the opponent sees,
who is then on roll: the chosen one is the worse one *for him*), and two positions of the data whose
games ended differently. Every pair is shown in both orders. Batch normalisation, and the scales of
the columns, are folded into the layers afterwards; see ``agent.nets.numpy_pairwise``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from scipy.optimize import minimize

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES
from agent.nets.numpy_pairwise import of_scores, scores
from study.numerai.fitted import Fitted, Floats
from study.numerai.stopping import Bools, best_of, falling, held_out

Array = Any
Ints = npt.NDArray[np.int64]
Tell = Callable[[float], None]
_LEAST_SPREAD = 1e-3
_EPSILON = 1e-3
_ADAM = optax.scale_by_adam()
# Running mean and variance of batch normalisation keep this share of what they were.
_KEEP = 0.99


class Siblings(NamedTuple):
    """M pairs of after-positions of one roll, as their opponent sees them.

    ``preferred`` and ``other`` float32[M, Z], what was chosen and what was not; ``game`` int64[M].
    """

    preferred: Floats
    other: Floats
    game: Ints


def fit(
    z: Floats, y: Ints, game: Ints, siblings: Siblings | None = None, *, width: int = 128,
    code: int = 32, share: float = 0.5, l2: float = 1e-5, rate: float = 3e-3, batch: int = 512,
    epochs: int = 15, patience: int = 5, references: int = 256, valid: Bools | None = None,
    seed: int = 1, tell: Tell = lambda fraction: None,
) -> Fitted:
    """Fit a net that compares, and the classes to its scores.

    Args:
        z: columns float32[N, Z].
        y: classes of the results, int64[N].
        game: of each row, int64[N].
        siblings: pairs of one roll; ``None`` for results alone.
        width: units of the first layer.
        code: units of the second.
        share: of the pairs of a batch that are siblings.
        l2: added to the loss: this times half the squares of the weights.
        rate: of Adam at the beginning; it falls to 0 over the epochs as a cosine.
        batch: pairs.
        epochs: at most; one shows as many pairs as there are rows.
        patience: epochs without a better one after which it stops.
        references: positions that others are compared with, of the rows fitted.
        valid: which rows are held out, whole games, to tell when to stop and to fit the classes;
            ``None`` for a tenth. Siblings of these games are held out with them.
        seed: of beginning, pairs and the games held out. The same seed gives the same result.
        tell: called with the share of epochs done; may raise to stop.

    Returns:
        With ``held_loss`` of pairs of both kinds, nats; ``held_right``, how often the position
        whose game ended better has the higher score; ``siblings_right``, how often the chosen play
        is preferred in games held out (no key without any); ``epochs``.

    Raises:
        ConfigError: a setting makes no sense.
    """
    _check(width, code, share, batch, epochs, references)
    held = held_out(game, valid, seed)
    mean, spread = z[~held].mean(0), np.maximum(z[~held].std(0), _LEAST_SPREAD)
    rows, chosen, chosen_held = z, np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64)
    if siblings is not None and len(siblings.game):
        # Rows of the data, then what was not chosen, then what was: pairs are (better, worse).
        rows = np.concatenate([z, siblings.other, siblings.preferred])
        count = np.arange(len(siblings.game))
        pairs = len(z) + np.stack([count, len(count) + count], axis=1)
        away = np.isin(siblings.game, game[held])
        chosen, chosen_held = pairs[~away], pairs[away]
    seen = jnp.asarray((rows - mean) / spread)
    of_a_roll = round(share * batch) if len(chosen) else 0
    rng = np.random.default_rng([seed, width, code])
    net = _begun(z.shape[1], width, code, rng)
    fitted, steps = np.flatnonzero(~held), max(1, int((~held).sum()) // batch)
    results = _of_results(np.flatnonzero(held), y, int(held.sum()), rng)
    # As many siblings among those watched as among those learned from, if there are.
    some = rng.permutation(chosen_held)[:round(len(results) * share / max(1 - share, 0.01))]
    watched = jnp.asarray(np.concatenate([results, some]).astype(np.int32))

    def epoch(carried: Any, number: int) -> Any:
        order = _order(fitted, y, chosen, of_a_roll, steps, batch,
                       np.random.default_rng([seed, number]))
        return _epoch(carried, order, falling(rate, epochs, steps, number), seen, np.float32(l2),
                      of_a_roll)

    (net, _), losses = best_of(
        (net, _ADAM.init(net[0])), epoch,
        lambda carried: float(_judged(carried[0], watched, seen, len(some))),
        epochs, patience, tell)
    learned, running = (jax.tree.map(np.asarray, part) for part in net)
    params = folded(learned, running, mean, spread)
    others = scores(params, z[rng.choice(fitted, references)])
    # Scores are 0 on average; comparisons do not change.
    middle = np.float32(others.mean())
    params["references"] = {"scores": others - middle}
    params["score"]["bias"] = params["score"]["bias"] - middle
    params["classes"] = calibrated(scores(params, z[held]), y[held])
    report = {"held_loss": min(losses), "epochs": len(losses),
              "held_right": _right(params, rows, results)}
    if len(chosen_held):
        report["siblings_right"] = _right(params, rows, chosen_held)
    return Fitted("pairwise", {"width": width, "code": code, "references": references}, params,
                  report)


def calibrated(score: Floats, y: Ints) -> dict[str, Floats]:
    """Return ``slope`` > 0 and ``above``, falling, that give results the best probabilities.

    Each class counts as seen once more, at the mean score: a class that nobody saw stays possible.

    Args:
        score: float32[N].
        y: classes int64[N].
    """
    at, came = np.append(score, np.full(N_CLASSES, score.mean())), np.append(y, range(N_CLASSES))
    at = at.astype(np.float64)
    scale = at.std() + 1e-6

    def parts(x: npt.NDArray[Any]) -> dict[str, Any]:
        above = x[1] - np.append(0, np.cumsum(np.exp(x[2:])))
        return {"slope": np.exp(x[:1]) / scale, "above": above}

    def loss(x: npt.NDArray[Any]) -> float:
        return -float(of_scores(parts(x), at)[np.arange(len(at)), came].mean())

    reached = (np.bincount(came, minlength=N_CLASSES)[::-1].cumsum()[::-1] / len(came))[1:]
    logits = np.log(reached / (1 - reached))
    begun = np.concatenate([[0.0], logits[:1], np.log(-np.diff(logits))])
    found = parts(minimize(loss, begun, method="BFGS").x)
    return {name: part.astype(np.float32) for name, part in found.items()}


def folded(
    net: Any, running: Any, mean: Floats, spread: Floats
) -> dict[str, dict[str, Floats]]:
    """Return the score as plain layers: scales, running statistics and both orders folded in.

    Args:
        net: ``hidden`` and ``code`` with kernel, bias, gain and shift; ``first`` and ``second``,
            what the last layer makes of the codes of the two positions, u and v.
        running: ``mean`` and ``variance`` of each layer after it was rectified.
        mean: what the tower sees is (z - mean) / spread.
        spread: of the columns.
    """
    found: dict[str, dict[str, Floats]] = {}
    # What comes in is scale * what there is + shift.
    scale = 1 / spread.astype(np.float64)
    shift = -mean * scale
    for name in ("hidden", "code"):
        layer, seen = net[name], running[name]
        kernel = layer["kernel"].astype(np.float64)
        found[name] = {"kernel": (scale[:, None] * kernel).astype(np.float32),
                       "bias": (shift @ kernel + layer["bias"]).astype(np.float32)}
        scale = layer["gain"] / np.sqrt(seen["variance"].astype(np.float64) + _EPSILON)
        shift = layer["shift"] - seen["mean"] * scale
    weights = 0.5 * (net["first"].astype(np.float64) + net["second"])
    found["score"] = {"kernel": (scale * weights).astype(np.float32),
                      "bias": (shift @ weights)[None].astype(np.float32)}
    return found


def tower(
    net: Any, running: Any, z: Array, training: bool
) -> tuple[Array, Any]:
    """Return codes float32[N, E] and running statistics; of the rows themselves in training."""
    after = {}
    for name in ("hidden", "code"):
        layer, seen = net[name], running[name]
        z = jax.nn.relu(z @ layer["kernel"] + layer["bias"])
        mean, variance = (z.mean(0), z.var(0)) if training else (seen["mean"], seen["variance"])
        after[name] = {"mean": _KEEP * seen["mean"] + (1 - _KEEP) * mean,
                       "variance": _KEEP * seen["variance"] + (1 - _KEEP) * variance}
        z = (z - mean) * jax.lax.rsqrt(variance + _EPSILON) * layer["gain"] + layer["shift"]
    return z, after


def comparison_loss(net: Any, codes: Array, siblings: int = 0) -> Array:
    """Return the mean loss of pairs in both orders, in nats.

    Args:
        net: ``first``, ``second``, ``constant`` and ``sharpness`` of the last layer.
        codes: float32[2, B, E], the better one of each pair first.
        siblings: how many pairs, the last ones, are of one roll. Who chooses tells small
            differences apart, which the dice of a game drown: their logits are multiplied by
            exp(sharpness).
    """
    better, worse = codes
    by = jnp.where(jnp.arange(len(better)) < len(better) - siblings, 1.0,
                   jnp.exp(net["sharpness"]))
    one = by * (better @ net["first"] - worse @ net["second"] + net["constant"])
    other = by * (worse @ net["first"] - better @ net["second"] + net["constant"])
    return 0.5 * (jax.nn.softplus(-one) + jax.nn.softplus(other)).mean()


def _check(
    width: int, code: int, share: float, batch: int, epochs: int, references: int
) -> None:
    numbers = {"width": width, "code": code, "batch": batch, "epochs": epochs,
               "references": references}
    for name, number in numbers.items():
        if number < 1:
            raise ConfigError(f"{name} must be at least 1, not {number}")
    if not 0 <= share <= 1:
        raise ConfigError(f"the share of siblings must be 0 to 1, not {share}")


def _begun(columns: int, width: int, code: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return parameters and running statistics to begin with."""
    def layer(before: int, units: int) -> dict[str, Array]:
        kernel = rng.normal(0, np.sqrt(2 / before), (before, units)).astype(np.float32)
        return {"kernel": jnp.asarray(kernel), "bias": jnp.zeros(units), "gain": jnp.ones(units),
                "shift": jnp.zeros(units)}

    last = rng.normal(0, np.sqrt(1 / code), (2, code)).astype(np.float32)
    net = {"hidden": layer(columns, width), "code": layer(width, code),
           "first": jnp.asarray(last[0]), "second": jnp.asarray(last[1]),
           "constant": jnp.zeros(()), "sharpness": jnp.zeros(())}
    return net, {name: {"mean": jnp.zeros(units), "variance": jnp.ones(units)}
                 for name, units in (("hidden", width), ("code", code))}


def _of_results(
    rows: Ints, y: Ints, count: int, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Return pairs int32[count, 2] of rows, drawn at random; the first one's result is better.

    Raises:
        ConfigError: all results are alike.
    """
    if len(rows) == 0 or (y[rows] == y[rows[0]]).all():
        raise ConfigError("results are all alike, so that no two positions can be compared by them")
    found, so_far = [np.zeros((0, 2), np.int64)], 0
    while so_far < count:
        pairs = rng.choice(rows, (2 * count + 100, 2))
        pairs = pairs[y[pairs[:, 0]] != y[pairs[:, 1]]]
        found.append(np.where((y[pairs[:, 0]] > y[pairs[:, 1]])[:, None], pairs, pairs[:, ::-1]))
        so_far += len(pairs)
    return np.concatenate(found)[:count].astype(np.int32)


def _order(
    rows: Ints, y: Ints, chosen: Ints, siblings: int, steps: int, batch: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.int32]:
    """Return the pairs of an epoch, int32[steps, batch, 2], better ones first, siblings last."""
    by_result = _of_results(rows, y, steps * (batch - siblings), rng)
    of_a_roll = chosen[rng.permutation(np.resize(np.arange(len(chosen)), steps * siblings))]
    return np.concatenate([by_result.reshape(steps, -1, 2), of_a_roll.reshape(steps, -1, 2)],
                          axis=1).astype(np.int32)


@partial(jax.jit, static_argnames="siblings")
def _epoch(
    carried: Any, order: Array, rates: Array, z: Array, l2: Array, siblings: int
) -> Any:
    """Return net and state of Adam after the batches of ``order``, each at its rate."""
    def whole(net: Any, running: Any, pairs: Array) -> tuple[Array, Any]:
        codes, after = tower(net, running, z[pairs.T.reshape(-1)], True)
        weights = sum((net[name]["kernel"] ** 2).sum() for name in ("hidden", "code"))
        loss = comparison_loss(net, codes.reshape(2, len(pairs), -1), siblings)
        return loss + 0.5 * l2 * weights, after

    def step(carried: Any, given: tuple[Array, Array]) -> tuple[Any, None]:
        (net, running), state = carried
        pairs, rate = given
        slope, running = jax.grad(whole, has_aux=True)(net, running, pairs)
        change, state = _ADAM.update(slope, state)
        net = jax.tree.map(lambda p, c: p - rate * c, net, change)
        return ((net, running), state), None

    return jax.lax.scan(step, carried, (order, rates))[0]


@partial(jax.jit, static_argnames="siblings")
def _judged(net: Any, pairs: Array, z: Array, siblings: int) -> Array:
    """Return the mean loss of pairs int32[count, 2], by running statistics."""
    codes, _ = tower(net[0], net[1], z[pairs.T.reshape(-1)], False)
    return comparison_loss(net[0], codes.reshape(2, len(pairs), -1), siblings)


def _right(params: Any, rows: Floats, pairs: npt.NDArray[Any]) -> float:
    """Return how often the better one of pairs has the higher score; a tie counts half."""
    better, worse = scores(params, rows[pairs[:, 0]]), scores(params, rows[pairs[:, 1]])
    return float(((better > worse) + 0.5 * (better == worse)).mean())
