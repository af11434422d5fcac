"""What the units of a convolutional agent see: told by the calculator, and by the net itself."""

from __future__ import annotations

import numpy as np
import pytest

from agent import catalog
from agent.checkpoint import Checkpoint, save
from agent.errors import AgentError
from agent.features import feature_set
from agent.nets import numpy_conv
from agent.nets.numpy_highway import ACTIVATIONS
from agent.nets.numpy_mlp import sigmoid
from agent.players.network import NetworkAgent
from agent.players.searching import searching
from agent.receptive_field import Layer, measure
from agent.receptive_field_agent import (
    answers,
    conv_of,
    gates_by_point,
    layers_of_agent,
    net_of_agent,
)
from agent.receptive_field_inputs import used
from tests.agent.deep import TESAURO, random_params, settings_of
from tests.engine.positions import pos

SETTINGS = [
    dict(layers=1, kernel=1),
    dict(layers=3, kernel=3),
    dict(layers=4, kernel=3, dilation=(1, 2, 4), gated=False),
    dict(layers=2, kernel=5, dilation=(3,), activation="tanh"),
    dict(layers=3, kernel=3, dilation=(5, 9), gated=False, activation="sigmoid"),
    dict(layers=2, kernel=7, dilation=(4, 23), activation="sigmoid"),
    dict(layers=1, kernel=47, dilation=(2,), activation="tanh"),
]


def conv(features: str = TESAURO, **given) -> NetworkAgent:
    """Return a small agent of random parameters."""
    settings = settings_of("conv", channels=6, **given)
    params = random_params("conv", settings, features)
    return NetworkAgent("small", "conv", settings, features, params)


def ids(given) -> str:
    return "-".join(f"{name}={value}" for name, value in given.items())


# ---- the calculator against the net


def seen_by_net(agent: NetworkAgent) -> list[np.ndarray]:
    """Return for each convolution which points its units react to, bool[24 units, 24 points].

    What stands on one point is changed at a time; a unit reacts if a channel of it does, in one of
    several positions, since a rectifier may be shut in one of them.
    """
    rng = np.random.default_rng(3)
    given = rng.normal(size=(60, 198)).astype("f4")
    changed = np.repeat(given[None], 25, axis=0)
    for point in range(24):
        at = numpy_conv.line(198)[point, :8]
        changed[point, :, at] += rng.normal(0, 3, (8, 60)).astype("f4")
    agent = NetworkAgent("inputs", "conv", agent.settings, TESAURO, agent.params)
    agent.features = Raw(changed.reshape(-1, 198))
    boards = np.zeros((len(changed) * 60, 2, 25), np.int8)
    found = []
    for values, _ in answers(agent, boards):
        apart = values.reshape(25, 60, 24, -1)
        reacts = (apart[:24] != apart[24]).any(axis=(1, 3))
        found.append(reacts.T)
    return found


class Raw:
    """Features that are given as they are, whatever the boards."""

    def __init__(self, inputs: np.ndarray):
        self.encode = lambda boards: inputs


@pytest.mark.parametrize("given", SETTINGS, ids=ids)
def test_units_of_every_layer_react_to_exactly_the_points_they_are_said_to_use(given):
    agent = conv(**given)
    layers = layers_of_agent(agent)
    found = seen_by_net(agent)
    assert len(found) == len(layers) == given["layers"] + 1
    for number, reacts in enumerate(found):
        net = measure(layers[: number + 1], 24)
        said = np.stack([used(net, (unit,))[0] for unit in range(24)])
        assert (reacts == said).all(), f"layer {number + 1}"
        first, last = net.output.fields[0].span(12)
        assert not reacts[12, : max(first, 0)].any() and not reacts[12, last + 1 :].any()


def test_dilation_leaves_holes_that_the_net_has_too():
    reacts = seen_by_net(conv(layers=1, dilation=(5,)))[-1]
    assert reacts[12].nonzero()[0].tolist() == [6, 7, 8, 11, 12, 13, 16, 17, 18]


