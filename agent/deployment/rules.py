"""What a manifest must say so that a run survives its pods, beyond what schemas can hold.

A schema takes any quantity as a limit and any number as a count; a cluster would refuse them, or
the run would wait for processes that never come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.deployment.manifest import ManifestError, Workload
from agent.deployment.restarts import Restarts
from agent.place import COORDINATOR, PROCESSES

GPU = "nvidia.com/gpu"
# From SIGTERM to the checkpoint 10 s, and as long again for the end of the process.
_LEAST_GRACE = 20
_BAD_INPUT, _LOST_A_PEER, _TERMINATED = 2, 75, 143


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: ``passed``, and in ``detail`` what was found."""

    name: str
    passed: bool
    detail: str


def check_rules(workload: Workload) -> list[Check]:
    """Return what holds and what does not, in a fixed order."""
    return [rule(workload) for rule in _RULES]


def finds_by_api(workload: Workload) -> bool:
    """Return whether its processes ask the API server for each other."""
    return COORDINATOR not in workload.env and PROCESSES not in workload.env


def process_count(workload: Workload) -> int:
    """Return the number of processes that each is told; by the API it is that of the pods.

    Raises:
        ManifestError: it is no whole number.
    """
    if finds_by_api(workload):
        return workload.parallelism
    value = workload.env.get(PROCESSES, {}).get("value")
    if not isinstance(value, str) or not value.isdecimal():
        raise ManifestError(f"{PROCESSES} must be a whole number in quotes, not {value!r}")
    return int(value)


def _count(w: Workload) -> Check:
    completions, told = w.job.get("completions", 1), process_count(w)
    indexed = w.job.get("completionMode") == "Indexed"
    ok = indexed and completions == w.parallelism == told
    return Check("number of processes", ok,
                 f"{'Indexed' if indexed else 'not Indexed'}, completions {completions}, "
                 f"parallelism {w.parallelism}, told {told}")


def _coordinator(w: Workload) -> Check:
    name = "process 0 can be found"
    if w.parallelism == 1:
        return Check(name, True, "there is one process only")
    if not finds_by_api(w):
        said = str(w.env.get(COORDINATOR, {}).get("value"))
        if said.rpartition(":")[0].split(".")[:2] != [f"{w.name}-0", str(w.subdomain)]:
            return Check(name, False, f"{COORDINATOR} {said} is not {w.name}-0.{w.subdomain}:PORT")
    if w.jobset is not None:
        ok = w.jobset.get("network", {}).get("enableDNSHostnames", True)
        return Check(name, bool(ok), f"{w.name}-0.{w.subdomain}, by the JobSet's own Service")
    spec = (w.of_kind("Service", str(w.subdomain)) or {}).get("spec", {})
    labels = {**w.labels, "batch.kubernetes.io/job-name": w.name, "job-name": w.name}
    ok = (spec.get("clusterIP") == "None" and spec.get("publishNotReadyAddresses") is True
          and all(labels.get(key) == value for key, value in spec.get("selector", {"": 1}).items()))
    found = "headless, names also before pods are ready" if ok else "no headless Service for it"
    return Check(name, ok, f"{w.name}-0.{w.subdomain}: {found}")


def gpus(container: Mapping[str, Any]) -> int:
    """Return how many GPUs a container gets.

    Raises:
        ManifestError: no whole number from 1, or another one requested than the limit: clusters
            refuse both, since a GPU is neither split nor shared.
    """
    resources = container.get("resources", {})
    limit, request = (resources.get(kind, {}).get(GPU) for kind in ("limits", "requests"))
    if limit is None and request is None:
        return 0
    if limit is None:
        raise ManifestError(f"{GPU} must be a limit, not only a request")
    if not str(limit).isdecimal() or int(limit) < 1:
        raise ManifestError(f"{GPU} must be a whole number from 1, not {limit!r}")
    if request is not None and str(request) != str(limit):
        raise ManifestError(f"{GPU}: the request {request!r} must be the limit {limit!r}")
    return int(limit)


def _gpus(w: Workload) -> Check:
    wants = "--device=gpu" in w.container.get("args", [])
    try:
        count = gpus(w.container)
    except ManifestError as error:
        return Check("GPUs", False, str(error))
    return Check("GPUs", wants == bool(count), f"{count} a pod, the program "
                 f"{'insists on them' if wants else 'does not ask for them'}")


def _stop(w: Workload) -> Check:
    grace = int(w.pod.get("terminationGracePeriodSeconds", 30))
    return Check("time to stop", grace >= _LEAST_GRACE,
                 f"{grace} s from SIGTERM to SIGKILL, at least {_LEAST_GRACE}")


def _folder(w: Workload) -> Check:
    args = [str(a) for a in w.container.get("args", [])]
    out = next((a.removeprefix("--out=") for a in args if a.startswith("--out=")), "")
    claim = next((claim for path, claim in w.claims().items()
                  if out.startswith(path.rstrip("/") + "/")), "")
    modes = (w.of_kind("PersistentVolumeClaim", claim) or {}).get("spec", {}).get("accessModes", [])
    enough = bool(claim) and (w.parallelism == 1 or "ReadWriteMany" in modes)
    again = "--go-on" in args
    ok = enough and again and w.pod.get("restartPolicy") == "Never"
    return Check("the run is gone on with", ok, f"{'--go-on' if again else 'begun anew'}, "
                 f"{out or 'no --out'} on {claim or 'no claim'} ({', '.join(modes)})")


def _ends(w: Workload) -> Check:
    restarts = Restarts(w)
    after = {code: restarts.decide({0: code}) for code in (_LOST_A_PEER, _TERMINATED)}
    bad = restarts.decide({0: _BAD_INPUT})
    counted = [c for c in after if w.jobset is None and restarts.action(c) != "Ignore"]
    evicted = restarts.action(137, disrupted=True)
    fine = all(a == "restart" for a in after.values()) and bad.startswith("failed") and not counted
    ok = fine and (w.jobset is not None or evicted == "Ignore")
    return Check("what ends lead to", ok, f"bad input (2): {bad.partition(':')[0]}; a peer lost "
                 f"(75): {after[_LOST_A_PEER]}; SIGTERM (143): {after[_TERMINATED]}; evicted: "
                 f"{'restart' if evicted in ('Ignore', 'Count') else evicted}")


def _rights(w: Workload) -> Check:
    of_pod, of_container = (x.get("securityContext", {}) for x in (w.pod, w.container))
    both = {**of_pod, **of_container}
    wrong = [what for what, bad in (
        ("may be root", both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0),
        ("privileged", of_container.get("privileged", False)),
        ("may gain rights", of_container.get("allowPrivilegeEscalation") is not False),
        ("keeps capabilities", of_container.get("capabilities", {}).get("drop") != ["ALL"]),
        ("any system call", both.get("seccompProfile", {}).get("type") != "RuntimeDefault"),
        ("writable root", of_container.get("readOnlyRootFilesystem") is not True),
        ("paths of the node", any("hostPath" in v for v in w.pod.get("volumes", []))),
        ("the node's network", w.pod.get("hostNetwork", False)),
        ("a token it does not need", not finds_by_api(w)
         and w.pod.get("automountServiceAccountToken") is not False),
    ) if bad]
    return Check("rights", not wrong, ", ".join(wrong) or
                 "not root, no capabilities, nothing of the node, root file system read-only")


_RULES: tuple[Callable[[Workload], Check], ...] = (
    _count, _coordinator, _gpus, _stop, _folder, _ends, _rights)
