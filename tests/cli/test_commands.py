"""A smoke test per command."""

from __future__ import annotations

import json
import signal
import time

import pytest
from click.testing import CliRunner

from agent import device
from agent.catalog import network
from agent.checkpoint import load
from agent.luck import RollValues
from cli import cli
from engine.board import start
from engine.ids import encode_position, encode_positions
from engine.plays import afterstates_of
from tests.cli.conftest import SAME, TINY
from tests.engine.positions import pos
from ui import train_progress

START = encode_position(start())
LATE = encode_position(pos("6:2 5:1 3:1 / 4:4"))
CHANCES = {"equity", "win", "win_gammon", "win_backgammon", "lose_gammon", "lose_backgammon"}
CONTEST = {
    "agent", "opponent", "games", "seed", "ppg", "ppg_se", "ppg_ci95", "win", "win_se", "gammon",
    "backgammon", "gammon_lost", "backgammon_lost", "plies_per_game", "games_per_s",
    "ppg_luck_adjusted", "ppg_luck_adjusted_se", "ppg_luck_adjusted_ci95", "luck_evaluator",
}


@pytest.mark.parametrize("args", [
    ["--help"], ["-h"], ["--version"], [],
    *([name, "--help"]
      for name in ("train", "play", "benchmark", "agents", "hint", "rollout", "receptive-field",
                   "serve", "study", "refine", "export", "cluster-check")),
])
def test_help_is_given(args):
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0
    assert "tdgammon" in result.output or "Usage" in result.output


