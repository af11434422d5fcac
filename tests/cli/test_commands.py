"""A smoke test per command."""

from __future__ import annotations

import json
import signal
import time

import pytest
from click.testing import CliRunner

from agent.checkpoint import load
from cli import cli
from engine.board import start
from engine.ids import encode_position
from tests.cli.conftest import TINY

START = encode_position(start())
CHANCES = {"equity", "win", "win_gammon", "win_backgammon", "lose_gammon", "lose_backgammon"}
CONTEST = {
    "agent", "opponent", "games", "seed", "ppg", "ppg_se", "ppg_ci95", "win", "win_se", "gammon",
    "backgammon", "gammon_lost", "backgammon_lost", "plies_per_game", "games_per_s",
}


@pytest.mark.parametrize("args", [
    ["--help"], ["-h"], ["--version"], [],
    *([name, "--help"] for name in ("train", "play", "benchmark", "agents", "hint", "serve")),
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
    assert load(folder, with_run=True).meta["games"] == said["games"]


def test_a_benchmark_prints_its_result(shell, trained):
    args = "benchmark", trained[0], "--opponent", "random", "--games", 4, "--device", "cpu"
    result = json.loads(shell(*args, "--seed", 3, "--json"))
    assert set(result) == CONTEST
    assert (result["agent"], result["opponent"]) == ("tiny", "random")
    assert (result["games"], result["seed"]) == (4, 3)
    assert result["ppg_ci95"][0] <= result["ppg"] <= result["ppg_ci95"][1]
    assert "4 games, duplicate dice, seed 1" in shell(*args)


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


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(shell, tmp_path, trained):
    folder = tmp_path / "long"
    with shell.begin("train", "--games", 10**6, *TINY, "--out", folder) as process:
        metrics = folder / "metrics.jsonl"
        deadline = time.monotonic() + 60
        while not (metrics.exists() and metrics.stat().st_size):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err and len(err.splitlines()) == 1
    assert f"--resume {folder}" in out
    games = load(folder, with_run=True).meta["games"]
    said = json.loads(shell("train", "--resume", folder, "--games", games + 1, *TINY, "--json"))
    assert said["games"] > games
    rows = [json.loads(line)["games"] for line in metrics.read_text().splitlines()]
    assert rows == sorted(set(rows)) and rows[-1] == said["games"]
