"""Manifests of Kubernetes, read as far as they say how processes of one run are started.

A Job of the kind Indexed (https://kubernetes.io/docs/concepts/workloads/controllers/job), or a
JobSet (https://jobset.sigs.k8s.io) with one such Job in it. A folder is built by kustomize first.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import AgentError

INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"


class ManifestError(AgentError):
    """Manifests that cannot be read, or describe nothing that could be started here."""


@dataclass(frozen=True)
class Workload:
    """Pods of one run.

    ``name``: of the Job; ``subdomain``: where in DNS its pods have names; ``job``: its spec;
    ``pod``: the spec of its pods; ``labels``: theirs; ``container``: the one that runs; ``env``:
    its variables by name, in order; ``jobset``: the spec of the JobSet around it, if there is one;
    ``others``: every document of the manifest.
    """

    name: str
    subdomain: str | None
    job: Mapping[str, Any]
    pod: Mapping[str, Any]
    labels: Mapping[str, str]
    container: Mapping[str, Any]
    env: Mapping[str, Mapping[str, Any]]
    jobset: Mapping[str, Any] | None
    others: tuple[Mapping[str, Any], ...]

    @property
    def parallelism(self) -> int:
        """How many pods work at the same time."""
        return int(self.job.get("parallelism", 1))

    def of_kind(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """Return another document of the manifest, if it is there."""
        return next((d for d in self.others
                     if d.get("kind") == kind and d.get("metadata", {}).get("name") == name), None)

    def claims(self) -> dict[str, str]:
        """Return the PersistentVolumeClaims that the container sees, by where it sees them."""
        volumes = {v["name"]: v for v in self.pod.get("volumes", [])}
        return {mount["mountPath"]: volumes[mount["name"]]["persistentVolumeClaim"]["claimName"]
                for mount in self.container.get("volumeMounts", [])
                if "persistentVolumeClaim" in volumes.get(mount["name"], {})}

    def scratch(self) -> list[str]:
        """Return where the container sees folders that are its pod's alone (emptyDir)."""
        volumes = {v["name"]: v for v in self.pod.get("volumes", [])}
        return [mount["mountPath"] for mount in self.container.get("volumeMounts", [])
                if "emptyDir" in volumes.get(mount["name"], {})]


def documents(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the documents of a manifest: of a file, or of a folder as kustomize builds it.

    Raises:
        ManifestError: it is not there, is no YAML or cannot be built.
    """
    try:
        import yaml
    except ImportError as error:
        raise ManifestError("manifests need PyYAML: pip install 'tdgammon[cluster]'") from error

    if path.is_dir():
        text = _built(path)
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ManifestError(f"{path}: cannot be read ({why})") from error
    try:
        found = [d for d in yaml.safe_load_all(text) if d is not None]
    except yaml.YAMLError as error:
        raise ManifestError(f"{path}: is no YAML ({error})") from error
    if not all(isinstance(d, dict) for d in found):
        raise ManifestError(f"{path}: holds something else than objects of Kubernetes")
    return tuple(found)


def kustomize() -> list[str] | None:
    """Return the command that builds a folder, ``None`` if there is none here."""
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    return ["kustomize", "build"] if shutil.which("kustomize") else None


def _built(folder: Path) -> str:
    command = kustomize()
    if command is None:
        raise ManifestError(f"{folder}: a folder is built by kubectl or kustomize, and neither is "
                            "here; install one, or give the file that it builds")
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ManifestError(f"{folder}: cannot be built: {done.stderr.strip()}")
    return done.stdout


def workload(path: Path) -> Workload:
    """Return what is started by the manifest at ``path``.

    Raises:
        ManifestError: nothing, several things, or something that is no Job of one container.
    """
    found = documents(path)
    jobs = [d for d in found if d.get("kind") in ("Job", "JobSet")]
    if len(jobs) != 1:
        raise ManifestError(f"{path}: must hold one Job or JobSet, not {len(jobs)}")
    try:
        return _workload(jobs[0], found)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ManifestError(f"{path}: is no complete {jobs[0]['kind']}: {missing}") from error


def _workload(document: Mapping[str, Any], found: tuple[Mapping[str, Any], ...]) -> Workload:
    name, spec, jobset = document["metadata"]["name"], document["spec"], None
    if document["kind"] == "JobSet":
        jobset, group = spec, spec["replicatedJobs"][0]
        if len(spec["replicatedJobs"]) != 1 or group.get("replicas", 1) != 1:
            raise ValueError("a JobSet must have one Job in it")
        subdomain = spec.get("network", {}).get("subdomain", name)
        name, spec = f"{name}-{group['name']}-0", group["template"]["spec"]
    template = spec["template"]
    pod = template["spec"]
    if jobset is None:
        subdomain = pod.get("subdomain")
    if len(pod["containers"]) != 1:
        raise ValueError(f"its pods must have one container, not {len(pod['containers'])}")
    container = pod["containers"][0]
    env = {entry["name"]: entry for entry in container.get("env", [])}
    labels = template.get("metadata", {}).get("labels", {})
    return Workload(name, subdomain, spec, pod, labels, container, env, jobset, found)
