"""The player of a value network, by what the network is."""

from __future__ import annotations

from typing import Any

from agent.nets.settings import REMEMBERING
from agent.players.network import NetworkAgent
from agent.players.remembering import RememberingAgent


def player(
    name: str, net: str, settings: dict[str, Any], features: str, params: Any
) -> NetworkAgent:
    """Return the player of a network; the arguments are those of ``NetworkAgent``."""
    kind = RememberingAgent if net in REMEMBERING else NetworkAgent
    return kind(name, net, settings, features, params)
