"""Plain files hold a net, whole or not at all, and answer as it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import catalog, outcome
from agent.checkpoint import unflatten
from agent.errors import AgentError
from agent.export import check, plain_file
from agent.export.files import about_of
from agent.export.interface import interface
from agent.export.plain_file import Session
from agent.features import FEATURE_SETS, feature_set
from agent.nets.numpy_nets import NETS
from agent.nets.settings import complete
from agent.players.made import player
from engine.board import start

TESAURO, TACTICS = FEATURE_SETS
ABOUT = {"agent": "drawn", "net": "mlp", "checkpoint_sha256": "0" * 64, "memory": "0"}


def drawn(net: str = "mlp", features: str = TESAURO, **settings: Any) -> Any:
    """Return a player of a net with random parameters."""
    rng = np.random.default_rng(1)
    settings = complete(net, settings)
    shapes = NETS[net].shapes(feature_set(features).size, settings, 5)
    flat = {path: rng.normal(scale=0.4, size=shape).astype("f4") for path, shape in shapes.items()}
    return player("drawn", net, settings, features, unflatten(flat))


def data(agent: Any) -> bytes:
    return plain_file.data_of(interface(agent), {**ABOUT, "features": agent.features.name})


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


SMALL = data(drawn(hidden=(3,)))
LINE, NUMBERS = SMALL.split(b"\n", 1)
HEADER = json.loads(LINE)


def with_header(**changes: Any) -> bytes:
    """Return the small file with another first line; ``None`` leaves a value out."""
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not None}
    return json.dumps(header).encode() + b"\n" + NUMBERS


@pytest.mark.parametrize(("features", "settings"), [
    (TESAURO, {"hidden": (7,)}), (TACTICS, {"hidden": (7, 5, 3), "activation": "relu"}),
    (TESAURO, {"hidden": (1,), "activation": "relu"})], ids=str)
def test_a_file_answers_as_its_net(tmp_path, features, settings):
    agent = drawn(features=features, **settings)
    session = Session(written(tmp_path / "net.plain", data(agent)))
    found = check.compare(interface(agent), session, 200)
    assert found.fits and found.positions == 200
    first, second = session(np.stack([start(), start()]))
    assert first.dtype == second.dtype == np.float32
    assert (first.shape, second.shape) == ((2, 5), (2,))
    assert [part.shape for part in session(np.zeros((0, 2, 25), np.int8))] == [(0, 5), (0,)]


def test_a_file_of_another_net_does_not_pass_the_check(tmp_path):
    session = Session(written(tmp_path / "net.plain", data(drawn(hidden=(7,)))))
    assert not check.compare(interface(drawn(hidden=(8,))), session, 100).fits


def test_finished_games_are_exact(tmp_path):
    over = np.zeros((3, 2, 25), np.int8)
    over[0, 0, 5], over[1, 0, 6], over[2, 0, 6] = 2, 15, 14
    over[2, 0, 24] = 1
    outcomes, equity = Session(written(tmp_path / "net.plain", SMALL))(over)
    np.testing.assert_array_equal(outcomes, outcome.terminal(over))
    assert equity.tolist() == [-1, -2, -3]


@pytest.mark.parametrize("name", ["td-gammon", "pretrained"])
def test_the_nets_that_the_errors_name_can_be_exported(tmp_path, name):
    it = interface(catalog.get(name))
    about = about_of(name, it)
    session = Session(written(tmp_path / "net.plain", plain_file.data_of(it, about)))
    assert session.about == {
        "format": "tdgammon-plain", "version": 1, "agent": name, "net": "mlp",
        "features": it.agent.features.name, "activation": session.about["activation"],
        "layers": [it.agent.features.size, *it.agent.settings["hidden"], 5],
        "checkpoint_sha256": about["checkpoint_sha256"]}
    assert check.compare(it, session, 200).fits


def test_the_first_line_is_ascii_and_numbers_begin_at_a_multiple_of_64():
    assert len(LINE + b"\n") % 64 == 0
    agent = drawn(hidden=(3,))
    file = plain_file.data_of(interface(agent), {
        **ABOUT, "features": TESAURO, "agent": "Größe\n\ud800"})
    line, numbers = file.split(b"\n", 1)
    assert line.isascii() and len(line + b"\n") % 64 == 0 and numbers == NUMBERS
    assert json.loads(line)["agent"] == "Größe\n\ud800"


def test_numbers_are_kernels_row_by_row_and_biases_in_order():
    layers = drawn(hidden=(3,)).params["params"]
    values = np.concatenate([layers[layer][part].ravel() for layer in ("hidden0", "outcome")
                             for part in ("kernel", "bias")])
    np.testing.assert_array_equal(np.frombuffer(NUMBERS, "<f4"), values)


@pytest.mark.parametrize("net", ["highway", "conv", "lstm", "contextual"])
def test_nets_of_other_kinds_are_refused_with_what_would_do(net):
    with pytest.raises(AgentError, match=f"kind {net};.*td-gammon and pretrained.*--to onnx"):
        data(drawn(net))


@pytest.mark.parametrize(("bad", "said"), [
    (b"", "no JSON"), (b"\n", "no JSON"), (b"{}\n", "does not say"), (b"[]\n", "does not say"),
    (b"\xff\n", "no JSON"), (LINE, "does not say"), (LINE + b"\n", "bytes instead of"),
    (SMALL[:-1], "bytes instead of"), (SMALL[:-4], "bytes instead of"),
    (SMALL + b"\0", "bytes instead of"), (b" " * 70_000 + SMALL, "no JSON"),
    (SMALL[:-4] + b"\0\0\x80\x7f", "not finite"), (SMALL[:-4] + b"\0\0\xc0\x7f", "not finite"),
    (with_header(format="onnx"), "does not say"), (with_header(version=2), "version is 2"),
    (with_header(version=None), "version is None"), (with_header(agent=None), "lacks"),
    (with_header(features=1), "lacks"), (with_header(features="x"), "features are 'x'"),
    (with_header(activation="tanh"), "activation is 'tanh'"),
    *((with_header(layers=layers), "layers") for layers in (
        None, 3, [], [198], [198, 5.0], [198, 0, 5], [198, -3, 5], [198, True, 5], [224, 3, 5],
        [198, 3, 6], [198, "3", 5], {})),
    (with_header(layers=[198, 4, 5]), "bytes instead of"),
    (with_header(layers=[198, 10**30, 5]), "bytes instead of"),
], ids=lambda value: repr(value)[:30])
def test_what_is_no_such_file_is_refused(tmp_path, bad, said):
    path = written(tmp_path / "net.plain", bad)
    with pytest.raises(AgentError, match=said) as refused:
        Session(path)
    assert "\n" not in str(refused.value) and str(path) in str(refused.value)


def test_what_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(AgentError, match="cannot be read"):
            Session(path)
