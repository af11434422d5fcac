"""What goes back from agents in the background to the board window: answers, and what went wrong.

Used from several threads at once.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable
from typing import Any

from ui.events import Event, Told

Deliver = Callable[[Event], None]
_LONGEST_MESSAGE = 300


class Answers:
    """Hands answers over; of each kind of question only the newest is answered.

    ``lock`` guards which one that is.
    """

    def __init__(self, deliver: Deliver) -> None:
        self.lock = threading.Lock()
        self._deliver = deliver
        self._newest: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._closed = False

    def begin(self, kind: str) -> int:
        """Return the number of a new question of a kind; the answer to those before is dropped."""
        with self.lock:
            number = self._newest[kind] = next(self._numbers)
        return number

    def drop(self, *kinds: str) -> None:
        """Answer no question asked so far of these kinds."""
        for kind in kinds:
            self.begin(kind)

    def newest(self, kind: str) -> int:
        """Return the number of the newest question of a kind; for those who hold the lock."""
        return self._newest[kind]

    def current(self, kind: str, number: int) -> bool:
        """Say whether a question is still the newest of its kind."""
        with self.lock:
            return self._newest[kind] == number

    def answer(self, kind: str, number: int, event: Event) -> None:
        """Hand over the answer to a question, if it is still the newest of its kind."""
        if self.current(kind, number):
            self.say(event)

    def say(self, event: Event) -> None:
        """Hand over an event."""
        if not self._closed:
            self._deliver(event)

    def tell(self, error: Exception) -> None:
        """Hand over what went wrong, as a line."""
        self.say(told(error))

    def close(self) -> None:
        """Hand over nothing any more."""
        self._closed = True


def told(error: Exception, who: str = "") -> Told:
    """Return an error as one line; the program's own say all themselves, others say what they are.

    >>> told(ValueError("no such\\nthing")).message
    'no such thing'
    >>> told(KeyError("thing"), "oracle").message
    "oracle: KeyError: 'thing'"
    """
    text = " ".join(str(error).split())
    if not isinstance(error, ValueError) or not text:
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    if who and not text.startswith(who):
        text = f"{who}: {text}"
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE - 1] + "…"
    return Told(text, failed=True)


def end(agent: Any) -> None:
    """End the program behind an agent, if there is one."""
    close = getattr(agent, "close", None)
    if callable(close):
        with contextlib.suppress(Exception):
            close()
