"""A way from jax to the coordinator of a run that stays open when the coordinator is lost.

jax's runtime ends a process with a trace of C++ at the moment its connection to the coordinator
breaks, before anybody could say what has happened. Through the relay it never sees that: what has
happened is noticed, and said, by ``agent.cluster``.
"""

from __future__ import annotations

import socket
import threading

_CHUNK = 1 << 16


def relay_to(address: tuple[str, int]) -> int:
    """Pass on all connections to a port of this machine; return the port.

    Args:
        address: host and port of the coordinator.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, address), daemon=True).start()
    return int(listener.getsockname()[1])


def _serve(listener: socket.socket, address: tuple[str, int]) -> None:
    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection(address, timeout=10)
        except OSError:
            near.close()  # jax tries again
            continue
        far.settimeout(None)
        for connection in (near, far):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_copy, args=(near, far, True), daemon=True).start()
        threading.Thread(target=_copy, args=(far, near, False), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket, outward: bool) -> None:
    """Copy until the source ends; only jax's own end is passed on, the coordinator's is not."""
    try:
        while data := source.recv(_CHUNK):
            target.sendall(data)
    except OSError:
        pass
    if outward:
        target.close()
