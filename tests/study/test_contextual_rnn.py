"""The study of contextual nets: its parts, that nothing is done twice, its tables and pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from agent.errors import AgentError, ConfigError
from study import contextual_rnn, curves
from study.contextual_rnn import (
    PARTS,
    RESULT,
    Settings,
    curves_summary,
    named,
    read,
    retrieval_summary,
    run,
)
from study.contextual_rnn_picture import DRAWN, pictures
from study.told import ALONE
from ui.contextual_rnn_study import TABLES, as_text

SMALL = {"retrieval": {"k": (4,), "caps": (6,), "seeds": 2}, "curves": {"seeds": 1},
         "told": {"games": 6, "judged": 4}, "styles": {"seeds": 1, "steps": 5, "turns": 2}}
WORK = 6 * 6 + 3 * 65 + 2 * (3 * 6 + 4) + 2 * 5


def fake_retrieval(settings, which, tell, stop):
    tell(1, "a word")
    if stop():
        return None
    quick = which["initial"] == "learned"
    right = [0.3, 0.8, 0.996] if quick else [0.3, 0.4, 0.5, 0.55, 0.55, 0.56]
    return {"parameters": 1234, "accuracy": right[-1], "epochs": len(right), "cap": 6,
            "solved": 3 if quick else None, "off": 2 if quick else None, "curve": right,
            "loss": right, "seconds": 1.5}


def fake_curves(settings, which, tell, stop):
    asked = {"train": curves.TRAIN, "test": curves.TEST}
    if stop():
        return None
    found = {"parameters": 99, "loss": [0.1, 0.01], "seconds": 2.0}
    for name, periods in asked.items():
        drawn = curves.curve(np.array(periods, "f4") * 0 + 1, settings.points)
        found[name] = {"asked": list(periods), "found": [1.0] * len(periods),
                       "rms": [0.3] * len(periods), "curves": drawn.tolist()}
    if which["initial"] == "distribution":
        one = curves.curve(np.float32(2), settings.points).tolist()
        found["drawn"] = [[one] * 3] * (len(curves.TRAIN) + len(curves.TEST))
    return found


def fake_told(settings, which, tell, stop):
    if stop():
        return None
    names, figure = ("self", "random", "pubeval"), {"mean": 0.25, "se": 0.125}
    others = [name for name in names if name != which["opponent"]]
    group = {"first": 1, "last": 3, "positions": 12, "error": dict.fromkeys(names, 1.5),
             "worse": dict.fromkeys([*others, ALONE], figure)}
    return {"told": {name: {"ppg": figure, "win": 0.5} for name in names},
            "gain": dict.fromkeys(others, figure), "turns": [group]}


def fake_styles(settings, which, tell, stop):
    if stop():
        return None
    agents, figure = settings.agents, {"mean": 0.75, "se": 0.0625}
    zero = which["initial"] == "zero"
    told = ("nothing",) if zero else ("the truth", "another", "nothing")
    style = dict.fromkeys(("same", "hits", "blots", "points", "back"), figure)
    made = {"legal": figure, "before": figure, "left": [1.0, 0.5], "style": style}
    return {"parameters": 9, "loss": [5.0], "compared": 2, "seconds": 1.0,
            "bits": {name: dict.fromkeys(told, figure) for name in agents},
            "worth": {name: dict.fromkeys(told[1:], figure) for name in agents},
            "turns": {name: dict.fromkeys(told, [2.0, 3.0]) for name in agents},
            "made": dict.fromkeys(("nothing",) if zero else agents, made),
            "true": dict.fromkeys(agents, style)}


@pytest.fixture
def parts(monkeypatch):
    """Make runs cheap; return those that were made."""
    made = []

    def counted(name, fake):
        def one(settings, which, tell, stop):
            made.append((name, dict(which)))
            return fake(settings, which, tell, stop)

        return PARTS[name]._replace(run=one)

    for name, fake in (("retrieval", fake_retrieval), ("curves", fake_curves),
                       ("told", fake_told), ("styles", fake_styles)):
        monkeypatch.setitem(contextual_rnn.PARTS, name, counted(name, fake))
    return made


def test_every_run_is_saved_before_the_next_and_nothing_is_done_twice(parts, tmp_path):
    settings, left = Settings(given=SMALL), [4]

    def stop():
        if (tmp_path / "mine" / RESULT).exists():
            saved = read(tmp_path / "mine" / RESULT)
            # Asked before a run and in it: all those before are in the file.
            assert sum(map(len, saved["parts"].values())) in (len(parts), len(parts) - 1)
        left[0] -= 1
        return left[0] < 0

    first = run(settings, tmp_path / "mine", stop=stop)
    assert first["stopped"] and len(first["parts"]["retrieval"]) == 2
    done = []
    second = run(settings, tmp_path / "mine",
                 progress=lambda n, total, words: done.append((n, total, words)))
    assert not second["stopped"] and second["parts"]["retrieval"][:2] == json.loads(
        json.dumps(first["parts"]["retrieval"]))
    assert len(second["parts"]["retrieval"]) == 6 and len(second["parts"]["curves"]) == 3
    assert len(second["parts"]["told"]) == len(second["parts"]["styles"]) == 2
    assert len(parts) == 13
    assert done == sorted(done, key=lambda told: told[0])
    assert all(0 <= n <= total == WORK for n, total, _ in done)
    assert done[0][2].startswith("retrieval, k 4, learned, seed 1")
    before = len(parts)
    assert run(settings, tmp_path / "mine") == second and len(parts) == before


def test_parts_can_be_added_to_a_study_but_not_other_settings(parts, tmp_path):
    run(Settings(("curves",), SMALL), tmp_path / "mine")
    both = run(Settings(("retrieval",), SMALL), tmp_path / "mine")
    assert set(both["parts"]) == set(both["settings"]) == {"retrieval", "curves"}
    other = {"curves": {"seeds": 2}}
    with pytest.raises(AgentError, match="holds a study with seeds 1 of curves, not 2"):
        run(Settings(("curves",), other), tmp_path / "mine")


def test_a_file_that_is_no_result_is_refused(tmp_path):
    (tmp_path / RESULT).write_text("{}")
    with pytest.raises(AgentError, match="it is no result of a study of contextual nets"):
        run(Settings(given=SMALL), tmp_path)


def test_tables_and_pictures_say_what_was_found(parts, tmp_path):
    found = run(Settings(given=SMALL), tmp_path / "mine")
    zero, free, learned = retrieval_summary(found)
    assert (zero["initial"], free["initial"], learned["initial"]) == ("zero", "free", "learned")
    assert learned["solved"] == [3, 3] and learned["least"] == 0.996 and zero["off"] == [None] * 2
    row = curves_summary(found)[0]
    assert row["test"]["rms"] == pytest.approx(0.3)
    assert row["test"]["away"] == pytest.approx((0 + 1 + 2 + 3) / 4)
    text = as_text(found)
    assert "> 6 > 6" in text and "3 3" in text and "99.60 %" in text and "1.500" in text
    drawn = pictures(found)
    assert list(drawn) == ["retrieval", "curves", "told", "styles"]
    assert "+0.250 ± 0.125" in text and "+0.7500 ± 0.0625" in text and "75.0 ± 6.2" in text
    for figure in drawn.values():
        FigureCanvasAgg(figure).draw()
    some = {**found, "parts": {"retrieval": found["parts"]["retrieval"][:2]}, "stopped": True}
    assert list(pictures(some)) == ["retrieval"] and "Not finished" in as_text(some)
    assert as_text({**found, "parts": {}}) == "Nothing is found yet"


def test_every_part_has_a_table_and_a_picture():
    assert set(PARTS) == set(TABLES) == set(DRAWN)
    for name, part in PARTS.items():
        settings = part.settings(**part.quick)
        assert all(part.work(settings, which) >= 1 for which in part.runs(settings)), name
        assert "seed" in named(part.runs(settings)[0])


@pytest.mark.parametrize(("given", "said"), [
    ({"parts": ("curves", "games")}, "parts must be some of retrieval, curves, told, styles"),
    ({"parts": ()}, "parts must be some of retrieval, curves, told, styles"),
    ({"parts": ("curves", "curves")}, "each part can be named once only"),
    ({"given": {"retrieval": {"seeds": 0}}}, "seeds must be 1 to 1000, not 0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_what_is_given_goes_before_what_is_quick():
    chosen = Settings.quick(("retrieval",), {"retrieval": {"seeds": 4}}).of("retrieval")
    assert chosen.seeds == 4 and chosen.k == PARTS["retrieval"].quick["k"]
