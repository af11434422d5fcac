"""Multilayer perceptrons as files that anything can read without a library.

The first line is a JSON object in ASCII, with blanks behind it so that the line, its end included,
is a multiple of 64 bytes long. Its values are texts, whole numbers and lists of whole numbers:
``format`` ("tdgammon-plain"), ``version`` (1), ``agent``, ``net`` ("mlp"), ``features``,
``layers`` (the widths, inputs first, outcomes last), ``activation`` of the hidden layers
("sigmoid" or "relu"; the outcomes are always sigmoids), ``checkpoint_sha256``. Then, of each layer
in turn, its kernel float32[in, out], row by row, and its bias float32[out], little-endian. Nothing
follows.

What is exact by the rules, and what makes inputs of a board, is not in the file: readers know it by
the features' name. Two are in ``embed/plain``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.errors import AgentError
from agent.export.interface import Interface
from agent.features import FEATURE_SETS, feature_set
from agent.nets.numpy_mlp import ACTIVATIONS, sigmoid
from agent.outcome import N_OUTCOMES

FORMAT, VERSION = "tdgammon-plain", 1
_LINE = 64
_LONGEST_LINE = 1 << 16
_NUMBER = np.dtype("<f4")
_TEXTS = ("agent", "features", "activation", "checkpoint_sha256")


def data_of(it: Interface, about: Mapping[str, str]) -> bytes:
    """Return the file of a net.

    Args:
        it: the net.
        about: what the file says of itself; see ``agent.export.files.about_of``.

    Raises:
        AgentError: it is no multilayer perceptron.
    """
    net = it.agent.net
    if net != "mlp":
        raise AgentError(f"{it.agent.name} is a net of the kind {net}; plain files hold nets of "
                         "the kind mlp, as td-gammon and pretrained; use --to onnx, which takes "
                         "every net")
    layers = it.agent.params["params"]
    stack = [layers[f"hidden{i}"] for i in range(len(layers) - 1)] + [layers["outcome"]]
    widths = [stack[0]["kernel"].shape[0], *(layer["bias"].shape[0] for layer in stack)]
    header = {"format": FORMAT, "version": VERSION, "agent": about["agent"], "net": net,
              "features": about["features"], "layers": widths,
              "activation": it.agent.settings.get("activation", "sigmoid"),
              "checkpoint_sha256": about["checkpoint_sha256"]}
    line = json.dumps(header).encode("ascii")
    line += b" " * (-(len(line) + 1) % _LINE) + b"\n"
    return line + b"".join(np.asarray(layer[name], _NUMBER).tobytes()
                           for layer in stack for name in ("kernel", "bias"))


class Session:
    """A plain file that answers; see ``agent.export.interface``.

    ``about`` is its first line.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            AgentError: it is not such a file, or not the whole of one.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise AgentError(f"{path}: cannot be read ({error.strerror})") from error
        try:
            self.about, self._layers = _read(data)
        except ValueError as error:
            raise AgentError(f"{path} is no file of `tdgammon export --to plain`: {error}"
                             ) from error
        self._encode = feature_set(self.about["features"]).encode
        self._bend = ACTIVATIONS[self.about["activation"]]

    def __call__(self, boards: npt.NDArray[np.int8]) -> list[npt.NDArray[np.float32]]:
        """Return outcomes float32[N, 5] and equity float32[N] of boards int8[N, 2, 25]."""
        x = self._encode(boards)
        for kernel, bias in self._layers[:-1]:
            x = self._bend(x @ kernel + bias)
        kernel, bias = self._layers[-1]
        over = outcome.is_over(boards)
        said = np.where(over[:, None], outcome.terminal(boards), sigmoid(x @ kernel + bias))
        return [said, outcome.equity(said)]


def _read(data: bytes) -> tuple[dict[str, Any], list[tuple[np.ndarray, np.ndarray]]]:
    """Return the first line and, for each layer, kernel and bias; else ``ValueError``."""
    line, end, rest = data[:_LONGEST_LINE].partition(b"\n")
    try:
        about = json.loads(line.decode("ascii"))
    except ValueError as error:
        raise ValueError("its first line is no JSON") from error
    if not end or not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError(f'its first line does not say "format": "{FORMAT}"')
    if about.get("version") != VERSION:
        raise ValueError(f"its version is {about.get('version')!r}; this program reads {VERSION}")
    widths = _widths(about)
    numbers = sum((before + 1) * after for before, after in zip(widths, widths[1:], strict=False))
    size = len(line) + 1 + numbers * _NUMBER.itemsize
    if len(data) != size:
        raise ValueError(f"it has {len(data)} bytes instead of {size}")
    values = np.frombuffer(data, _NUMBER, offset=len(line) + 1)
    if not np.isfinite(values).all():
        raise ValueError("it holds a number that is not finite")
    layers, at = [], 0
    for before, after in zip(widths, widths[1:], strict=False):
        kernel = values[at : at + before * after].reshape(before, after)
        at += before * after
        layers.append((kernel, values[at : at + after]))
        at += after
    return about, layers


def _widths(about: Mapping[str, Any]) -> list[int]:
    """Return the widths of a first line that makes sense; else ``ValueError``."""
    if not all(isinstance(about.get(name), str) for name in _TEXTS):
        raise ValueError(f"its first line lacks one of {', '.join(_TEXTS)}")
    if about["features"] not in FEATURE_SETS:
        raise ValueError(f"its features are {about['features']!r}, not one of "
                         f"{', '.join(FEATURE_SETS)}")
    if about["activation"] not in ACTIVATIONS:
        raise ValueError(f"its activation is {about['activation']!r}, not one of "
                         f"{', '.join(ACTIVATIONS)}")
    widths = about.get("layers")
    if (not isinstance(widths, list) or len(widths) < 2
            or not all(type(width) is int and width > 0 for width in widths)
            or widths[0] != feature_set(about["features"]).size or widths[-1] != N_OUTCOMES):
        raise ValueError(f"its layers are {widths!r}; they go from the number of inputs to "
                         f"{N_OUTCOMES}")
    return widths
