"""A run that refines a net (``agent.refining``): its settings, its state, one step at a time.

Prints nothing, writes nothing by itself. ``agent.run`` takes it like an ``agent.training.Trainer``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from agent.catalog import get
from agent.checkpoint import Checkpoint, check_state, flatten, unflatten
from agent.config import PRECISIONS
from agent.endgame import knowledge_on_device
from agent.errors import CheckpointError, ConfigError
from agent.greedy import by_equity, chooser
from agent.growing import grown
from agent.nets.settings import REMEMBERING, plain
from agent.players.made import player
from agent.players.network import NetworkAgent
from agent.pruning import Pruning
from agent.refining import Refined, Rules, Store, make_round
from agent.starting import fingerprint, pruning_agent
from agent.training import Report
from engine import packed
from engine.board import start, validate

KIND = "refine"


@dataclass(frozen=True)
class RefineConfig:
    """How to refine. Two runs with equal settings on one machine give the same parameters."""

    # The agent whose net is refined; later the run itself holds it.
    init: str
    # Widths of the refined mlp, where it is to be larger (``agent.growing``); None: as it is.
    hidden: tuple[int, ...] | None = None
    # The agent whose quick net makes the plays of the baselines, and spares the net most plays.
    prune: str = "td-gammon"
    # What that net may put a play behind its best one, in points, for it to be looked at.
    prune_within: float = 0.12
    lam: float = 0.7
    # The step size of Adam falls geometrically to alpha_end over alpha_games games, then stays.
    alpha: float = 0.0005
    alpha_end: float = 0.00001
    alpha_games: int = 100_000
    # Games in lock-step, and plies of each between two rounds of learning.
    batch: int = 256
    plies: int = 16
    # Positions kept to learn from; how often each is drawn on the mean; how many at a time.
    store: int = 2**18
    reuse: int = 4
    sample: int = 1024
    # How many plays are the best but for noise of up to explore_within points.
    explore: float = 0.2
    explore_within: float = 0.1
    # The share of races played out.
    races: float = 0.25
    # What the running mean keeps of itself at every change of the parameters.
    keep: float = 0.999
    # Of the squared error of the equity, beside those of the five outcomes.
    equity_weight: float = 0.5
    precision: str = "float32"
    seed: int = 1

    def __post_init__(self) -> None:
        if self.hidden is not None:
            object.__setattr__(self, "hidden", tuple(self.hidden))
        checks = [
            (bool(self.prune), "prune must name a network: its plays are the baselines"),
            (0 < self.prune_within < 100, f"prune_within must be above 0, not {self.prune_within}"),
            (0 <= self.lam <= 1, f"lambda must be 0 to 1, not {self.lam}"),
            (0 < self.alpha < 1, f"alpha must be above 0 and below 1, not {self.alpha}"),
            (0 < self.alpha_end <= self.alpha, "alpha_end must be above 0 and at most alpha"),
            (self.alpha_games > 0, "alpha's schedule must last at least 1 game"),
            (1 <= self.batch <= 2**16, f"batch must be 1 to {2**16}, not {self.batch}"),
            (1 <= self.plies <= 256, f"plies must be 1 to 256, not {self.plies}"),
            (1 <= self.reuse <= 1000, f"reuse must be 1 to 1000, not {self.reuse}"),
            (1 <= self.sample <= 2**16, f"sample must be 1 to {2**16}, not {self.sample}"),
            (
                self.batch * self.plies <= self.store <= 2**24,
                f"store must be batch x plies = {self.batch * self.plies} to {2**24}, "
                f"not {self.store}",
            ),
            (0 <= self.explore <= 1, f"explore must be 0 to 1, not {self.explore}"),
            (0 <= self.explore_within < 10,
             f"explore_within must be 0 or more, not {self.explore_within}"),
            (0 <= self.races <= 1, f"races must be 0 to 1, not {self.races}"),
            (0 <= self.keep < 1, f"keep must be 0 to below 1, not {self.keep}"),
            (self.equity_weight >= 0, f"equity_weight must be 0 or more, not {self.equity_weight}"),
            (
                self.precision in PRECISIONS,
                f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}",
            ),
            (0 <= self.seed < 2**32, f"seed must be 0 to {2**32 - 1}, not {self.seed}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)

    def alpha_at(self, games: int) -> float:
        """Return the step size after that many games."""
        done = min(1.0, games / self.alpha_games)
        return float(self.alpha * (self.alpha_end / self.alpha) ** done)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, and that they are of such a run."""
        return {"kind": KIND, **{k: v for k, v in plain(asdict(self)).items() if v is not None}}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RefineConfig:
        """Undo :meth:`as_json`; ``ConfigError`` for settings of another version."""
        if not isinstance(values, dict) or values.get("kind") != KIND:
            raise ConfigError(
                "that run does not refine a net; go on with tdgammon train --resume")
        values = {k: v for k, v in values.items() if k != "kind"}
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"unknown settings {', '.join(sorted(unknown))}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"settings of the wrong type: {error}") from error


