"""The settings file: what is written comes back, and nothing in a file can break the window."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import settings
from ui.settings import Settings, load, save

OTHER = Settings(theme="dark", home_right=False, speed="slow", auto_roll=True, tutor=0.08,
                 panel=True, pips=False, opponent="gnubg:2", ply=1, analyst="runs/one",
                 analyst_ply=2, length=7, name="Änne", size=(1600, 900))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "settings.json"


def written(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_what_is_saved_comes_back(file):
    for one in (Settings(), OTHER):
        save(file, one)
        assert load(file) == (one, "")
    assert os.listdir(file.parent) == ["settings.json"]


def test_every_setting_is_checked():
    assert set(settings._VALID) == set(asdict(Settings()))


def test_no_file_means_the_usual_settings(file):
    assert load(file) == (Settings(), "")


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", "7", '"dark"', b"\xff\xfe\x00", b"\x00" * 100, "[" * 100_000,
    '{"theme": "dark"', '{"length": ' + "9" * 5000 + "}", b"{" + b" " * 200_000 + b"}",
])
def test_a_damaged_file_is_passed_over_with_a_message_and_kept_when_written(file, text):
    before = written(file, text).read_bytes()
    found, message = load(file)
    assert found == Settings() and str(file) in message and "\n" not in message
    assert file.read_bytes() == before and os.listdir(file.parent) == ["settings.json"]
    save(file, OTHER)
    assert load(file) == (OTHER, "")
    assert file.with_name("settings.json.bad").read_bytes() == before


@pytest.mark.parametrize(("name", "values"), [
    ("theme", ["pink", "", None, 1, ["light"]]),
    ("home_right", [0, 1, "yes", None]),
    ("speed", ["warp", 2, None]),
    ("auto_roll", [1, "no"]),
    ("tutor", [-0.1, 0, float("nan"), float("inf"), 10**400, "0.1", True]),
    ("panel", [None]),
    ("pips", ["on"]),
    ("opponent", ["", "  ", "a\nb", "x" * 301, None, 3, "\ud800"]),
    ("ply", [-1, 3, True, 1.0, None, [1]]),
    ("analyst", [["pretrained"], ""]),
    ("analyst_ply", [7, "2"]),
    ("length", [-1, 100, 2.5, True, None]),
    ("name", ["", "\x00", None]),
    ("size", [[800], [800, 499], [799, 500], [800, 500, 1], [10**9, 500], "800x500", [800.0, 500],
              [True, 500], None, {"a": 1}]),
])
def test_a_value_that_cannot_be_gives_way_to_the_usual_one_alone(file, name, values):
    for value in values:
        written(file, json.dumps({**asdict(OTHER), name: value}))
        found, message = load(file)
        assert found == replace(OTHER, **{name: getattr(Settings(), name)}), value
        assert name in message and "\n" not in message


def test_names_that_nobody_knows_are_passed_over(file):
    written(file, json.dumps({**asdict(OTHER), "colour": "green", "__class__": 1}))
    assert load(file) == (OTHER, "")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(
                        st.sampled_from(sorted(asdict(Settings()))) | st.text(), inner),
                    max_leaves=20))
def test_any_json_gives_settings_that_can_be_saved(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("any")
    found, _ = load(written(folder / "a.json", json.dumps(value)))
    save(folder / "b.json", found)
    assert load(folder / "b.json") == (found, "")


def test_a_folder_a_pipe_or_a_device_is_neither_read_nor_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for file in (tmp_path, pipe):
        found, message = load(file)
        assert found == Settings() and "not a file" in message
        with pytest.raises(OSError, match="not a file"):
            save(file, OTHER)
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path):
    kept, link = tmp_path / "kept.json", tmp_path / "settings.json"
    save(kept, Settings())
    link.symlink_to(kept)
    save(link, OTHER)
    assert link.is_symlink() and load(kept) == (OTHER, "")


def test_the_environment_names_another_file(monkeypatch, tmp_path):
    monkeypatch.setenv("TDGAMMON_CONFIG", str(tmp_path / "mine.json"))
    assert settings.path() == tmp_path / "mine.json"
    monkeypatch.delenv("TDGAMMON_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings.path().parts[-2:] == ("tdgammon", "settings.json")
