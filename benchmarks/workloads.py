"""The three works whose speed is measured: random games, greedy self-play, TD(lambda) training.

Every work plays a batch of games in lock-step inside one jitted ``lax.scan``; a finished game is
replaced at once, so what counts are the games that end during a stretch of steady play.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, PartitionSpec
from memory import formula_bytes

from agent import outcome, td
from agent.checkpoint import load
from agent.features import feature_set
from agent.greedy import best_afterstates, by_equity, chooser, evaluator
from agent.learner import AXIS, Learner, Rates
from agent.nets.mlp import MLP
from agent.selfplay import Games, make_learn, new_games, roll
from engine.afterstates import count_afterstates, default_chunk, random_afterstates

Array = jax.Array
WORKS = ("random", "greedy", "training")
INPUTS = 198
NET = Path(__file__).parents[1] / "checkpoints" / "td-gammon.npz"
LAMBDA = 0.7
# Too small to change how the net plays during a measurement; the cost does not depend on it.
_ALPHA = 1e-5


@dataclass(frozen=True)
class Settings:
    """One workload: ``segment`` is the number of plies between two changes of the parameters."""

    work: str
    batch: int
    hidden: int = 80
    plies: int = 64
    segment: int = 4
    chunk: int | None = None
    precision: str = "float32"
    seed: int = 1


@dataclass(frozen=True)
class Sample:
    """What happened in one stretch; ``finished_plies`` are those of the finished games."""

    games: float
    plies: float
    finished_plies: float
    seconds: float


def weights(hidden: int) -> int:
    """Return the number of parameters of the net."""
    return (INPUTS + 1) * hidden + (hidden + 1) * outcome.N_OUTCOMES


def trace_bytes(hidden: int) -> int:
    """Return the bytes of the traces of one game."""
    return 4 * outcome.N_OUTCOMES * weights(hidden)


def expected_bytes(s: Settings) -> int:
    """Return about how much device memory a workload needs, state and temporaries together.

    The state: 58 bytes a game, the net (in training also its mean and Adam's two), the traces. The
    temporaries: the masks of all positions; for a chunk of after-positions the boards, inputs and
    hidden units, with those of the next layer if they have to be converted first; in training the
    traces a second time and the segment's own gradients.
    """
    net = 4 * weights(s.hidden) * {"random": 0, "greedy": 1, "training": 4}[s.work]
    if s.work == "random":
        return (58 + 890) * s.batch
    chunk = s.chunk or default_chunk(s.batch)
    size = np.dtype(jnp.dtype(s.precision)).itemsize
    inputs, converted = size * INPUTS, size * s.hidden if size < 4 else 0
    unit = 130 + 4 * s.hidden + max(inputs, converted)
    search = max(formula_bytes(s.batch, chunk, chunk), 490 * s.batch + unit * chunk)
    total = net + 58 * s.batch + search
    if s.work == "greedy":
        return total
    unit_gradients = 4 * s.segment * (INPUTS + 2 * outcome.N_OUTCOMES * s.hidden)
    return total + s.batch * (2 * trace_bytes(s.hidden) + unit_gradients)


def net_of_width(hidden: int, seed: int = 1) -> Any:
    """Return parameters of a 198-``hidden``-5 net that plays like ``td-gammon``.

    Wider: units that nothing listens to are added, so that it plays exactly the same. Narrower:
    the units with the least weight on the outcomes are replaced by their middle value.
    """
    layers = load(NET).params["params"]
    kernel, bias = layers["hidden0"]["kernel"], layers["hidden0"]["bias"]
    out, out_bias = layers["outcome"]["kernel"], layers["outcome"]["bias"]
    have = len(bias)
    if hidden < have:
        order = np.argsort(-np.linalg.norm(out, axis=1), kind="stable")
        keep, drop = order[:hidden], order[hidden:]
        out_bias = out_bias + 0.5 * out[drop].sum(0)
        kernel, bias, out = kernel[:, keep], bias[keep], out[keep]
    elif hidden > have:
        more = np.random.default_rng(seed).normal(size=(INPUTS, hidden - have)) * INPUTS**-0.5
        kernel = np.concatenate([kernel, more], axis=1)
        bias = np.concatenate([bias, np.zeros(hidden - have)])
        out = np.concatenate([out, np.zeros((hidden - have, out.shape[1]))])
    tree = {
        "hidden0": {"kernel": kernel, "bias": bias},
        "outcome": {"kernel": out, "bias": out_bias},
    }
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), {"params": tree})


def _evaluator(hidden: int) -> Any:
    return evaluator(MLP((hidden,)).apply, feature_set("tesauro198-v1").encode)


def _chooser(s: Settings) -> Any:
    return chooser("mlp", {"hidden": (s.hidden,)}, "tesauro198-v1", s.precision)


def _follow(games: Games, boards: Array) -> tuple[Games, Array]:
    """Return the games after a ply that led to ``boards``, and [games, their plies] finished."""
    over, length = outcome.is_over(boards), games.ply + 1
    fresh = new_games(boards.shape[0])
    following = Games(
        jnp.where(over[:, None, None], fresh.boards, boards),
        jnp.where(over, 0, 1 - games.side),
        jnp.where(over, 0, length),
    )
    ended = over.astype(jnp.float32)
    return following, jnp.stack([jnp.sum(ended), jnp.sum(ended * length)])


def _play(
    s: Settings, axis: str | None, params: Any, games: Games, key: Array
) -> tuple[Games, Array, Array]:
    """Make ``s.plies`` plies in every game without learning; of this device's games."""
    choose = _chooser(s)(params) if s.work == "greedy" else None

    def ply(games: Games, key: Array) -> tuple[Games, Array]:
        dice_key, play_key = jax.random.split(key)
        dice = roll(dice_key, games.ply == 0, axis)
        if axis is not None:
            play_key = jax.random.fold_in(play_key, jax.lax.axis_index(axis))
        if choose is None:
            return _follow(games, random_afterstates(play_key, games.boards, dice))
        score = by_equity(choose)
        return _follow(games, best_afterstates(games.boards, dice, score, chunk=s.chunk).boards)

    key, plies_key = jax.random.split(key)
    games, counts = jax.lax.scan(ply, games, jax.random.split(plies_key, s.plies))
    total = jnp.sum(counts, axis=0)
    return games, key, total if axis is None else jax.lax.psum(total, axis)


class Workload:
    """One compiled workload and its games; ``compile_seconds`` is without any cache."""

    def __init__(self, settings: Settings) -> None:
        """Compile; the games stand at their beginning."""
        self.settings = s = settings
        devices = jax.devices()
        # A batch that cannot be shared out evenly, as one game, is one device's.
        shared = len(devices) > 1 and s.batch % len(devices) == 0
        mesh = Mesh(np.array(devices), (AXIS,)) if shared else None
        params = net_of_width(s.hidden)
        if s.work == "training":
            optimizer = optax.scale_by_adam()
            learn = make_learn(
                _evaluator(s.hidden),
                optimizer,
                s.segment,
                s.plies // s.segment,
                mesh,
                choose=_chooser(s),
            )
            rates = Rates(jnp.float32(_ALPHA), jnp.float32(LAMBDA), jnp.float32(0.99))
            average = jax.tree.map(jnp.copy, params)
            traces = td.zero_traces(params, s.batch, outcome.N_OUTCOMES)
            games = new_games(s.batch)
            learner = Learner(
                params, average, optimizer.init(params), traces, games, jax.random.key(s.seed)
            )
            self._state: Any = (learner, rates)
            lowered = learn.lower(*self._state)  # type: ignore[attr-defined]
        else:
            play: Any = partial(_play, s, None if mesh is None else AXIS)
            if mesh is not None:
                split, whole = PartitionSpec(AXIS), PartitionSpec()
                play = jax.shard_map(
                    play,
                    mesh=mesh,
                    in_specs=(whole, split, whole),
                    out_specs=(split, whole, whole),
                    check_vma=False,
                )
            play = jax.jit(play, donate_argnums=1)
            self._state = (params, new_games(s.batch), jax.random.key(s.seed))
            lowered = play.lower(*self._state)
        began = time.perf_counter()
        self._run = lowered.compile()
        self.compile_seconds = time.perf_counter() - began

    def xla_bytes(self) -> int | None:
        """Return XLA's own account of the memory of the program; ``None`` if it gives none."""
        m = self._run.memory_analysis()
        if m is None:
            return None
        sizes = m.argument_size_in_bytes + m.output_size_in_bytes + m.temp_size_in_bytes
        return int(sizes - m.alias_size_in_bytes)

    def call(self) -> Sample:
        """Make ``settings.plies`` plies in every game and wait for the end."""
        began = time.perf_counter()
        if self.settings.work == "training":
            learner, tally = self._run(*self._state)
            self._state = (learner, self._state[1])
            games, finished = float(tally.games), float(tally.finished_plies)
        else:
            running, key, counts = self._run(*self._state)
            self._state = (self._state[0], running, key)
            games, finished = (float(x) for x in counts)
        seconds = time.perf_counter() - began
        return Sample(games, self.settings.plies * self.settings.batch, finished, seconds)

    def stretch(self, seconds: float) -> Sample:
        """Play on for at least so long."""
        calls = [self.call()]
        while sum(c.seconds for c in calls) < seconds:
            calls.append(self.call())
        rows = [(c.games, c.plies, c.finished_plies, c.seconds) for c in calls]
        return Sample(*(sum(column) for column in zip(*rows, strict=True)))

    def warm_up(self, generations: float, limit: float) -> bool:
        """Play until ``generations`` x batch games ended; false if ``limit`` seconds came first."""
        began, games = time.perf_counter(), 0.0
        while games < generations * self.settings.batch:
            if time.perf_counter() - began > limit:
                return False
            games += self.call().games
        return True

    def plays_a_roll(self) -> float:
        """Return the mean number of after-positions of a roll of the games as they stand."""
        games = self._state[0].games if self.settings.work == "training" else self._state[1]
        counts = []
        for seed in range(max(1, 4096 // self.settings.batch)):
            dice = roll(jax.random.key(seed), games.ply == 0)
            counts.append(float(jnp.mean(count_afterstates(games.boards, dice))))
        return sum(counts) / len(counts)
