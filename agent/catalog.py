"""The agents by name: what can play, how strong it was measured to be, how to get one."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from agent.checkpoint import FILE_NAME, load
from agent.errors import AgentError
from agent.players.network import NetworkAgent
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from agent.protocol import Agent

DEFAULT = "pretrained"
_SIMPLE = {"random": RandomAgent, "pubeval": PubevalAgent}


@dataclass(frozen=True)
class Entry:
    """An agent that can be asked for by name.

    ``strength`` is the result of a contest (see ``agent.arena.Contest``) with the ``command`` that
    measured it, ``hardware`` and ``date``; ``None`` where there is none.
    """

    name: str
    about: str
    strength: dict[str, Any] | None


def _shipped() -> Path:
    return Path(str(resources.files("checkpoints")))


def _record(name: str) -> dict[str, Any]:
    path = _shipped() / f"{name}.json"
    if not path.is_file():
        return {}
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def entries() -> list[Entry]:
    """Return every agent known by name."""
    nets = sorted(path.stem for path in _shipped().glob("*.npz"))
    found = []
    for name in [*_SIMPLE, *nets]:
        record = _record(name)
        about = str(record.get("about", "a value network"))
        found.append(Entry(name, about, record.get("strength")))
    return found


def get(name: str) -> Agent:
    """Return the agent of that name, or of the checkpoint at that path.

    Raises:
        AgentError: there is no such agent; ``CheckpointError``: its file is unusable.
    """
    if name in _SIMPLE:
        agent: Agent = _SIMPLE[name]()
        return agent
    shipped = _shipped() / f"{name}.npz"
    # os.path, unlike Path, answers False for names that no file system takes.
    if "/" not in name and "\\" not in name and os.path.isfile(shipped):
        return network(shipped, name)
    if name and os.path.exists(name):
        return network(Path(name), Path(name).name)
    known = ", ".join(entry.name for entry in entries())
    raise AgentError(
        f"unknown agent {name!r}; known: {known}, or the path of a .npz file or of a run's folder "
        f"with a {FILE_NAME}"
    )


def network(path: Path, name: str) -> NetworkAgent:
    """Return the network of a checkpoint as a player."""
    checkpoint = load(path)
    meta = checkpoint.meta
    return NetworkAgent(name, meta["net"], meta["settings"], meta["features"], checkpoint.params)
