"""What can be said of each net when it is made: settings, their defaults, what is right for them.

Needs neither jax nor flax.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from agent.errors import ConfigError

_WIDEST = 65536


class Setting(NamedTuple):
    """One setting: its ``default``, whether a value is ``right``, and what an error calls that."""

    default: Any
    right: Callable[[Any], bool]
    wanted: str
    label: str = ""


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _whole(default: int, low: int, high: int) -> Setting:
    return Setting(default, lambda v: _is_whole(v, low, high), f"{low} to {high}")


def _wholes(default: tuple[int, ...], low: int, high: int, label: str) -> Setting:
    def right(value: Any) -> bool:
        return isinstance(value, tuple) and len(value) > 0 and all(
            _is_whole(v, low, high) for v in value)

    return Setting(default, right, f"{low} to {high}", label)


def _one_of(*names: str) -> Setting:
    """Return a choice among names, the first by default."""
    return Setting(names[0], lambda v: isinstance(v, str) and v in names,
                   f"one of {', '.join(names)}")


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and isfinite(value)


def _is_bias(value: Any) -> bool:
    return _is_number(value) and abs(value) <= 1000


def _are_names(value: Any) -> bool:
    return isinstance(value, tuple) and len(set(value)) == len(value) and all(
        isinstance(v, str) and v for v in value)


_STACK = {
    # How many layers of one width, or of one number of channels, stand upon each other.
    "layers": _whole(5, 1, 10_000),
    "activation": _one_of("relu", "tanh", "sigmoid"),
    # Whether they are highway layers; without gates they are the plain control of the same size.
    "gated": Setting(True, lambda v: isinstance(v, bool), "true or false"),
    # What the transform gates' biases are at first: below 0, a layer mostly carries its input.
    "carry_bias": Setting(-1.0, _is_bias, "-1000 to 1000"),
}

# What each net can be told, by its name and that of the setting.
NETS: dict[str, dict[str, Setting]] = {
    "mlp": {
        "hidden": _wholes((80,), 1, _WIDEST, "hidden widths"),
        "activation": _one_of("sigmoid", "relu"),
    },
    "highway": {"width": _whole(64, 1, _WIDEST), **_STACK},
    "conv": {
        "channels": _whole(16, 1, 4096),
        "kernel": Setting(3, lambda v: _is_whole(v, 1, 47) and v % 2 == 1, "odd, 1 to 47"),
        # Of the layers of the stack in turn, over and over again.
        "dilation": _wholes((1,), 1, 23, "dilations"),
        # What the last layer of points becomes: all of it, or the mean over the points.
        "head": _one_of("flat", "mean"),
        # Of the dense layer before the outcomes.
        "width": _whole(64, 1, _WIDEST),
        **_STACK,
    },
    "lstm": {
        "width": _whole(64, 1, 8192),
        "layers": _whole(1, 1, 100),
        # Of the cell; see agent.nets.numpy_lstm.
        "variant": _one_of("vanilla", "nig", "nfg", "nog", "niaf", "noaf", "np", "cifg", "fgr"),
    },
    "hm-lstm": {
        "width": _whole(64, 1, 8192),
        "layers": _whole(3, 2, 100),
        # Of the boundaries' hard sigmoid, and what their biases are at first.
        "slope": Setting(1.0, lambda v: _is_number(v) and 0 < v <= 1000, "above 0, at most 1000"),
        "boundary_bias": Setting(0.4, lambda v: _is_number(v) and abs(v) <= 1000, "-1000 to 1000"),
        "layer_norm": Setting(True, lambda v: isinstance(v, bool), "true or false"),
    },
    "contextual": {
        "width": _whole(64, 1, 8192),
        "cell": _one_of("lstm", "fast-weights"),
        # What the memory of a game begins with; see agent.nets.numpy_contextual.
        "initial": _one_of("learned", "zero", "free"),
        # Those it can be told that it plays against, beside itself.
        "opponents": Setting(("random", "pubeval"), _are_names, "names of agents"),
    },
}
# Nets that remember the game: those with a cell.
REMEMBERING = ("lstm", "hm-lstm", "contextual")
NAMES = tuple(dict.fromkeys(name for known in NETS.values() for name in known))


def complete(net: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of a net, lists as tuples: those given, the others at their defaults.

    Args:
        net: one of ``NETS``.
        given: settings by name.

    Raises:
        ConfigError: there is no such net, it has no such setting, or a value is not right.

    >>> complete("mlp", {"hidden": [40]})
    {'hidden': (40,), 'activation': 'sigmoid'}
    """
    if net not in NETS:
        raise ConfigError(f"net must be one of {', '.join(NETS)}, not {net!r}")
    known = NETS[net]
    for name in given:
        if name not in known:
            raise ConfigError(f"the net {net} has no {name}, only {', '.join(known)}")
    found = {}
    for name, setting in known.items():
        value = given.get(name, setting.default)
        value = tuple(value) if isinstance(value, list) else value
        if not setting.right(value):
            shown = list(value) if isinstance(value, tuple) else value
            label = setting.label or name
            raise ConfigError(f"{label} must be {setting.wanted}, not {shown!r}")
        found[name] = value
    if found.get("gated") is False:
        if "carry_bias" in given:
            raise ConfigError(f"a {net} net without gates has no carry_bias")
        del found["carry_bias"]
    return found


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as plain values of JSON: tuples as lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
