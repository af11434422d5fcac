"""Learning from targets without the luck of the dice: what a trained net is refined by.

TD(lambda) tells a position what the one roll that fell led to, so its errors are mostly luck. Here
every TD error is freed of it. Let r be the roll, V what a position is worth to the player who
rolls, and b(r) what the play is worth that a small quick net would make of r. Then ::

    delta_t = V(after r) + mean over all 21 rolls of b - b(r) - V_t
    G_t     = V_t + delta_t + lambda delta_{t+1} + lambda^2 delta_{t+2} + ...

The mean of ``b - b(r)`` over the rolls is zero, so the target is that of TD(lambda) on the average;
but what it adds is nearly the luck of r with the other sign, so the target hardly scatters, and
lambda can be large. Such control variates are how rollouts have their luck taken out (Zinkevich et
al., "Optimal unbiased estimators for evaluating agent performance", AAAI 2006; GNU Backgammon calls
it variance reduction).

Since a position is costly here, it is learned from more than once: positions and targets stay in a
store, from which batches are drawn for Adam. The running mean of the parameters plays and
judges.

Races are worth what ``agent.race`` says. Of those few are played out, so that the net, which is
also given to others alone, does not forget them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from agent import outcome
from agent.endgame import exact_in_bearoff
from agent.exploring import noise
from agent.greedy import Score, best_afterstates, by_equity, chooser
from agent.pruning import Pruning, best_of_likely
from agent.race import Knowledge
from engine import packed
from engine.afterstates import Chunk, default_chunk
from engine.board import start
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.race import is_race

Array = jax.Array
# From parameters to (words uint32[8, C] -> outcomes float32[5, C]).
Chooser = Callable[[Any], Callable[[Array], Array]]

_DOUBLE = ROLLS[:, 0] == ROLLS[:, 1]
_OPENING_WEIGHTS = np.where(_DOUBLE, 0, 1 / 15).astype(np.float32)
# A difference of outcomes seen by the other player.
_TURN_ORDER = np.array([0, 3, 4, 1, 2])
_TURN_SIGN = np.array([-1, 1, 1, 1, 1], np.float32)
# After-positions scored at a time; more no longer fit a processor's cache.
_CHUNK = 2048


class Store(NamedTuple):
    """Positions and what they shall be worth.

    ``words`` uint32[8, N], packed; ``targets`` float32[5, N] for the player on roll; ``size``
    int32[], how many are there; ``next`` int32[], where the next ones go.
    """

    words: Array
    targets: Array
    size: Array
    next: Array


class Refined(NamedTuple):
    """All that changes.

    ``params`` and their running mean ``average``; ``optimizer``: the state of Adam; ``boards``
    int8[B, 2, 25]: the games that are on, the player on roll first; ``store``; ``key``.
    """

    params: Any
    average: Any
    optimizer: Any
    boards: Array
    store: Store
    key: Array


class Tally(NamedTuple):
    """Sums of one round: float32[] each.

    ``games`` that ended or became races and were left, and the chance of a ``gammons`` in them;
    ``positions`` that got a target, and ``loss``, how far the judge was from it: the squares summed
    over outcomes.
    """

    games: Array
    gammons: Array
    positions: Array
    loss: Array


@dataclass(frozen=True)
class Rules:
    """How a round goes: see ``agent.refiner.RefineConfig``."""

    plies: int
    lam: float
    explore: float
    explore_within: float
    races: float
    sample: int
    reuse: int
    keep: float
    equity_weight: float


class _Record(NamedTuple):
    # ``ended``: the game is not gone on with. ``cut``: nor does the next position follow from
    # this one by the judge's own play.
    words: Array
    value: Array
    target: Array
    cut: Array
    ended: Array


def turned(difference: Array) -> Array:
    """Return a difference of outcomes float[..., 5] seen by the other player."""
    return difference[..., _TURN_ORDER] * _TURN_SIGN


def corrected(value: Array, target: Array, cut: Array, lam: float) -> Array:
    """Return the lambda-returns float[T, B, 5] of T plies of B games.

    Args:
        value: float[T, B, 5], what the judge says of position t, for the player on roll.
        target: float[T, B, 5], what it is worth after one ply, luck taken out.
        cut: bool[T, B], position t + 1 does not follow from t by the judge's own play.
        lam: 0..1.

    Each position is seen by the player on roll, so a correction is turned at every ply.
    """

    def back(following: Array, ply: tuple[Array, Array]) -> tuple[Array, Array]:
        delta, cut_t = ply
        g = delta + jnp.where(cut_t[:, None], 0, lam * turned(following))
        return g, g

    _, g = lax.scan(back, jnp.zeros_like(value[0]), (target - value, cut), reverse=True)
    return value + g


def _worth(judge: Callable[[Array], Array], boards: Array) -> Array:
    """Return outcomes float32[N, 5] of int8[N, 2, 25], exact where the game is over."""
    found = judge(packed.pack(boards)).T
    return jnp.where(outcome.is_over(boards)[:, None], outcome.terminal(boards), found)


def _tempted(score: Score, first: int, salt: Array, within: float) -> Score:
    """Add up to ``within`` points of noise to the after-positions of rolls ``first`` and later."""

    def tempted(c: Chunk, key: Any) -> Array:
        more = np.float32(within) * noise(c.words, salt)
        return score(c, key) + jnp.where(c.owner >= first, more, 0)

    return tempted


def _ply(
    rules: Rules,
    judge: Callable[[Array], Array],
    look: Score,
    pruning: Pruning,
    boards: Array,
    key: Array,
) -> tuple[Array, _Record]:
    """Make one ply in every game int8[B, 2, 25]; return those that follow, and what was found."""
    batch = boards.shape[0]
    roll_key, try_key, salt_key, race_key = jax.random.split(key, 4)
    opening = (boards == jnp.asarray(start())).all((1, 2))
    weights = jnp.where(opening[:, None], _OPENING_WEIGHTS, ROLL_WEIGHTS.astype(np.float32))
    rolls = jnp.asarray(ROLLS)
    fell = jax.random.categorical(roll_key, jnp.log(weights))

    each = jnp.repeat(boards, len(ROLLS), axis=0)
    chunk = min(_CHUNK, default_chunk(batch))
    quickly = best_afterstates(
        each, jnp.tile(rolls, (batch, 1)), pruning.score, chunk=chunk).boards
    # The best play and the one with noise are looked for together: it compiles in half the time.
    tempted = _tempted(look, batch, jax.random.bits(salt_key), rules.explore_within)
    both = best_of_likely(
        jnp.concatenate([boards, boards]), jnp.tile(rolls[fell], (2, 1)), tempted, pruning).boards
    best, other = both[:batch], both[batch:]
    worth = _worth(judge, jnp.concatenate([boards, best, quickly]))
    value, after = worth[:batch], outcome.flip(worth[batch : 2 * batch])
    baseline = outcome.flip(worth[2 * batch :]).reshape(batch, len(ROLLS), -1)
    luck = baseline[jnp.arange(batch), fell] - jnp.einsum("brk,br->bk", baseline, weights)
    race = is_race(boards)
    target = jnp.where(race[:, None], value, after - luck)

    astray = jax.random.uniform(try_key, (batch,)) < rules.explore
    made = jnp.where(astray[:, None, None], other, best)
    left = jax.random.uniform(race_key, (batch,)) >= rules.races
    ended = outcome.is_over(made) | (is_race(made) & ~race & left)
    cut = ended | (made != best).any((1, 2))
    following = jnp.where(ended[:, None, None], jnp.asarray(start()), made)
    return following, _Record(packed.pack(boards), value, target, cut, ended)


def _stored(store: Store, words: Array, targets: Array) -> Store:
    """Return the store with uint32[8, M], float32[5, M] in place of the oldest."""
    count, room = words.shape[1], store.words.shape[1]
    at = (store.next + jnp.arange(count)) % room
    return Store(
        store.words.at[:, at].set(words),
        store.targets.at[:, at].set(targets),
        jnp.minimum(store.size + count, room),
        (store.next + count) % room,
    )


def loss(values: Array, targets: Array, equity_weight: float) -> Array:
    """Return the squared error of outcomes float32[5, N], and of the equity they make, a mean."""
    off = values - targets
    equity = jnp.tensordot(outcome.EQUITY_WEIGHTS, off, axes=1)
    return jnp.mean(jnp.sum(off**2, axis=0) + equity_weight * equity**2)


def _collected(
    rules: Rules, judge: Callable[[Array], Array], look: Score, pruning: Pruning, refined: Refined
) -> tuple[Refined, Tally]:
    """Play some plies of every game and store the positions met and what they shall be worth."""
    key, now = jax.random.split(refined.key)
    boards, record = lax.scan(
        lambda boards, k: _ply(rules, judge, look, pruning, boards, k),
        refined.boards, jax.random.split(now, rules.plies))
    targets = corrected(record.value, record.target, record.cut, rules.lam)
    words = jnp.moveaxis(record.words, 1, 0).reshape(packed.WORDS, -1)
    store = _stored(refined.store, words, targets.reshape(-1, outcome.N_OUTCOMES).T)
    gammons = record.target[..., outcome.WIN_GAMMON] + record.target[..., outcome.LOSE_GAMMON]
    tally = Tally(
        games=jnp.sum(record.ended.astype(jnp.float32)),
        gammons=jnp.sum(jnp.where(record.ended, gammons, 0)),
        positions=jnp.float32(words.shape[1]),
        loss=jnp.sum((targets - record.value) ** 2),
    )
    return refined._replace(boards=boards, store=store, key=key), tally


def _improved(
    rules: Rules,
    net: Chooser,
    optimizer: optax.GradientTransformation,
    refined: Refined,
    alpha: Array,
) -> Refined:
    """Learn from positions drawn from the store, as many as ``rules.reuse`` asks for."""
    key, now = jax.random.split(refined.key)
    store = refined.store

    def step(state: Any, k: Array) -> tuple[Any, None]:
        params, average, memory = state
        some = jax.random.randint(k, (rules.sample,), 0, store.size)
        words, targets = packed.take(store.words, some), store.targets[:, some]
        slope = jax.grad(lambda p: loss(net(p)(words), targets, rules.equity_weight))(params)
        updates, memory = optimizer.update(slope, memory, params)
        params = jax.tree.map(lambda p, u: p - alpha * u, params, updates)
        average = jax.tree.map(lambda a, p: rules.keep * a + (1 - rules.keep) * p, average, params)
        return (params, average, memory), None

    steps = max(1, rules.reuse * rules.plies * refined.boards.shape[0] // rules.sample)
    state = refined.params, refined.average, refined.optimizer
    params, average, memory = lax.scan(step, state, jax.random.split(now, steps))[0]
    return refined._replace(params=params, average=average, optimizer=memory, key=key)


def make_round(
    rules: Rules,
    net: str,
    settings: Any,
    features: str,
    precision: str,
    optimizer: optax.GradientTransformation,
    pruning: Pruning,
) -> Callable[..., Any]:
    """Return the jitted ``round(refined, knowledge, alpha) -> (refined, tally)``.

    Args:
        rules: how a round goes.
        net, settings, features: what is refined.
        precision: in which the plays of the one roll are compared.
        optimizer: without its step size.
        pruning: the quick net: alone it makes the plays of the baselines, and it spares the large
            one most plays of the one roll.

    ``knowledge``: of races, jax arrays. ``refined`` is donated.
    """
    exactly = chooser(net, settings, features)
    roughly = chooser(net, settings, features, precision)

    def one(refined: Refined, knowledge: Knowledge, alpha: Array) -> tuple[Refined, Tally]:
        judge = exact_in_bearoff(exactly(refined.average), knowledge)
        look = by_equity(exact_in_bearoff(roughly(refined.average), knowledge))
        refined, tally = _collected(rules, judge, look, pruning, refined)
        return _improved(rules, exactly, optimizer, refined, alpha), tally

    return jax.jit(one, donate_argnums=0)
