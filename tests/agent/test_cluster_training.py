"""Training in two processes: it is that of one, survives a lost process, and ends when asked to."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from agent.checkpoint import flatten, load
from agent.run import METRICS
from tests.agent.test_cluster import free_port
from tests.compiling import FLAGS

ROOT = Path(__file__).parents[2]
# A checkpoint by the clock would be a row of metrics that another run does not have.
TINY = ("--hidden", "4", "--batch", "8", "--plies", "4", "--measure", "0", "--device", "cpu",
        "--precision", "float32", "--checkpoint-seconds", "3600")


class Trainings:
    """Starts ``tdgammon train`` in several processes, which share what jax compiled."""

    def __init__(self, cache):
        self.environment = os.environ | {
            "JAX_PLATFORMS": "cpu", "XLA_FLAGS": FLAGS, "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_NUM_CPU_DEVICES": "1", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1"}

    def begin(self, count, *options):
        """Return the processes."""
        words = [sys.executable, "-m", "cli", "train", *TINY, *map(str, options)]
        where = f"127.0.0.1:{free_port()}"
        more = [["--coordinator", where, "--num-processes", str(count), "--process-id", str(n)]
                for n in range(count)] if count > 1 else [[]]
        pipe = subprocess.PIPE
        return [subprocess.Popen([*words, *m], cwd=ROOT, env=self.environment, stdout=pipe,
                                 stderr=pipe, text=True) for m in more]

    def __call__(self, count, *options):
        """Train to the end; return what each process printed."""
        said = [process.communicate(timeout=300) for process in self.begin(count, *options)]
        assert all(err == "" for _, err in said), said
        return [out for out, _ in said]


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    return Trainings(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def runs(training, tmp_path_factory):
    """Return the folders of the same run in one process and in two."""
    folder = tmp_path_factory.mktemp("runs")
    one, two = folder / "one", folder / "two"
    training(1, "--games", 40, "--out", one)
    first, second = training(2, "--games", 40, "--out", two, "--json")
    said = json.loads(first)
    assert second == "" and said["games"] >= 40 and said["device"].endswith("2 devices")
    return one, two


def rows(folder):
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def assert_same_run(a, b):
    """Assert that two runs are in the same state, up to the order of sums."""
    a, b = (load(folder, with_run=True) for folder in (a, b))
    assert a.meta["games"] == b.meta["games"] and a.meta["changes"] == b.meta["changes"]
    arrays = [c.run | flatten(c.params) for c in (a, b)]
    assert arrays[0].keys() == arrays[1].keys()
    assert any(name.startswith("traces/") for name in arrays[0])
    for name, array in arrays[0].items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(arrays[1][name], array, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(arrays[1][name], array, err_msg=name)


def test_two_processes_train_as_one(runs):
    one, two = runs
    assert_same_run(one, two)
    losses = [[row["loss_per_game"] for row in rows(folder)] for folder in runs]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_a_run_goes_on_in_another_number_of_processes(training, runs, tmp_path):
    folders = [Path(shutil.copytree(run, tmp_path / run.name)) for run in runs]
    training(2, "--games", 60, "--resume", folders[0])
    training(1, "--games", 60, "--out", folders[1], "--go-on")
    assert load(folders[0]).meta["games"] > load(runs[0]).meta["games"]
    assert_same_run(*folders)


def test_a_killed_process_ends_the_others_and_a_signal_to_one_ends_all(training, runs, tmp_path):
    folder = Path(shutil.copytree(runs[1], tmp_path / "run"))
    for number, code in ((signal.SIGKILL, 75), (signal.SIGTERM, 143)):
        games = load(folder).meta["games"]
        made = training.begin(2, "--games", 10**9, "--out", folder, "--go-on",
                              "--checkpoint-seconds", "1")
        deadline = time.monotonic() + 200
        while load(folder).meta["games"] == games and time.monotonic() < deadline:
            assert all(process.poll() is None for process in made)
            time.sleep(0.1)
        made[1].send_signal(number)
        said = [process.communicate(timeout=60) for process in made]
        assert made[0].returncode == code and made[1].returncode == (
            -number if number == signal.SIGKILL else code)
        assert load(folder, with_run=True).meta["games"] > games
        if number == signal.SIGKILL:
            assert said[0][1].startswith("tdgammon: process 1 of 2 was lost")
        else:
            assert "go on with: tdgammon train --resume" in said[0][0] and said[0][1] == ""
        assert not any("Traceback" in err for _, err in said)
    games = [row["games"] for row in rows(folder)]
    assert games == sorted(set(games))


def test_processes_that_were_told_different_things_end(training, tmp_path):
    made = training.begin(2, "--out", tmp_path / "run", "--join-seconds", "2")
    odd = [*made[1].args[:-6], "--batch", "16", *made[1].args[-6:]]
    made[1].kill()
    made[1].communicate()
    process = subprocess.run(odd, cwd=ROOT, env=training.environment, capture_output=True,
                             text=True, timeout=100)
    made[0].communicate(timeout=100)
    assert process.returncode in (2, 75) and len(process.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("options", "message"), [
    (("--coordinator", "a:1"), "--num-processes"), (("--go-on",), "--go-on needs --out")])
def test_bad_options_are_one_line(training, options, message):
    process, = training.begin(1, *options)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 2 and message in err and len(err.splitlines()) == 1
