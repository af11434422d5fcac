"""The bear-off tables as a file: kept, checked, and built anew when anything is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from engine import bearoff
from engine.bearoff import Bearoff


@pytest.fixture(scope="module")
def tables():
    """Return tables of the right shapes, quickly made, that say nothing about backgammon."""
    rng = np.random.default_rng(1)
    return bearoff._frozen(Bearoff(
        *(rng.random(shape, np.float32) for shape in bearoff._SHAPES.values())))


@pytest.fixture
def cache(tables, tmp_path, monkeypatch):
    """Return the cache file of an empty cache folder, and how often the tables were built."""
    built = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(bearoff, "build", lambda: built.append(1) or tables)
    bearoff.load.cache_clear()
    yield tmp_path / "tdgammon" / f"bearoff-{bearoff.FORMAT}.npz", built
    bearoff.load.cache_clear()


def load_again():
    bearoff.load.cache_clear()
    return bearoff.load()


def same(one, other):
    return all((a == b).all() and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def test_tables_are_built_once_and_then_read(cache, tables):
    path, built = cache
    bearoff.load()
    assert path.is_file() and [one.name for one in path.parent.iterdir()] == [path.name]
    read = load_again()
    assert len(built) == 1 and same(read, tables) and read is not tables
    assert bearoff.load() is read


def test_tables_cannot_be_written_to(cache):
    for loaded in (bearoff.load(), load_again()):
        with pytest.raises(ValueError, match="read-only"):
            loaded.two_sided[1, 1] = 0


def spoil_middle(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def change_a_value(path):
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["two_sided"][5, 5] += 1e-6
    np.savez(path, **arrays)


def write_other_shapes(path):
    tables = Bearoff(*np.zeros((3, 2, 2), np.float32))
    bearoff._write(path, tables)


@pytest.mark.parametrize("damage", [
    pytest.param(spoil_middle, id="one bit"),
    pytest.param(change_a_value, id="one value"),
    pytest.param(write_other_shapes, id="other shapes"),
    pytest.param(lambda path: path.write_bytes(path.read_bytes()[:1_000_000]), id="cut short"),
    pytest.param(lambda path: path.write_bytes(b""), id="empty"),
    pytest.param(lambda path: path.write_text("no archive"), id="text"),
    pytest.param(lambda path: np.savez(path, other=np.zeros(3)), id="foreign"),
])
def test_a_damaged_cache_file_is_built_anew(cache, tables, damage):
    path, built = cache
    bearoff.load()
    damage(path)
    assert same(load_again(), tables) and len(built) == 2
    assert same(load_again(), tables) and len(built) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(cache, tables, monkeypatch):
    path, built = cache
    path.mkdir(parents=True)
    assert same(load_again(), tables)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    path.parent.with_name("file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(path.parent.with_name("file")))
    assert same(load_again(), tables) and len(built) == 2
