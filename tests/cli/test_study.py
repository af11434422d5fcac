"""``tdgammon study``: what is kept, printed and drawn, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from PIL import Image

from agent.checkpoint import Checkpoint, save
from cli import cli
from study import depth as depth_study
from study.depth import Settings
from study.depth_nets import nets
from tests.cli.test_errors import refused, untouched
from tests.test_imports import command, heavy_after
from tests.ui.conv_player import FEATURES, small_conv


def run(*args):
    return CliRunner().invoke(cli, ["study", *map(str, args)])


def small_conv_file(folder):
    net = small_conv()
    meta = {"net": net.net, "settings": net.settings, "features": FEATURES, "config": {},
            "games": 0, "seed": 1, "results": {}}
    save(folder / "mine.npz", Checkpoint(meta, net.params))
    return folder / "mine.npz"


def test_what_highway_nets_do_on_digits_is_kept_printed_and_drawn(tmp_path):
    pytest.importorskip("sklearn")
    folder = tmp_path / "mine"
    done = run("highway", "--parts", "contrast", "--seeds", 1, "--quick", "--steps", 40,
               "--device", "cpu", "--out", folder)
    assert done.exit_code == 0, done.output
    assert "Shallow, plain and highway under the source's settings" in done.stdout
    found = json.loads((folder / "highway.json").read_text())
    assert found["settings"]["steps"] == 40 and list(found["parts"]) == ["contrast"]
    assert [row["net"] for row in found["parts"]["contrast"]] == ["shallow", "plain", "highway"]
    with Image.open(folder / "contrast.png") as picture:
        assert picture.format == "PNG"
    with untouched(folder):
        assert "holds a study already" in refused("study", "highway", "--quick", "--out", folder)


def test_the_gates_of_a_net_are_told_and_drawn(tmp_path):
    path = small_conv_file(tmp_path)
    done = run("gates", path, "--games", 1, "--png", tmp_path / "gates.png", "--json")
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["mean"]) == 3
    with Image.open(tmp_path / "gates.png") as picture:
        assert picture.format == "PNG"


def test_a_study_of_depth_that_is_stopped_says_so_in_its_exit_code(tmp_path, monkeypatch):
    asked = []

    def stopped(settings, folder, progress, stop):
        asked.append((settings, folder))
        return {"settings": settings.as_json(), "stopped": True, "nets": []}

    monkeypatch.setattr(depth_study, "run", stopped)
    done = run("depth", "--kinds", "plain,conv", "--depths", "3,5", "--games", 7, "--device", "cpu",
               "--out", tmp_path / "mine", "--json")
    assert done.exit_code == 130
    assert json.loads(done.stdout)["stopped"] is True
    (settings, folder), = asked
    assert folder == tmp_path / "mine" and isinstance(settings, Settings) and settings.games == 7
    assert [(net.kind, net.depth) for net in nets(settings)] == [
        ("plain", 3), ("conv", 3), ("plain", 5), ("conv", 5)]


@pytest.mark.parametrize("args, reason", [
    (["highway", "--parts", "contrast,breadth"], "part must be one of contrast, depth"),
    (["highway", "--seeds", "0"], "seeds must be 1 to"),
    (["highway", "--mnist", "nowhere"], "nowhere"),
    (["depth", "--kinds", "round"], "kinds must be some of plain, highway, conv"),
    (["depth", "--depths", "2"], "depths must be 3 to 10000"),
    (["depth", "--depths", "deep"], "'deep' is not depths"),
    (["gates", "pubeval"], "pubeval is no network"),
    (["gates", "td-gammon"], "has no gates"),
    (["gates", "nobody"], "unknown agent 'nobody'"),
])
def test_bad_input_is_refused_in_a_line(args, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with untouched(tmp_path):
        assert reason in refused("study", *args)


def test_help_waits_for_nothing_heavy():
    assert heavy_after(command("study", "depth", "--help")) == []
