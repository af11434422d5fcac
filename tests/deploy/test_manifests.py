"""The manifests of deploy/ against the schemas of Kubernetes, and what these reject."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import DEPLOY, OVERLAYS, needs_kustomize

kubernetes_validate = pytest.importorskip("kubernetes_validate")

VERSIONS = ("1.33", "1.37")
# Their schemas are not those of Kubernetes itself.
FOREIGN = {"JobSet", "ClusterQueue", "LocalQueue", "ResourceFlavor"}

pytestmark = needs_kustomize


def _schema_error(document: dict[str, Any], version: str) -> str:
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return ""


def _job(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return next(d for d in documents if d["kind"] == "Job")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_every_overlay_is_valid(overlay: str, version: str, built: Any) -> None:
    documents = [d for d in built(f"overlays/{overlay}") if d["kind"] not in FOREIGN]
    assert {"ServiceAccount", "PersistentVolumeClaim", "Deployment"} <= {
        d["kind"] for d in documents}
    assert [e for d in documents if (e := _schema_error(d, version))] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_misspelt_field_is_rejected(version: str, built: Any) -> None:
    job = _job(built("overlays/multi-node"))
    assert _schema_error(job, version) == ""
    for path, right, wrong in (
        (("spec",), "parallelism", "paralelism"),
        (("spec",), "backoffLimitPerIndex", "backOffLimitPerIndex"),
        (("spec", "template", "spec"), "subdomain", "subDomain"),
        (("spec", "template", "spec", "containers", 0), "resources", "resource"),
        (("spec", "template", "spec", "containers", 0, "resources"), "limits", "limit"),
    ):
        job = _job(built("overlays/multi-node"))
        part: Any = job
        for key in path:
            part = part[key]
        part[wrong] = part.pop(right)
        assert wrong in _schema_error(job, version)


def test_the_jobset_is_what_its_own_api_reads(built: Any) -> None:
    models = pytest.importorskip("kubeflow_trainer_api.models")
    jobset = next(d for d in built("overlays/multi-node-jobset") if d["kind"] == "JobSet")

    def lost(document: dict[str, Any]) -> list[str]:
        return _lost(document, models.JobsetV1alpha2JobSet.from_dict(document).to_dict())

    assert lost(jobset) == []
    jobset["spec"]["failurePolicy"]["maxRestart"] = 3
    pod = jobset["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]
    pod["terminationGraceSeconds"] = 30
    assert {p.rpartition(".")[2] for p in lost(jobset)} == {"maxRestart", "terminationGraceSeconds"}


def _lost(given: Any, read: Any, path: str = "") -> list[str]:
    """Return the paths of what was given and not read; defaults that were added do not count."""
    if isinstance(given, dict) and isinstance(read, dict):
        return [p for k, v in given.items() for p in _lost(v, read.get(k), f"{path}.{k}")]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        return [p for i, (a, b) in enumerate(zip(given, read, strict=True))
                for p in _lost(a, b, f"{path}[{i}]")]
    return [] if given == read else [path]


def test_queues_are_built_and_are_those_that_the_job_asks_for(built: Any) -> None:
    queues = {d["kind"]: d for d in built("kueue-admin")}
    job = _job(built("overlays/multi-node-kueue"))
    assert job["spec"]["suspend"] is True
    local = queues["LocalQueue"]
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == local["metadata"]["name"]
    assert local["spec"]["clusterQueue"] == queues["ClusterQueue"]["metadata"]["name"]
    group = queues["ClusterQueue"]["spec"]["resourceGroups"][0]
    limits = job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert set(limits) <= set(group["coveredResources"])


def test_only_processes_that_ask_the_api_server_have_rights(built: Any) -> None:
    for overlay in OVERLAYS:
        documents = built(f"overlays/{overlay}")
        roles = [d for d in documents if d["kind"] in ("Role", "ClusterRole")]
        if overlay != "multi-node-found":
            assert roles == []
            continue
        allowed = {(r, v) for x in roles for rule in x["rules"]
                   for r in rule["resources"] for v in rule["verbs"]}
        assert allowed == {("pods", "list"), ("services", "list"), ("jobs", "get")}


def test_every_container_is_of_the_image_and_keeps_the_same_rules(built: Any) -> None:
    for overlay in OVERLAYS:
        pods = [d["spec"]["template"]["spec"] for d in built(f"overlays/{overlay}")
                if d["kind"] in ("Job", "Deployment")]
        for pod in pods:
            assert pod["securityContext"]["runAsUser"] == 10001
            for container in pod["containers"]:
                assert container["image"].startswith("registry.example.com/tdgammon:0.1.0")
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]}}
                assert {"memory"} <= set(container["resources"]["limits"])


def test_the_dockerfile_has_nothing_that_the_linter_minds(tmp_path: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not here")

    def lint(path: Path) -> str:
        return subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True).stdout

    assert lint(DEPLOY / "Dockerfile") == ""
    spoilt = (DEPLOY / "Dockerfile").read_text().replace("${DEBIAN}", "debian:latest")
    (tmp_path / "Dockerfile").write_text(spoilt.replace("USER 10001:10001", "USER root"))
    assert {"DL3002", "DL3007"} <= set(lint(tmp_path / "Dockerfile").split())
