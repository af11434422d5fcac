"""Ctrl-C in long work: the first one asks it to stop, and what was done is kept."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click


class StopFlag:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the program at once.

    ``kept`` says what becomes of the work, behind "stopping after this step,".
    """

    def __init__(self, kept: str) -> None:
        self.set, self._kept = False, kept

    def __call__(self) -> bool:
        return self.set

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.set:
            raise KeyboardInterrupt
        self.set = True
        click.echo(f"stopping after this step, {self._kept} …", err=True)

    @contextmanager
    def catching(self) -> Iterator[StopFlag]:
        """Take the signals over for a while."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, self._handle) for number in numbers]
        try:
            yield self
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
