"""A training run: its state, one step at a time. Prints nothing, writes nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh

from agent import shares, td
from agent.checkpoint import Checkpoint, check_state, flatten, unflatten
from agent.cluster import ALONE, Cluster
from agent.config import TrainConfig
from agent.endgame import tables_on_device
from agent.errors import CheckpointError, ConfigError
from agent.features import feature_set
from agent.greedy import by_equity, chooser, evaluator
from agent.learner import Learner, Rates, mesh_of, repeated, spread
from agent.nets.numpy_recurrent import leaves, with_leaves
from agent.nets.numpy_remembering import of_settings
from agent.nets.registry import build
from agent.nets.remembering import recurrence
from agent.outcome import N_OUTCOMES
from agent.players.made import player
from agent.players.network import NetworkAgent
from agent.players.scored import ScoredAgent
from agent.pruning import Pruning
from agent.selfplay import Games, make_learn, new_games
from agent.selfplay_memory import Mind, Rival, learn_segment, new_mind
from agent.starting import fingerprint, params_from
from engine.board import validate

# Plies between two looks at the clock and the metrics: long enough that the host costs nothing,
# short enough that Ctrl-C is answered within a second or so.
_PLIES_A_STEP = 128


@dataclass(frozen=True)
class Report:
    """What one step did. ``loss`` is the squared TD error of a game, summed over its plies."""

    games: int
    finished: int
    loss_per_game: float
    plies_per_game: float
    gammons: float
    alpha: float
    lam: float


class Trainer:
    """Learns from self-play; holds all that changes.

    The games run on, batch after batch, spread over all devices that jax has here, or of all
    processes of the run (``agent.shares``). ``games`` counts the finished ones.
    """

    def __init__(
        self,
        config: TrainConfig,
        *,
        checkpoint: Checkpoint | None = None,
        start: NetworkAgent | None = None,
        quick: NetworkAgent | None = None,
        rivals: Sequence[ScoredAgent] = (),
        cluster: Cluster = ALONE,
    ) -> None:
        """Start a run, or take one up where ``checkpoint`` (with its ``run`` part) left it.

        Args:
            config: the settings.
            checkpoint: of the run to take up; of several processes each has that of its own
                games (``agent.shares.dealt``).
            start: the player whose parameters a new run begins with; by default random ones.
            quick: the player that ``config.prune`` names; see ``agent.pruning``.
            rivals: the players that ``config.opponents`` names, in their order.
            cluster: the processes that share the games; all of them do the same with it.

        Raises:
            CheckpointError: the state in the checkpoint is not one of such a run.
            ConfigError: ``quick`` is not the one that the run to take up had, or the games cannot
                be shared out evenly.
        """
        self.config = config
        self._cluster = cluster
        self._mine = shares.rows(config.batch, cluster)
        self.games = 0
        self.changes = 0
        self.results: dict[str, Any] = {}
        self._compiled = False
        self._net = build(config.net, config.net_settings)
        self._evaluate = evaluator(self._net.apply, feature_set(config.features).encode)
        self._segments = max(1, _PLIES_A_STEP // config.plies)
        optimizer = _optimizer(config.optimizer)
        mesh = mesh_of(config.batch)
        self._quick = "" if quick is None else fingerprint(quick)
        pruning = None if quick is None else _pruning(quick, config)
        if config.remembers:
            self._learn = self._learn_with_memory(optimizer, mesh, pruning, rivals)
        else:
            choose = chooser(config.net, config.net_settings, config.features, config.precision)
            self._learn = make_learn(
                self._evaluate, optimizer, config.plies, self._segments, mesh, choose, pruning,
                config.explore,
            )
        self._tables = tables_on_device() if config.bearoff else None
        self._learner = self._first(optimizer, start)
        if checkpoint is not None:
            self._restore(checkpoint)
        if cluster.count > 1:
            assert mesh is not None, "several processes have several devices"
            self._learner = shares.spread_parts(self._learner, mesh, cluster)
        elif mesh is not None:
            self._learner = spread(self._learner, mesh)

    def _learn_with_memory(
        self, optimizer: optax.GradientTransformation, mesh: Mesh | None, pruning: Pruning | None,
        rivals: Sequence[ScoredAgent],
    ) -> Any:
        config = self.config
        net = recurrence(config.net, config.net_settings, feature_set(config.features),
                         config.precision)

        def segment(learner: Learner, rates: Rates, tables: Any, axis: str | None) -> Any:
            return learn_segment(
                net, optimizer, config.plies, config.forget or 0.0, learner, rates, tables, axis,
                pruning, [_rival(agent) for agent in rivals])

        return repeated(segment, self._segments, mesh)

    def _first(
        self, optimizer: optax.GradientTransformation, start: NetworkAgent | None
    ) -> Learner:
        config = self.config
        key, init_key = jax.random.split(jax.random.key(config.seed))
        inputs = jnp.zeros((1, feature_set(config.features).size))
        params = self._net.init(init_key, inputs)
        if start is not None:
            old = start.net, start.settings, start.features.name, start.params
            params = jax.tree.map(jnp.asarray, params_from(*old, config))
        if self._cluster.count > 1:
            params = jax.tree.map(jnp.asarray, shares.as_first_has(params, self._cluster))
        mine = self._mine.stop - self._mine.start
        return Learner(
            params=params,
            average=jax.tree.map(jnp.copy, params),
            optimizer=optimizer.init(params),
            traces=td.zero_traces(params, mine, N_OUTCOMES) if config.uses_traces else None,
            games=new_games(mine),
            key=key,
            memory=_mind(config, self._mine) if config.remembers else None,
        )

    def step(self) -> Report:
        """Play and learn for a moment (a few seconds at most, after the first call compiled)."""
        config = self.config
        rates = Rates(
            alpha=jnp.float32(config.alpha_at(self.games)),
            lam=jnp.float32(config.lam_at(self.games)),
            average_decay=jnp.float32(config.keep_at(self.changes)),
        )
        if self._cluster.count > 1 and not self._compiled:
            self._compile_together(rates)
        self._learner, tally = self._learn(self._learner, rates, self._tables)
        tally = jax.tree.map(float, tally)
        finished = round(tally.games)
        plies_per_game = tally.finished_plies / max(1, finished)
        self.games += finished
        self.changes += self._segments
        return Report(
            games=self.games,
            finished=finished,
            loss_per_game=tally.loss / tally.plies * plies_per_game,
            plies_per_game=plies_per_game,
            gammons=tally.gammons / max(1, finished),
            alpha=float(rates.alpha),
            lam=float(rates.lam),
        )

    def _compile_together(self, rates: Rates) -> None:
        """Compile the step and wait until all processes have: the collectives of CPUs give up where
        one comes to the first of them half a minute after another.
        """
        self._learn.lower(self._learner, rates, self._tables).compile()
        self._cluster.everyones(b"")
        self._compiled = True

    def params(self) -> Any:
        """Return the parameters that play, on the host: the running mean."""
        return jax.tree.map(np.asarray, self._learner.average)

    def agent(self, name: str) -> NetworkAgent:
        """Return the player as learned so far."""
        config = self.config
        return player(name, config.net, config.net_settings, config.features, self.params())

    def net(self) -> Checkpoint:
        """Return everything needed to play."""
        config = self.config
        meta = {
            "net": config.net,
            "settings": config.net_settings,
            "features": config.features,
            "config": config.as_json(),
            "games": self.games,
            "changes": self.changes,
            "quick": self._quick,
            "seed": config.seed,
            "results": self.results,
        }
        return Checkpoint(meta, self.params())

    def checkpoint(self) -> Checkpoint:
        """Return everything needed to play and to go on.

        Of several processes all must ask for it, and only process 0 gets the games of all.
        """
        mine = self._learner if self._cluster.count == 1 else shares.own_part(self._learner)
        now = self.net()
        return shares.collected(Checkpoint(now.meta, now.params, _to_arrays(mine)), self._cluster)

    def _restore(self, checkpoint: Checkpoint) -> None:
        meta = checkpoint.meta
        counts = [meta.get(name) for name in ("games", "changes")]
        if not all(type(n) is int and n >= 0 for n in counts):
            raise CheckpointError(f"games and changes must be counts, not {counts}")
        if not isinstance(meta["results"], dict):
            raise CheckpointError("results must be an object of contests by name")
        if meta.get("quick", "") != self._quick:
            raise ConfigError(
                f"{self.config.prune!r} is not the net that pruned in this run so far; "
                "start a new run"
            )
        self.games, self.changes = meta["games"], meta["changes"]
        self.results = dict(meta["results"])
        self._learner = _from_arrays(checkpoint, self._learner)


def resumed_config(checkpoint: Checkpoint, wanted: dict[str, Any]) -> TrainConfig:
    """Return the settings of the run to go on with.

    Args:
        checkpoint: of that run.
        wanted: settings the user asked for explicitly; they must be those of the run.

    Raises:
        ConfigError: they are not, or the checkpoint's are of another version.
    """
    config = TrainConfig.from_json(checkpoint.meta["config"])
    check_unchanged(config.as_json(), wanted)
    return config


def check_unchanged(have: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise ``ConfigError`` where wanted settings are not those that a run to resume has."""
    for name, value in wanted.items():
        plain = list(value) if isinstance(value, tuple) else value
        if have.get(name) != plain:
            said = name.replace("lam", "lambda", 1) if name.startswith("lam") else name
            raise ConfigError(
                f"the run to resume has {said} {have.get(name)}, not {plain}; "
                "leave the option out or start a new run"
            )


