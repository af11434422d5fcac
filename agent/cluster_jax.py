"""jax in several processes: how it is started, and what of a run lies where.

Source: https://docs.jax.dev/en/latest/multi_process.html
"""

from __future__ import annotations

import os
import socket
import sys

import jax

from agent.cluster import Cluster
from agent.errors import ClusterError
from agent.place import Place
from agent.relay import relay_to

# All processes are there when jax starts.
_SECONDS = 120
# Longer than it takes to notice a lost process (agent.cluster), which jax does not say so well.
_HEARTBEAT = 300


def start_jax(cluster: Cluster, place: Place) -> None:
    """Let jax see the devices of all processes. Of all.

    Raises:
        ClusterError: jax cannot be started.
    """
    _keep_stdout()
    # Its handler of SIGTERM would come before that of the run.
    jax.config.update("jax_enable_preemption_service", False)
    # This port is not that of the place, which process 0 may still have in use.
    port = int(cluster.broadcast(str(_free_port() if cluster.first else 0).encode()))
    mine = port if cluster.first else relay_to((place.host, port))
    try:
        jax.distributed.initialize(
            f"127.0.0.1:{mine}", place.count, place.rank,
            local_device_ids=None if place.devices is None else list(place.devices),
            cluster_detection_method="deactivate", initialization_timeout=_SECONDS,
            heartbeat_timeout_seconds=_HEARTBEAT, coordinator_bind_address=f"[::]:{port}")
    except RuntimeError as error:
        raise ClusterError(f"jax cannot be started in several processes: {error}") from error


def _free_port() -> int:
    with socket.create_server(("", 0)) as listener:
        return int(listener.getsockname()[1])


def _keep_stdout() -> None:
    """Keep stdout for results: the collectives of CPUs greet on it."""
    sys.stdout.flush()
    results = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding or "utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = results
