"""Races of one side, played alone: where they begin, what is met, and every roll's best plays."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from agent import contact_play, race
from agent.greedy import Leaders, lead, nobody
from engine import packed
from engine.afterstates import Chunk, fold_afterstates, random_afterstates
from engine.bearoff import Bearoff
from engine.bearoff_build import HOME
from engine.bearoff_build import index as home_index
from engine.board import CHECKERS, has_contact
from engine.dice import ROLL_WEIGHTS, ROLLS

Array = jax.Array
Sides = npt.NDArray[np.int8]

# Races at a time.
_LANES = 128


class Met(NamedTuple):
    """P positions and the best after-position of each roll.

    ``points`` int8[P, 24]; ``words`` uint32[2, 3, P * 21], played to bear off all, and the first.
    """

    points: Any
    words: Any


def race_starts(player: str, games: int, rng: np.random.Generator) -> Sides:
    """Return sides int8[S, 24] of positions in which self-play has just broken contact."""
    found: list[Sides] = []
    ended = 0
    for boards in contact_play.plies(player, rng):
        free = ~has_contact(boards)
        left = (boards.sum(-1) > 0).all(-1)
        found.extend(boards[free & left][..., :24].reshape(-1, 24))
        ended += int(free.sum())
        if ended >= games:
            break
    sides = np.array(found)
    return sides[~at_home(sides)]


def random_sides(count: int, rng: np.random.Generator) -> Sides:
    """Return sides int8[count, 24] of 1 to 15 checkers on a few points, not all at home."""
    sides = np.zeros((count, 24), np.int8)
    while (wrong := np.flatnonzero(at_home(sides))).size:
        n = len(wrong)
        many = np.where(rng.random(n) < 0.6, CHECKERS, rng.integers(1, CHECKERS + 1, n))
        likely = rng.gamma(0.4, size=(n, 24)) * np.exp(
            -rng.uniform(0, 0.3, (n, 1)) * np.arange(24)
        )
        sides[wrong] = rng.multinomial(many, likely / likely.sum(-1, keepdims=True))
    return sides


def at_home(sides: Sides) -> npt.NDArray[np.bool_]:
    return np.asarray((sides[:, HOME:] == 0).all(-1))


def meet(net: Any, tables: Bearoff, starts: Sides, count: int, rng: np.random.Generator) -> Met:
    """Return ``count`` positions, none with all checkers at home, met in races.

    A race goes on with the best play of either kind or, a quarter of the time, with any. One in
    five begins somewhere.
    """
    look = jax.jit(look_at)
    any_play = jax.jit(random_afterstates)
    sides = np.zeros((_LANES, 24), np.int8)
    points, words = [], []
    lanes = np.arange(_LANES)
    for _ in range(-(-count // _LANES)):
        over = np.flatnonzero(at_home(sides))
        drawn = starts[rng.integers(len(starts), size=len(over))]
        anywhere = rng.random(len(over)) < 0.2
        drawn[anywhere] = random_sides(int(anywhere.sum()), rng)
        sides = sides.copy()
        sides[over] = drawn
        best = np.asarray(look(net, tables, sides))
        points.append(sides)
        words.append(best)
        thrown = rng.choice(len(ROLLS), size=_LANES, p=ROLL_WEIGHTS)
        next_of = best.reshape(2, 3, _LANES, len(ROLLS))[:, :, lanes, thrown]
        kind = rng.choice(3, size=_LANES, p=[0.5, 0.25, 0.25])
        key = jax.random.key(int(rng.integers(2**31)))
        after = np.asarray(any_play(key, _alone(sides), ROLLS[thrown]))[:, 1, :24]
        plays = np.stack([*(unpacked(w) for w in next_of), after])
        sides = plays[kind, lanes].astype(np.int8)
    return Met(np.concatenate(points)[:count], np.concatenate(words, axis=-1)[..., : count * 21])


def _alone(sides: Any) -> Any:
    """Return boards int8[P, 2, 25] of one side each, the opponent without checkers."""
    boards = np.zeros((len(sides), 2, 25), np.int8)
    boards[:, 0, :24] = sides
    return boards


def unpacked(words: Any) -> Any:
    """Return sides int8[P, 24] of words uint32[3, P]."""
    shifts = 4 * np.arange(8, dtype=np.uint32)[:, None]
    return ((words[:, None] >> shifts) & np.uint32(15)).reshape(24, -1).T.astype(np.int8)


def look_at(net: Any, tables: Bearoff, sides: Array) -> Array:
    """Return the best after-positions of all rolls, uint32[2, 3, P * 21], for sides int8[P, 24].

    First those of the least mean number of rolls to bear off all, then to bear off the first.
    """
    boards = jnp.zeros((len(sides), 2, 25), jnp.int8).at[:, 0, :24].set(sides)
    boards = jnp.repeat(boards, len(ROLLS), axis=0)
    dice = jnp.tile(jnp.asarray(ROLLS), (len(sides), 1))
    known = tables.still_on.sum(-1), tables.none_off.sum(-1)

    def step(best: tuple[Leaders, Leaders], c: Chunk) -> tuple[Leaders, Leaders]:
        means = mean_rolls(net, known, packed.counts(c.words)[1].T)
        return lead(best[0], c, -means[0]), lead(best[1], c, -means[1])

    init = nobody(boards.shape[0]), nobody(boards.shape[0])
    best = fold_afterstates(boards, dice, init, step)
    return jnp.stack([leaders.words[4:7] for leaders in best])


def mean_rolls(net: Any, known: tuple[Array, Array], points: Array) -> tuple[Array, Array]:
    """Return the mean numbers of rolls float32[C] to bear off all, and the first of 15."""
    said = race.shapes(net, points, jnp)
    home = (points[:, HOME:] == 0).all(-1)
    number = home_index(points, jnp)
    found = [
        jnp.where(home, exact[number], shape.mean)
        for exact, shape in zip(known, said, strict=True)
    ]
    return found[0], jnp.where(points.sum(-1) < CHECKERS, 0, found[1])
