"""What holds for every test of this process."""

import os

from tests.compiling import FLAGS

# Most of what is compiled here is hardly run. It must be said before jax is first imported.
os.environ.setdefault("XLA_FLAGS", FLAGS)

import jax  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# One device from the start, whatever a command under test asks for: its wish would otherwise decide
# how many devices all tests after it see. Tests of several devices start processes of their own.
jax.devices()

# A busy machine is no reason to fail: what is tested is never how fast examples come or pass.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
