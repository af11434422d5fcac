"""What the check says of manifests: of ours, and of ones that a cluster would not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from agent.deployment.manifest import ManifestError, Workload, workload
from agent.deployment.pods import Here, command
from agent.deployment.restarts import Restarts
from agent.deployment.rules import check_rules, gpus
from tests.deploy.conftest import OVERLAYS, needs_kustomize

pytestmark = needs_kustomize


@pytest.fixture
def spoilt(tmp_path: Any, built: Any) -> Callable[..., Workload]:
    """Return the Job of an overlay after ``change(job, container)`` has changed it."""

    def read(change: Callable[[Any, Any], Any] = lambda job, container: None,
             overlay: str = "multi-node") -> Workload:
        documents = built(f"overlays/{overlay}")
        job = next(d for d in documents if d["kind"] in ("Job", "JobSet"))
        spec = job["spec"]
        if job["kind"] == "JobSet":
            spec = spec["replicatedJobs"][0]["template"]["spec"]
        change(spec, spec["template"]["spec"]["containers"][0])
        path = tmp_path / "manifest.yaml"
        path.write_text(yaml.safe_dump_all(documents))
        return workload(path)

    return read


def _failed(job: Workload) -> list[str]:
    return [check.name for check in check_rules(job) if not check.passed]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_keeps_every_rule(overlay: str, spoilt: Any) -> None:
    assert _failed(spoilt(overlay=overlay)) == []


@pytest.mark.parametrize("limit, requested", [
    ("one", None), ("-1", None), ("0", None), (0.5, None), ("1500m", None), ("1", "2"),
    (None, "1")])
def test_a_wrong_gpu_limit_is_rejected(limit: Any, requested: Any, spoilt: Any) -> None:
    def change(job: Any, container: Any) -> None:
        resources = container["resources"]
        for kind, value in (("limits", limit), ("requests", requested)):
            resources[kind].pop("nvidia.com/gpu", None)
            if value is not None:
                resources[kind]["nvidia.com/gpu"] = value

    job = spoilt(change)
    assert _failed(job) == ["GPUs"]
    with pytest.raises(ManifestError, match="nvidia.com/gpu"):
        gpus(job.container)


def _env(name: str, value: str) -> Callable[[Any, Any], Any]:
    return lambda job, container: next(
        e for e in container["env"] if e["name"] == name).update(value=value)


@pytest.mark.parametrize("name, change", [
    ("number of processes", _env("TDGAMMON_NUM_PROCESSES", "3")),
    ("number of processes", lambda job, container: job.update(completions=8)),
    ("process 0 can be found", _env("TDGAMMON_COORDINATOR", "train-1.train:7777")),
    ("process 0 can be found", lambda job, container: job["template"]["spec"].pop("subdomain")),
    ("GPUs", lambda job, container: container["args"].remove("--device=gpu")),
    ("time to stop",
     lambda job, container: job["template"]["spec"].update(terminationGracePeriodSeconds=5)),
    ("the run is gone on with", lambda job, container: container["args"].remove("--go-on")),
    ("the run is gone on with", lambda job, container: container["volumeMounts"].pop(1)),
    ("what ends lead to", lambda job, container: job["podFailurePolicy"]["rules"].pop(0)),
    ("what ends lead to", lambda job, container: job["podFailurePolicy"]["rules"].pop(1)),
    ("what ends lead to", lambda job, container: job["podFailurePolicy"]["rules"].pop(2)),
    ("rights", lambda job, container: container["securityContext"].update(privileged=True)),
    ("rights", lambda job, container: job["template"]["spec"]["volumes"].append(
        {"name": "driver", "hostPath": {"path": "/usr/lib/nvidia"}})),
])
def test_what_would_break_a_run_is_found(name: str, change: Any, spoilt: Any) -> None:
    assert _failed(spoilt(change)) == [name]


def test_a_gang_is_restarted_for_what_one_pod_did_until_that_pod_failed_too_often(
    spoilt: Any,
) -> None:
    restarts = Restarts(spoilt())
    # One index fails of itself each time, the others are left alone by it.
    for _ in range(10):
        assert restarts.decide({0: 75, 1: 137, 2: 75, 3: 143}) == "restart"
    assert restarts.decide({0: 75, 1: 75, 2: 75, 3: 75}) == "restart"
    assert restarts.decide({0: 75, 1: 1, 2: 75, 3: 75}) == "failed: index 1 may not fail again"
    assert Restarts(spoilt()).decide({0: 2, 1: 75, 2: 75, 3: 75}).startswith("failed: a rule")
    # Process 0 has written the last checkpoint; what the others do after that is no matter.
    assert Restarts(spoilt()).decide({0: 0, 1: 137, 2: 75, 3: 0}) == "complete"
    assert Restarts(spoilt()).decide({0: 75, 1: 0, 2: 0, 3: 0}) == "restart"


def test_a_jobset_starts_all_anew_but_not_for_bad_input(spoilt: Any) -> None:
    restarts = Restarts(spoilt(overlay="multi-node-jobset"))
    for _ in range(100):
        assert restarts.decide({0: 75, 1: 137, 2: 75, 3: 75}) == "restart"
    assert restarts.decide({0: 75, 1: 137, 2: 75, 3: 75}) == "failed: more than 100 restarts"
    assert Restarts(spoilt(overlay="multi-node-jobset")).decide(
        {0: 2, 1: 75, 2: 75, 3: 75}).startswith("failed")


def test_a_pod_becomes_a_process_with_its_command_environment_and_volumes(
    spoilt: Any, tmp_path: Any,
) -> None:
    def change(job: Any, container: Any) -> None:
        container["env"] += [
            {"name": "INDEX", "valueFrom": {"fieldRef": {
                "fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}},
            {"name": "BOTH", "value": "$(INDEX)-$(RUN)-$$(RUN)-$(NONE)"},
            {"name": "CACHE", "value": "/tmp/cache:/runs/cache:/tmpfs"}]

    line, env = command(spoilt(change), 2, Here(3, 7000, tmp_path, ["--measure=0"]))
    assert line[3:] == ["train", "--go-on", f"--out={tmp_path}/claims/runs/td-gammon",
                        "--games=200000", "--device=gpu", "--measure=0"]
    assert env["TDGAMMON_COORDINATOR"] == "127.0.0.1:7000"
    assert env["TDGAMMON_NUM_PROCESSES"] == "3"
    assert env["JOB_COMPLETION_INDEX"] == env["INDEX"] == "2"
    assert env["BOTH"] == "2-td-gammon-$(RUN)-$(NONE)"
    assert env["CACHE"] == f"{tmp_path}/pod-2/tmp/cache:{tmp_path}/claims/runs/cache:/tmpfs"
