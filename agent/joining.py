"""How the processes of a run find each other: all come to process 0, which waits until all have.

Each says which one it is; whoever does not fit is told why. Nobody is identified: the port must be
reachable for the processes of the run only, as the ports of jax and of its collectives must.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from agent.errors import ClusterError, ConfigError
from agent.links import Link
from agent.place import Place

_HELLO, _ANSWER = b"H", b"A"
_PROGRAM = "tdgammon"
_PAUSE = 0.3
# How long a connection may take to say who it is.
_PATIENCE = 10.0
_HELLO_LONGEST = 1 << 20


def join(place: Place) -> dict[int, Link]:
    """Return connections to the others: of process 0 to all, of all others to process 0.

    Raises:
        ClusterError: process 0 cannot be reached, or not all have come in time.
        ConfigError: this process does not fit to the others.
    """
    return _wait_for_all(place) if place.rank == 0 else {0: _go_to_first(place)}


def _wait_for_all(place: Place) -> dict[int, Link]:
    deadline = time.monotonic() + place.seconds
    links: dict[int, Link] = {}
    with _listening(place.port) as listener:
        while len(links) < place.count - 1:
            left = deadline - time.monotonic()
            if left <= 0:
                late = _missing(place, links)
                _tell(links, {"late": late})
                for there in links.values():
                    there.close()
                raise ClusterError(late)
            listener.settimeout(left)
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            link, hello = _met(connection, min(left, _PATIENCE))
            if link is None:
                continue
            if wrong := _wrong(place, hello, links):
                _tell({0: link}, {"wrong": wrong})
                link.close()
            else:
                links[hello["process"]] = link
    _tell(links, {})
    return links


def _missing(place: Place, links: dict[int, Link]) -> str:
    missing = [str(n) for n in range(1, place.count) if n not in links]
    some = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
    return (f"of {place.count} processes {len(missing)} did not come to port {place.port} within "
            f"{place.seconds:g} s: {some}")


def _wrong(place: Place, hello: dict[str, Any], links: dict[int, Link]) -> str | None:
    process = hello.get("process")
    if hello.get("version") != version(_PROGRAM):
        return f"process 0 is version {version(_PROGRAM)}, this one {hello.get('version')}"
    if hello.get("processes") != place.count:
        return (f"process 0 was started as one of {place.count}, this one as one of "
                f"{hello.get('processes')}")
    mine, theirs = place.task, hello.get("task")
    for name in sorted(mine):
        if not isinstance(theirs, dict) or theirs.get(name) != mine[name]:
            other = theirs.get(name) if isinstance(theirs, dict) else theirs
            return (f"process {process} was given {name} {other}, process 0 {mine[name]}; all need "
                    "the same options")
    if process in links:
        return f"there is a process {process} already; each needs a number of its own"
    return None


def _listening(port: int) -> socket.socket:
    dual = socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            ("", port), family=socket.AF_INET6 if dual else socket.AF_INET, backlog=1024,
            dualstack_ipv6=dual)
    except OSError as error:
        raise ClusterError(f"process 0 cannot listen on port {port} ({error.strerror})") from error


def _met(connection: socket.socket, seconds: float) -> tuple[Link | None, dict[str, Any]]:
    """Return the connection and what it says of itself, ``None`` if it is none of ours."""
    connection.settimeout(seconds)
    link = Link(connection, seconds)
    kind, payload = next(link.frames(_HELLO_LONGEST), (b"", b""))
    hello = _object(payload) if kind == _HELLO else {}
    rank = hello.get("process")
    if hello.get("program") != _PROGRAM or type(rank) is not int or rank < 1:
        link.close()
        return None, {}
    link.patient()
    return link, hello


def _tell(links: dict[int, Link], answer: dict[str, Any]) -> None:
    for link in links.values():
        try:
            link.send(_ANSWER, json.dumps(answer).encode())
        except OSError:
            continue  # gone; that is noticed later


def _go_to_first(place: Place) -> Link:
    deadline = time.monotonic() + place.seconds
    why = "nobody answered"
    for left in _until(deadline):
        try:
            connection = socket.create_connection((place.host, place.port), timeout=min(left, 5))
        except OSError as error:
            why = error.strerror or str(error)
            continue
        link = Link(connection, left)
        hello = {"program": _PROGRAM, "version": version(_PROGRAM), "process": place.rank,
                 "processes": place.count, "task": place.task}
        try:
            link.send(_HELLO, json.dumps(hello).encode())
        except OSError as error:
            link.close()
            why = error.strerror or str(error)
            continue
        kind, payload = next(link.frames(), (b"", b""))
        if kind != _ANSWER:
            # Process 0 ended, perhaps to be started again.
            link.close()
            why = "it did not answer"
            continue
        answer = _object(payload)
        if answer:
            link.close()
        if "wrong" in answer:
            raise ConfigError(answer["wrong"])
        if "late" in answer:
            raise ClusterError(answer["late"])
        link.patient()
        return link
    raise ClusterError(f"process 0 could not be reached at {place.host}:{place.port} within "
                       f"{place.seconds:g} s ({why})")


def _until(deadline: float) -> Iterator[float]:
    """Yield the seconds left, at once and then every moment."""
    while (left := deadline - time.monotonic()) > 0:
        yield left
        time.sleep(min(_PAUSE, left))


def _object(payload: bytes) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
