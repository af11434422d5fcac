"""Self-play that learns: a batch of games in lock-step, wholly on the device.

Both sides play the after-position with the highest cubeless equity of the same net. Finished games
are replaced at once, so the batch is always full. Between two changes of the parameters every game
makes ``plies`` plies; see ``agent.td`` for why that changes nothing in the sum of the errors.

Games may be spread over several devices (``agent.learner``). Every device draws the dice of all
games and uses those of its own, so that the dice do not depend on how many devices there are.

Point of view: the net speaks for the player on roll. Traces and TD errors of a game speak for the
player who made its first roll (side 0), so that they never have to be turned.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh

from agent import exploring, outcome, td
from agent.greedy import by_equity
from agent.learner import Learner, Rates, Tally, moved, repeated, summed
from agent.pruning import Pruning, best_found
from engine import packed
from engine.bearoff import Bearoff, covers
from engine.board import start

Array = jax.Array
Evaluate = Callable[[Any, Array], Array]
# From parameters to (words uint32[8, C] -> outcomes float32[5, C]).
Chooser = Callable[[Any], Callable[[Array], Array]]

_NOT_DOUBLES = np.array([(a, b) for a in range(1, 7) for b in range(1, 7) if a != b], np.int8)


class Games(NamedTuple):
    """A batch of running games.

    ``boards`` int8[B, 2, 25], the player on roll first; ``side`` int32[B] 0 or 1, who that is;
    ``ply`` int32[B] plays made so far.
    """

    boards: Array
    side: Array
    ply: Array


def new_games(batch: int) -> Games:
    """Return ``batch`` games at the starting position."""
    boards = jnp.broadcast_to(jnp.asarray(start()), (batch, 2, 25))
    # Two arrays, not one twice: a buffer can be donated only once.
    return Games(boards, jnp.zeros((batch,), jnp.int32), jnp.zeros((batch,), jnp.int32))


def roll(key: Array, opening: Array, axis: str | None = None) -> Array:
    """Return dice int8[B, 2]; never a double where ``opening`` bool[B]. Consumes the key.

    Under an ``axis`` of devices B counts this device's games, and the key is that of all.
    """
    any_key, opening_key = jax.random.split(key)
    mine = opening.shape[0]

    def dice_of(shape: tuple[int, ...]) -> Array:
        return jax.random.randint(any_key, (*shape, 2), 1, 7, jnp.int32).astype(jnp.int8)

    def pick_of(shape: tuple[int, ...]) -> Array:
        return jax.random.randint(opening_key, shape, 0, len(_NOT_DOUBLES), jnp.int32)

    dice, pick = drawn(dice_of, mine, axis), drawn(pick_of, mine, axis)
    return jnp.where(opening[:, None], jnp.asarray(_NOT_DOUBLES)[pick], dice)


def drawn(draw: Callable[[tuple[int, ...]], Array], mine: int, axis: str | None) -> Array:
    """Return what ``draw`` draws for the ``mine`` games of this device.

    Args:
        draw: from the shape of all games, ``(n,)``, to an array with that leading axis; the same on
            every device, so that what is drawn does not depend on how many there are.
        mine: games of this device.
        axis: of the devices; ``None`` for one.
    """
    if axis is None:
        return draw((mine,))
    every = draw((mine * jax.lax.axis_size(axis),))
    return jax.lax.dynamic_slice_in_dim(every, jax.lax.axis_index(axis) * mine, mine)


def seen_by_first(value: Array, side: Array) -> Array:
    """Turn outcomes float[..., 5] of the player on roll to those of side 0."""
    return jnp.where((side == 0)[..., None], value, outcome.flip(value))


class _Ply(NamedTuple):
    # ``over``: the next position belongs to another game, or is none that the net chose.
    boards: Array
    side: Array
    delta: Array
    over: Array


def _play_ply(
    evaluate: Callable[[Array], Array],
    choose: Callable[[Array], Array],
    games: Games,
    value: Array,
    key: Array,
    axis: str | None = None,
    tables: Bearoff | None = None,
    pruning: Pruning | None = None,
    explore: float = 0.0,
) -> tuple[Games, Array, _Ply, Tally]:
    """Make one ply in every game; ``value`` float32[B, 5] is the net's for its positions."""
    dice = roll(key, games.ply == 0, axis)
    best = best_found(games.boards, dice, by_equity(choose), pruning)
    over = outcome.is_over(best.boards)
    lost = outcome.terminal(best.boards)
    best_value = jnp.where(over[:, None], lost, evaluate(best.boards))
    target = best_value if tables is None else known_or(best.boards, best_value, tables)
    delta = seen_by_first(target, 1 - games.side) - seen_by_first(value, games.side)
    made, cut = best.boards, over
    if explore:
        astray, made = _strayed(games, best.boards, dice, key, axis, explore)
        best_value = jnp.where(astray[:, None], evaluate(made), best_value)
        over = outcome.is_over(made)
        # What a random play leads to is no news of the positions before it.
        cut = over | astray
    tally = tally_of(games, made)._replace(loss=jnp.sum(delta**2))
    first_value = evaluate(new_games(1).boards)
    next_value = jnp.where(over[:, None], first_value, best_value)
    ply = _Ply(games.boards, games.side, delta, cut)
    return following(games, made, over), next_value, ply, tally