def test_training_leaves_a_run_and_says_what_came_of_it(trained):
    folder, said = trained
    assert set(said) == {"folder", "games", "seconds", "stopped", "device", "config", "results"}
    assert said["folder"] == str(folder)
    assert said["games"] >= 20 and said["stopped"] is False and said["results"] == {}
    assert said["config"]["hidden"] == [4]
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.npz", "metrics.jsonl", "progress.png"]
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["games"] for row in rows] == [said["games"]]
    meta = load(folder, with_run=True).meta
    assert meta["games"] == said["games"] and meta["config"] == said["config"]
    assert meta["config"]["precision"] == "float32"
    assert meta["settings"] == {"hidden": [4], "activation": "sigmoid"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16", None])
def test_plays_are_looked_for_in_the_precision_asked_for_or_what_is_fast(
        monkeypatch, tmp_path, precision):
    configs = []

    def follow(config, *rest, **options):
        configs.append(config)
        return {"stopped": False, "signal": 0}

    monkeypatch.setattr(train_progress, "follow", follow)
    monkeypatch.setattr(device, "prepare", lambda *args, **options: "a device")
    monkeypatch.setattr(device, "fast_precision", lambda: "what is fast")
    monkeypatch.setattr("agent.config.PRECISIONS", ("float32", "bfloat16", "what is fast"))
    options = () if precision is None else ("--precision", precision)
    args = "train", *options, "--activation", "relu", *TINY, "--out", tmp_path / "run", "--json"
    result = CliRunner().invoke(cli, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    config, = configs
    assert config.precision == (precision or "what is fast") and config.activation == "relu"


def test_a_benchmark_prints_its_result(shell, trained):
    args = "benchmark", trained[0], "--opponent", "random", "--games", 4, "--device", "cpu"
    result = json.loads(shell(*args, "--seed", 3, "--json"))
    assert set(result) == CONTEST
    assert (result["agent"], result["opponent"]) == ("tiny", "random")
    assert (result["games"], result["seed"]) == (4, 3)
    assert result["ppg_ci95"][0] <= result["ppg"] <= result["ppg_ci95"][1]
    assert result["luck_evaluator"] is None
    table = shell(*args)
    assert "4 games, duplicate dice, seed 1" in table and "luck" not in table


def test_a_benchmark_takes_the_luck_out_of_its_result(trained, monkeypatch):
    # That it is measured by the net that ships is tested where luck is; a small one compiles fast.
    tiny = RollValues(network(trained[0], "tiny"))
    monkeypatch.setattr("agent.luck.default_values", lambda: tiny)
    monkeypatch.setattr("agent.luck._BLOCKS", (16,))
    args = ["benchmark", str(trained[0]), "--opponent", "random", "--games", "4", "--luck"]
    said = CliRunner().invoke(cli, [*args, "--json"])
    assert said.exit_code == 0, said.output
    result = json.loads(said.stdout)
    assert set(result) == CONTEST and result["luck_evaluator"] == "tiny"
    low, high = result["ppg_luck_adjusted_ci95"]
    assert low < result["ppg_luck_adjusted"] < high
    assert result["ppg_luck_adjusted"] != result["ppg"]
    assert f"luck-adjusted  {result['ppg_luck_adjusted']:+.4f}" in CliRunner().invoke(
        cli, args).stdout


def test_a_benchmark_of_decisions_prints_the_error_rate(shell, trained, tmp_path):
    after = encode_positions(afterstates_of(start(), 3, 1))
    rest = [[play, -0.1] for play in after[1:]]
    line = {"id": START, "d": [3, 1], "c": "opening",
            "cand": [[after[0], 0.1, 0.1, [0.5, 0.1, 0, 0.1, 0]]], "rest": rest}
    file = tmp_path / "file.jsonl"
    file.write_text('{"meta": {}}\n' + 10 * (json.dumps(line) + "\n"))
    args = "benchmark", trained[0], "--positions", file, "--device", "cpu"
    result = json.loads(shell(*args, "--json"))
    assert set(result) == {"agent", "file", "seed", "losses", "rms"}
    assert (result["agent"], result["file"]) == ("tiny", str(file))
    losses = result["losses"]["opening"]
    assert (losses["decisions"], losses["illegal"]) == (10, 0)
    assert losses["mpt"] == pytest.approx(200 * losses["estimated"] / 10)
    assert result["rms"]["all"]["positions"] == 10
    table = shell(*args)
    assert f"opening         10  {losses['mpt']:.2f}" in table and "lose backgammon" in table
    assert "lose" not in shell("benchmark", "random", "--positions", file, "--device", "cpu")


def test_agents_are_listed():
    result = CliRunner().invoke(cli, ["agents", "--json"])
    agents = json.loads(result.output)
    assert {"random", "pubeval"} <= {agent["name"] for agent in agents}
    assert all(set(agent) == {"name", "about", "strength"} for agent in agents)
    table = CliRunner().invoke(cli, ["agents"]).output
    assert all(agent["about"] in table for agent in agents)


def test_a_hint_ranks_the_plays(trained):
    args = ["hint", START, "31", "--agent", str(trained[0])]
    found = json.loads(CliRunner().invoke(cli, [*args, "--json"]).output)
    assert set(found) == {"position", "before_roll", "dice", "plays"}
    assert (found["position"], found["dice"]) == (START, [3, 1])
    assert set(found["before_roll"]) == CHANCES
    assert all(set(play) == {"play", *CHANCES} for play in found["plays"])
    equities = [play["equity"] for play in found["plays"]]
    assert len(equities) == 16 and equities == sorted(equities, reverse=True)
    table = CliRunner().invoke(cli, args).output
    assert len(table.splitlines()) == 1 + 1 + 16 and found["plays"][0]["play"] in table


def test_a_hint_without_dice_is_the_chances_alone(trained):
    args = ["hint", START, "--agent", str(trained[0]), "--json"]
    assert set(json.loads(CliRunner().invoke(cli, args).output)) == {"position", "before_roll"}


def test_a_hint_can_look_ahead(shell, trained):
    args = "hint", "4HPwATDgc/ABMA", "31", "--json", "--agent"
    plain, ahead = (json.loads(shell(*args, name)) for name in (trained[0], f"{trained[0]}:1"))
    assert set(ahead) == set(plain) and len(ahead["plays"]) == len(plain["plays"])
    assert ahead["before_roll"] != plain["before_roll"]
    assert json.loads(shell(*args, trained[0], "--ply", 1)) == ahead
    assert json.loads(shell(*args, trained[0], "--ply", 0)) == plain


def test_a_searching_agent_is_benchmarked(shell, trained):
    args = "benchmark", trained[0], "--opponent", "random", "--games", 2, "--device", "cpu"
    assert json.loads(shell(*args, "--ply", 1, "--json"))["agent"] == "tiny:1"


def test_a_position_is_rolled_out(shell, trained):
    args = "rollout", LATE, "--agent", trained[0], "--trials", 36, "--device", "cpu"
    found = json.loads(shell(*args, "--seed", 3, "--truncate", 2, "--json"))
    assert set(found) == {"position", "agent", "trials", "truncate", "plies", "luck", "seed",
                          "before_roll"}
    assert (found["position"], found["agent"]) == (LATE, "tiny")
    assert [found[key] for key in ("trials", "truncate", "plies", "luck", "seed")] == [
        36, 2, 0, True, 3]
    assert set(found["before_roll"]) == CHANCES | {f"{name}_se" for name in CHANCES}
    table = shell(*args, "--seed", 3, "--truncate", 2).splitlines()
    assert "36 trials of tiny at 0-ply, cut after 2 plies, luck taken out" in table[0]
    assert f"{found['before_roll']['equity']:+.4f}" in table[2] and "±" in table[3]
    assert len(table) == 4
    assert "played to the end, luck left in" in shell(*args, "--truncate", 0, "--no-luck")


def test_the_best_plays_of_a_roll_are_rolled_out(shell, trained):
    args = "rollout", LATE, "21", "--agent", f"{trained[0]}:1", "--trials", 4, "--truncate", 1
    found = json.loads(shell(*args, "--json"))
    assert found["dice"] == [2, 1] and found["plies"] == 1 and "before_roll" not in found
    first, *others = found["plays"]
    assert 1 <= len(others) <= 4 and first["behind"] == 0 and first["behind_se"] is None
    equities = [play["equity"] for play in found["plays"]]
    assert equities == sorted(equities, reverse=True)
    for play in others:
        assert play["behind"] == pytest.approx(first["equity"] - play["equity"], abs=2e-5)
    table = shell(*args).splitlines()
    assert len(table) == 2 + 2 * len(found["plays"]) and table[2].startswith(first["play"])


def test_a_game_can_be_played_in_the_terminal(shell, trained):
    out = shell("play", "--text", "--agent", trained[0], "--seed", 3,
                typed="1\nhint\nnonsense\n1\nq\n")
    assert "equity" in out and "not play notation" in out
    assert out.splitlines()[-1] == "The seed of the dice was 3."


def test_json_lines_are_served_over_a_pipe_whatever_comes(shell, trained):
    requests = ['{"op": "hello", "protocol": 1}', "garbage", '{"op": "move", "q": 1}', "\x00\x7f",
                json.dumps({"op": "move", "q": [[START, 3, 1]] * 3}), '{"op": "quit"}']
    out = shell("serve", trained[0], "--protocol", "jsonl", typed="\n".join(requests) + "\n")
    hello, *errors, moves = map(json.loads, out.splitlines())
    assert hello == {"name": "tiny", "protocol": 1, "ops": ["move", "eval", "legal"]}
    assert len(errors) == 3 and all(set(answer) == {"error"} for answer in errors)
    assert len(moves["r"]) == 3 and len(set(moves["r"])) == 1


def test_the_universal_interface_is_served_over_a_pipe_whatever_comes(shell):
    xgid = "XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:0:0:10"
    out = shell("serve", "pubeval", "--protocol", "ubgi", typed=f"ubgi\ngarbage\n{xgid}\nquit\n")
    *about, ready, sorry, play = out.splitlines()
    assert [line.split()[:2] for line in about] == [["id", "name"], ["id", "author"],
                                                    ["id", "version"]]
    assert (ready, sorry, play) == ("readyok", "sorry", "8/5 6/5")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_checkpoint_to_go_on_from(number, code, shell, tmp_path, trained):
    folder = tmp_path / "long"
    often = "--checkpoint-seconds", 1
    with shell.begin("train", "--games", 10**6, *SAME, *often, "--out", folder) as process:
        metrics = folder / "metrics.jsonl"
        deadline = time.monotonic() + 120
        while not (metrics.exists() and metrics.stat().st_size):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=180)
    assert process.returncode == code
    assert "Traceback" not in err and len(err.splitlines()) == 1
    assert f"--resume {folder}" in out
    games = load(folder, with_run=True).meta["games"]
    said = json.loads(shell("train", "--resume", folder, "--games", games + 1, *SAME, "--json"))
    assert said["games"] > games
    rows = [json.loads(line)["games"] for line in metrics.read_text().splitlines()]
    assert rows == sorted(set(rows)) and rows[-1] == said["games"]