def _pruning(quick: NetworkAgent, config: TrainConfig) -> Pruning:
    choose = chooser(quick.net, quick.settings, quick.features.name, config.precision)
    params = jax.tree.map(jnp.asarray, quick.params)
    return Pruning(by_equity(choose(params)), config.prune_within)


def _mind(config: TrainConfig, mine: slice) -> Mind:
    mind = new_mind(of_settings(config.net, config.net_settings), config.batch)
    # What a game is depends on its place among all.
    return jax.tree.map(lambda leaf: leaf[mine], mind)


def _rival(agent: ScoredAgent) -> Rival:
    state, make = agent.device_state(), agent.device_scorer()
    return lambda boards: make(state, boards)


def _optimizer(name: str) -> optax.GradientTransformation:
    return optax.scale_by_adam() if name == "adam" else optax.identity()


def _to_arrays(learner: Learner) -> dict[str, np.ndarray]:
    arrays = flatten({"params": learner.params, "games": learner.games._asdict()})
    for i, leaf in enumerate(jax.tree.leaves(learner.optimizer)):
        arrays[f"optimizer/{i}"] = np.asarray(leaf)
    if learner.traces is not None:
        arrays |= flatten({"traces": learner.traces})
    if learner.memory is not None:
        arrays |= flatten({"memory": _mind_as_arrays(learner.memory)})
    arrays["key"] = np.asarray(jax.random.key_data(learner.key))
    return arrays  # the mean is missing: it is the checkpoint's net


