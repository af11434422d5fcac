"""Self-play that learns, of nets that remember the game; see ``agent.selfplay`` for the others.

The net is shown every position of a game once, in turn, and carries a memory from one to the next
(``agent.nets.remembering``). Within a segment of T plies gradients go back through the memory to
the segment's first position, and TD errors are credited back as far: TD(lambda) and backpropagation
through time, both cut at the ends of segments, so that nothing has to be carried but the memory.

Now and then a game's memory is lost (``TrainConfig.forget``), so that the net also learns to judge
a position of which it has not seen what was before, as search and analysis ask it to.

Where the net knows opponents, half of the games are with itself, the rest shared out among them;
in these it plays one side, chosen by the game's place, and learns what both sides' positions are
worth when these two play.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from agent import outcome, td
from agent.greedy import Score, best_afterstates, by_equity
from agent.learner import Learner, Rates, Tally, moved, summed
from agent.nets.numpy_remembering import Remembering
from agent.nets.remembering import Recurrence
from agent.pruning import Pruning, best_of_likely
from agent.selfplay import Games, drawn, following, known_or, roll, seen_by_first, tally_of
from engine.bearoff import Bearoff

Array = jax.Array
# From boards int8[B, 2, 25] to their score; a player that the net plays against.
Rival = Callable[[Array], Score]


class Mind(NamedTuple):
    """What a net keeps of B games.

    ``states``: its memory after the position before the one on the board, leaves float32[B, ...];
    ``fresh`` bool[B]: it has none, the game begins with this position; ``opponent`` int32[B]: which
    of the opponents that it knows, 0 is itself; ``seat`` int32[B]: the side it plays against it.
    """

    states: Any
    fresh: Array
    opponent: Array
    seat: Array


class _Seen(NamedTuple):
    """A ply: what was seen, leaves [T, B, ...], and what came of it."""

    boards: Array
    side: Array
    fresh: Array
    value: Array
    best: Array
    over: Array


def new_mind(spec: Remembering, batch: int) -> Mind:
    """Return the memory of ``batch`` new games of a net."""
    states = jax.tree.map(jnp.asarray, spec.zero_states(batch))
    place = np.arange(batch)
    rivals = len(spec.opponents) - 1
    # Odd places are those of opponents in turn; of these every other pair has the other seat.
    opponent = np.where(place % 2 == 1, 1 + place // 2 % rivals, 0) if rivals > 0 else 0 * place
    seat = place // 2 // max(rivals, 1) % 2
    return Mind(states, jnp.ones((batch,), bool), jnp.asarray(opponent, jnp.int32),
                jnp.asarray(seat, jnp.int32))


def who_is_on_roll(mind: Mind, side: Array) -> Array:
    """Return float32[B]: 1 the net, against another; -1 that one; 0 the net against itself."""
    mine = jnp.where(side == mind.seat, 1.0, -1.0)
    return jnp.where(mind.opponent == 0, 0.0, mine)


def learn_segment(
    recurrence: Recurrence,
    optimizer: optax.GradientTransformation,
    plies: int,
    forget: float,
    learner: Learner,
    rates: Rates,
    tables: Bearoff | None = None,
    axis: str | None = None,
    pruning: Pruning | None = None,
    rivals: Sequence[Rival] = (),
) -> tuple[Learner, Tally]:
    """Play ``plies`` plies of every game, then move the parameters once.

    Args:
        recurrence: the net.
        optimizer: as in ``agent.selfplay.learn_segment``; so are ``tables``, ``axis`` and
            ``pruning``, which cannot be with ``rivals``.
        plies: T, the length of the segment.
        forget: how likely the memory of a game is lost after a ply.
        learner: the state before, whose ``memory`` is a :class:`Mind`.
        rates: alpha multiplies the direction.
        rivals: the opponents that the net knows, but for itself.
    """
    params = learner.params
    candidates = recurrence.candidates(params)
    first: Mind = learner.memory

    def see(p: Any, boards: Array, side: Array, fresh: Array, states: Any) -> tuple[Array, Any]:
        return recurrence.see(p, boards, who_is_on_roll(first, side), first.opponent, fresh, states)

    def ply(carry: tuple[Games, Any, Array], keys: Array) -> tuple[Any, tuple[_Seen, Tally]]:
        games, states, fresh = carry
        dice_key, forget_key, rival_key = jax.random.split(keys, 3)
        value, states = see(params, games.boards, games.side, fresh, states)
        dice = roll(dice_key, games.ply == 0, axis)
        if axis is not None:
            rival_key = jax.random.fold_in(rival_key, jax.lax.axis_index(axis))
        score = _score(candidates, first, games, states, rivals)
        if pruning is None:
            best = best_afterstates(games.boards, dice, score, key=rival_key).boards
        else:
            best = best_of_likely(games.boards, dice, score, pruning).boards
        over = outcome.is_over(best)
        lost = drawn(lambda shape: jax.random.bernoulli(forget_key, forget, shape), over.shape[0],
                     axis)
        seen = _Seen(games.boards, games.side, fresh, value, best, over)
        return (following(games, best, over), states, over | lost), (seen, tally_of(games, best))

    key, keys_key = jax.random.split(learner.key)
    carry = learner.games, first.states, first.fresh
    carry, (seen, tallies) = jax.lax.scan(ply, carry, jax.random.split(keys_key, plies))
    games, states, fresh = carry
    last, _ = see(params, games.boards, games.side, fresh, states)
    delta = _errors(seen, last, tables)
    credited = td.credited_errors(delta, seen.over, rates.lam)

    def credited_value(p: Any) -> Array:
        def one(states: Any, at: _Seen) -> tuple[Any, Array]:
            value, states = see(p, at.boards, at.side, at.fresh, states)
            return states, seen_by_first(value, at.side)

        return jnp.sum(jax.lax.scan(one, first.states, seen)[1] * credited)

    step = jax.grad(credited_value)(params)
    tally = jax.tree.map(lambda x: jnp.sum(x, axis=0), tallies)._replace(loss=jnp.sum(delta**2))
    memory = first._replace(states=states, fresh=fresh)
    learner = learner._replace(games=games, key=key, memory=memory)
    return moved(learner, step, optimizer, rates, axis), summed(tally, axis)


def _score(
    candidates: Callable[[Array, Array, Any], Array], mind: Mind, games: Games, states: Any,
    rivals: Sequence[Rival],
) -> Score:
    """Return the score of after-positions: by the net from its memory, or by who plays instead."""
    who_after = who_is_on_roll(mind, 1 - games.side)
    # Who plays where it is not the net.
    turn_of = jnp.where(who_after > 0, mind.opponent, 0)
    others = [rival(games.boards) for rival in rivals]

    def score(c: Any, key: Any) -> Array:
        def outcomes(words: Array) -> Array:
            return candidates(words, who_after[c.owner], jax.tree.map(lambda a: a[c.owner], states))

        found = by_equity(outcomes)(c, None)
        for number, other in enumerate(others, 1):
            found = jnp.where(turn_of[c.owner] == number, other(c, key), found)
        return found

    return score


def _errors(seen: _Seen, last: Array, tables: Bearoff | None) -> Array:
    """Return TD errors float32[T, B, 5] seen by side 0.

    Args:
        seen: the plies.
        last: float32[B, 5], what the positions after the last ply are worth.
        tables: where they speak, they say what a next position is worth.
    """
    next_value = jnp.concatenate([seen.value[1:], last[None]])
    if tables is not None:
        flat = seen.best.reshape(-1, 2, 25)
        next_value = known_or(flat, next_value.reshape(-1, 5), tables).reshape(next_value.shape)
    target = jnp.where(seen.over[..., None], outcome.terminal(seen.best), next_value)
    return seen_by_first(target, 1 - seen.side) - seen_by_first(seen.value, seen.side)
