"""Which of how many processes this one is, and where they meet: told, or found on a cluster.

Told by options or by the environment. Else found in a step of Slurm with several tasks, and in a
pod of an Indexed Job of Kubernetes, both as jax itself finds them (``jax.distributed.initialize``);
for Kubernetes this needs the package ``kubernetes`` and a service account that may look up its own
job. Everywhere else a process is alone.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from agent.errors import ClusterError, ConfigError

COORDINATOR = "TDGAMMON_COORDINATOR"
PROCESSES = "TDGAMMON_NUM_PROCESSES"
PROCESS = "TDGAMMON_PROCESS_ID"
JOIN_SECONDS = "TDGAMMON_JOIN_SECONDS"
# What a pod of an Indexed Job is told, https://kubernetes.io/docs/concepts/workloads/controllers/job
_INDEX = "JOB_COMPLETION_INDEX"
_IN_KUBERNETES = "KUBERNETES_SERVICE_HOST"
_TASKS = "SLURM_NTASKS"
_PORTS = range(1, 2**16)
DEFAULT_JOIN_SECONDS = 300.0


@dataclass(frozen=True)
class Place:
    """A process's place among others.

    ``host`` and ``port``: where process 0 waits for the others; ``count`` of them, at least 2;
    ``rank``: the number of this one, from 0; ``seconds``: how long to wait for all to come;
    ``devices``: numbers of the accelerators that it may use, ``None``: all that it sees;
    ``task``: what it is to do, plain values by name, the same for all.
    """

    host: str
    port: int
    count: int
    rank: int
    seconds: float = DEFAULT_JOIN_SECONDS
    devices: tuple[int, ...] | None = None
    task: dict[str, Any] = field(default_factory=dict)


def find_place(
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    seconds: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Place | None:
    """Return the place of this process, ``None`` where it is alone.

    Args:
        coordinator: ``HOST:PORT`` of process 0; by default ``$TDGAMMON_COORDINATOR``.
        processes: how many; by default ``$TDGAMMON_NUM_PROCESSES``.
        process: the number of this one; by default ``$TDGAMMON_PROCESS_ID``, else
            ``$JOB_COMPLETION_INDEX``.
        seconds: how long to wait for the others; by default ``$TDGAMMON_JOIN_SECONDS``, else 300.
        environment: by default that of this process.

    Raises:
        ConfigError: they do not fit together.
        ClusterError: the cluster does not say what it should.
    """
    env = os.environ if environment is None else environment
    wait = _number(env, JOIN_SECONDS) if seconds is None else seconds
    wait = DEFAULT_JOIN_SECONDS if wait is None else wait
    if not 0 < wait < 1e6:
        raise ConfigError(f"the time to join must be above 0 seconds, not {wait}")
    coordinator = coordinator or env.get(COORDINATOR) or None
    processes = _whole(env, PROCESSES) if processes is None else processes
    told = process
    process = _whole(env, PROCESS) if process is None else process
    if coordinator is None and processes is None and process is None:
        return _on_slurm(env, wait) or _on_kubernetes(env, wait)
    if processes == 1 and process in (0, None) and told in (0, None):
        return None
    process = _whole(env, _INDEX) if process is None else process
    return _told(coordinator, processes, process, wait)


def _told(
    coordinator: str | None, processes: int | None, process: int | None, seconds: float
) -> Place:
    missing = [f"--{name} (or ${variable})" for name, variable, value in (
        ("coordinator", COORDINATOR, coordinator), ("num-processes", PROCESSES, processes),
        ("process-id", PROCESS, process)) if value is None]
    if coordinator is None or processes is None or process is None:
        raise ConfigError(f"one of several processes needs {' and '.join(missing)} too")
    host, _, port = coordinator.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) not in _PORTS:
        raise ConfigError(f"the coordinator must be HOST:PORT, as node0:7777, not {coordinator!r}")
    if processes < 1:
        raise ConfigError(f"there must be at least 1 process, not {processes}")
    if not 0 <= process < processes:
        raise ConfigError(f"the process id of {processes} processes must be 0 to {processes - 1}, "
                          f"not {process}")
    return Place(host, int(port), processes, process, seconds)


def _on_slurm(env: Mapping[str, str], seconds: float) -> Place | None:
    if not (env.get(_TASKS, "").isdecimal() and int(env[_TASKS]) > 1 and "SLURM_PROCID" in env):
        return None
    return _as_jax_finds("a step of Slurm", seconds)


def _on_kubernetes(env: Mapping[str, str], seconds: float) -> Place | None:
    if _IN_KUBERNETES not in env or _INDEX not in env:
        return None
    if find_spec("kubernetes") is None:
        raise ClusterError(
            "this is a pod of an Indexed Job, and without the package kubernetes it cannot look up "
            f"the others: install tdgammon[k8s], or set ${COORDINATOR} and ${PROCESSES} (1 for a "
            "process that works alone)")
    return _as_jax_finds("a pod of an Indexed Job", seconds)


def _as_jax_finds(where: str, seconds: float) -> Place | None:
    from jax._src.clusters import ClusterEnv

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ClusterEnv.auto_detect_unset_distributed_params(
                None, None, None, None, None, int(seconds))
    except Exception as error:
        # The API of Kubernetes answers in many ways, and jax passes them on.
        brief = " ".join(str(error).split())[:400] or type(error).__name__
        raise ClusterError(f"{where}, but its place could not be found: {brief}") from error
    address, count, rank, devices = found
    if count == 1:
        return None
    if address is None or count is None or rank is None:
        raise ClusterError(f"{where}, but jax does not find its place; set ${COORDINATOR}, "
                           f"${PROCESSES} and ${PROCESS}")
    host, _, port = address.rpartition(":")
    return Place(host, int(port), count, rank, seconds, tuple(devices) if devices else None)


def _whole(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal():
        raise ConfigError(f"${name} must be a whole number, not {text!r}")
    return int(text)


def _number(env: Mapping[str, str], name: str) -> float | None:
    text = env.get(name, "").strip()
    try:
        return float(text) if text else None
    except ValueError as error:
        raise ConfigError(f"${name} must be a number of seconds, not {text!r}") from error
