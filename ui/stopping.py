"""Ctrl-C in long work: the first one asks it to stop, and what was done is kept."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class StopFlag:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the program at once.

    ``kept`` says what becomes of the work, behind "stopping after this step,". ``number`` is that
    of the first signal, 0 before it. ``heard``, if given, is called with it by a thread, at once,
    where the program itself may compute for a while before it looks.
    """

    def __init__(self, kept: str, heard: Callable[[int], None] | None = None) -> None:
        self.number, self._kept, self._heard = 0, kept, heard

    def __call__(self) -> bool:
        return self.number != 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.number:
            raise KeyboardInterrupt
        self.number = number
        click.echo(f"stopping after this step, {self._kept} …", err=True)

    @contextmanager
    def catching(self) -> Iterator[StopFlag]:
        """Take the signals over for a while."""
        before = [signal.signal(number, self._handle) for number in _NUMBERS]
        try:
            with self._hearing():
                yield self
        finally:
            for number, handler in zip(_NUMBERS, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        if self._heard is None:
            yield
            return
        reads, writes = os.pipe()
        os.set_blocking(writes, False)
        before = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        listener = threading.Thread(target=self._listen, args=(reads,), daemon=True)
        listener.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            os.close(writes)
            listener.join()
            os.close(reads)

    def _listen(self, reads: int) -> None:
        assert self._heard is not None
        while numbers := os.read(reads, 64):
            for number in numbers:
                if number in _NUMBERS:
                    self._heard(number)
