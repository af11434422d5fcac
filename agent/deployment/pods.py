"""A pod of a manifest as a process of this machine: the same command and environment.

What only a cluster has is replaced: the image by this installation, the name of process 0 in DNS
by 127.0.0.1 and a free port, volumes by folders.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.deployment.manifest import INDEX_ANNOTATION, ManifestError, Workload
from agent.deployment.rules import finds_by_api
from agent.place import COORDINATOR, PROCESSES

_PROGRAM = "tdgammon"
# Of this machine's environment a process sees everything but what tells it of a cluster.
_OF_CLUSTERS = re.compile(r"TDGAMMON_|KUBERNETES_|JOB_COMPLETION_INDEX$|SLURM_")
_VARIABLE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def expanded(text: str, env: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` as Kubernetes does: ``$$`` is a dollar, unknown names stay.

    >>> expanded("--out=/runs/$(RUN) $(NONE) $$(RUN)", {"RUN": "a"})
    '--out=/runs/a $(NONE) $(RUN)'
    """
    return _VARIABLE.sub(
        lambda m: "$" if m[0] == "$$" else env.get(m[1], m[0]), text)


@dataclass(frozen=True)
class Here:
    """What stands for the cluster: ``count`` pods, the coordinator's ``port``, volumes in ``root``.

    ``more``: arguments behind those of the manifest.
    """

    count: int
    port: int
    root: Path
    more: Sequence[str] = ()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(workload: Workload, index: int, here: Here) -> tuple[list[str], dict[str, str]]:
    """Return the command line of a pod on this machine, and what the manifest adds to its
    environment.

    Raises:
        ManifestError: it starts something else than this program, has a variable whose value only
            a cluster knows, or finds its peers by the API.
    """
    if workload.parallelism > 1 and finds_by_api(workload):
        raise ManifestError("its processes ask the API server for each other, and there is none "
                            f"here; check the manifest that sets {COORDINATOR}")
    line = [*workload.container.get("command", [_PROGRAM]), *workload.container.get("args", [])]
    if not line or line[0] != _PROGRAM:
        raise ManifestError(f"the container must run {_PROGRAM}, not {line[:1]}")
    env = {"JOB_COMPLETION_INDEX": str(index)}
    for name, entry in workload.env.items():
        env[name] = _value(workload, entry, index, env)
    env[PROCESSES] = str(here.count)
    if COORDINATOR in env:
        env[COORDINATOR] = f"127.0.0.1:{here.port}"
    folders = _folders(workload, index, here.root)
    env = {name: _moved(value, folders) for name, value in env.items()}
    args = [_moved(expanded(str(a), env), folders) for a in line[1:]]
    return [sys.executable, "-m", "cli", *args, *here.more], env


def _value(workload: Workload, entry: Mapping[str, Any], index: int, env: Mapping[str, str]) -> str:
    if "valueFrom" not in entry:
        return expanded(str(entry.get("value", "")), env)
    path = entry["valueFrom"].get("fieldRef", {}).get("fieldPath")
    known = {
        f"metadata.annotations['{INDEX_ANNOTATION}']": str(index),
        f"metadata.labels['{INDEX_ANNOTATION}']": str(index),
        "metadata.name": f"{workload.name}-{index}",
        "metadata.namespace": "default",
        "status.podIP": "127.0.0.1",
    }
    if path not in known:
        raise ManifestError(f"the value of {entry['name']} is known to a cluster only; "
                            f"this machine knows {', '.join(known)}")
    return known[path]


def _folders(workload: Workload, index: int, root: Path) -> dict[str, Path]:
    """Return the folder for each mounted one: claims are shared by all pods, scratch is not."""
    shared = {path: root / "claims" / claim for path, claim in workload.claims().items()}
    own = {path: root / f"pod-{index}" / path.strip("/").replace("/", "-")
           for path in workload.scratch()}
    return {**shared, **own}


def _moved(text: str, folders: Mapping[str, Path]) -> str:
    """Replace the mounted folders in a text, all in one go: what replaces one may hold another."""
    longest_first = sorted((path.rstrip("/") for path in folders), key=len, reverse=True)
    if not longest_first:
        return text
    anyone = "|".join(map(re.escape, longest_first))
    by_path = {path.rstrip("/"): folder for path, folder in folders.items()}
    return re.sub(rf"(?<![\w./-])({anyone})(?![\w.-])", lambda m: str(by_path[m[1]]), text)


@dataclass
class Pod:
    """A process that was started, and the file that its output goes to."""

    index: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def message(self) -> str:
        """The last line that it printed of its own, or of Python's where an error ended it."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        theirs = [line for line in lines if not line.startswith((" ", "Traceback"))]
        told = [line for line in theirs if "see its own output" not in line] or theirs
        return told[-1].removeprefix(f"{_PROGRAM}: ") if told else ""


def start(workload: Workload, here: Here, attempt: int) -> list[Pod]:
    """Start every pod of a manifest here; their output goes to files in ``here.root``.

    Raises:
        ManifestError: see :func:`command`.
    """
    kept = {k: v for k, v in os.environ.items() if not _OF_CLUSTERS.match(k)}
    # What jax compiled for the first start serves all others.
    kept.setdefault("JAX_COMPILATION_CACHE_DIR", str(here.root / "compiled"))
    kept.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    lines = [command(workload, index, here) for index in range(here.count)]
    pods = []
    for index, (line, env) in enumerate(lines):
        for folder in _folders(workload, index, here.root).values():
            folder.mkdir(parents=True, exist_ok=True)
        log = here.root / f"pod-{index}.{attempt}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(line, env={**kept, **env}, stdin=subprocess.DEVNULL,
                                       stdout=file, stderr=subprocess.STDOUT)
        pods.append(Pod(index, process, log))
    return pods
