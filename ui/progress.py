"""Progress of long work: on stderr, and only where a person watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def console() -> Console:
    """Return the console for progress: stderr."""
    return Console(stderr=True)


class Advance(Protocol):
    """Moves a bar to ``done`` of ``total``; ``words`` say what is done now."""

    def __call__(self, done: int, total: int, words: str | None = None) -> None: ...


@contextmanager
def bar(what: str, total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show a bar of ``total`` things, ``what`` they are before it; none unless ``shown``."""
    out = console()
    shown = shown and out.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not shown) as progress:
        task = progress.add_task(what, total=total)

        def advance(done: int, total: int, words: str | None = None) -> None:
            progress.update(task, completed=done, total=total, description=words)

        yield advance
