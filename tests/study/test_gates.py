"""What is said of gates is what they do: by layer, unit, point and class of position."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agent import catalog
from agent.decisions import CLASSES
from agent.errors import AgentError
from agent.nets.numpy_nets import NETS
from agent.players.network import NetworkAgent
from agent.players.random_play import RandomAgent
from engine.board import has_contact, start
from study import gates
from study.gates_picture import picture
from tests.agent.deep import TESAURO, random_params, settings_of
from ui.gates_study import as_text

FILE = Path(__file__).parents[1] / "data" / "positions-dev.jsonl.gz"
SMALL = {
    "highway": {"width": 6, "layers": 4, "carry_bias": -2.0},
    "conv": {"channels": 3, "layers": 3, "width": 6, "dilation": (1, 2)},
}
BOTH = pytest.mark.parametrize("net", SMALL)


def player(net, params=None, **given):
    """Return a player with a small net, by default of random parameters."""
    chosen = {**SMALL[net], **given}
    settings = settings_of(net, **{k: v for k, v in chosen.items() if v is not None})
    return NetworkAgent(f"small {net}", net, settings, TESAURO,
                        random_params(net, settings) if params is None else params)


@pytest.fixture(scope="module")
def positions():
    """Return 300 positions of the file, all classes among them."""
    whole = gates.of_file(FILE)
    return whole._replace(boards=whole.boards[::10], kind=whole.kind[::10])


def all_gates(agent, positions):
    """Return the gates float32[layers, P, ..., units] of all positions at once."""
    inputs = agent.features.encode(positions.boards)
    settings = settings_of(agent.net, **agent.settings)
    return np.stack(list(gates.gates_of(agent.net, agent.params, inputs, settings)))


@BOTH
def test_the_mean_is_what_the_net_itself_says_of_its_gates(net, positions):
    agent = player(net)
    found = gates.measure(agent, positions)
    inputs = agent.features.encode(positions.boards)
    said = NETS[net].activity(agent.params, inputs, agent.settings)
    np.testing.assert_allclose(found["mean"], said, atol=1e-6)
    assert np.ptp(said) > 0.001, "layers that do the same tell nothing apart"


@BOTH
def test_every_number_is_that_of_all_gates_taken_at_once(net, positions):
    agent = player(net)
    found, every = gates.measure(agent, positions), all_gates(agent, positions)
    layers, count = len(every), len(positions.boards)
    flat = every.reshape(layers, count, -1)
    by_position = flat.mean(-1)
    wanted = {
        "mean": flat.mean((1, 2)), "p10": np.percentile(by_position, 10, axis=1),
        "p90": np.percentile(by_position, 90, axis=1), "sd": flat.std(1).mean(-1),
        "shut": (flat < 0.1).mean((1, 2)), "open": (flat > 0.9).mean((1, 2)),
        "by_unit": flat.mean(1),
    }
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5, err_msg=name)
    assert max(found["shut"]) > 0 and max(found["sd"]) > 0.01
    assert (found["layers"], found["units"], found["positions"]) == flat.shape[::2] + (count,)
    assert list(found["by_class"]) == list(CLASSES)
    for i, of_class in enumerate(found["by_class"].values()):
        mine = positions.kind == i
        assert of_class["positions"] == mine.sum() > 0
        np.testing.assert_allclose(of_class["mean"], by_position[:, mine].mean(1), atol=1e-6)
    if net == "conv":
        np.testing.assert_allclose(found["by_point"], every.mean((1, 3)), atol=1e-6)
    else:
        assert found["by_point"] is None
    assert json.loads(json.dumps(found)) == found


@BOTH
def test_gates_that_only_have_a_bias_are_open_as_far_as_it_says(net, positions):
    agent = player(net)
    stack = agent.params["params"]["stack"]
    stack["gate_kernel"][:] = 0
    for layer, bias in enumerate(stack["gate_bias"]):
        bias[:] = (-2.0, 0.0, 2.5, -5.0)[layer]
    found = gates.measure(agent, positions)
    layers = found["layers"]
    np.testing.assert_allclose(found["mean"], [0.1192, 0.5, 0.9241, 0.0067][:layers], atol=1e-4)
    for name in ("p10", "p90"):
        np.testing.assert_allclose(found[name], found["mean"], atol=1e-6)
    assert found["shut"] == [0.0, 0.0, 0.0, 1.0][:layers]
    assert found["open"] == [0.0, 0.0, 1.0, 0.0][:layers]
    np.testing.assert_allclose(found["sd"], 0, atol=1e-3)
    bias = agent.settings["carry_bias"]
    assert found["at_first"] == pytest.approx(1 / (1 + np.exp(-bias)))


def test_a_point_is_the_one_that_the_player_on_roll_counts():
    agent = player("conv", kernel=1, dilation=(1,), layers=1)
    parts = agent.params["params"]
    # The first layer says 1 where the player on roll has a checker, the gates open there.
    for layer in (parts["first"], parts["stack"]):
        for array in layer.values():
            array[:] = 0
    parts["first"]["kernel"][0, 0, :] = 1
    parts["stack"]["gate_kernel"][0, 0] = np.eye(3) * 20
    parts["stack"]["gate_bias"][:] = -10
    board = start()[None]
    found = gates.measure(agent, gates.Positions(board, np.zeros(1, int), ("opening",), "start"))
    np.testing.assert_allclose(found["by_point"][0], board[0, 0, :24] > 0, atol=1e-3)


def test_self_play_is_recorded_position_by_position():
    found = gates.played(RandomAgent(), games=6, seed=3)
    again = gates.played(RandomAgent(), games=6, seed=3)
    assert np.array_equal(found.boards, again.boards)
    assert (found.boards == start()).all((1, 2)).sum() >= 6
    assert len(found.boards) > 6 * 30 and found.boards.dtype == np.int8
    names = np.array(found.classes)[found.kind]
    assert set(names) == {"contact", "race", "bearoff"}
    assert np.array_equal(names == "contact", has_contact(found.boards))
    at_home = (found.boards[..., 6:] == 0).all((1, 2))
    assert np.array_equal(names == "bearoff", at_home)
    assert "6 games of random" in found.source
    with pytest.raises(AgentError, match="^games must be at least 1, not 0$"):
        gates.played(RandomAgent(), games=0)


@pytest.mark.parametrize(("make", "said"), [
    (RandomAgent, "random is no network"),
    (lambda: catalog.get("td-gammon"), "td-gammon is an mlp, which has no gates"),
    (lambda: player("highway", gated=False, carry_bias=None), "a plain highway net"),
])
def test_who_has_no_gates_is_refused_in_one_line(make, said, positions):
    with pytest.raises(AgentError) as refusal:
        gates.measure(make(), positions)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_no_positions_are_refused(positions):
    none = positions._replace(boards=positions.boards[:0], kind=positions.kind[:0])
    with pytest.raises(AgentError, match="there are no positions"):
        gates.measure(player("highway"), none)


@BOTH
def test_the_table_has_a_row_for_each_layer(net, positions):
    found = gates.measure(player(net), positions)
    lines = as_text(found).splitlines()
    head = next(i for i, line in enumerate(lines) if line.split()[:2] == ["layer", "mean"])
    rows = [line.split() for line in lines[head + 1 :][: found["layers"]]]
    assert [row[0] for row in rows] == [str(i + 1) for i in range(found["layers"])]
    assert [float(row[1]) for row in rows] == pytest.approx(found["mean"], abs=6e-4)
    last = [of_class["mean"] for of_class in found["by_class"].values()]
    shown = [[float(cell) for cell in row[-len(CLASSES):]] for row in rows]
    np.testing.assert_allclose(shown, np.transpose(last), atol=6e-4)
    assert "300 positions" in lines[0] and lines[head - 1] == ""
    assert found["source"] in lines[1]
    # How long the name of the file is depends on where the tests lie.
    assert max(len(line) for line in lines if found["source"] not in line) <= 110


@BOTH
def test_the_picture_shows_units_in_order_and_a_line_for_each_class(net, positions):
    found = gates.measure(player(net), positions)
    figure = picture(found)
    figure.canvas.draw()
    panels = [axes for axes in figure.axes if axes.get_xlabel() or axes.images or axes.lines]
    lines = {line.get_label().split(" (")[0]: line.get_ydata() for line in panels[0].lines}
    np.testing.assert_allclose(lines["all positions"], found["mean"])
    for name, of_class in found["by_class"].items():
        np.testing.assert_allclose(lines[name], of_class["mean"])
    maps = [np.asarray(axes.images[0].get_array()) for axes in panels if axes.images]
    np.testing.assert_allclose(maps[0].T, np.sort(found["by_unit"], axis=1))
    assert len(maps) == (2 if net == "conv" else 1)
    if net == "conv":
        np.testing.assert_allclose(maps[1].T, found["by_point"])
