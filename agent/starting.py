"""Nets trained before that a run needs: the one it starts from, the one that prunes for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.catalog import get
from agent.config import TrainConfig
from agent.errors import ConfigError
from agent.features import feature_set
from agent.players.network import NetworkAgent


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


def pruning_agent(config: TrainConfig) -> NetworkAgent | None:
    """Return the player whose net prunes in a run of ``config``, ``None`` where nothing is pruned.

    Raises:
        AgentError: there is no such agent, or it is no network.
    """
    return _network(config.prune, "plays can be pruned by") if config.prune else None


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
    plain = {**{"activation": "sigmoid"}, **settings}
    if net != config.net or plain != config.net_settings:
        raise ConfigError(
            f"the net to start from is {net} {plain}, the settings say {config.net} "
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
    layers = dict(params["params"])
    first = dict(layers["hidden0"])
    kernel = first["kernel"]
    more = np.zeros((wanted.size - kernel.shape[0], kernel.shape[1]), np.float32)
    first["kernel"] = np.concatenate([kernel, more])
    return {"params": {**layers, "hidden0": first}}