def _mind_as_arrays(mind: Mind) -> dict[str, Any]:
    states = {str(i): leaf for i, leaf in enumerate(leaves(mind.states))}
    return {**mind._asdict(), "states": states}


def _mind_of_arrays(arrays: Mapping[str, Any], like: Mind) -> Mind:
    states = [arrays["states"][str(i)] for i in range(len(arrays["states"]))]
    return Mind(**{**arrays, "states": with_leaves(like.states, states)})


def _from_arrays(checkpoint: Checkpoint, like: Learner) -> Learner:
    """Rebuild a learner; ``like`` is a fresh one, which says what shapes are right."""
    arrays = checkpoint.run
    check_state(arrays, _to_arrays(like))
    validate(arrays["games/boards"])
    tree = unflatten(jax.tree.map(jnp.asarray, arrays))
    leaves = [tree["optimizer"][str(i)] for i in range(len(tree.get("optimizer", {})))]
    return Learner(
        params=tree["params"],
        average=jax.tree.map(jnp.asarray, checkpoint.params),
        optimizer=jax.tree.unflatten(jax.tree.structure(like.optimizer), leaves),
        traces=tree.get("traces"),
        games=Games(**tree["games"]),
        key=jax.random.wrap_key_data(tree["key"]),
        memory=None if like.memory is None else _mind_of_arrays(tree["memory"], like.memory),
    )
