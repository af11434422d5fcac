"""What holds for every test of this process."""

import jax

# One device from the start, whatever a command under test asks for: its wish would otherwise decide
# how many devices all tests after it see. Tests of several devices start processes of their own.
jax.devices()
