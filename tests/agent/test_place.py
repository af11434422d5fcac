"""Which process this is: options, the environment, and what fits together."""

import pytest

from agent.errors import AgentError, ClusterError, ConfigError
from agent.place import Place, find_place


def found(*options, **environment):
    return find_place(*options, environment=environment)


def test_nothing_said_is_a_process_alone():
    assert found() is None
    # The index alone says nothing of others: a Job of one pod may be indexed.
    assert found(JOB_COMPLETION_INDEX="0") is None
    assert found(SLURM_NTASKS="1", SLURM_PROCID="0", SLURM_JOB_ID="7") is None
    assert found(TDGAMMON_NUM_PROCESSES="1") is None
    assert found("a:1", 1, 0) is None


def test_options_come_before_the_environment_and_that_before_the_index_of_a_job():
    env = {"TDGAMMON_COORDINATOR": "job-0.pods:7777", "TDGAMMON_NUM_PROCESSES": "4",
           "TDGAMMON_PROCESS_ID": "3", "JOB_COMPLETION_INDEX": "2", "TDGAMMON_JOIN_SECONDS": "9"}
    assert found(**env) == Place("job-0.pods", 7777, 4, 3, 9.0)
    assert found("[::1]:80", 3, 1, 5, **env) == Place("::1", 80, 3, 1, 5)
    del env["TDGAMMON_PROCESS_ID"], env["TDGAMMON_JOIN_SECONDS"]
    assert found(**env) == Place("job-0.pods", 7777, 4, 2, 300.0)


@pytest.mark.parametrize(("options", "environment", "message"), [
    (("a:1",), {}, "needs --num-processes .* and --process-id"),
    ((None, 2, 1), {}, "needs --coordinator"),
    ((None, None, 1), {}, "needs --coordinator .* and --num-processes"),
    ((None, 1, 1), {}, "needs --coordinator"),
    (("a", 2, 1), {}, "HOST:PORT"),
    ((":7", 2, 1), {}, "HOST:PORT"),
    (("a:70000", 2, 1), {}, "HOST:PORT"),
    (("a:0", 2, 1), {}, "HOST:PORT"),
    (("a:1", 0, 0), {}, "at least 1"),
    (("a:1", 2, 2), {}, "0 to 1, not 2"),
    (("a:1", 2, -1), {}, "0 to 1, not -1"),
    (("a:1", 2, 1, 0), {}, "above 0 seconds"),
    ((), {"TDGAMMON_NUM_PROCESSES": "two"}, "whole number, not 'two'"),
    ((), {"TDGAMMON_PROCESS_ID": "-1"}, "whole number"),
    ((), {"TDGAMMON_JOIN_SECONDS": "soon"}, "number of seconds"),
])
def test_what_does_not_fit_together_is_one_line(options, environment, message):
    with pytest.raises(ConfigError, match=message) as caught:
        found(*options, **environment)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


def test_a_step_of_slurm_is_found_as_jax_finds_it(monkeypatch):
    env = {"SLURM_JOB_ID": "4097", "SLURM_STEP_NODELIST": "node[07-09]", "SLURM_NTASKS": "6",
           "SLURM_PROCID": "5", "SLURM_LOCALID": "1"}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    for name in ("KUBERNETES_SERVICE_HOST", "JAX_COORDINATOR_PORT"):
        monkeypatch.delenv(name, raising=False)
    # The port is 65535 - 4095 + the job's number modulo 4096.
    assert find_place(seconds=7) == Place("node07", 61441, 6, 5, 7, (1,))


def test_a_pod_of_an_indexed_job_says_what_it_lacks(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "kubernetes", None)
    with pytest.raises(ClusterError, match=r"tdgammon\[k8s\], or set \$TDGAMMON_COORDINATOR"):
        found(KUBERNETES_SERVICE_HOST="10.0.0.1", JOB_COMPLETION_INDEX="1")
    assert isinstance(ClusterError(), AgentError) and ClusterError.exit_code == 75
