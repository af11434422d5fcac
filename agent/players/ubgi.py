"""Any engine that speaks the Universal Backgammon Interface, draft 0.01, on its standard streams.

Source: https://github.com/oysteijo/Universal-Backgammon-Interface. The engine is greeted with
`ubgi` and says who it is, then `readyok`; a position, as a FIBS board line or as an XGID, is
answered with one line, the play; `quit` ends it. ``serve/ubgi.py`` is the other end.
"""

from __future__ import annotations

import contextlib
import queue
import shlex
import subprocess
import tempfile
import threading
import time
import weakref
from typing import IO

from agent.errors import AgentError
from agent.players.external import ExternalAgent, fibs_board
from agent.protocol import Boards
from engine.ids import XgPosition, format_xgid

_SORRY, _READY = "sorry", "readyok"
_EXAMPLE = 'write as in "ubgi:tdgammon serve pubeval --protocol ubgi"'
# Seconds an engine that was told to quit may take.
_QUIT_S = 2.0
# As much of an answer as an error message repeats.
_SHOWN = 80


class UbgiAgent(ExternalAgent):
    """Plays what an engine answers; the engine is started once and ended with this one."""

    def __init__(self, command: str, *, answer_s: float = 120.0):
        """Start the engine.

        Args:
            command: the program and its arguments, quoted as for a shell; no shell is involved.
            answer_s: seconds it may take for an answer, also for its first.

        Raises:
            AgentError: it does not start, or does not say that it is ready.
        """
        self.name = f"ubgi:{command}"
        self._answer_s = answer_s
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise AgentError(f"{self.name}: {error}; {_EXAMPLE}") from error
        if not words:
            raise AgentError(f"{self.name} names no command; {_EXAMPLE}")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - _end closes it
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)
        except OSError as error:
            self._errors.close()
            raise AgentError(f"{self.name}: {words[0]} cannot be started "
                             f"({error.strerror})") from error
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        assert self._process.stdout is not None
        reader = threading.Thread(
            target=_read, args=(self._process.stdout, self._lines), daemon=True)
        reader.start()
        self.close = weakref.finalize(self, _end, self._process, reader, self._errors)
        # FIBS first: an engine need know only one of the two forms.
        self._forms = [fibs_board, _xgid]
        self._greet()

    def answer(self, board: Boards, dice: tuple[int, int]) -> Boards:
        """Return the after-position of the play that the engine answers."""
        text = self._ask(self._forms[0](board, dice))
        while text == _SORRY and len(self._forms) > 1:
            del self._forms[0]
            text = self._ask(self._forms[0](board, dice))
        # From now on it is known which form the engine reads.
        del self._forms[1:]
        return self.read_play(text, board, dice)

    def _greet(self) -> None:
        stop = time.monotonic() + self._answer_s
        self._send("ubgi")
        while self._receive("ubgi", stop) != _READY:
            pass

    def _ask(self, line: str) -> str:
        self._send(line)
        stop = time.monotonic() + self._answer_s
        # An engine may say after any answer that it is ready again.
        while (answer := self._receive(line, stop)) == _READY:
            pass
        return answer

    def _send(self, line: str) -> None:
        if not self.close.alive:
            raise AgentError(f"{self.name}: the engine was ended after an error")
        assert self._process.stdin is not None
        # A broken pipe means that it has ended; reading tells what it said before.
        with contextlib.suppress(OSError):
            self._process.stdin.write(f"{line}\n".encode("ascii"))
            self._process.stdin.flush()

    def _receive(self, asked: str, stop: float) -> str:
        """Return the next line, without the white space around it."""
        try:
            line = self._lines.get(timeout=max(0.0, stop - time.monotonic()))
        except queue.Empty as error:
            raise self._failure(f"no answer to {asked} within {self._answer_s:g} s") from error
        if line is None:
            raise self._failure(f"ended instead of answering {asked}")
        return line.decode("utf-8", "replace").strip()

    def _failure(self, what: str) -> AgentError:
        """End the engine and return an error that tells what it said last."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        self.close()
        return AgentError(f"{self.name}: {what}" + (f"; it said {said[:_SHOWN]!r}" if said else ""))


def _xgid(board: Boards, dice: tuple[int, int]) -> str:
    return format_xgid(XgPosition(board, dice=dice))


def _read(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    """Pass lines on until the stream ends: a pipe cannot be waited for everywhere."""
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[bytes], reader: threading.Thread, errors: IO[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.write(b"quit\n")
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=_QUIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # A grandchild may hold the pipe open; the thread is a daemon and waits for nobody.
    reader.join(timeout=_QUIT_S)
    if not reader.is_alive():
        process.stdout.close()
    errors.close()
