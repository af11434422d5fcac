"""Digits that come with scikit-learn, and IDX files good and bad."""

from __future__ import annotations

import gzip
import struct
import sys

import numpy as np
import pytest

from agent.errors import AgentError
from study.images import digits, read_idx

RNG = np.random.default_rng(4)
IMAGES = {"train": RNG.integers(0, 256, (7, 3, 2), np.uint8),
          "t10k": RNG.integers(0, 256, (4, 3, 2), np.uint8)}
LABELS = {"train": np.array([0, 1, 2, 0, 1, 2, 2], np.uint8),
          "t10k": np.array([2, 0, 2, 2], np.uint8)}


def idx(array, kind=8):
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + (
        array.tobytes())


def write(folder, mark="-", pack=False):
    for part in ("train", "t10k"):
        kinds = {f"images{mark}idx3": IMAGES[part], f"labels{mark}idx1": LABELS[part]}
        for name, array in kinds.items():
            data = idx(array)
            path = folder / f"{part}-{name}-ubyte{'.gz' if pack else ''}"
            path.write_bytes(gzip.compress(data) if pack else data)
    return folder


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("pack", [False, True])
def test_idx_files_are_read_whichever_way_they_are_named_or_packed(tmp_path, mark, pack):
    found = read_idx(write(tmp_path, mark, pack))
    assert found.train.dtype == found.test.dtype == np.float32
    assert np.array_equal(np.round(found.train * 255), IMAGES["train"])
    assert np.array_equal(np.round(found.test * 255), IMAGES["t10k"])
    assert found.train_labels.tolist() == LABELS["train"].tolist()
    assert found.test_labels.tolist() == LABELS["t10k"].tolist()
    assert (found.classes, found.chance) == (3, 0.75)


def put(name, data):
    return lambda folder: (folder / name).write_bytes(data)


IMAGES_FILE, LABELS_FILE = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
WHOLE = idx(IMAGES["train"])


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda f: (f / LABELS_FILE).unlink(), f"{LABELS_FILE} is missing"),
    (put(IMAGES_FILE, idx(LABELS["train"])), "must begin with the bytes 00 00 08 03"),
    (put(IMAGES_FILE, idx(IMAGES["train"], kind=13)), "not 00 00 0d 03"),
    (put(IMAGES_FILE, b""), "not nothing"),
    (put(IMAGES_FILE, WHOLE[:9]), "ends within its head of 16 bytes"),
    (put(IMAGES_FILE, WHOLE[:-1]), "holds 57 bytes; by its head it must hold 58"),
    (put(IMAGES_FILE, WHOLE + b"x"), "holds 59 bytes; by its head it must hold 58"),
    (put(IMAGES_FILE, WHOLE[:4] + b"\xff" * 12), "by its head it must hold 79,228,1"),
    (put(IMAGES_FILE, gzip.compress(WHOLE)[:-9]), "cannot be read"),
    (put(IMAGES_FILE, idx(IMAGES["train"][:6])), "6 images, train-labels-idx1-ubyte 7 labels"),
    (put(IMAGES_FILE, idx(IMAGES["train"][:0])), "holds no values"),
    (put(IMAGES_FILE, idx(IMAGES["train"].reshape(7, 2, 3))), "both must have one size"),
    (put(LABELS_FILE, idx(np.array([0, 1, 2, 9], np.uint8))), "labelled 9, training images never"),
])
def test_what_is_wrong_with_a_folder_is_said_in_one_line(tmp_path, spoil, words):
    spoil(write(tmp_path))
    with pytest.raises(AgentError) as caught:
        read_idx(tmp_path)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(AgentError, match="is no folder"):
        read_idx(tmp_path / "nowhere")


def test_the_digits_are_split_once_and_for_all():
    pytest.importorskip("sklearn")
    found = digits()
    assert found.train.shape == (1437, 8, 8) and found.test.shape == (360, 8, 8)
    assert found.train.min() == 0 and found.train.max() == 1
    assert found.classes == 10 and min(np.bincount(found.test_labels)) > 20
    images = {image.tobytes() for image in found.train}
    assert not any(image.tobytes() in images for image in found.test)


def test_without_scikit_learn_one_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(AgentError, match=r'pip install "tdgammon\[studies\]"'):
        digits.__wrapped__()