def refined_agent(config: RefineConfig) -> NetworkAgent:
    """Return the player that a run of ``config`` starts with, as large as it shall be.

    Raises:
        AgentError: there is no such agent; ``ConfigError``: its net cannot be refined.
    """
    agent = get(config.init)
    if not isinstance(agent, NetworkAgent) or agent.net in (*REMEMBERING, "ensemble"):
        raise ConfigError(f"{config.init!r} cannot be refined; name a network that learned by "
                          "self-play and remembers nothing, as pretrained")
    if config.hidden is None:
        return agent
    if agent.net != "mlp":
        raise ConfigError(f"hidden layers are an mlp's, and {config.init!r} is a {agent.net} net")
    params = grown(agent.settings, agent.params, config.hidden)
    settings = {**agent.settings, "hidden": list(config.hidden)}
    return player(agent.name, agent.net, settings, agent.features.name, params)


class Refiner:
    """Refines a net; holds all that changes. ``games`` counts those that ended or became races."""

    def __init__(self, config: RefineConfig, *, checkpoint: Checkpoint | None = None) -> None:
        """Start a run, or take one up where ``checkpoint`` (with its ``run`` part) left it.

        Raises:
            AgentError: the agents of the settings cannot be had; ``CheckpointError``: the state in
                the checkpoint is not one of such a run; ``ConfigError``: the net that prunes is not
                the one that the run to take up had.
        """
        self.config = config
        self.games = 0
        self.positions = 0
        self.results: dict[str, Any] = {}
        quick = pruning_agent(config)
        assert quick is not None, "the settings name one"
        self._quick = fingerprint(quick)
        if checkpoint is None:
            first = refined_agent(config)
            self._net, self._settings = first.net, plain(first.settings)
            self._features, params = first.features.name, first.params
        else:
            meta = checkpoint.meta
            self._net, self._settings = meta["net"], meta["settings"]
            self._features, params = meta["features"], checkpoint.params
        optimizer = optax.scale_by_adam()
        self._knowledge = knowledge_on_device()
        self._round = make_round(
            _rules(config), self._net, self._settings, self._features, config.precision, optimizer,
            _pruning(quick, config))
        self._state = _first(config, jax.tree.map(jnp.asarray, params), optimizer)
        if checkpoint is not None:
            self._restore(checkpoint)

    def step(self) -> Report:
        """Play and learn for a round (a few seconds, after the first call compiled)."""
        alpha = self.config.alpha_at(self.games)
        self._state, tally = self._round(self._state, self._knowledge, jnp.float32(alpha))
        tally = jax.tree.map(float, tally)
        finished = round(tally.games)
        plies = tally.positions / max(1, finished)
        self.games += finished
        self.positions += round(tally.positions)
        return Report(
            games=self.games, finished=finished, loss_per_game=tally.loss / max(1, finished),
            plies_per_game=plies, gammons=tally.gammons / max(1, finished), alpha=alpha,
            lam=self.config.lam)

    def params(self) -> Any:
        """Return the parameters that play, on the host: the running mean."""
        return jax.tree.map(np.asarray, self._state.average)

    def agent(self, name: str) -> NetworkAgent:
        """Return the player as refined so far."""
        return player(name, self._net, self._settings, self._features, self.params())

    def net(self) -> Checkpoint:
        """Return everything needed to play."""
        meta = {
            "net": self._net,
            "settings": self._settings,
            "features": self._features,
            "config": self.config.as_json(),
            "games": self.games,
            "positions": self.positions,
            "quick": self._quick,
            "seed": self.config.seed,
            "results": self.results,
        }
        return Checkpoint(meta, self.params())

    def checkpoint(self) -> Checkpoint:
        """Return everything needed to play and to go on."""
        now = self.net()
        return Checkpoint(now.meta, now.params, _to_arrays(self._state))

    def _restore(self, checkpoint: Checkpoint) -> None:
        meta = checkpoint.meta
        counts = [meta.get(name) for name in ("games", "positions")]
        if not all(type(n) is int and n >= 0 for n in counts):
            raise CheckpointError(f"games and positions must be counts, not {counts}")
        if not isinstance(meta["results"], dict):
            raise CheckpointError("results must be an object of contests by name")
        if meta.get("quick") != self._quick:
            raise ConfigError(f"{self.config.prune!r} is not the net that pruned in this run so "
                              "far; start a new run")
        self.games, self.positions = meta["games"], meta["positions"]
        self.results = dict(meta["results"])
        self._state = _from_arrays(checkpoint, self._state)


