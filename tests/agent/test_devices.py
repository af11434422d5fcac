"""A run spread over several devices is the run of one, up to the order of sums."""

import os
import subprocess
import sys

import numpy as np
import pytest

LEARN = """
import sys
import numpy as np
from agent.config import TrainConfig
from agent.training import Trainer

trainer = Trainer(TrainConfig(hidden=(4,), batch=8, plies=4, lam=0.7, lam_end=0.7))
reports = [trainer.step() for _ in range(2)]
assert reports[-1].games > 0
np.savez(sys.argv[1], games=trainer.games, **trainer.checkpoint().run)
"""

REFUSED = """
from agent.config import TrainConfig
from agent.errors import ConfigError
from agent.training import Trainer

try:
    Trainer(TrainConfig(hidden=(4,), batch=9))
except ConfigError as error:
    print(error)
"""


def on_devices(count, code, *arguments):
    """Run the code where jax has that many virtual CPU devices; return what it prints."""
    flags = f"--xla_force_host_platform_device_count={count}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environment,
                          capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    path = tmp_path_factory.mktemp("devices") / "1.npz"
    on_devices(1, LEARN, path)
    return np.load(path)


@pytest.mark.parametrize("count", [2, 4])
def test_games_may_be_shared_out_among_devices(count, alone, tmp_path):
    path = tmp_path / "many.npz"
    on_devices(count, LEARN, path)
    many = np.load(path)
    assert sorted(many.files) == sorted(alone.files)
    for name in alone.files:
        if alone[name].dtype.kind == "f":
            np.testing.assert_allclose(many[name], alone[name], atol=2e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(many[name], alone[name], err_msg=name)


def test_games_that_cannot_be_shared_out_evenly_are_refused():
    assert on_devices(4, REFUSED) == "batch must be a multiple of the 4 devices, not 9\n"
