"""Progress of long work: on stderr, and only where a person watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def console() -> Console:
    """Return the console for progress: stderr."""
    return Console(stderr=True)


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show a bar of ``total`` things; yields ``advance(done, total)``."""
    out = console()
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done, total: progress.update(task, completed=done)
