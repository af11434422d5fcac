"""A thread that does jobs in the background of the board window."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable


class Worker:
    """A daemon thread that does jobs one after the other, the most urgent first.

    The program's end does not wait for it. What a job raises is handed to ``fail``.
    """

    def __init__(self, name: str, fail: Callable[[Exception], None]) -> None:
        self._name, self._fail = name, fail
        self._jobs: queue.PriorityQueue[tuple[int, int, Callable[[], None]]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._thread: threading.Thread | None = None
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether a job is being done."""
        return self._busy

    def do(self, job: Callable[[], None], urgency: int = 0) -> None:
        """Have a job done; a smaller ``urgency`` comes first, among equals the earlier one."""
        self._jobs.put((urgency, next(self._count), job))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()[2]
            self._busy = True
            try:
                job()
            except Exception as error:
                # Agents may come from anywhere: whatever they raise, the game goes on.
                self._fail(error)
            finally:
                self._busy = False
