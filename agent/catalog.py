"""The agents by name: what can play, how strong it was measured to be, how to get one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from agent.checkpoint import FILE_NAME, load
from agent.errors import AgentError
from agent.nets.numpy_lstm import VARIANTS
from agent.players import gnubg, gnubg_program
from agent.players.external import plies_of
from agent.players.made import player
from agent.players.network import NetworkAgent
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from agent.players.remembering import RememberingAgent
from agent.players.searching import searching
from agent.players.ubgi import UbgiAgent
from agent.protocol import Agent

DEFAULT = "pretrained"
FORGETFUL = "forgetful"
_SIMPLE = {"random": RandomAgent, "pubeval": PubevalAgent}
# Players from outside, by what stands before the first colon; what stands behind makes them.
_EXTERNAL: dict[str, Callable[[str], Agent]] = {
    "gnubg": lambda plies: gnubg.GnubgAgent(plies_of("gnubg", plies)),
    "gnubg-program":
        lambda plies: gnubg_program.GnubgProgramAgent(plies_of("gnubg-program", plies)),
    "ubgi": UbgiAgent,
}


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
    path = _shipped() / f"{name.replace(':', '-')}.json"
    if not path.is_file():
        return {}
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def entries() -> list[Entry]:
    """Return every agent known by name; those from outside once for each kind."""
    nets = sorted(_name_of(path.stem) for path in _shipped().glob("*.npz"))
    found = []
    for name in [*_SIMPLE, *nets]:
        record = _record(name)
        about = str(record.get("about", "a value network"))
        found.append(Entry(name, about, record.get("strength")))
    return [*found, *_external_entries()]


def _name_of(stem: str) -> str:
    """Return what the net of a shipped file is called: variants of a net behind a colon."""
    net, dash, variant = stem.partition("-")
    return f"{net}:{variant}" if dash and variant in VARIANTS else stem


def _external_entries() -> list[Entry]:
    package = "installed" if gnubg.available() else f"not installed: {gnubg.GET_IT}"
    program = gnubg_program.program() or f"not installed: {gnubg_program.GET_IT}"
    plies = "N = 0, 1 or 2 plies"
    return [
        Entry("gnubg:N", f"GNU Backgammon's nets through gnubg-nn, {plies} ({package})", None),
        Entry("gnubg-program:N", f"the program GNU Backgammon, {plies} ({program})", None),
        Entry("ubgi:COMMAND", "any engine that speaks UBGI, started by this command", None),
    ]


def get(name: str, ply: int | None = None) -> Agent:
    """Return the agent of that name, or of the checkpoint at that path.

    ``pretrained:1`` and ``PATH:2`` are networks that look 1 and 2 plies ahead, and ``:0`` is the
    network itself. ``contextual:random`` is told whom it plays against, ``lstm:np`` has another
    cell, ``lstm:forgetful`` remembers nothing. ``gnubg:1``, ``gnubg-program:0`` and
    ``ubgi:COMMAND`` are players from outside, started here.

    Args:
        name: what it is called.
        ply: how far it looks ahead, if the name does not say so; only networks can.

    Raises:
        AgentError: there is no such agent, or it cannot look ahead, or what it needs is not
            installed; ``CheckpointError``: its file is unusable.
    """
    agent = _known(name)
    if agent is None:
        base, colon, plies = name.rpartition(":")
        agent = _known(base) if colon else None
        if agent is not None:
            if isinstance(agent, RememberingAgent) and not plies.isdigit():
                raise AgentError(f"{name}: behind {base}: stand {FORGETFUL} or 0, 1 or 2 plies"
                                 + "".join(f", or {told}" for told in agent.opponents))
            if ply is not None:
                raise AgentError(f"{name} says how far to look ahead; leave out one of the two")
            ply = plies_of(base, plies)
    if agent is not None:
        return agent if ply is None else searching(agent, ply)
    known = ", ".join(entry.name for entry in entries())
    raise AgentError(
        f"unknown agent {name!r}; known: {known}, or the path of a .npz file or of a run's folder "
        f"with a {FILE_NAME}"
    )


def _known(name: str) -> Agent | None:
    """Return the agent of that very name or path, ``None`` if there is none."""
    if name in _SIMPLE:
        agent: Agent = _SIMPLE[name]()
        return agent
    family, colon, rest = name.partition(":")
    if colon and family in _EXTERNAL:
        return _EXTERNAL[family](rest)
    path = _path_of(name)
    if path is not None:
        return network(path, path.name if Path(name) == path else name)
    base, colon, told = name.rpartition(":")
    remembering = _known(base) if colon else None
    if isinstance(remembering, RememberingAgent):
        if told == FORGETFUL:
            return remembering.forgetful()
        if told in remembering.opponents:
            return remembering.against(told)
    return None


def _path_of(name: str) -> Path | None:
    """Return the checkpoint of that very name, which may be its path, ``None`` if there is none."""
    family, colon, rest = name.partition(":")
    shipped = _shipped() / f"{name}.npz"
    if colon and rest in VARIANTS:
        shipped = _shipped() / f"{family}-{rest}.npz"
    # os.path, unlike Path, answers False for names that no file system takes.
    if "/" not in name and "\\" not in name and os.path.isfile(shipped):
        return shipped
    return Path(name) if name and os.path.exists(name) else None


def checkpoint_of(name: str) -> Path | None:
    """Return the checkpoint file of the network that :func:`get` knows by that name.

    ``None`` for players without one.
    """
    path = _path_of(name)
    if path is None:
        base, colon, _ = name.rpartition(":")
        return checkpoint_of(base) if colon else None
    return path / FILE_NAME if path.is_dir() else path


def network(path: Path, name: str) -> NetworkAgent:
    """Return the network of a checkpoint as a player."""
    checkpoint = load(path)
    meta = checkpoint.meta
    return player(name, meta["net"], meta["settings"], meta["features"], checkpoint.params)
