"""What a Job makes of pods that end: the rules of its manifest, as the Job controller applies them.

The first rule that fits decides (https://kubernetes.io/docs/tasks/job/pod-failure-policy); without
one the end counts towards ``backoffLimitPerIndex`` or ``backoffLimit``. A JobSet starts all pods
again when its Job has failed, unless a rule of its own says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.deployment.manifest import Workload

# The Job's own default, https://kubernetes.io/docs/concepts/workloads/controllers/job
_BACKOFF_LIMIT = 6


class Restarts:
    """Counts how pods ended, and decides after each round of them."""

    def __init__(self, workload: Workload) -> None:
        """Begin with nothing counted."""
        self._workload, job = workload, workload.job
        self._rules: Sequence[Mapping[str, Any]] = job.get("podFailurePolicy", {}).get("rules", [])
        self._per_index = job.get("backoffLimitPerIndex")
        self._limit = job.get("backoffLimit", _BACKOFF_LIMIT if self._per_index is None else None)
        self._index_failures: dict[int, int] = {}
        self._failures = self._restarted = 0

    def action(self, code: int, *, disrupted: bool = False) -> str:
        """Return what one pod that ended with ``code`` leads to.

        ``Succeeded``, ``FailJob``, ``FailIndex``, ``Ignore`` (a new pod, not counted) or ``Count``
        (a new pod while the limit allows). ``disrupted``: whether the cluster ended it
        (``DisruptionTarget``).
        """
        if code == 0:
            return "Succeeded"
        name = self._workload.container["name"]
        for rule in self._rules:
            if (on := rule.get("onExitCodes")) is not None:
                within = on.get("containerName", name) == name and (
                    (code in on["values"]) == (on["operator"] == "In"))
            else:
                within = disrupted and any(
                    c["type"] == "DisruptionTarget" and c.get("status", "True") == "True"
                    for c in rule.get("onPodConditions", []))
            if within:
                return str(rule["action"])
        return "Count"

    def decide(self, codes: Mapping[int, int]) -> str:
        """Return what the Job does after its pods ended with these codes, by index.

        ``complete``; ``restart``: every index that has not succeeded gets a new pod; or ``failed``
        and why.
        """
        actions = {index: self.action(code) for index, code in codes.items()}
        if self._complete({index for index, a in actions.items() if a == "Succeeded"}):
            return "complete"
        for index, action in actions.items():
            if action == "Count":
                self._index_failures[index] = self._index_failures.get(index, 0) + 1
                self._failures += 1
        why = self._failed(actions)
        again = why == "restart" or self._workload.jobset is None
        return why if again else self._of_set(why, actions)

    def _complete(self, succeeded: set[int]) -> bool:
        rules = self._workload.job.get("successPolicy", {}).get("rules", [])
        wanted = [_indexes(r["succeededIndexes"]) for r in rules if "succeededIndexes" in r]
        return (any(w <= succeeded for w in wanted)
                or len(succeeded) == self._workload.parallelism)

    def _failed(self, actions: Mapping[int, str]) -> str:
        for index, action in actions.items():
            if action == "FailJob":
                return f"failed: a rule ends the Job for what pod {index} did"
        if self._per_index is not None:
            over = {i for i, n in self._index_failures.items() if n > self._per_index}
            over |= {i for i, a in actions.items() if a == "FailIndex"}
            if len(over) > self._workload.job.get("maxFailedIndexes", self._workload.parallelism):
                return f"failed: index {min(over)} may not fail again"
        if self._limit is not None and self._failures > self._limit:
            return f"failed: more than {self._limit} failures"
        return "restart"

    def _of_set(self, why: str, actions: Mapping[int, str]) -> str:
        assert self._workload.jobset is not None
        policy = self._workload.jobset.get("failurePolicy", {})
        reason = "PodFailurePolicy" if "FailJob" in actions.values() else "BackoffLimitExceeded"
        for rule in policy.get("rules", []):
            if reason in rule.get("onJobFailureReasons", [reason]):
                if rule["action"] == "FailJobSet":
                    return why
                if rule["action"] == "RestartJobSetAndIgnoreMaxRestarts":
                    return "restart"
                break
        self._restarted += 1
        most = policy.get("maxRestarts", 0)
        return "restart" if self._restarted <= most else f"failed: more than {most} restarts"


def _indexes(text: str) -> set[int]:
    """Return the indexes of a list like ``0,2-4``."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found
