"""Teaching a small net to rank plays as a large one does: the quick net that looks first.

Positions are met in self-play. For each of them one roll is thrown, every reply to it is judged by
the large net, and the small one learns these judgements, and above all how the replies to one roll
differ: what all of them share does not matter to who has to choose. Replies that come near the best
count most. Such teaching is known as distillation (Hinton, Vinyals & Dean, 2015, arXiv 1503.02531).

Races are not among the positions, since no net judges them (``agent.endgame``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from agent import contact_play, outcome
from agent.catalog import get
from agent.features import feature_set
from agent.greedy import chooser
from agent.nets.registry import build
from agent.players.network import NetworkAgent
from agent.protocol import Boards
from engine import packed
from engine.board import has_contact
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.plays import afterstates_of
from engine.race import is_race

Array = jax.Array

_BLOCK = 4096


@dataclass(frozen=True)
class DistillConfig:
    """Settings: all that, with the code and the nets it names, determines the result.

    ``teacher`` judges; ``player`` makes the games. ``rolls`` are thrown, one in each position; the
    replies are learned from ``epochs`` times each, ``batch`` of them at a time. A reply that is
    ``near`` points behind the best counts e times less, and the error of the differences
    ``ranking`` times as much as that of the judgements. ``alpha`` falls to ``alpha_end`` along a
    cosine; the running mean of the parameters, which keeps ``keep`` of itself at every step, is
    the result.
    """

    teacher: str = "pretrained"
    player: str = "td-gammon"
    features: str = "tactics224-v1"
    hidden: tuple[int, ...] = (64,)
    rolls: int = 200_000
    epochs: int = 30
    batch: int = 2048
    alpha: float = 0.002
    alpha_end: float = 0.00002
    near: float = 0.15
    ranking: float = 40.0
    keep: float = 0.999
    seed: int = 1

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the net, as they stand in a checkpoint."""
        return {"hidden": list(self.hidden), "activation": "relu"}


class Choices(NamedTuple):
    """N replies to rolls that leave a choice; those to one roll stand together.

    ``words`` uint32[8, N]: packed, seen by the opponent, who is on roll. ``owner`` int64[N]: the
    number of the roll, rising. ``values`` float32[5, N]: the outcomes for him.
    """

    words: npt.NDArray[np.uint32]
    owner: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]


class Group(NamedTuple):
    """Some replies, as in ``Choices``; ``weights`` float32[N]; ``roll`` int32[N], from 0 on."""

    words: Any
    values: Any
    weights: Any
    roll: Any


def positions(player: str, count: int, rng: np.random.Generator) -> Boards:
    """Return ``count`` positions int8[count, 2, 25] with contact, as they follow in self-play."""
    found: list[Boards] = []
    missing = count
    for boards in contact_play.plies(player, rng):
        found.append(boards[has_contact(boards)][:missing])
        missing -= len(found[-1])
        if not missing:
            break
    return np.concatenate(found)