def _strayed(
    games: Games, best: Array, dice: Array, key: Array, axis: str | None, explore: float
) -> tuple[Array, Array]:
    """Return which games make a random play bool[B], and what all plays lead to int8[B, 2, 25]."""
    # The key itself has been used for the dice.
    when_key, which_key = jax.random.split(jax.random.fold_in(key, 1))
    mine = len(best)
    rates = drawn(lambda shape: jnp.asarray(exploring.rates(shape[0], explore)), mine, axis)
    astray = drawn(lambda shape: jax.random.uniform(when_key, shape), mine, axis) < rates
    others = exploring.random_plays(which_key, games.boards, dice)
    return astray, jnp.where(astray[:, None, None], others, best)


def tally_of(games: Games, best: Array) -> Tally:
    """Return the sums of one ply of games that led to int8[B, 2, 25]; without the loss."""
    over, lost = outcome.is_over(best), outcome.terminal(best)
    ended = over.astype(jnp.float32)
    return Tally(
        games=jnp.sum(ended),
        plies=jnp.float32(over.shape[0]),
        finished_plies=jnp.sum(ended * (games.ply + 1)),
        loss=jnp.float32(0),
        gammons=jnp.sum(ended * lost[:, outcome.LOSE_GAMMON]),
        backgammons=jnp.sum(ended * lost[:, outcome.LOSE_BACKGAMMON]),
    )


def following(games: Games, best: Array, over: Array) -> Games:
    """Return the games after a ply that led to int8[B, 2, 25]; new ones where they are over."""
    fresh = new_games(over.shape[0])
    return Games(
        jnp.where(over[:, None, None], fresh.boards, best),
        jnp.where(over, 0, 1 - games.side),
        jnp.where(over, 0, games.ply + 1),
    )


def known_or(boards: Array, value: Array, tables: Bearoff) -> Array:
    """Return outcomes float32[B, 5]: the tables' where they speak, else ``value``."""
    return jnp.where(covers(boards)[:, None], tables.outcomes(boards, jnp), value)


def _by_rows(evaluate: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda words: evaluate(packed.unpack(words)).T


def learn_segment(
    evaluate: Evaluate,
    optimizer: optax.GradientTransformation,
    plies: int,
    learner: Learner,
    rates: Rates,
    choose: Chooser | None = None,
    axis: str | None = None,
    tables: Bearoff | None = None,
    pruning: Pruning | None = None,
    explore: float = 0.0,
) -> tuple[Learner, Tally]:
    """Play ``plies`` plies of every game, then move the parameters once.

    Args:
        evaluate: ``evaluate(params, boards int8[N, 2, 25]) -> float32[N, 5]``; what is learned.
        optimizer: turns the sum over games and plies of ``delta e`` into a direction to move in;
            ``optax.identity()`` is TD(lambda) as published.
        plies: T, the length of the segment.
        learner: the state before; its key is consumed and replaced.
        rates: alpha multiplies the direction.
        choose: the same function in the form, and perhaps of less precision, in which it chooses
            plays; by default ``evaluate`` itself. Values and errors are always those of
            ``evaluate``.
        axis: name of the axis of devices that share the games; ``None`` for one device.
        tables: jax arrays; where they speak of the next position, it is worth what they say, not
            what the net does. ``None``: the net teaches itself to the end.
        pruning: a quick look that spares ``choose`` most after-positions; ``None``: all are seen.
        explore: the largest share of random plays in a game; see ``agent.exploring``.
    """
    params = learner.params
    now = partial(evaluate, params)
    chooser = _by_rows(now) if choose is None else choose(params)

    def ply(state: tuple[Games, Array], key: Array) -> tuple[tuple[Games, Array], Any]:
        games, value, record, tally = _play_ply(
            now, chooser, *state, key, axis, tables, pruning, explore)
        return (games, value), (record, tally)

    key, keys_key = jax.random.split(learner.key)
    carry = (learner.games, now(learner.games.boards))
    (games, _), (record, tallies) = jax.lax.scan(ply, carry, jax.random.split(keys_key, plies))

    def value(p: Any, observation: tuple[Array, Array]) -> Array:
        boards, side = observation
        return seen_by_first(evaluate(p, boards[None])[0], side)

    segment = td.Segment((record.boards, record.side), record.delta, record.over)
    step = td.direction(value, params, learner.traces, segment, rates.lam)
    traces = learner.traces
    if traces is not None:
        traces = td.carry_traces(value, params, traces, segment, rates.lam)
    tally = jax.tree.map(lambda x: jnp.sum(x, axis=0), tallies)
    learner = learner._replace(traces=traces, games=games, key=key)
    return moved(learner, step, optimizer, rates, axis), summed(tally, axis)


def make_learn(
    evaluate: Evaluate,
    optimizer: optax.GradientTransformation,
    plies: int,
    segments: int,
    mesh: Mesh | None = None,
    choose: Chooser | None = None,
    pruning: Pruning | None = None,
    explore: float = 0.0,
) -> Callable[..., Any]:
    """Return the jitted ``learn(learner, rates, tables) -> (learner, tally)`` of many segments.

    Args:
        evaluate, optimizer, plies, choose, pruning, explore: see :func:`learn_segment`; so are
            ``tables``.
        segments: how many.
        mesh: the devices that share the games, its one axis named ``AXIS``; ``None`` for one
            device. The result is that of one device up to the order of sums.

    The learner is donated: the old one must not be used again.
    """

    def one(
        learner: Learner, rates: Rates, tables: Bearoff | None, axis: str | None
    ) -> tuple[Learner, Tally]:
        return learn_segment(
            evaluate, optimizer, plies, learner, rates, choose, axis, tables, pruning, explore
        )

    return repeated(one, segments, mesh)
