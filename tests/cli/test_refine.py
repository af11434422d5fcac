"""``tdgammon refine``: a run in a folder, gone on with, and what it refuses."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import jax.numpy as jnp
import pytest
from click.testing import CliRunner

from agent import refiner
from agent.checkpoint import load
from agent.refining import Tally
from cli import cli
from tests.cli.test_errors import refused, untouched
from ui import train_progress

TINY = ("--batch", "8", "--plies", "4", "--store", "64", "--measure", "0", "--device", "cpu")


@pytest.fixture
def idle(monkeypatch):
    """Let a round finish three games and learn nothing: the real one compiles for a minute."""
    def make_round(*args):
        return lambda state, knowledge, alpha: (state, Tally(*map(jnp.float32, (3, 1, 140, 2))))

    monkeypatch.setattr(refiner, "make_round", make_round)


def said(*args: object) -> dict:
    result = CliRunner().invoke(cli, [*map(str, args), "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def run(idle, tmp_path) -> Path:
    folder = tmp_path / "run"
    found = said("refine", "td-gammon", "--games", 7, *TINY, "--alpha", 0.001, "--out", folder)
    assert found["games"] == 9 and not found["stopped"]
    return folder


def test_a_run_leaves_a_net_that_plays_and_what_it_was_told(run):
    meta = load(run, with_run=True).meta
    assert meta["config"]["init"] == "td-gammon" and meta["config"]["kind"] == "refine"
    assert meta["config"]["alpha_end"] == pytest.approx(0.00002)
    assert meta["net"] == "mlp" and meta["games"] == 9
    row, = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert row["gammons"] == pytest.approx(1 / 3)
    assert row["plies_per_game"] == pytest.approx(140 / 3)
    assert (run / "progress.png").stat().st_size > 1000
    found = said("hint", "4HPwATDgc/ABMA", "31", "--agent", run)
    assert found["plays"]


def test_a_run_is_gone_on_with(run):
    assert said("refine", "--resume", run, "--games", 12, "--measure", 0)["games"] == 12


def test_it_says_how_to_go_on_with_a_stopped_run(run, monkeypatch):
    monkeypatch.setattr(train_progress._Stopping, "asked", lambda self: signal.SIGINT)
    result = CliRunner().invoke(
        cli, ["refine", "--resume", str(run), "--games", "99", "--measure", "0"])
    assert result.exit_code == 130 and f"tdgammon refine --resume {run}" in result.stdout


def test_runs_of_one_command_are_refused_by_the_other(run, tmp_path):
    with untouched(tmp_path):
        assert "tdgammon refine --resume" in refused("train", "--resume", run, "--games", 99)
        assert "alpha 0.001, not 0.1" in refused("refine", "--resume", run, "--alpha", "0.1")
        assert "holds a run already" in refused("refine", "pretrained", *TINY, "--out", run)


@pytest.mark.parametrize(("args", "reason"), [
    ([], "name the agent to refine"),
    (["pretrained", "--resume", "x"], "give either an agent or --resume"),
    (["--resume", "x", "--out", "y"], "give either --out or --resume"),
    (["--resume", "nowhere"], "no checkpoint"),
    (["nobody"], "unknown agent 'nobody'"),
    (["pubeval"], "cannot be refined"),
    (["lstm"], "cannot be refined"),
    (["pretrained", "--hidden", "512,300"], "cannot begin as 512,"),
    (["highway", "--hidden", "64"], "hidden layers are an mlp's"),
    (["pretrained", "--prune", "nobody"], "unknown agent 'nobody'"),
    (["pretrained", "--prune", "lstm"], "remembers games"),
    (["pretrained", "--lambda", "2"], "lambda must be 0 to 1"),
    (["pretrained", "--store", "5"], "store must be batch x plies"),
    (["pretrained", "--minutes", "-1"], "minutes must be above 0"),
])
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
        args, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with untouched(tmp_path):
        assert reason in refused("refine", *args)