@pytest.mark.parametrize("given", SETTINGS, ids=ids)
@pytest.mark.parametrize("head", ["flat", "mean"])
def test_the_answers_of_the_last_layer_are_those_the_net_goes_on_with(given, head, positions):
    agent, boards = conv(**given, head=head), positions[0][:20]
    *_, (values, _) = answers(agent, boards)
    parts = agent.params["params"]
    x = values.mean(axis=1) if head == "mean" else values.reshape(20, -1)
    for name, bend in (("head", ACTIVATIONS[agent.settings["activation"]]), ("outcome", sigmoid)):
        x = bend(x @ parts[name]["kernel"] + parts[name]["bias"])
    expected = numpy_conv.apply(agent.params, agent.features.encode(boards), agent.settings)
    np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)


def test_bar_and_off_are_seen_from_everywhere():
    agent = conv(layers=1, activation="tanh")
    for more in ("bar:1 6:5 / 6:5", "6:5 / bar:1 6:5"):
        pair = (answers(agent, pos(text)) for text in ("6:5 / 6:5", more))
        for (before, _), (after, _) in zip(*pair, strict=True):
            assert (before != after).any(axis=(0, 2)).all()


# ---- gates


def test_gates_by_point_are_those_of_which_the_net_tells_the_mean():
    agent, board = conv(layers=4, dilation=(1, 2)), pos("24:2 13:5 8:3 6:5 / 24:2 13:5 8:3 6:5")
    found = gates_by_point(agent, board)
    assert [len(gates) for gates in found] == [0, 24, 24, 24, 24]
    inputs = feature_set(TESAURO).encode(board[None])
    means = numpy_conv.activity(agent.params, inputs, agent.settings)
    np.testing.assert_allclose([np.mean(gates) for gates in found[1:]], means, rtol=1e-5)


def test_what_changes_on_a_point_changes_the_gates_around_it_alone():
    agent = conv(layers=1, activation="tanh")
    one, other = (gates_by_point(agent, pos(f"{point}:1 8:4 / 6:5"))[1] for point in (15, 16))
    apart = [n for n in range(24) if one[n] != other[n]]
    # Two convolutions of three points around the player's own points 15 and 16.
    assert apart == [12, 13, 14, 15, 16, 17]


def test_layers_without_gates_have_none():
    board = pos("6:5 / 6:5")
    assert gates_by_point(conv(layers=2, gated=False), board) == [(), (), ()]


# ---- which agents have them


def test_an_agent_is_named_by_its_file_and_may_look_ahead(tmp_path):
    agent = conv("tactics224-v1", layers=3, dilation=(1, 2, 4))
    meta = {"features": "tactics224-v1", "net": "conv", "settings": agent.settings, "config": {},
            "games": 0, "seed": 1, "results": []}
    file = tmp_path / "small.npz"
    save(file, Checkpoint(meta, agent.params))
    expected = measure([Layer(3, padding=1), Layer(3, padding=1), Layer(3, dilation=2, padding=2),
                        Layer(3, dilation=4, padding=4)], 24)
    for named in (agent, str(file), f"{file}:1", searching(agent, 1), catalog.get(str(file))):
        assert net_of_agent(named) == expected
    assert expected.output.fields[0].length == 17
    assert conv_of(f"{file}:2").features.size == 224
    assert len(gates_by_point(conv_of(str(file)), pos("6:5 / 6:5"))) == 4


@pytest.mark.parametrize("name", ["pubeval", "random", "td-gammon", "td-gammon:1"])
def test_an_agent_without_convolutions_is_told_what_has_them(name):
    with pytest.raises(AgentError, match=f"^{name} has no convolutions; only .*--net conv") as told:
        net_of_agent(name)
    assert "\n" not in str(told.value)


def test_an_agent_that_is_none_is_told():
    with pytest.raises(AgentError, match="unknown agent 'nobody'"):
        net_of_agent("nobody")
