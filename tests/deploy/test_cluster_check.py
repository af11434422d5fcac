"""The command ``cluster-check`` on the manifest that ships, and on ones that cannot be tried."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.compiling import FLAGS
from tests.deploy.conftest import DEPLOY, needs_kustomize

slow = pytest.mark.skipif("TDGAMMON_SLOW_TESTS" not in os.environ, reason="run by .ci/cluster")
SMALL = ("--", "--hidden=8", "--batch=16", "--plies=4", "--lambda=0")


def _check(*arguments: str | Path) -> Any:
    from commands.cluster_check import cluster_check

    return CliRunner().invoke(cluster_check, list(map(str, arguments)), standalone_mode=False)


@pytest.fixture(autouse=True)
def _compile_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", FLAGS)


@needs_kustomize
def test_the_job_of_many_nodes_survives_the_loss_of_a_process() -> None:
    done = _check("--manifest", DEPLOY / "overlays/multi-node", "--processes", 2, "--json",
                  "--quick", "--checkpoint-seconds", 1, *SMALL)
    assert done.exception is None, done.exception
    told = json.loads(done.stdout)
    assert [c for c in told["said"] + told["tried"] if not c["passed"]] == []
    assert [c["name"] for c in told["tried"]] == [
        "training begins", "kill -9 of process 1", "the Job's rules then",
        "all start again, to the end", "the Job's rules then"]
    assert "process 1 of 2 was lost" in told["tried"][1]["detail"]
    assert done.return_value == 0


@needs_kustomize
@slow
def test_a_run_that_is_begun_anew_fails_the_check(tmp_path: Path, built: Any) -> None:
    documents = built("overlays/cpu-small")
    job = next(d for d in documents if d["kind"] == "Job")
    job["spec"]["template"]["spec"]["containers"][0]["args"].remove("--go-on")
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    done = _check("--manifest", path, "--checkpoint-seconds", 1, "--json", *SMALL)
    told = json.loads(done.stdout)
    failed = [c for c in told["said"] + told["tried"] if not c["passed"]]
    assert [c["name"] for c in failed] == ["the run is gone on with", "all start again and go on"]
    assert "holds a run already" in failed[1]["detail"]
    assert done.return_value == 1


@pytest.mark.parametrize("text, words", [
    (None, "cannot be read"),
    ("a: [", "is no YAML"),
    ("- 1", "something else than objects"),
    ("kind: Service", "must hold one Job or JobSet, not 0"),
    ("kind: Job\nmetadata: {name: a}", "'spec' is missing"),
    ("kind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: []}}}",
     "one container, not 0"),
    ("kind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: "
     "[{name: a, command: [python3], env: [{name: TDGAMMON_NUM_PROCESSES, value: '1'}]}]}}}",
     "must run tdgammon"),
])
def test_bad_manifests_are_one_line(text: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    if text is not None:
        path.write_text(text)
    done = _check("--manifest", path)
    assert type(done.exception).__name__ == "ManifestError"
    assert words in str(done.exception)
    assert done.exception.exit_code == 2
