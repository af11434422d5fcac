"""Players that a run needs: whose net it starts from, whose net prunes, and opponents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from agent.catalog import get
from agent.checkpoint import flatten
from agent.config import TrainConfig
from agent.errors import ConfigError
from agent.features import feature_set
from agent.nets.settings import complete, plain
from agent.players.network import NetworkAgent
from agent.players.remembering import RememberingAgent
from agent.players.scored import ScoredAgent


class Prunes(Protocol):
    """Settings that name, in ``prune``, the agent whose net prunes; "" for none."""

    @property
    def prune(self) -> str:
        """The name."""
        ...


def starting_agent(config: TrainConfig) -> NetworkAgent | None:
    """Return the player a run of ``config`` starts from, ``None`` where it starts at random.

    Raises:
        AgentError: there is no such agent, or it is no network; ``ConfigError``: its net is not
            that of the settings.
    """
    if not config.init:
        return None
    agent = _network(config.init, "a run can start from")
    params_from(agent.net, agent.settings, agent.features.name, agent.params, config)
    return agent


def pruning_agent(config: Prunes) -> NetworkAgent | None:
    """Return the player whose net prunes in a run of ``config``, ``None`` where nothing is pruned.

    Raises:
        AgentError: there is no such agent, or it is no network.
    """
    if not config.prune:
        return None
    agent = _network(config.prune, "plays can be pruned by")
    if isinstance(agent, RememberingAgent):
        raise ConfigError(f"{config.prune} remembers games; plays can be pruned by one that does "
                          "not, as td-gammon")
    return agent


def rival_agents(config: TrainConfig) -> list[ScoredAgent]:
    """Return the players beside itself that the net of a run of ``config`` plays against.

    Raises:
        AgentError: there is no such agent, or it cannot play in training.
    """
    found = []
    for name in config.opponents or ():
        agent = get(name)
        if not isinstance(agent, ScoredAgent) or isinstance(agent, RememberingAgent):
            raise ConfigError(f"{name} cannot be an opponent in training; name random, pubeval or "
                              "a network that remembers nothing, as td-gammon")
        found.append(agent)
    return found


def _network(name: str, what: str) -> NetworkAgent:
    agent = get(name)
    if not isinstance(agent, NetworkAgent):
        raise ConfigError(f"{what} a network only, and {name!r} is none")
    return agent


def params_from(
    net: str, settings: Mapping[str, Any], features: str, params: Any, config: TrainConfig
) -> Any:
    """Return the parameters of a trained net, fit for a run of ``config``.

    Inputs that the old net did not have get no weight, so that the new net starts as the very same
    function.

    Args:
        net, settings, features, params: of the trained net, as in a checkpoint.
        config: of the run; it may have more inputs, the rest must agree.

    Raises:
        ConfigError: it does not.
    """
    whole = plain(complete(net, settings))
    if net != config.net or whole != config.net_settings:
        raise ConfigError(
            f"the net to start from is {net} {whole}, the settings say {config.net} "
            f"{config.net_settings}; they must agree"
        )
    if features == config.features:
        return params
    wanted = feature_set(config.features)
    if wanted.extends != features:
        raise ConfigError(
            f"the net to start from has features {features!r}; {config.features!r} do not extend "
            "them"
        )
    if config.remembers:
        raise ConfigError(f"a net {net} can start only from one of the same features")
    layers = dict(params["params"])
    name = "hidden0" if net == "mlp" else "first"
    kernel = layers[name]["kernel"]
    # New inputs come last, in a convolution as channels.
    lead, units = kernel.shape[:-2], kernel.shape[-1]
    more = np.zeros((*lead, wanted.size - feature_set(features).size, units), np.float32)
    first = {**layers[name], "kernel": np.concatenate([kernel, more], axis=-2)}
    return {"params": {**layers, name: first}}


def fingerprint(agent: NetworkAgent) -> str:
    """Return a digest of what an agent's net computes."""
    digest = hashlib.sha256(repr((agent.net, agent.settings, agent.features.name)).encode())
    for name, array in sorted(flatten({"params": agent.params}).items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
