"""A run can start from a trained net, which then plays just as before."""

import numpy as np
import pytest

from agent.catalog import get
from agent.config import TrainConfig
from agent.errors import AgentError, ConfigError
from agent.features import feature_set
from agent.starting import params_from, starting_agent
from agent.training import Trainer
from engine.board import start

SMALL = {"hidden": (80,), "batch": 8, "lam": 0.0, "lam_end": 0.0}


def test_the_new_run_plays_as_the_old_net():
    old = get("td-gammon")
    config = TrainConfig(**SMALL, init="td-gammon")
    new = Trainer(config, start=starting_agent(config)).agent("new")
    assert np.array_equal(new.evaluate(start()[None]), old.evaluate(start()[None]))


def test_more_inputs_change_nothing_at_first():
    old = get("td-gammon")
    config = TrainConfig(**SMALL, init="td-gammon", features="tactics224-v1")
    new = Trainer(config, start=starting_agent(config)).agent("new")
    kernel = new.params["params"]["hidden0"]["kernel"]
    assert kernel.shape == (feature_set("tactics224-v1").size, 80)
    assert (kernel[198:] == 0).all()
    assert np.allclose(new.evaluate(start()[None]), old.evaluate(start()[None]), atol=1e-6)


def test_without_a_net_to_start_from_there_is_none():
    assert starting_agent(TrainConfig(**SMALL)) is None


@pytest.mark.parametrize(("changes", "said"), [
    ({"init": "pubeval"}, "a network only"),
    ({"init": "nobody"}, "unknown agent"),
    ({"init": "td-gammon", "hidden": (40,)}, "must agree"),
    ({"init": "td-gammon", "activation": "relu"}, "must agree"),
])
def test_another_net_is_refused(changes, said):
    with pytest.raises(AgentError, match=said):
        starting_agent(TrainConfig(**{**SMALL, **changes}))


def test_inputs_cannot_be_taken_away():
    agent = get("td-gammon")
    config = TrainConfig(**SMALL)
    with pytest.raises(ConfigError, match="do not extend"):
        params_from("mlp", agent.settings, "tactics224-v1", agent.params, config)
