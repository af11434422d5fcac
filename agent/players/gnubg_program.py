"""GNU Backgammon itself, asked over its socket for external controllers.

Sources: GNU Backgammon manual, command ``external``; Ingo Macherius, bug-gnubg, 14 February 2008,
https://lists.gnu.org/archive/html/bug-gnubg/2008-02/msg00046.html; the fields of a board line:
http://www.fibs.com/fibs_interface.html. The program listens, is sent a FIBS board line and answers
with its play in plain notation, or with a line that begins "Error". It drops what follows a line
in the same packet, so there is never more than one question under way.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import weakref
from pathlib import Path

from agent.errors import AgentError
from agent.players.external import ExternalAgent, fibs_board
from agent.protocol import Boards

GET_IT = "install GNU Backgammon, as by apt install gnubg"
_NAMES = ("gnubg", "gnubg-cli")
# Debian installs games where not everybody's PATH leads.
_ELSEWHERE = "/usr/games:/usr/local/games"
_HOST = "127.0.0.1"
# A program that breaks down may close its socket before it says why.
_LAST_WORDS_S = 2.0
# Jacoby's rule would make gammons worthless before a double, and here nobody doubles.
_SETTINGS = """\
set jacoby off
set evaluation chequerplay type evaluation
set evaluation chequerplay evaluation plies {plies}
set evaluation chequerplay evaluation cubeful off
set evaluation chequerplay evaluation noise 0
external {host}:{port}
"""


def program() -> str | None:
    """Return the path of the program, or None if it is not installed."""
    found = (shutil.which(name, path=path) for path in (None, _ELSEWHERE) for name in _NAMES)
    return next((path for path in found if path), None)


class GnubgProgramAgent(ExternalAgent):
    """Plays as the program does at 0, 1 or 2 plies, money play without the cube.

    The program is started once, with a folder of its own instead of the user's settings, and ended
    with this one.
    """

    def __init__(self, plies: int, *, start_s: float = 30.0, answer_s: float = 120.0):
        """Start the program.

        Args:
            plies: how far it looks ahead.
            start_s, answer_s: seconds it may take to start and to answer.

        Raises:
            AgentError: it is not installed or does not start.
        """
        self.name = f"gnubg-program:{plies}"
        self._answer_s = answer_s
        path = program()
        if path is None:
            raise AgentError(f"{self.name} needs the program gnubg; {GET_IT}")
        self._folder = Path(tempfile.mkdtemp(prefix="tdgammon-gnubg-"))
        self._output = self._folder / "output"
        port = _free_port()
        commands = self._folder / "commands"
        commands.write_text(_SETTINGS.format(plies=plies, host=_HOST, port=port), encoding="ascii")
        self._process = self._start([path, "-t", "-q", "-r", "-s", str(self._folder),
                                     "-c", str(commands)])
        self.close = weakref.finalize(self, _end, self._process, self._folder)
        self._socket = self._connect(port, start_s)
        self.close.detach()
        self.close = weakref.finalize(self, _end, self._process, self._folder, self._socket)
        self._received = b""

    def answer(self, board: Boards, dice: tuple[int, int]) -> Boards:
        """Return the after-position of the play that the program answers."""
        return self.read_play(self._ask(fibs_board(board, dice)), board, dice)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        # It translates what it says, points and all, unless told otherwise.
        environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}
        try:
            with open(self._output, "wb") as output:
                return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=subprocess.STDOUT, env=environment)
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise AgentError(f"{self.name}: {command[0]} cannot be started "
                             f"({error.strerror})") from error

    def _connect(self, port: int, seconds: float) -> socket.socket:
        stop = time.monotonic() + seconds
        while time.monotonic() < stop and self._process.poll() is None:
            try:
                found = socket.create_connection((_HOST, port), timeout=1)
            except OSError:
                time.sleep(0.05)
                continue
            # While nobody listens on a port, a socket may by chance connect to itself.
            if found.getsockname() != found.getpeername():
                return found
            found.close()
        ended = self._process.poll() is not None
        raise self._failure("ended at once" if ended else f"did not listen within {seconds:g} s")

    def _ask(self, line: str) -> str:
        """Return the answer to a line, without the white space around it."""
        if not self.close.alive:
            raise AgentError(f"{self.name}: the program was ended after an error")
        try:
            self._socket.settimeout(self._answer_s)
            self._socket.sendall(f"{line}\n".encode("ascii"))
            while b"\n" not in self._received:
                data = self._socket.recv(4096)
                if not data:
                    raise self._ended("ended")
                self._received += data
        except TimeoutError as error:
            raise self._failure(f"did not answer {line} within {self._answer_s:g} s") from error
        except OSError as error:
            raise self._ended(f"ended ({error.strerror})") from error
        answer, _, self._received = self._received.partition(b"\n")
        text = answer.decode("ascii", "backslashreplace").strip()
        if text.startswith("Error"):
            raise self._failure(f"answered {text!r} to {line}")
        return text

    def _ended(self, what: str) -> AgentError:
        """Return the error of a program that hung up, once it has had time to say why."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_LAST_WORDS_S)
        return self._failure(what)

    def _failure(self, what: str) -> AgentError:
        """End the program and return an error that tells what it said last."""
        lines = self._output.read_text("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        self.close()
        return AgentError(f"{self.name}: the program {what}; the last it said was {said!r}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes], folder: Path,
         connection: socket.socket | None = None) -> None:
    if connection is not None:
        connection.close()
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
