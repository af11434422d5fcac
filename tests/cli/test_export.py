"""``tdgammon export``: the file, what it says of itself, and what is refused."""

from __future__ import annotations

import hashlib
import json
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from agent import catalog
from agent.export import check, files, onnx_file, savedmodel
from agent.outcome import equity
from cli import cli
from engine.board import start
from tests.cli.test_errors import refused, untouched
from tests.test_imports import command, heavy_after

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[Path, dict]:
    """Return the file of the net that ships as td-gammon, and what the command said of it."""
    path = tmp_path_factory.mktemp("export") / "net.onnx"
    args = ["export", "td-gammon", "--to", "onnx", "--out", str(path), "--json"]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    return path, json.loads(result.stdout)


def test_the_file_says_whose_net_it_is_and_of_which_checkpoint(exported):
    path, said = exported
    digest = hashlib.sha256(catalog.checkpoint_of("td-gammon").read_bytes()).hexdigest()
    about = {item.key: item.value for item in onnx.load(path).metadata_props}
    assert about == {"agent": "td-gammon", "net": "mlp", "features": "tesauro198-v1",
                     "checkpoint_sha256": digest, "memory": "0"}
    assert said["checkpoint_sha256"] == digest and said["bytes"] == path.stat().st_size
    assert said["path"] == str(path)


def test_the_check_was_of_ten_thousand_positions(exported):
    _, said = exported
    assert said["positions"] == 10_000
    assert 0 < said["outcomes"] <= said["largest"] <= 1e-5
    assert said["memory"] == 0


def test_the_file_answers_by_the_board_alone(exported):
    path, _ = exported
    session = onnxruntime.InferenceSession(str(path))
    (board,), outputs = session.get_inputs(), session.get_outputs()
    assert (board.name, board.shape, board.type) == ("board", ["N", 2, 25], "tensor(int8)")
    assert [(o.name, o.shape) for o in outputs] == [("outcomes", ["N", 5]), ("equity", ["N"])]
    outcomes, worth = session.run(None, {"board": start()[None]})
    agent = catalog.get("td-gammon")
    np.testing.assert_allclose(outcomes, agent.evaluate(start()[None]), atol=1e-6)
    np.testing.assert_allclose(worth, equity(outcomes), atol=1e-6)


def test_the_table_says_how_far_the_file_is_from_the_net(tmp_path, monkeypatch):
    monkeypatch.setattr(files.check, "compare", lambda *_: check.Difference(10, 1e-7, 3e-7, 0.0))
    said = CliRunner().invoke(cli, ["export", "td-gammon", "--out", str(tmp_path / "a.onnx")])
    first, second = said.stdout.splitlines()
    assert "a.onnx: the net of td-gammon, mlp, tesauro198-v1" in first
    assert "largest difference from the net on 10 positions: 3e-07" in second


def test_a_file_that_answers_otherwise_is_deleted(tmp_path, monkeypatch):
    other = files.interface(catalog.get("highway"))
    model_of = onnx_file.model_of
    monkeypatch.setattr(onnx_file, "model_of", lambda _, about: model_of(other, about))
    compare = check.compare
    monkeypatch.setattr(check, "compare", lambda it, answer, _: compare(it, answer, 200))
    args = ["export", "td-gammon", "--out", str(tmp_path / "net.onnx"), "--force"]
    with untouched(tmp_path):
        result = CliRunner().invoke(cli, args)
    assert result.exit_code == 1 and result.stdout == ""
    line, = result.stderr.splitlines()
    assert "more than 1e-05, on 200 positions; it was deleted" in line
    # What was there before stays.
    (tmp_path / "net.onnx").write_text("old")
    with untouched(tmp_path):
        assert CliRunner().invoke(cli, args).exit_code == 1


