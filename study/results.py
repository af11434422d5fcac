"""The file that a study's result is kept in, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.checkpoint import write_atomically
from agent.errors import AgentError


def begin(path: Path) -> None:
    """Make the folder of a new result.

    Raises:
        AgentError: there is such a result already, or the folder cannot be made.
    """
    if path.exists():
        raise AgentError(f"{path.parent} holds a study already; name another folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AgentError(f"{path.parent}: cannot be written ({error.strerror})") from error


def save(result: Mapping[str, Any], path: Path) -> None:
    """Write a result of plain values; the old file stays whole until the new one is.

    Raises:
        AgentError: the file cannot be written.
    """
    text = json.dumps(result, indent=1) + "\n"
    try:
        write_atomically(path, lambda file: file.write(text.encode()))
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error
