"""Learning ``agent.race``'s net from races of one side, played alone, in jax.

Races begin where self-play of a small net breaks contact, and anywhere. Of every position
met, all plays of all 21 rolls are looked at and the best after-positions kept; what the net says of
these, one roll added and weighted by the chance of the roll, is what it shall say of the position.
So no target has the noise of dice, and the bear-off tables, which end every race, are what all is
derived from. Positions are met anew, and plays chosen anew, a few times while the net gets better.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from jax import lax

from agent import race
from agent.endgame import tables_on_device
from agent.race_positions import (
    Met,
    Sides,
    at_home,
    look_at,
    mean_rolls,
    meet,
    race_starts,
    unpacked,
)
from engine.bearoff import Bearoff
from engine.board import CHECKERS
from engine.dice import ROLL_WEIGHTS, ROLLS

Array = jax.Array

# Positions whose targets are made together, how often each is then learned from, and for how many
# at a time targets are computed, so that all stays in a processor's cache.
_BLOCK = 8192
_OFTEN = 16
_FEW = 32
# The averaged net keeps so much of itself at every step.
_AVERAGE = 0.995


@dataclass(frozen=True)
class RaceConfig:
    """Settings: all that, with the code and the player's net, determines the result.

    ``games`` of ``player`` give the starts. A round is (positions met, how often all of them are
    gone through); ``alpha`` falls to ``alpha_end`` by a constant factor over all rounds.
    """

    player: str = "td-gammon"
    games: int = 8192
    rounds: tuple[tuple[int, int], ...] = (
        (8_192, 3), (8_192, 3), (16_384, 3), (16_384, 3), (49_152, 4),
    )
    hidden: tuple[int, ...] = race.HIDDEN
    batch: int = 1024
    alpha: float = 0.002
    alpha_end: float = 0.00002
    seed: int = 1


def learn(
    config: RaceConfig, tell: Callable[[dict[str, float]], None] = lambda _: None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a net, NumPy arrays, and how it was made: plain values.

    Args:
        config: the settings.
        tell: called with the figures of every pass through the positions.
    """
    began = time.monotonic()
    rng = np.random.default_rng(config.seed)
    tables = tables_on_device()
    starts = race_starts(config.player, config.games, rng)
    net = first_net(config.hidden, rng)
    passes = sum(times * _blocks(count) for count, times in config.rounds)
    steps = passes * _OFTEN * (_BLOCK // config.batch)
    rate = optax.exponential_decay(config.alpha, steps, config.alpha_end / config.alpha)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
    improve = jax.jit(partial(improve_net, optimizer, config.batch))
    state = net, optimizer.init(net), net
    for count, times in config.rounds:
        met = meet(state[2], tables, starts, _blocks(count) * _BLOCK, rng)
        tell({"met": len(met.points), "seconds": time.monotonic() - began})
        for _ in range(times):
            order = rng.permutation(len(met.points)).reshape(-1, _BLOCK)
            found = []
            for some in order:
                seed = int(rng.integers(2**31))
                state, figures = improve(state, tables, _chosen(met, some), seed)
                found.append(figures)
            mean = jax.tree.map(lambda *x: float(np.mean(x)), *found)
            tell({**mean, "seconds": time.monotonic() - began})
    facts = {"config": asdict(config), "starts": len(starts), "seconds": time.monotonic() - began}
    return jax.tree.map(np.asarray, state[2]), facts


def _blocks(count: int) -> int:
    return -(-count // _BLOCK)


def _chosen(met: Met, some: npt.NDArray[np.int64]) -> Met:
    words = met.words.reshape(2, 3, -1, len(ROLLS))[:, :, some]
    return Met(met.points[some], words.reshape(2, 3, -1))


def first_net(hidden: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Return random parameters; the heads begin with the first guess and a plain bell."""
    widths = (race.INPUTS, *hidden)
    net = {}
    for i, (before, after) in enumerate(zip(widths, hidden, strict=False)):
        kernel = rng.normal(size=(before, after)) * np.sqrt(2 / before)
        net[f"hidden{i}"] = _layer(kernel)
    net["heads"] = _layer(np.zeros((hidden[-1], 2 * (1 + race.WAVES))))
    return net


def _layer(kernel: npt.NDArray[np.float64]) -> dict[str, Array]:
    return {
        "kernel": jnp.asarray(kernel, jnp.float32),
        "bias": jnp.zeros(kernel.shape[1], jnp.float32),
    }


def errors(
    net: Any, tables: Bearoff, sides: Sides, paths: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return how far off the net's means are for sides int8[S, 24], float64[2, S], in rolls.

    What the net says is compared with what its own plays need, to bear off all and the first. On
    the way of a race what it says before a roll and the mean of what it says after all 21 differ a
    little; the sum of these steps, up to the exact tables, is the error but for the luck of the
    ways, of which ``paths`` are gone from each side.
    """
    look = jax.jit(partial(look_at, net, tables))
    known = tables.still_on.sum(-1), tables.none_off.sum(-1)
    means = jax.jit(partial(mean_rolls, net, known))
    found = np.zeros((2, len(sides)))
    for kind in range(2):
        lanes = np.repeat(sides, paths, 0)
        while not (home := at_home(lanes)).all():
            words = np.asarray(look(lanes))[kind]
            after = np.asarray(means(unpacked(words))[kind], np.float64)
            after = 1 + after.reshape(-1, len(ROLLS)) @ ROLL_WEIGHTS
            step = np.where(home, 0, np.asarray(means(lanes)[kind], np.float64) - after)
            found[kind] += step.reshape(-1, paths).mean(-1)
            thrown = rng.choice(len(ROLLS), size=len(lanes), p=ROLL_WEIGHTS)
            own = words.reshape(3, -1, len(ROLLS))[:, np.arange(len(lanes)), thrown]
            lanes = np.where(home[:, None], lanes, unpacked(own))
    return found


def targets(net: Any, tables: Bearoff, words: Array) -> race.Rolls:
    """Return the chances float32[P, 65] that the best after-positions uint32[2, 3, P * 21] give."""
    knowledge = race.Knowledge(net, tables, None)
    weights = jnp.asarray(ROLL_WEIGHTS, jnp.float32)

    def before(chances: Array) -> Array:
        of_rolls = chances.reshape(-1, len(ROLLS), race.ROLLS + 1)
        mean = jnp.einsum("r,prn->pn", weights, of_rolls)
        last = mean[:, -2:-1] + mean[:, -1:]
        return jnp.concatenate([jnp.zeros_like(last), mean[:, :-2], last], axis=-1)

    all_off = race.rolls_to_go(knowledge, unpacked(words[0]), jnp).all_off
    first_off = race.rolls_to_go(knowledge, unpacked(words[1]), jnp).first_off
    return race.Rolls(before(all_off), before(first_off))


def losses(net: Any, points: Array, goal: race.Rolls) -> tuple[Array, dict[str, Array]]:
    """Return what is to be made small for positions int8[B, 24], and figures to look at."""
    numbers = jnp.arange(race.ROLLS + 1, dtype=jnp.float32)
    whole = points.sum(-1) == CHECKERS
    kinds = zip(
        ("all", "first"),
        race.shapes(net, points, jnp),
        goal,
        race.soonest(points, jnp),
        (jnp.ones_like(whole), whole),
        strict=True,
    )
    total, figures = jnp.float32(0), {}
    for name, shape, chances, least, counts in kinds:
        off = shape.mean - (chances * numbers).sum(-1)
        logs = race.log_chances(shape, least, jnp)
        wanted = chances[:, 1:]
        excess = (wanted * (jnp.log(wanted + 1e-12) - logs)).sum(-1)
        weight = counts / jnp.maximum(counts.sum(), 1)
        total += ((excess + off * off) * weight).sum()
        figures[f"mean_{name}"] = jnp.sqrt((off * off * weight).sum())
        figures[f"excess_{name}"] = (excess * weight).sum()
    return total, figures


def improve_net(
    optimizer: Any, batch: int, state: Any, tables: Bearoff, met: Met, seed: Any
) -> tuple[Any, dict[str, Array]]:
    """Learn from a block of positions, each ``_OFTEN`` times.

    Args:
        optimizer: of optax.
        batch: positions a step.
        state: the net, the optimizer's state, and the net averaged over the last steps, which
            makes the targets and is the result.
        tables: jax arrays.
        met: the block.
        seed: of the order.
    """
    points = jnp.asarray(met.points)
    size = points.shape[0]
    words = jnp.moveaxis(met.words.reshape(2, 3, -1, _FEW * len(ROLLS)), 2, 0)
    goal = lax.map(partial(targets, state[2], tables), words)
    goal = jax.tree.map(lambda x: x.reshape(size, -1), goal)
    keys = jax.random.split(jax.random.key(seed), _OFTEN)
    order = jax.vmap(lambda key: jax.random.permutation(key, size))(keys).reshape(-1, batch)

    def step(state: Any, some: Array) -> tuple[Any, dict[str, Array]]:
        net, memory, average = state
        part = jax.tree.map(lambda x: x[some], (points, goal))
        slope, figures = jax.grad(losses, has_aux=True)(net, *part)
        updates, memory = optimizer.update(slope, memory, net)
        net = optax.apply_updates(net, updates)
        average = jax.tree.map(lambda a, b: _AVERAGE * a + (1 - _AVERAGE) * b, average, net)
        return (net, memory, average), figures

    state, figures = jax.lax.scan(step, state, order)
    return state, jax.tree.map(lambda x: x[: size // batch].mean(), figures)