def judged(
    teacher: NetworkAgent, boards: Boards, rng: np.random.Generator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Choices:
    """Return every reply to one roll in each of boards int8[P, 2, 25], where there is a choice.

    Replies that end the contact or the game are left out.
    """
    rolls = ROLLS[rng.choice(len(ROLLS), size=len(boards), p=ROLL_WEIGHTS)]
    words, owner, values = [], [], []
    for begin in range(0, len(boards), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        legal = [afterstates_of(board, *roll)
                 for board, roll in zip(boards[part], rolls[part].tolist(), strict=True)]
        after = np.concatenate(legal)
        of = begin + np.repeat(np.arange(len(legal)), [len(some) for some in legal])
        open_ = ~(is_race(after) | outcome.is_over(after))
        after, of = after[open_], of[open_]
        several = np.bincount(of)[of] > 1
        after, of = after[several], of[several]
        words.append(np.asarray(packed.pack(jnp.asarray(after))))
        owner.append(of)
        values.append(teacher.evaluate(after).T)
        progress(begin + len(legal), len(boards))
    return Choices(np.concatenate(words, 1), np.concatenate(owner), np.concatenate(values, 1))


def worth(values: Any) -> Any:
    """Return the equity float32[N] to who made a reply, of outcomes float32[5, N] for the other."""
    return 1 - outcome.EQUITY_WEIGHTS @ values


def weighted(choices: Choices, near: float) -> npt.NDArray[np.float32]:
    """Return how much each reply counts, float32[N]: 1 for the best of its roll."""
    equity = worth(choices.values)
    best = _best(equity, choices.owner)
    return np.exp((equity - best[choices.owner]) / near).astype(np.float32)


def _best(
    equity: npt.NDArray[np.float32], owner: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return the best equity of each roll, float32[owner[-1] + 1]; without replies -inf."""
    best = np.full(owner[-1] + 1, -np.inf, np.float32)
    np.maximum.at(best, owner, equity)
    return best


def loss(values: Array, group: Group, ranking: float) -> tuple[Array, dict[str, Array]]:
    """Return what is to be made small, and its parts.

    Args:
        values: float32[5, N], what the small net says.
        group: the replies, with what the large one says.
        ranking: the weight of the errors of differences.
    """
    size = group.roll.shape[0]
    off = values - group.values
    wrong = -(outcome.EQUITY_WEIGHTS @ off)
    total = jax.ops.segment_sum(group.weights, group.roll, size)
    shared = jax.ops.segment_sum(group.weights * wrong, group.roll, size) / (total + 1e-9)
    apart = wrong - shared[group.roll]
    # Every roll counts the same, but for those of which hardly any reply is near the best.
    share = group.weights / (total[group.roll] + 0.5)
    parts = {"equity": jnp.mean(wrong**2), "ranking": jnp.mean(share * apart**2)}
    judging = jnp.mean(jnp.sum(off**2, axis=0) + 0.5 * wrong**2)
    return judging + ranking * parts["ranking"], parts


def groups(
    choices: Choices, weights: npt.NDArray[np.float32], size: int, rng: np.random.Generator
) -> Iterator[Group]:
    """Yield all replies in groups of ``size``, the rolls in random order; a last few are left."""
    begins = np.flatnonzero(np.diff(choices.owner, prepend=-1))
    lengths = np.diff(np.append(begins, len(choices.owner)))
    order = rng.permutation(len(begins))
    at = np.repeat(begins[order], lengths[order])
    at += np.arange(len(at)) - np.repeat(np.cumsum(lengths[order]) - lengths[order], lengths[order])
    for first in range(0, len(at) - size + 1, size):
        some = at[first : first + size]
        roll = np.cumsum(np.diff(choices.owner[some], prepend=choices.owner[some[0]]) != 0)
        yield Group(choices.words[:, some], choices.values[:, some], weights[some],
                    roll.astype(np.int32))


def learn(
    config: DistillConfig, choices: Choices,
    tell: Callable[[dict[str, float]], None] = lambda figures: None,
) -> dict[str, Any]:
    """Return the parameters of the small net, NumPy arrays.

    Args:
        config: the settings.
        choices: what to learn from; more than a batch.
        tell: called with the figures of every pass through them.
    """
    rng = np.random.default_rng(config.seed)
    weights = weighted(choices, config.near)
    net = chooser("mlp", config.settings, config.features)
    module = build("mlp", config.settings)
    inputs = jnp.zeros((1, feature_set(config.features).size))
    params = module.init(jax.random.key(config.seed), inputs)
    steps = config.epochs * (len(choices.owner) // config.batch)
    rate = optax.cosine_decay_schedule(config.alpha, steps, config.alpha_end / config.alpha)
    optimizer = optax.adam(rate)

    @jax.jit
    def improve(state: Any, group: Group) -> tuple[Any, dict[str, Array]]:
        params, average, memory = state
        slope, parts = jax.grad(
            lambda p: loss(net(p)(group.words), group, config.ranking), has_aux=True)(params)
        updates, memory = optimizer.update(slope, memory, params)
        params = optax.apply_updates(params, updates)
        average = jax.tree.map(
            lambda a, p: config.keep * a + (1 - config.keep) * p, average, params)
        return (params, average, memory), parts

    state: Any = params, params, optimizer.init(params)
    began = time.monotonic()
    for epoch in range(config.epochs):
        found = []
        for group in groups(choices, weights, config.batch, rng):
            state, parts = improve(state, group)
            found.append(parts)
        means = jax.tree.map(lambda *x: float(np.mean(x)), *found)
        tell({"epoch": epoch + 1, **means, "seconds": time.monotonic() - began})
    return jax.tree.map(np.asarray, state[1])


def distilled(
    config: DistillConfig,
    tell: Callable[[dict[str, float]], None] = lambda figures: None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters of a small net, and how it was made: plain values."""
    began = time.monotonic()
    teacher = get(config.teacher)
    assert isinstance(teacher, NetworkAgent)
    rng = np.random.default_rng(config.seed)
    met = positions(config.player, config.rolls, rng)
    choices = judged(teacher, met, rng, lambda done, total: tell({"rolls": done, "of": total}))
    params = learn(config, choices, tell)
    facts = {"config": asdict(config), "replies": len(choices.owner),
             "seconds": time.monotonic() - began}
    return params, facts


def spared(
    quick: NetworkAgent, choices: Choices, margins: Sequence[float]
) -> list[dict[str, float]]:
    """Return what quick looks of several margins leave and lose, by the values of ``choices``.

    ``replies`` to a roll on the mean, how many of them are ``kept``, the loss of the best of these
    in ``mpt``, thousandths of a point a roll, and how often the best was ``missed``.

    Args:
        quick: who looks first.
        choices: judged by the net it spares work.
        margins: points that a reply may be behind the best by the quick net's account.
    """
    owner = np.unique(choices.owner, return_inverse=True)[1]
    rolls = owner[-1] + 1
    boards = np.asarray(packed.unpack(jnp.asarray(choices.words)))
    looked, true = worth(quick.evaluate(boards).T), worth(choices.values)
    behind, best = _best(looked, owner)[owner] - looked, _best(true, owner)
    rows = []
    for within in margins:
        kept = behind <= within
        lost = best - _best(true[kept], owner[kept])
        rows.append({
            "within": within, "replies": len(owner) / rolls, "kept": float(kept.sum() / rolls),
            "mpt": 1000 * float(lost.mean()), "missed": float(np.mean(lost > 1e-6))})
    return rows
