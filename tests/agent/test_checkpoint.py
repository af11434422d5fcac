"""Checkpoints: what is written is read, and nothing damaged passes for a net."""

import io
import json

import numpy as np
import pytest

import agent.checkpoint
from agent.checkpoint import FILE_NAME, Checkpoint, flatten, load, save, unflatten
from agent.errors import CheckpointError
from tests.agent.oracle import assert_identical, random_params

META = {
    "net": "mlp", "settings": {"hidden": [4]}, "features": "tesauro198-v1", "games": 12,
    "seed": 1, "config": {"alpha": 0.5, "hidden": [4]}, "results": {"random@12": {"ppg": -0.1}},
    "note": "kept",
}
RUN = {"traces/a": np.arange(6, dtype=np.float32).reshape(1, 2, 3), "key": np.zeros(2, np.uint32)}


def example(**meta) -> Checkpoint:
    return Checkpoint({**META, **meta}, random_params(1), dict(RUN))


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("checkpoint") / "a.npz"
    save(path, example())
    return path.read_bytes()


def arrays_of(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    return flatten({"net": checkpoint.params, "run": checkpoint.run})


def refused(path, match=None, **options) -> str:
    """Check that the file is refused in one line that names it; return the line."""
    with pytest.raises(CheckpointError, match=match) as refusal:
        load(path, **options)
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith(str(path))
    return str(refusal.value)


def test_what_is_saved_is_loaded(tmp_path):
    save(tmp_path / "a.npz", example())
    whole = load(tmp_path / "a.npz", with_run=True)
    assert whole.meta == {**META, "format": 1}
    assert_identical(arrays_of(whole), arrays_of(example()))
    net = load(tmp_path / "a.npz")
    assert net.meta == whole.meta and net.run == {}
    assert_identical(flatten(net.params), flatten(example().params))
    # And once more from what was loaded.
    save(tmp_path / "b.npz", whole)
    assert load(tmp_path / "b.npz").meta == whole.meta


def test_a_folder_stands_for_the_checkpoint_in_it(tmp_path):
    save(tmp_path / FILE_NAME, example())
    assert load(tmp_path).meta["games"] == 12
    assert load(str(tmp_path)).meta["games"] == 12


def test_a_tree_and_its_paths():
    tree = {"a": {"b": np.ones(2), "c": {"d": np.zeros(1)}}, "e": np.ones(3)}
    flat = flatten(tree)
    assert list(flat) == ["a/b", "a/c/d", "e"]
    assert list(flatten(unflatten(flat))) == list(flat)


# Writing


@pytest.mark.parametrize("fails", ["np.savez", "os.fsync", "os.replace"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, fails):
    path = tmp_path / "a.npz"
    save(path, example(note="old"))

    def fail(target, *rest, **arrays):
        if fails == "np.savez":
            target.write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"agent.checkpoint.{fails}", fail)
    with pytest.raises(OSError, match="No space left"):
        save(path, example(note="new"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
    assert load(path).meta["note"] == "old"


def test_an_interrupted_write_leaves_the_old_file_too(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    save(path, example(note="old"))

    def interrupt(*args, **arrays):
        raise KeyboardInterrupt

    monkeypatch.setattr(agent.checkpoint.np, "savez", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(path, example(note="new"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


# Damage


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "none.npz", "no checkpoint")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load(tmp_path)


def test_a_file_cut_short_anywhere_is_refused(tmp_path, written):
    path = tmp_path / "a.npz"
    for length in [*range(0, 60), *np.linspace(60, len(written) - 1, 60).astype(int)]:
        path.write_bytes(written[:length])
        refused(path, "damaged")


def flip_bit(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]


def test_a_bit_flipped_in_the_data_of_an_array_is_refused(tmp_path, written):
    path = tmp_path / "a.npz"
    for array in flatten(example().params).values():
        data = array.tobytes()
        first = written.index(data)
        for offset in (0, len(data) // 2, len(data) - 1):
            path.write_bytes(flip_bit(written, first + offset, 0))
            refused(path, "damaged")


def test_any_flipped_bit_is_refused_or_changes_nothing(tmp_path, written):
    path = tmp_path / "a.npz"
    # The archive's directory lies at the end: each of its bytes, and some of all others.
    directory = written.index(b"PK\x01\x02")
    rng = np.random.default_rng(1)
    tried = [(at, bit) for at in range(directory, len(written)) for bit in rng.integers(0, 8, 1)]
    tried += zip(rng.integers(0, directory, 200), rng.integers(0, 8, 200), strict=True)
    survivors = 0
    for at, bit in tried:
        path.write_bytes(flip_bit(written, int(at), int(bit)))
        try:
            found = load(path, with_run=True)
        except CheckpointError as error:
            assert "\n" not in str(error)
            continue
        survivors += 1
        assert found.meta == {**META, "format": 1}
        assert_identical(flatten(found.params), flatten(example().params))
        # A directory may lose a whole entry; ``Trainer`` refuses a state that is not complete.
        assert found.run.keys() <= RUN.keys()
        assert_identical(found.run, {name: RUN[name] for name in found.run})
    assert survivors < len(tried)


def npy_of_zeros() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize("content", [
    b"", b"hello\n", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(1000), b"{}",
    np.random.default_rng(1).bytes(5000), b"\x80\x04N.", npy_of_zeros(),
], ids=["empty", "text", "zip's magic", "empty zip", "zeros", "json", "noise", "pickle", "npy"])
def test_what_is_no_checkpoint_at_all_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    message = refused(tmp_path / "a.npz")
    assert "unsafe" not in message, "bad advice"


@pytest.mark.parametrize("flag", ["encrypted", "method"])
def test_an_archive_that_cannot_be_unpacked_is_refused(tmp_path, written, flag):
    # Of the first file in the directory: bytes 8 of its entry are flags, 10 the compression.
    entry = written.index(b"PK\x01\x02")
    at, bit = (entry + 8, 0) if flag == "encrypted" else (entry + 10, 0)
    (tmp_path / "a.npz").write_bytes(flip_bit(written, at, bit))
    refused(tmp_path / "a.npz", "damaged")


# Whole files that hold something else


def write(path, told=None, **arrays) -> None:
    """Write an archive of the example's net with some of its parts replaced or, None, left out."""
    parts = {f"net/{k}": v for k, v in flatten(example().params).items()}
    text = json.dumps({"format": 1, **META} if told is None else told)
    parts["meta"] = np.frombuffer(text.encode(), np.uint8)
    parts.update(arrays)
    with open(path, "wb") as file:
        np.savez(file, **{k: v for k, v in parts.items() if v is not None})


def test_the_archive_of_these_tests_is_a_checkpoint(tmp_path):
    write(tmp_path / "a.npz")
    assert load(tmp_path / "a.npz").meta["games"] == 12


KERNEL, BIAS = "net/params/hidden0/kernel", "net/params/outcome/bias"


@pytest.mark.parametrize(("arrays", "match"), [
    ({KERNEL: np.zeros((198, 5), np.float32)}, r"params/hidden0/kernel has shape \(198, 5\)"),
    ({KERNEL: np.zeros((4, 198), np.float32)}, "shape"),
    ({KERNEL: np.zeros(198 * 4, np.float32)}, "shape"),
    ({BIAS: np.zeros((), np.float32)}, "shape"),
    ({KERNEL: None}, "has shape None"),
    ({"net/params/hidden1/bias": np.zeros(4, np.float32)}, "settings say None"),
    ({BIAS: np.zeros(5)}, "not all finite float32"),
    ({BIAS: np.zeros(5, np.float16)}, "not all finite float32"),
    ({BIAS: np.zeros(5, np.int32)}, "not all finite float32"),
    ({BIAS: np.zeros(5, ">f4")}, "not all finite float32"),
    ({BIAS: np.array(list("abcde"))}, "not all finite float32"),
    ({BIAS: np.array([0, 0, np.nan, 0, 0], np.float32)}, "not all finite float32"),
    ({BIAS: np.array([0, 0, np.inf, 0, 0], np.float32)}, "not all finite float32"),
    ({"meta": None}, "no readable meta"),
    ({"meta": np.frombuffer(b"not json", np.uint8)}, "no readable meta"),
    ({"meta": np.frombuffer(b"\xff\xfe{", np.uint8)}, "no readable meta"),
    ({"meta": np.frombuffer(b"[1, 2]", np.uint8)}, "format"),
])
def test_a_net_that_is_not_what_its_settings_say_is_refused(tmp_path, arrays, match):
    write(tmp_path / "a.npz", **arrays)
    refused(tmp_path / "a.npz", match)


@pytest.mark.parametrize(("change", "match"), [
    ({"features": "tesauro198-v2"}, "made for features 'tesauro198-v2'; known: tesauro198-v1"),
    ({"features": None}, "features"),
    ({"features": ["tesauro198-v1"]}, "features"),
    ({"net": "transformer"}, "unknown net 'transformer'"),
    ({"net": ["mlp"]}, "unknown net"),
    ({"settings": {}}, None),
    ({"settings": None}, None),
    ({"settings": {"hidden": [5]}}, "shape"),
    ({"settings": {"hidden": [4, 4]}}, "shape"),
    ({"settings": {"hidden": "many"}}, None),
    ({"settings": {"hidden": [1e400]}}, None),
    ({"settings": {"hidden": [4], "activation": "tanh"}}, "unknown net 'mlp'.*'tanh'"),
    ({"settings": {"hidden": [4], "activation": None}}, "unknown net"),
    ({"settings": {"hidden": [4], "activation": ["relu"]}}, "unknown net"),
    ({"format": 99}, "format 99, this version reads 1"),
    ({"format": None}, "format"),
])
def test_meta_that_this_version_cannot_read_is_refused(tmp_path, change, match):
    write(tmp_path / "a.npz", told={"format": 1, **META, **change})
    refused(tmp_path / "a.npz", match)


def test_settings_may_name_an_activation_or_leave_it_out(tmp_path):
    for settings in ({"hidden": [4]}, {"hidden": [4], "activation": "sigmoid"},
                     {"hidden": [4], "activation": "relu"}):
        write(tmp_path / "a.npz", told={"format": 1, **META, "settings": settings})
        assert load(tmp_path / "a.npz").meta["settings"] == settings


@pytest.mark.parametrize("name", ["format", "features", "net", "settings", "config", "games",
                                  "seed", "results"])
def test_meta_must_be_complete(tmp_path, name):
    meta = {"format": 1, **META}
    del meta[name]
    write(tmp_path / "a.npz", told=meta)
    refused(tmp_path / "a.npz", name)


class Trap:
    """Unpickled, it would set off."""

    def __reduce__(self):
        return print, ("unpickled",)


@pytest.mark.parametrize("name", [BIAS, "meta", "net/more"])
def test_pickled_objects_are_refused_and_not_unpickled(tmp_path, capsys, name):
    write(tmp_path / "a.npz", **{name: np.array([Trap()], object)})
    refused(tmp_path / "a.npz", "damaged")
    assert capsys.readouterr().out == ""


def test_a_net_without_training_state_plays_but_cannot_be_resumed(tmp_path):
    write(tmp_path / "a.npz")
    assert load(tmp_path / "a.npz").run == {}
    refused(tmp_path / "a.npz", "cannot be resumed", with_run=True)
