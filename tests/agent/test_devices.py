"""A run spread over several devices is the run of one, up to the order of sums."""

import os
import subprocess
import sys

import numpy as np

from tests.compiling import FLAGS

LEARN = """
import sys
import numpy as np
from agent.config import TrainConfig
from agent.starting import rival_agents
from agent.training import Trainer

config = TrainConfig(net="contextual", width=4, opponents=("pubeval",), batch=8, plies=4, lam=0.7,
                     lam_end=0.7)
trainer = Trainer(config, rivals=rival_agents(config))
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
    flags = f"--xla_force_host_platform_device_count={count} {FLAGS}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environment,
                          capture_output=True, text=True, check=True)
    return done.stdout


def test_games_may_be_shared_out_among_devices(tmp_path):
    # Nets without a memory are shared out by ``tests.agent.test_cluster_training``.
    one, many = tmp_path / "one.npz", tmp_path / "many.npz"
    on_devices(1, LEARN, one)
    on_devices(2, LEARN, many)
    one, many = np.load(one), np.load(many)
    assert sorted(many.files) == sorted(one.files)
    for name in one.files:
        if one[name].dtype.kind == "f":
            # The order of sums alone has been seen to move a parameter by 3.5e-6.
            np.testing.assert_allclose(many[name], one[name], atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(many[name], one[name], err_msg=name)


def test_games_that_cannot_be_shared_out_evenly_are_refused():
    assert on_devices(4, REFUSED) == "batch must be a multiple of the 4 devices, not 9\n"
