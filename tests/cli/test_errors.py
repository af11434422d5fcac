"""Whatever is wrong is said in one line on stderr, with exit code 2, and nothing is written."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli import cli
from engine.board import start
from engine.ids import encode_position
from tests.cli.conftest import TINY
from tests.engine.positions import pos

START = encode_position(start())
SIXTEEN_CHECKERS = "//8AAAAAAAAAAA"
GAME_OVER = encode_position(pos(" / 6:2"))


def refused(*args: object) -> str:
    """Assert that a command is refused in one line, and return the line."""
    result = CliRunner().invoke(cli, [str(arg) for arg in args])
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == 2
    assert result.stdout == ""
    line, = result.stderr.splitlines()
    assert line.startswith("tdgammon: ")
    return line


@contextlib.contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Assert that nothing below a folder is made, changed or removed."""
    def files():
        return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}

    before = files()
    yield
    assert files() == before


def rewritten(run: Path, name: str = "changed.npz", *, meta=(), **arrays: np.ndarray | None):
    """Write a checkpoint like that of a run, with other arrays (None: without) and meta."""
    with np.load(run / "checkpoint.npz") as archive:
        kept = dict(archive)
    values = json.loads(kept["meta"].tobytes()) | dict(meta)
    kept["meta"] = np.frombuffer(json.dumps(values).encode(), np.uint8)
    kept |= {key: value for key, value in arrays.items() if value is not None}
    kept = {key: value for key, value in kept.items() if arrays.get(key, value) is not None}
    np.savez(run / name, allow_pickle=False, **kept)
    return run / name


# Requests


@pytest.mark.parametrize(("args", "reason"), [
    (["nonsense"], "No such command"),
    (["benchmark", "nobody"], "unknown agent 'nobody'"),
    (["benchmark", "pubeval", "--opponent", "nobody"], "unknown agent 'nobody'"),
    (["benchmark", "a" * 5000], "unknown agent"),
    (["benchmark", "pubeval", "--games", "0"], "--games"),
    (["benchmark", "pubeval", "--games", "-3"], "--games"),
    (["benchmark", "pubeval", "--seed", "-1"], "--seed"),
    (["benchmark", "pubeval", "--positions", "no.jsonl"], "no.jsonl cannot be read: No such file"),
    (["benchmark", "nobody", "--positions", "no.jsonl"], "unknown agent 'nobody'"),
    (["benchmark", "pubeval", "--positions", "no", "--games", "1000"], "leave out --games"),
    (["benchmark", "pubeval", "--opponent", "pubeval", "--positions", "no", "--no-luck"],
     "leave out --opponent and --luck"),
    (["play", "--text", "--agent", "nobody"], "unknown agent"),
    (["serve", "nobody", "--protocol", "jsonl"], "unknown agent"),
    (["serve", "pubeval", "--protocol", "telepathy"], "telepathy"),
    (["hint", START, "31", "--agent", "pubeval"], "knows no chances"),
    (["hint", START, "--ply", "3"], "--ply"),
    (["hint", START, "--agent", "pretrained:3"], "plies must be 0, 1 or 2, as in pretrained:0"),
    (["hint", START, "--agent", "pretrained:1", "--ply", "2"], "leave out one of the two"),
    (["benchmark", "random", "--ply", "1"], "random cannot look ahead"),
    (["benchmark", "nobody:1"], "unknown agent 'nobody:1'"),
    (["serve", "pubeval:1", "--protocol", "jsonl"], "pubeval cannot look ahead"),
    (["serve", "pubeval", "--ply", "1", "--protocol", "jsonl"], "pubeval cannot look ahead"),
    (["play", "--text", "--agent", "pubeval", "--ply", "2"], "pubeval cannot look ahead"),
    (["rollout", START, "--agent", "pubeval"], "pubeval is no network"),
    (["rollout", START, "--trials", "0"], "--trials"),
    (["rollout", START, "--truncate", "-1"], "--truncate"),
    (["rollout", "nonsense"], "14 characters"),
    (["rollout", GAME_OVER], "the game is over"),
    (["rollout", START, "37"], "die"),
])
def test_a_wrong_request_is_refused(args, reason):
    assert reason in refused(*args)


@pytest.mark.parametrize(("args", "reason"), [
    (["nonsense"], "14 characters"),
    ([START[:-1]], "14 characters"),
    (["!" * 14], "Position ID"),
    ([SIXTEEN_CHECKERS], "more than 15 checkers"),
    ([GAME_OVER, "31"], "the game is over"),
    (["XGID=nonsense"], "XGID"),
    ([START, "07"], "die"),
    ([START, "00"], "die"),
    ([START, "37"], "die"),
    ([START, "3"], "roll"),
    ([START, "three one"], "roll"),
])
def test_a_wrong_position_or_roll_is_refused(trained, args, reason):
    assert reason in refused("hint", *args, "--agent", trained[0])


