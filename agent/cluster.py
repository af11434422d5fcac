"""The processes of one run: what they tell each other, who is still there, and how they end.

Process 0 is connected to every other one (``agent.joining``). Over these connections go what
processes must agree on outside of jax's computations: settings, states, decisions, results; and,
every two seconds, a sign of life. A process whose connection closes, or that gives no sign for 30
seconds, is lost. Then all others end with one line and exit code 75, whatever they are waiting for.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue

from agent.errors import ClusterError
from agent.joining import join
from agent.links import Link
from agent.place import Place
from engine.errors import EngineError

_DATA, _ALIVE, _STOP, _END, _BYE = b"d", b"a", b"s", b"e", b"b"
_BEAT = 2.0
_SILENCE = 30.0
# What a broken computation raises may be known before it is known whose end broke it.
_AFTERMATH = 10.0
# How long the last word to the others may take.
_PARTING = 1.0
_INTERRUPTED, _UNFORESEEN = 130, 1


class Cluster:
    """The processes of a run, seen by one of them.

    ``rank``: its number, from 0; ``count``: how many there are. A process alone is a cluster of 1,
    and everything below works there too. What is said "of all" must be called by all, in the same
    order.
    """

    def __init__(self, rank: int = 0, count: int = 1, links: Mapping[int, Link] | None = None
                 ) -> None:
        """Watch over connections: those of process 0 to all, or of another one to process 0."""
        self.rank, self.count = rank, count
        self._links = dict(links or {})
        self._inbox: dict[int, SimpleQueue[bytes]] = {peer: SimpleQueue() for peer in self._links}
        self._left = {peer: threading.Event() for peer in self._links}
        self._gone = {peer: threading.Event() for peer in self._links}
        self._ending = threading.Lock()
        self._over = False
        self._asked = 0
        self._on_stop: Callable[[int], None] | None = None
        for peer, link in self._links.items():
            threading.Thread(target=self._read, args=(peer, link), daemon=True).start()
        if self._links:
            threading.Thread(target=self._beat, daemon=True).start()

    @property
    def first(self) -> bool:
        """Whether this is process 0, which writes files and speaks."""
        return self.rank == 0

    def gather(self, payload: bytes) -> list[bytes]:
        """Return to process 0 the messages of all, in their order; to others nothing. Of all."""
        if self.first:
            return [payload] + [self._inbox[n].get() for n in range(1, self.count)]
        self._send(0, payload)
        return []

    def scatter(self, payloads: Sequence[bytes] = ()) -> bytes:
        """Return to each process its own of the messages that process 0 has for them. Of all."""
        if not self.first:
            return self._inbox[0].get()
        for peer in range(1, self.count):
            self._send(peer, payloads[peer])
        return payloads[0]

    def broadcast(self, payload: bytes = b"") -> bytes:
        """Return to every process the message that process 0 has. Of all."""
        return self.scatter([payload] * self.count)

    def everyones(self, payload: bytes) -> list[bytes]:
        """Return to every process the messages of all, in their order. Of all."""
        parts = self.gather(payload)
        lengths = json.dumps([len(part) for part in parts]).encode()
        sizes = json.loads(self.broadcast(lengths))
        whole = self.broadcast(b"".join(parts))
        ends = [sum(sizes[:n]) for n in range(self.count + 1)]
        return [whole[a:b] for a, b in zip(ends, ends[1:], strict=False)]

    def ask_to_stop(self, number: int) -> None:
        """Let process 0 know that a signal wants the run to stop; by any thread, at any time."""
        if not self.first:
            self._try(0, _STOP, bytes([number]))
            return
        self._asked = number
        if self._on_stop is not None:
            self._on_stop(number)

    def when_asked(self, on_stop: Callable[[int], None]) -> None:
        """Let process 0 hear of such a wish, also of one that came before, by any thread."""
        self._on_stop = on_stop
        if self._asked:
            on_stop(self._asked)

    def end(self, message: str, code: int) -> None:
        """End this process and all others, at once; by any thread."""
        with self._ending:
            if not self._over:
                self._end(message, code)

    def leave(self) -> None:
        """End together, when the work is done. Of all."""
        if self.count > 1:
            self.broadcast(b"".join(self.gather(b"")))
            _stop_jax()
            self._over = True
            for link in self._links.values():
                link.send(_BYE)
            for peer, link in self._links.items():
                # Who closes before the other has read all may take it from him.
                self._left[peer].wait(_AFTERMATH)
                link.close()

    def give_up(self, error: BaseException) -> None:
        """Let the others end because of an error here; this process ends when python does."""
        code = _code_of(error)
        with self._ending:
            self._over = True
            ours = code != _UNFORESEEN
            brief = str(error).strip() or "it was interrupted"
            why = brief if ours else "it ended by an error; see its own output"
            told = {"message": f"process {self.rank} of {self.count}: {why}",
                    "code": code if ours else ClusterError.exit_code}
            self._part(told)
        # Python's own end would wait for jax's, which would wait for the other processes.
        atexit.register(_exit_now, code)

    def _read(self, peer: int, link: Link) -> None:
        for kind, payload in link.frames():
            if kind == _DATA:
                self._inbox[peer].put(payload)
            elif kind == _STOP:
                self.ask_to_stop(payload[0])
            elif kind == _BYE:
                self._left[peer].set()
            elif kind == _END:
                told = json.loads(payload)
                self._gone[peer].set()
                self.end(told["message"], told["code"])
        self._gone[peer].set()
        if not self._left[peer].is_set():
            self._lost(peer, "its connection closed")

    def _beat(self) -> None:
        while not self._over:
            for peer, link in self._links.items():
                self._try(peer, _ALIVE)
                if time.monotonic() - link.heard > _SILENCE and not self._left[peer].is_set():
                    self._lost(peer, f"nothing was heard of it for {_SILENCE:g} s")
            time.sleep(_BEAT)

    def _lost(self, peer: int, why: str) -> None:
        self.end(f"process {peer} of {self.count} was lost ({why}), so all end; started again, "
                 "they go on from the last checkpoint", ClusterError.exit_code)

    def _end(self, message: str, code: int) -> None:
        self._over = True
        self._part({"message": message, "code": code})
        if message:
            os.write(2, f"tdgammon: {message}\n".encode())
        _exit_now(code)

    def _part(self, told: Mapping[str, object]) -> None:
        """Tell the others why all end, and give them a moment to read it.

        A connection that is closed while something comes from the other side, a sign of life, takes
        from that side what it has not read yet.
        """
        for link in self._links.values():
            with suppress(OSError):  # gone; the thread that reads says so
                link.send_if_free(_END, json.dumps(told).encode(), _PARTING)
            link.say_no_more()
        deadline = time.monotonic() + _PARTING
        for gone in self._gone.values():
            gone.wait(max(0.0, deadline - time.monotonic()))

    def _send(self, peer: int, payload: bytes) -> None:
        try:
            self._links[peer].send(_DATA, payload)
        except OSError:
            # The thread that reads ends this process, with a word.
            threading.Event().wait()

    def _try(self, peer: int, kind: bytes, payload: bytes = b"") -> None:
        link = self._links[peer]
        try:
            if kind == _STOP:
                link.send(kind, payload)
            else:
                link.send_if_free(kind, payload)
        except OSError:
            return  # gone; the thread that reads says so


ALONE = Cluster()


@contextmanager
def joined(place: Place | None, *, with_jax: bool) -> Iterator[Cluster]:
    """Work together with the other processes of a run; in the end, end together.

    Args:
        place: of this process; ``None``: it is alone.
        with_jax: let jax see the devices of all processes; call before it computes anything.

    Raises:
        ClusterError, ConfigError: see ``agent.joining.join``.
    """
    if place is None:
        yield ALONE
        return
    cluster = Cluster(place.rank, place.count, join(place))
    try:
        if with_jax:
            from agent.cluster_jax import start_jax

            start_jax(cluster, place)
        yield cluster
    except BaseException as error:
        why = error
        if _code_of(error) == _UNFORESEEN:
            # It may come of the end of another process: then that is what is to be said.
            time.sleep(_AFTERMATH)
            why = _as_ours(error)
        cluster.give_up(why)
        if why is error:
            raise
        raise why from error
    cluster.leave()


def _as_ours(error: BaseException) -> BaseException:
    """Return what is to be said of an error: of one in what all compute together, only that."""
    text = " ".join(str(error).split())
    if any(library in text for library in ("Gloo", "gloo", "NCCL")):
        return ClusterError(f"what all processes compute together failed: {text[:300]}")
    return error


def _stop_jax() -> None:
    if "jax" in sys.modules:
        import jax

        jax.distributed.shutdown()


def _code_of(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED
    return 2 if isinstance(error, EngineError) else int(getattr(error, "exit_code", _UNFORESEEN))


def _exit_now(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # nobody reads it
    os._exit(code)
