"""One sitting of a study: from where its folder was left until it is done, or the user stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from study import results

Progress = Callable[[int, int, str], None]
S = TypeVar("S")


class StoppedError(Exception):
    """The user wants to stop."""


class Sitting(Generic[S]):
    """What a study does, of settings ``S``, with what it has found so far in ``result``.

    ``done`` is how much of its work is behind it, as ``progress`` counts.
    """

    def __init__(
        self, settings: S, folder: Path, progress: Progress, stop: Callable[[], bool],
        result: dict[str, Any],
    ) -> None:
        self.settings, self.folder, self.progress, self.stop = settings, folder, progress, stop
        self.result, self.done = result, 0

    def go(self) -> None:
        """Do what is left to do."""
        raise NotImplementedError

    def sit(self) -> dict[str, Any]:
        """Do what is left until the user stops; return the result, which says if he did."""
        try:
            self.go()
        except StoppedError:
            self.result["stopped"] = True
        return self.result

    def heed(self) -> None:
        """Raise ``StoppedError`` if the user wants to stop."""
        if self.stop():
            raise StoppedError


def taken_up(
    path: Path, fresh: dict[str, Any], read: Callable[[Path], dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the result of earlier sittings, ``None`` if there was none.

    Args:
        path: of the result.
        fresh: a result of nothing yet, with the ``settings`` asked for.
        read: returns the result in a file.

    Raises:
        AgentError: the result cannot be read, or is one of other settings.
    """
    if not path.exists():
        return None
    found = read(path)
    results.agree(path.parent, found["settings"], fresh["settings"])
    return {**found, "stopped": False}
