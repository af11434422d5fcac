"""Messages between two processes over TCP: frames of a kind and bytes, and who is still there.

A frame is one byte, its kind; eight bytes, the length, most significant first; and the bytes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

_HEAD = struct.Struct(">cQ")
# The longest message that is believed: far more than the state of any run in memory.
_LONGEST = 1 << 40
_CHUNK = 1 << 20


class Link:
    """A connection to another process; ``heard`` is when something last came, as monotonic time."""

    def __init__(self, connection: socket.socket, seconds: float | None = None) -> None:
        """Take over a connection; until :meth:`patient` nothing on it may take ``seconds``."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(seconds)
        self._socket = connection
        self._sending = threading.Lock()
        self.heard = time.monotonic()

    def patient(self) -> None:
        """Wait for messages however long they take."""
        self._socket.settimeout(None)
        self.heard = time.monotonic()

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Send a frame; raises ``OSError`` where the other process is gone."""
        with self._sending:
            self._socket.sendall(_HEAD.pack(kind, len(payload)))
            self._socket.sendall(payload)

    def send_if_free(self, kind: bytes, payload: bytes = b"", seconds: float = 0.0) -> None:
        """Send a small frame, unless another one is being sent for longer than ``seconds``."""
        if self._sending.acquire(timeout=seconds):
            try:
                self._socket.sendall(_HEAD.pack(kind, len(payload)) + payload)
            finally:
                self._sending.release()

    def frames(self, longest: int = _LONGEST) -> Iterator[tuple[bytes, bytes]]:
        """Yield what comes, kinds and bytes, until the other side closes or breaks off.

        So does one that announces more than ``longest`` bytes.
        """
        try:
            while True:
                head = self._exactly(_HEAD.size)
                kind, length = _HEAD.unpack(head)
                if length > longest:
                    return
                yield kind, bytes(self._exactly(length))
        except (OSError, EOFError):
            return

    def say_no_more(self) -> None:
        """Let the other side read all that was sent, and then the end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection, also to a thread that waits for something to come."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, length: int) -> bytearray:
        found = bytearray(length)
        view, have = memoryview(found), 0
        while have < length:
            got = self._socket.recv_into(view[have : have + _CHUNK])
            if not got:
                raise EOFError
            have += got
            self.heard = time.monotonic()
        return found
