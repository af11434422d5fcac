"""``tdgammon study contextual-rnn``: what is kept, printed and drawn, and what is refused."""

from __future__ import annotations

import json

from click.testing import CliRunner
from PIL import Image

from agent.errors import AgentError
from commands.study_contextual_rnn import contextual_rnn
from study import contextual_rnn as library
from study.contextual_rnn import PARTS, RESULT, read

CHEAP = ("--parts", "curves", "--quick", "--curve-epochs", "2", "--device", "cpu")


def invoke(*args):
    return CliRunner().invoke(contextual_rnn, [*map(str, args)])


def test_what_is_found_is_kept_printed_and_drawn(tmp_path, monkeypatch):
    # Smaller still, to compile as little.
    small = PARTS["curves"].quick | {"steps": 3, "points": 5, "width": 4, "kinds": ("learned",)}
    monkeypatch.setitem(PARTS, "curves", PARTS["curves"]._replace(quick=small))
    done = invoke(*CHEAP, "--out", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    assert "Curves drawn from the initial state alone" in done.stdout
    found = read(tmp_path / "mine" / RESULT)
    assert {row["initial"] for row in found["parts"]["curves"]} == {"learned"}
    with Image.open(tmp_path / "mine" / "curves.png") as picture:
        assert picture.format == "PNG"
    again = invoke(*CHEAP, "--out", tmp_path / "mine", "--json")
    assert again.exit_code == 0 and json.loads(again.stdout) == found
    other = invoke(*CHEAP, "--seeds", 2, "--out", tmp_path / "mine")
    assert isinstance(other.exception, AgentError)
    assert "holds a study with seeds 1 of curves, not 2" in str(other.exception)


def test_options_reach_the_parts_that_they_are_for(tmp_path, monkeypatch):
    asked = []

    def stopped(settings, folder, progress, stop):
        asked.append(settings)
        return {"settings": settings.as_json(), "stopped": True, "parts": {}}

    monkeypatch.setattr(library, "run", stopped)
    done = invoke("--seeds", 5, "--seed", 7, "--k", "4", "--epochs", "9", "--curve-epochs", 11,
                  "--device", "cpu", "--out", tmp_path / "mine")
    assert done.exit_code == 130 and "Nothing is found yet" in done.stdout
    settings, = asked
    assert settings.parts == tuple(PARTS)
    retrieval, curves = settings.of("retrieval"), settings.of("curves")
    assert (retrieval.k, retrieval.caps, retrieval.seeds, retrieval.seed) == ((4,), (9,), 5, 7)
    assert (curves.epochs, curves.seeds, curves.seed) == (11, 5, 7)


def test_a_part_that_is_not_there_leaves_no_folder(tmp_path):
    done = invoke("--parts", "games", "--out", tmp_path / "mine")
    assert "parts must be some of retrieval, curves" in str(done.exception)
    assert not (tmp_path / "mine").exists()
