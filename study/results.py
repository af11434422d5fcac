"""The file that a study's result is kept in, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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


def read(path: Path, known: Callable[[dict[str, Any]], bool], study: str) -> dict[str, Any]:
    """Return a result that was saved.

    Args:
        path: the file.
        known: whether an object of JSON is a result of the study.
        study: what it is about, for the error.

    Raises:
        AgentError: it cannot be read, or is none of this study.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(result, dict) and known(result):
            return result
        reason = f"it is no result of a study of {study}"
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error)
    raise AgentError(f"{path}: cannot be read ({reason}); a study writes it anew elsewhere")


def agree(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any], part: str = "") -> None:
    """Refuse to go on with a study of other settings.

    Args:
        folder: of the study.
        old: the settings that its result names.
        new: those asked for, plain values of JSON.
        part: of which part they are.

    Raises:
        AgentError: they differ.
    """
    for name, value in new.items():
        if old.get(name) != value:
            of = f" of {part}" if part else ""
            raise AgentError(f"{folder}: holds a study with {name} {old.get(name)}{of}, not "
                             f"{value}; use its settings or another folder")
