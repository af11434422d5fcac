"""Labelled images: scikit-learn's small digits, or a folder of IDX files such as MNIST's.

IDX (yann.lecun.com/exdb/mnist): two zero bytes, the type (8: unsigned bytes), the number of axes,
the length of each as a big-endian uint32, then the values.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import AgentError

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
_BYTES = 8


@dataclass(frozen=True, eq=False)
class Images:
    """Images float32[N, height, width], values 0 to 1, with labels int32[N] from 0 on."""

    name: str
    train: Floats
    train_labels: Labels
    test: Floats
    test_labels: Labels

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1

    @property
    def chance(self) -> float:
        """The share of the commonest class among the test images: what knowing nothing earns."""
        return float(np.bincount(self.test_labels).max() / len(self.test_labels))

    def as_json(self) -> dict[str, Any]:
        """Return what the images are, as plain values."""
        return {"name": self.name, "train": len(self.train), "test": len(self.test),
                "height": self.train.shape[1], "width": self.train.shape[2],
                "classes": self.classes, "chance": self.chance}


@cache
def digits() -> Images:
    """Return the 1,797 digits of 8x8 pixels that come with scikit-learn, 360 of them for testing.

    The split is always the same one. They are those of the UCI repository's "Optical recognition
    of handwritten digits" test set (archive.ics.uci.edu/dataset/80).

    Raises:
        AgentError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise AgentError("scikit-learn is needed for its digits: pip install "
                         '"tdgammon[studies]", or name a folder of IDX files') from error
    found = load_digits()
    order = np.random.default_rng(1797).permutation(len(found.target))
    images = (found.images[order] / 16).astype(np.float32)
    labels = found.target[order].astype(np.int32)
    return Images("scikit-learn's digits", images[360:], labels[360:], images[:360], labels[:360])


def read_idx(folder: Path | str) -> Images:
    """Return the images of a folder of four IDX files named as MNIST's are.

    ``train-images``, ``train-labels``, ``t10k-images`` and ``t10k-labels``, each followed by
    ``-idx3-ubyte`` or ``.idx3-ubyte`` (labels: ``idx1``), and by ``.gz`` if it is compressed.

    Raises:
        AgentError: a file is missing, damaged or of another kind, or they do not belong together.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise AgentError(f"{folder} is no folder; a folder of four IDX files is needed")
    pairs = [_pair(folder, part) for part in ("train", "t10k")]
    (train, train_labels), (test, test_labels) = pairs
    if train.shape[1:] != test.shape[1:]:
        raise AgentError(f"{folder}: training images are {_size(train)}, test images {_size(test)};"
                         " both must have one size")
    unknown = sorted({*test_labels.tolist()} - {*train_labels.tolist()})
    if unknown:
        raise AgentError(f"{folder}: test images are labelled {unknown[0]}, training images never")
    if len({*train_labels.tolist()}) < 2:
        raise AgentError(f"{folder}: all training images have one label; at least 2 are needed")
    return Images(str(folder.resolve().name), train, train_labels, test, test_labels)


def _pair(folder: Path, part: str) -> tuple[Floats, Labels]:
    """Return the images and labels of ``train`` or ``t10k``."""
    images_path = _find(folder, f"{part}-images", 3)
    labels_path = _find(folder, f"{part}-labels", 1)
    images, labels = _read(images_path, 3), _read(labels_path, 1)
    if len(images) != len(labels):
        raise AgentError(f"{images_path} holds {len(images):,} images, {labels_path.name} "
                         f"{len(labels):,} labels; each image needs one")
    return images.astype(np.float32) / np.float32(255), labels.astype(np.int32)


def _find(folder: Path, stem: str, axes: int) -> Path:
    names = [f"{stem}{mark}idx{axes}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise AgentError(f"{folder / names[0]} is missing (or with .gz at its end)")


def _read(path: Path, axes: int) -> npt.NDArray[np.uint8]:
    """Return the unsigned bytes of an IDX file of that many axes."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise AgentError(f"{path} cannot be read: {error}") from error
    magic, wanted = data[:4], bytes([0, 0, _BYTES, axes])
    if magic != wanted:
        raise AgentError(f"{path} must begin with the bytes {wanted.hex(' ')} "
                         f"(IDX, unsigned bytes, {axes} axes), not {magic.hex(' ') or 'nothing'}")
    start = 4 + 4 * axes
    if len(data) < start:
        raise AgentError(f"{path} ends within its head of {start} bytes")
    shape = np.frombuffer(data, ">u4", axes, 4).astype(np.int64)
    # Python's integers: four billion along each axis must not overflow.
    size = start + int(np.prod(shape.astype(object)))
    if len(data) != size:
        raise AgentError(f"{path} holds {len(data):,} bytes; by its head it must hold {size:,}")
    if size == start:
        raise AgentError(f"{path} holds no values")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _size(images: Floats) -> str:
    return "x".join(map(str, images.shape[1:]))