def _rules(config: RefineConfig) -> Rules:
    return Rules(**{f.name: getattr(config, f.name) for f in fields(Rules)})


def _pruning(quick: NetworkAgent, config: RefineConfig) -> Pruning:
    choose = chooser(quick.net, quick.settings, quick.features.name, config.precision)
    return Pruning(by_equity(choose(jax.tree.map(jnp.asarray, quick.params))), config.prune_within)


def _first(config: RefineConfig, params: Any, optimizer: optax.GradientTransformation) -> Refined:
    store = Store(
        jnp.zeros((packed.WORDS, config.store), jnp.uint32), jnp.zeros((5, config.store)),
        jnp.int32(0), jnp.int32(0))
    return Refined(
        params=params,
        average=jax.tree.map(jnp.copy, params),
        optimizer=optimizer.init(params),
        boards=jnp.broadcast_to(jnp.asarray(start()), (config.batch, 2, 25)),
        store=store,
        key=jax.random.key(config.seed),
    )


def _to_arrays(state: Refined) -> dict[str, np.ndarray]:
    arrays = flatten({"params": state.params, "store": state.store._asdict()})
    for i, leaf in enumerate(jax.tree.leaves(state.optimizer)):
        arrays[f"optimizer/{i}"] = np.asarray(leaf)
    arrays["boards"] = np.asarray(state.boards)
    arrays["key"] = np.asarray(jax.random.key_data(state.key))
    return arrays  # the mean is missing: it is the checkpoint's net


def _from_arrays(checkpoint: Checkpoint, like: Refined) -> Refined:
    """Rebuild the state; ``like`` is a fresh one, which says what shapes are right."""
    arrays = checkpoint.run
    check_state(arrays, _to_arrays(like))
    validate(arrays["boards"])
    tree = unflatten(jax.tree.map(jnp.asarray, arrays))
    leaves = [tree["optimizer"][str(i)] for i in range(len(tree["optimizer"]))]
    return Refined(
        params=tree["params"],
        average=jax.tree.map(jnp.asarray, checkpoint.params),
        optimizer=jax.tree.unflatten(jax.tree.structure(like.optimizer), leaves),
        boards=tree["boards"],
        store=Store(**tree["store"]),
        key=jax.random.wrap_key_data(tree["key"]),
    )
