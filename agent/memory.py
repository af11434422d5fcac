"""The file of an agent's memory: games that are laid aside and gone on with later.

A memory is what ``Agent.start`` and ``Agent.choose`` return: ``None``, an array with a leading axis
of games, or nested dictionaries of such. The file is one NumPy ``.npz`` archive.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from agent.checkpoint import flatten, unflatten, write_atomically
from agent.errors import AgentError
from agent.protocol import Agent, Memory

_ALL = "memory"


def save(path: Path, memory: Memory) -> None:
    """Write a memory; an old file stays whole until the new one is.

    Raises:
        AgentError: the file cannot be written.
    """
    arrays = {} if memory is None else flatten({_ALL: memory})
    try:
        write_atomically(path, lambda file: np.savez(file, **cast(Any, arrays)))
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def load(path: Path, agent: Agent) -> Memory:
    """Read the memory that an agent has of some games.

    Raises:
        AgentError: the file is missing or damaged, or holds no memory of such an agent.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:
        # A flipped bit in an archive surfaces as almost any exception of the modules that read it.
        brief = (str(error).splitlines() or [""])[0][:100] or type(error).__name__
        raise AgentError(f"{path}: no file of a memory ({brief})") from error
    memory = unflatten(arrays).get(_ALL) if arrays else None
    # All arrays have the same leading axis; the comparison says so.
    lead = next(iter(arrays.values()), np.zeros(0)).shape
    if _build(agent.start(lead[0] if lead else 0)) != _build(memory):
        raise AgentError(f"{path}: holds no memory of {agent.name}")
    return memory


def _build(memory: Memory) -> Any:
    """Return the names, shapes and dtypes of a memory."""
    if memory is None:
        return None
    return {name: (a.shape, a.dtype) for name, a in flatten({_ALL: memory}).items()}
