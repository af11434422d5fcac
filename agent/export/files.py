"""Export: a net by the name of its agent becomes a file, which is checked before it is there.

A SavedModel is a folder; here it is called a file too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent import catalog
from agent.checkpoint import write_atomically
from agent.errors import AgentError
from agent.export import check, onnx_file, plain_file, savedmodel
from agent.export.check import Difference
from agent.export.interface import Interface, interface

KINDS = ("onnx", "savedmodel", "plain")


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
    """A file that was written: of which ``agent``, how long in ``bytes``, how it was checked.

    ``bytes`` of a folder are those of its files.
    """

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
    about = about_of(name, it)
    found: list[Difference] = []

    def judge(answer: check.Answer) -> None:
        found.append(check.compare(it, answer, positions))
        if not found[0].fits:
            raise CheckError(found[0])

    if kind == "savedmodel":
        savedmodel.need()
        _write_folder(path, it, about, judge)
    else:
        _write_file(kind, path, it, about, judge)
    return Exported(path, about["agent"], about["net"], about["features"],
                    about["checkpoint_sha256"], _bytes_of(path), found[0])


def _write_file(
    kind: str, path: Path, it: Interface, about: dict[str, str],
    judge: Callable[[check.Answer], None],
) -> None:
    if kind == "onnx":
        onnx_file.need("onnx", "onnxruntime")
    if os.path.isdir(path):
        raise AgentError(f"{path} is a folder; name a file, as {path / f'net.{kind}'}")
    data = (onnx_file.model_of(it, about).SerializeToString() if kind == "onnx"
            else plain_file.data_of(it, about))
    session: Any = onnx_file.Session if kind == "onnx" else plain_file.Session

    def write(file: Any) -> None:
        file.write(data)
        file.flush()
        judge(session(Path(file.name)))

    with _said(path):
        write_atomically(path, write)


def _write_folder(
    path: Path, it: Interface, about: dict[str, str], judge: Callable[[check.Answer], None]
) -> None:
    """Write a SavedModel under another name in the same place, then rename it.

    A folder that is there is replaced only if it holds a SavedModel or nothing, and comes back if
    the new one cannot have its name.
    """
    place = Path(os.path.realpath(path))
    if os.path.isfile(place):
        raise AgentError(f"{path} is a file; a SavedModel is a folder: name one")
    if os.path.isdir(place) and os.listdir(place) and not (place / savedmodel.MODEL).is_file():
        raise AgentError(f"{path} is a folder that holds no SavedModel; name another")
    new, old = (place.with_name(f".{place.name}.{os.getpid()}.{end}") for end in ("tmp", "old"))
    try:
        with _said(path):
            new.mkdir()
            savedmodel.write(new, it, about)
            judge(savedmodel.Session(new))
            if os.path.exists(place):
                place.rename(old)
            new.rename(place)
    finally:
        if os.path.exists(old) and not os.path.exists(place):
            old.rename(place)
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    """Say of a place that cannot be written that it cannot."""
    try:
        yield
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def _bytes_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def about_of(name: str, it: Interface) -> dict[str, str]:
    """Return what a file says of itself: whose net it is, and of which checkpoint.

    ``checkpoint_sha256`` is that of the checkpoint's file, as ``sha256sum`` prints it.
    """
    path = catalog.checkpoint_of(name)
    assert path is not None, f"{name} is a network without a checkpoint"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"agent": it.agent.name, "net": it.agent.net, "features": it.agent.features.name,
            "checkpoint_sha256": digest, "memory": str(0 if it.row is None else it.row.size)}