@pytest.mark.parametrize(("options", "reason"), [
    (["--games", "0"], "--games"),
    (["--games", "-1"], "--games"),
    (["--games", "1.5"], "--games"),
    (["--minutes", "0"], "minutes"),
    (["--minutes", "nan"], "minutes"),
    (["--games", "5", "--minutes", "1"], "either"),
    (["--lambda", "2"], "lambda"),
    (["--lambda", "nan"], "lambda"),
    (["--alpha", "0"], "alpha"),
    (["--alpha", "-0.1"], "alpha"),
    (["--hidden", "many"], "many"),
    (["--hidden", "80,"], "80,"),
    (["--hidden", "0"], "hidden"),
    (["--batch", "0"], "batch"),
    (["--plies", "0"], "plies"),
    (["--optimizer", "magic"], "optimizer"),
    (["--average", "1"], "average"),
    (["--activation", "tanh"], "activation must be one of sigmoid, relu, not 'tanh'"),
    (["--net", "transformer"],
     "net must be one of mlp, highway, conv, lstm, hm-lstm, contextual, not 'transformer'"),
    (["--net", "highway", "--hidden", "40"], "the net highway has no hidden"),
    (["--layers", "20"], "the net mlp has no layers, only hidden, activation"),
    (["--net", "highway", "--plain", "--carry-bias", "-2"], "without gates has no carry_bias"),
    (["--net", "conv", "--kernel", "4"], "kernel must be odd, 1 to 47, not 4"),
    (["--net", "conv", "--dilation", "1,2,"], "'1,2,' is not a dilation or dilations"),
    (["--precision", "half"], "precision must be one of float32, bfloat16, not 'half'"),
    (["--seed", "-1"], "seed"),
    (["--measure", "-1"], "--measure"),
    (["--device", "abacus"], "abacus"),
])
def test_wrong_settings_are_refused_before_anything_is_written(tmp_path, options, reason):
    with untouched(tmp_path):
        assert reason in refused("train", *options, "--out", tmp_path / "new")


def test_a_malformed_file_of_decisions_is_refused(tmp_path):
    file = tmp_path / "file.jsonl"
    file.write_text('{"meta": {}}\n{"id": "nonsense"}\n')
    assert f"{file}, line 2: " in refused("benchmark", "pubeval", "--positions", file)


# Checkpoints


def npy(array: np.ndarray) -> bytes:
    """Return the file of one array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


DAMAGES = {
    "truncated": lambda good: good[: len(good) // 2],
    "the end is missing": lambda good: good[:-1],
    "empty": lambda good: b"",
    "random bytes": lambda good: np.random.default_rng(1).bytes(5000),
    "text": lambda good: b"tdgammon\n",
    "a flipped bit": lambda good: good.replace(b'"games"', b'"gamer"', 1),
    "another compression": lambda good: re.sub(b"(PK\x01\x02.{6})\0\0", b"\\1\x63\0", good),
    "encrypted": lambda good: re.sub(b"(PK\x01\x02.{4})\0", b"\\1\x01", good),
    "an array": lambda good: npy(np.zeros(3)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused(run, damage):
    file = run / "checkpoint.npz"
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with untouched(run):
        for args in (["benchmark", run], ["hint", START, "--agent", file],
                     ["serve", run, "--protocol", "ubgi"], ["play", "--text", "--agent", run],
                     ["train", "--games", "30", "--resume", run]):
            assert str(file) in refused(*args)


@pytest.mark.parametrize(("change", "reason"), [
    ({"meta": {"features": "tesauro198-v9"}}, "features 'tesauro198-v9'"),
    ({"meta": {"features": ["tesauro198-v1"]}}, "features"),
    ({"meta": {"net": "oracle"}}, "net 'oracle'"),
    ({"meta": {"format": 99}}, "format 99"),
    ({"meta": {"settings": {"hidden": [80]}}}, "shape"),
    ({"meta": {"settings": {}}}, "net"),
    ({"meta": {"settings": {"hidden": [4], "activation": "tanh"}}}, "'activation': 'tanh'"),
    ({"net/params/outcome/bias": np.zeros(6, np.float32)}, "shape (6,)"),
    ({"net/params/outcome/bias": None}, "shape None"),
    ({"net/params/outcome/bias": np.full(5, np.nan, np.float32)}, "finite float32"),
    ({"net/params/outcome/bias": np.zeros(5)}, "finite float32"),
])
def test_a_checkpoint_of_something_else_is_refused(run, change, reason):
    file = rewritten(run, **change)
    assert reason in refused("hint", START, "--agent", file)


def test_a_checkpoint_without_meta_is_refused(run):
    np.savez(run / "other.npz", weights=np.zeros(3))
    assert "no readable meta" in refused("benchmark", run / "other.npz")


# Runs are not overwritten


def test_a_run_is_made_only_where_it_can_be(tmp_path, run):
    file = tmp_path / "file"
    file.write_text("here")
    with untouched(tmp_path):
        for out in (file, file / "run", tmp_path / ("a" * 300)):
            assert "cannot be written" in refused("train", "--games", 5, "--out", out)
        assert "holds a run already" in refused("train", "--games", 5, "--out", run)


def test_a_run_is_resumed_only_as_it_was(tmp_path, run):
    with untouched(tmp_path):
        for options, reason in (
            (["--hidden", "40"], "hidden [4], not [40]"),
            (["--batch", "16"], "batch 8, not 16"),
            (["--lambda", "0"], "lambda 0.7, not 0.0"),
            (["--activation", "relu"], "activation sigmoid, not relu"),
            (["--precision", "bfloat16"], "precision float32, not bfloat16"),
            (["--out", tmp_path / "new"], "either --out or --resume"),
        ):
            assert reason in refused("train", "--games", 30, "--resume", run, *options)


def test_only_a_run_can_be_resumed(tmp_path, run):
    with np.load(run / "checkpoint.npz") as archive:
        state = {name: None for name in archive.files if name.startswith("run/")}
    rewritten(run, "checkpoint.npz", **state)
    with untouched(tmp_path):
        assert "no checkpoint" in refused("train", "--resume", tmp_path / "nowhere")
        assert "no training state" in refused("train", "--games", 30, "--resume", run)


def test_a_device_that_is_missing_leaves_no_run_behind(shell, tmp_path):
    with untouched(tmp_path):
        shell("train", "--games", 5, *TINY, "--device", "gpu", "--out", tmp_path / "new", code=2)
