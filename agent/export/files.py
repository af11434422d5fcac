"""Export: a net by the name of its agent becomes a file, which is checked before it is there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent import catalog
from agent.checkpoint import write_atomically
from agent.errors import AgentError
from agent.export import check, onnx_file
from agent.export.check import Difference
from agent.export.interface import Interface, interface

KINDS = ("onnx",)


class CheckError(AgentError):
    """The file does not answer as its net; it is not kept. ``difference`` is how much it differs.

    What is wrong is not what the user asked for.
    """

    def __init__(self, difference: Difference) -> None:
        super().__init__(
            f"the file differs from its net by up to {difference.largest:.2g}, more than "
            f"{check.TOLERANCE:g}, on {difference.positions} positions; it was deleted")
        self.difference = difference


@dataclass(frozen=True)
class Exported:
    """A file that was written: of which ``agent``, how long in ``bytes``, how it was checked."""

    path: Path
    agent: str
    net: str
    features: str
    checkpoint_sha256: str
    bytes: int
    difference: Difference

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        found = {**asdict(self), "path": str(self.path), **self.difference._asdict()}
        del found["difference"]
        return {**found, "largest": self.difference.largest}


def export(
    name: str, kind: str, path: Path, *, replace: bool = False, positions: int = check.POSITIONS
) -> Exported:
    """Write a net as a file for other programs, if it answers as the net does.

    Args:
        name: of an agent; see ``catalog.get``.
        kind: one of ``KINDS``.
        path: where the file shall be; it is there whole and checked, or not at all.
        replace: whether a file that is there may be replaced.
        positions: on how many it is checked; see ``check.compare``.

    Raises:
        AgentError: there is no such agent or kind, the agent is no network, a package is missing,
            or the file is there already or cannot be written.
        CheckError: the file does not answer as the net.
    """
    if kind not in KINDS:
        raise AgentError(f"export to one of {', '.join(KINDS)}, not {kind!r}")
    if os.path.lexists(path) and not replace:
        raise AgentError(f"{path} is there already; name another file, or add --force")
    it = interface(catalog.get(name))
    onnx_file.need("onnx", "onnxruntime")
    about = about_of(name, it)
    found: list[Difference] = []

    def write(file: Any) -> None:
        file.write(onnx_file.model_of(it, about).SerializeToString())
        file.flush()
        found.append(check.compare(it, onnx_file.Session(Path(file.name)), positions))
        if not found[0].fits:
            raise CheckError(found[0])

    _written(path, write)
    return Exported(path, about["agent"], about["net"], about["features"],
                    about["checkpoint_sha256"], path.stat().st_size, found[0])


def _written(path: Path, write: Callable[[Any], None]) -> None:
    if os.path.isdir(path):
        raise AgentError(f"{path} is a folder; name a file, as {path / 'net.onnx'}")
    try:
        write_atomically(path, write)
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def about_of(name: str, it: Interface) -> dict[str, str]:
    """Return what a file says of itself: whose net it is, and of which checkpoint.

    ``checkpoint_sha256`` is that of the checkpoint's file, as ``sha256sum`` prints it.
    """
    path = catalog.checkpoint_of(name)
    assert path is not None, f"{name} is a network without a checkpoint"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"agent": it.agent.name, "net": it.agent.net, "features": it.agent.features.name,
            "checkpoint_sha256": digest, "memory": str(0 if it.row is None else it.row.size)}
