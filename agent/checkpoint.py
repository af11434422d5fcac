"""Checkpoints: a net, how it was made, how well it plays, and what a run needs to go on.

A checkpoint is one NumPy ``.npz`` archive (its parts carry check sums): ``meta`` holds a JSON
text, ``net/...`` the parameters that play, ``run/...`` the state of training, absent from nets
that ship. Reading it needs neither jax nor flax. Nothing is unpickled, and shapes, dtypes and the
features' version are checked, since a wrong net would play badly without a word.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from agent.errors import CheckpointError, ConfigError
from agent.features import FEATURE_SETS
from agent.nets import numpy_nets
from agent.nets.settings import complete as settings_of_net
from agent.outcome import N_OUTCOMES

FORMAT = 1
FILE_NAME = "checkpoint.npz"
_NEEDED = ("format", "features", "net", "settings", "config", "games", "seed", "results")


@dataclass(frozen=True)
class Checkpoint:
    """A net and its history.

    ``meta``: plain values, with at least ``features``, ``net``, ``settings`` (of the net),
    ``config`` (of the run), ``games`` played, ``seed`` and ``results``. ``params``: a tree of
    float32 arrays, ``{"params": ...}``. ``run``: arrays by name, empty for a net that ships.
    """

    meta: dict[str, Any]
    params: dict[str, Any]
    run: dict[str, np.ndarray] = field(default_factory=dict)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """Turn nested dictionaries of arrays into one by paths ``a/b/c``."""
    flat: dict[str, np.ndarray] = {}
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{path}/"))
        else:
            flat[path] = np.asarray(value)
    return flat


def unflatten(flat: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Undo :func:`flatten`."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, name = path.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = value
    return tree


def write_atomically(path: Path, write: Any) -> None:
    """Write a file under a temporary name in the same folder, then rename it.

    Args:
        path: where it shall be.
        write: called with a binary file object.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the old file stays whole until the new one is."""
    meta = json.dumps({"format": FORMAT, **checkpoint.meta}, sort_keys=True)
    arrays = {"meta": np.frombuffer(meta.encode(), np.uint8)}
    arrays |= {f"net/{k}": v for k, v in flatten(checkpoint.params).items()}
    arrays |= {f"run/{k}": v for k, v in checkpoint.run.items()}
    write_atomically(path, lambda file: np.savez(file, **cast(Any, arrays)))


def load(path: Path, *, with_run: bool = False) -> Checkpoint:
    """Read a checkpoint, whole and checked.

    Args:
        path: the file, or the folder of a run.
        with_run: read the state of training too; it must be there.

    Raises:
        CheckpointError: the file is missing, damaged, of another format, or its parameters are
            not those of the net it names.
    """
    path = Path(path)
    # os.path, unlike Path, answers False for names that no file system takes.
    if os.path.isdir(path):
        path = path / FILE_NAME
    if not os.path.isfile(path):
        raise CheckpointError(f"{path}: no checkpoint; expected a .npz file or a run's folder")
    arrays = _read_arrays(path, with_run)
    meta = _read_meta(path, arrays)
    net = {k.removeprefix("net/"): v for k, v in arrays.items() if k.startswith("net/")}
    run = {k.removeprefix("run/"): v for k, v in arrays.items() if k.startswith("run/")}
    _check_net(path, meta, net)
    if with_run and not run:
        raise CheckpointError(f"{path}: holds a net but no training state, so it cannot be resumed")
    return Checkpoint(meta, unflatten(net), run)


def _read_arrays(path: Path, with_run: bool) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as file:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile("it is no .npz archive")
            file.seek(0)
            archive = np.load(file, allow_pickle=False)
            wanted = [n for n in archive.files if with_run or not n.startswith("run/")]
            return {name: archive[name] for name in wanted}
    except Exception as error:
        # A flipped bit in an archive surfaces as almost any exception of the modules that read it.
        brief = (str(error).splitlines() or [""])[0][:100] or type(error).__name__
        raise CheckpointError(f"{path}: damaged or not a checkpoint ({brief})") from error


def _read_meta(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    try:
        meta = json.loads(arrays["meta"].tobytes().decode())
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: not a checkpoint (it has no readable meta)") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else None
        raise CheckpointError(f"{path}: checkpoint format {found!r}, this version reads {FORMAT}")
    missing = [name for name in _NEEDED if name not in meta]
    if missing:
        raise CheckpointError(f"{path}: the checkpoint's meta lacks {', '.join(missing)}")
    if meta["features"] not in list(FEATURE_SETS):
        known = ", ".join(FEATURE_SETS)
        raise CheckpointError(f"{path}: made for features {meta['features']!r}; known: {known}")
    return meta


def _check_net(path: Path, meta: Mapping[str, Any], net: Mapping[str, np.ndarray]) -> None:
    expected = net_shapes(meta["net"], meta["settings"], meta["features"])
    if expected is None:
        what = f"net {meta['net']!r} with settings {meta['settings']!r}"
        raise CheckpointError(f"{path}: unknown {what}"[:300])
    found = {name: array.shape for name, array in net.items()}
    if found != expected:
        wrong = sorted(set(found.items()) ^ set(expected.items()))[0][0]
        raise CheckpointError(
            f"{path}: parameter {wrong} has shape {found.get(wrong)}, "
            f"its settings say {expected.get(wrong)}"
        )
    for name, array in net.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise CheckpointError(f"{path}: parameter {name} is not all finite float32")


def check_state(arrays: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]) -> None:
    """Raise ``CheckpointError`` where a state of training cannot be one of its settings.

    Args:
        arrays: the state, by name.
        like: that of a fresh run, which says what shapes and dtypes are right.
    """
    expected = {name: (a.shape, a.dtype) for name, a in like.items()}
    found = {name: (a.shape, a.dtype) for name, a in arrays.items()}
    if found != expected:
        wrong = sorted(n for n in set(found) | set(expected) if found.get(n) != expected.get(n))[0]
        raise CheckpointError(
            f"the training state's {wrong} is {found.get(wrong)}, the settings say "
            f"{expected.get(wrong)}"
        )
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise CheckpointError(f"the training state's {name} is not all finite")


def net_shapes(
    net: str, settings: Mapping[str, Any], features: str
) -> dict[str, tuple[int, ...]] | None:
    """Return the shape of every parameter by path, ``None`` for an unknown net or settings."""
    try:
        if net == "ensemble":
            return numpy_nets.NETS[net].shapes(FEATURE_SETS[features].size, settings, N_OUTCOMES)
        # Perceptrons from before there was a choice name no activation.
        optional = {"activation"} if net == "mlp" else set()
        if settings_of_net(net, settings).keys() - optional <= settings.keys():
            shapes = numpy_nets.NETS[net].shapes
            return shapes(FEATURE_SETS[features].size, settings, N_OUTCOMES)
    except (KeyError, TypeError, AttributeError, ConfigError):
        return None
    return None