def test_a_file_that_is_there_is_replaced_only_if_told_to(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    path.write_text("mine")
    with untouched(tmp_path):
        assert "is there already; name another file, or add --force" in refused(
            "export", "td-gammon", "--out", path)
    monkeypatch.setattr(files.check, "compare", lambda *_: check.Difference(1, 0.0, 0.0, 0.0))
    args = ["export", "td-gammon", "--out", str(path), "--force"]
    assert CliRunner().invoke(cli, args).exit_code == 0
    onnx.checker.check_model(onnx.load(path))
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize(("args", "reason"), [
    (["nobody"], "unknown agent 'nobody'"),
    (["random"], "random is no network by itself"),
    (["pubeval"], "pubeval is no network by itself"),
    (["pretrained:1"], "pretrained:1 is no network by itself"),
    (["contextual:nobody"], "behind contextual: stand"),
    (["td-gammon", "--to", "telepathy"], "telepathy"),
])
def test_a_wrong_request_is_refused(args, reason, tmp_path):
    with untouched(tmp_path):
        assert reason in refused("export", *args, "--out", tmp_path / "net.onnx")


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with untouched(tmp_path):
        assert "No such file or directory" in refused(
            "export", "td-gammon", "--out", tmp_path / "no" / "net.onnx")
        assert "is a folder" in refused("export", "td-gammon", "--out", tmp_path, "--force")
        assert "cannot be written" in refused(
            "export", "td-gammon", "--out", tmp_path / ("n" * 300))
        assert "--out" in refused("export", "td-gammon")


# A SavedModel, by a writer that needs no TensorFlow: what is tested is where it comes to stand.


@pytest.fixture
def no_tensorflow(monkeypatch):
    """Let a SavedModel be one line, which says of itself how far it is from its net."""
    def write(folder, it, about):
        (folder / savedmodel.MODEL).write_text(f"model of {about['agent']}")
        (folder / "assets.extra").mkdir()

    monkeypatch.setattr(savedmodel, "need", lambda: None)
    monkeypatch.setattr(savedmodel, "write", write)
    monkeypatch.setattr(savedmodel, "Session", lambda folder: folder.joinpath(savedmodel.MODEL))
    monkeypatch.setattr(check, "compare", lambda *_: check.Difference(10, 1e-7, 3e-7, 0.0))


def folder_export(path: Path, *more: str) -> int:
    args = ["export", "td-gammon", "--to", "savedmodel", "--out", str(path), *more]
    return CliRunner().invoke(cli, args).exit_code


def test_a_savedmodel_is_a_folder(tmp_path, no_tensorflow):
    args = ["export", "td-gammon", "--to", "savedmodel", "--out", str(tmp_path / "net"), "--json"]
    said = json.loads(CliRunner().invoke(cli, args).stdout)
    assert said["bytes"] == len("model of td-gammon") and said["largest"] == 3e-7
    assert (tmp_path / "net" / savedmodel.MODEL).read_text() == "model of td-gammon"
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_a_savedmodel_that_is_there_is_replaced_whole_if_told_to(tmp_path, no_tensorflow):
    old = tmp_path / "net"
    old.mkdir()
    (old / savedmodel.MODEL).write_text("mine")
    (old / "variables").mkdir()
    with untouched(tmp_path):
        assert folder_export(old) == 2
    assert folder_export(old, "--force") == 0
    assert sorted(path.name for path in old.iterdir()) == ["assets.extra", savedmodel.MODEL]
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_a_savedmodel_that_answers_otherwise_is_deleted(tmp_path, no_tensorflow, monkeypatch):
    monkeypatch.setattr(check, "compare", lambda *_: check.Difference(10, 2e-5, 3e-5, 0.0))
    with untouched(tmp_path):
        assert folder_export(tmp_path / "net") == 1
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / savedmodel.MODEL).write_text("mine")
    with untouched(tmp_path):
        assert folder_export(tmp_path / "net", "--force") == 1


def test_what_is_no_savedmodel_is_not_replaced_by_one(tmp_path, no_tensorflow):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    args = ["export", "td-gammon", "--to", "savedmodel", "--force", "--out"]
    with untouched(tmp_path):
        assert "holds no SavedModel" in refused(*args, tmp_path / "folder")
        assert "is a file" in refused(*args, tmp_path / "file")
        assert "cannot be written" in refused(*args, tmp_path / ("n" * 300))
        assert "cannot be written" in refused(*args, tmp_path / "no" / "net")
        assert "cannot be written" in refused(*args, tmp_path / "file" / "net")
        assert "holds no SavedModel" in refused(*args, "/")


def test_a_plain_file_is_another_kind(tmp_path):
    args = ["export", "td-gammon", "--to", "plain", "--out", str(tmp_path / "net"), "--json"]
    assert json.loads(CliRunner().invoke(cli, args).stdout)["largest"] <= 1e-5
    assert (tmp_path / "net").read_bytes().startswith(b'{"format": "tdgammon-plain"')


def test_tensorflow_is_named_where_it_is_missing(tmp_path, monkeypatch):
    find = util.find_spec
    monkeypatch.setattr(
        util, "find_spec", lambda name: None if name == "tensorflow" else find(name))
    with untouched(tmp_path):
        said = refused("export", "td-gammon", "--to", "savedmodel", "--out", tmp_path / "net")
        assert said.endswith("needs the package tensorflow: pip install 'tdgammon[tensorflow]'")


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named(missing, tmp_path, monkeypatch):
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == missing else find(name))
    with untouched(tmp_path):
        assert refused("export", "td-gammon", "--out", tmp_path / "net.onnx").endswith(
            f"exporting needs the package {missing}: pip install 'tdgammon[export]'")


def test_nobody_waits_for_packages_that_only_files_need():
    code = "import agent.export.files, agent.export.onnx_file, ui.tables\n"
    assert heavy_after(code + command("export", "--help")) == []
