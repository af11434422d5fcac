"""What can be wrong with what a user asks of the agents; every message is one line."""

from __future__ import annotations


class AgentError(ValueError):
    """A request that cannot be met: what is wrong, and what would be right.

    ``exit_code``: with which the program ends.
    """

    exit_code = 2


class CheckpointError(AgentError):
    """A checkpoint that is missing, damaged or of another kind."""


class ConfigError(AgentError):
    """Settings of a run that make no sense."""


class LayerError(AgentError):
    """Layers of a convolutional net that cannot be, or text that names none."""


class ClusterError(AgentError):
    """Processes of one run that cannot work together: one did not come, or is there no more.

    ``exit_code``: EX_TEMPFAIL of sysexits.h, since starting all of them again may be enough.
    """

    exit_code = 75
