"""What a learned initial state does for a recurrent net (Wenke & Fleming, arXiv 1902.03455).

The study has parts, each of many runs; what a run found is saved before the next begins.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agent.errors import ConfigError
from study import curves, results, retrieval, styles, told

RESULT = "contextual-rnn.json"
Row = Mapping[str, Any]
Progress = Callable[[int, int, str], None]


class Part(NamedTuple):
    """A part of the study, its functions those of ``study.retrieval``, for example.

    ``settings``: the class of its settings; ``quick``: those for less than a minute;
    ``runs(settings)``: what tells its runs apart, plain values; ``work(settings, run)``: how long
    one takes at most, in steps of progress; ``run(settings, run, tell, stop)``: what a run found,
    plain values, or ``None`` if it was stopped.
    """

    settings: Callable[..., Any]
    quick: Mapping[str, Any]
    runs: Callable[[Any], Sequence[Row]]
    work: Callable[[Any, Row], int]
    run: Callable[[Any, Row, Callable[[int, str], None], Callable[[], bool]], Row | None]


PARTS: dict[str, Part] = {
    "retrieval": Part(
        retrieval.Settings,
        {"k": (2,), "caps": (30,), "kinds": ("zero", "learned"), "seeds": 1, "train": 4000,
         "test": 2000},
        retrieval.runs, retrieval.work, retrieval.run),
    "curves": Part(
        curves.Settings,
        {"kinds": ("zero", "learned"), "seeds": 1, "epochs": 20, "points": 30, "width": 64,
         "rate": 2e-3},
        curves.runs, curves.work, curves.run),
    "told": Part(
        told.Settings, {"games": 40, "judged": 40}, told.runs, told.work, told.run),
    "styles": Part(
        styles.Settings,
        {"kinds": ("learned",), "seeds": 1, "games": 2500, "judged": 200, "made": 400, "turns": 4,
         "steps": 600, "width": 64},
        styles.runs, styles.work, styles.run),
}


# Those that show their effect within a minute: retrieval takes longer.
QUICK_PARTS = ("curves",)


@dataclass(frozen=True)
class Settings:
    """Which parts, with the settings of each; those that are not given are its own.

    Raises:
        ConfigError: there is no such part, or no such setting of it, or one makes no sense.
    """

    parts: tuple[str, ...] = tuple(PARTS)
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts or not set(PARTS).issuperset(self.parts):
            raise ConfigError(f"parts must be some of {', '.join(PARTS)}, "
                              f"not {', '.join(self.parts) or 'none'}")
        if len(set(self.parts)) < len(self.parts):
            raise ConfigError("each part can be named once only")
        for name in self.parts:
            self.of(name)

    @staticmethod
    def quick(
        parts: Iterable[str] = QUICK_PARTS, given: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Settings:
        """Return settings of which each part takes less than a minute, but for those given."""
        own = given or {}
        return Settings(tuple(parts), {name: {**part.quick, **own.get(name, {})}
                                       for name, part in PARTS.items()})

    def of(self, part: str) -> Any:
        """Return the settings of a part."""
        return PARTS[part].settings(**self.given.get(part, {}))

    def as_json(self) -> dict[str, Any]:
        """Return plain values, by part."""
        return {name: json.loads(json.dumps(asdict(self.of(name)))) for name in self.parts}


def run(
    settings: Settings,
    folder: Path,
    progress: Progress = lambda done, total, words: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Do every run of the parts, or go on where a study in the folder was left.

    Args:
        settings: of the study; where the folder has a part already, it must have the same.
        folder: gets ``contextual-rnn.json``, the result so far.
        progress: called with (steps done, steps of all runs at most, what is done now).
        stop: asked on the way; true ends the sitting, which can be gone on with.

    Returns:
        ``settings`` by part; ``stopped``; ``parts``, by name the rows of the runs that are done:
        what tells a run apart, and what it found.

    Raises:
        AgentError: the folder holds other settings of a part, or cannot be used.
    """
    # An error of these leaves no folder behind.
    todo = [(name, run) for name in settings.parts for run in PARTS[name].runs(settings.of(name))]
    works = [PARTS[name].work(settings.of(name), run) for name, run in todo]
    result = _taken_up(settings, folder)
    result["stopped"] = False
    done = 0
    for (name, which), size in zip(todo, works, strict=True):
        rows = result["parts"].setdefault(name, [])
        if not any(which.items() <= row.items() for row in rows):
            called = f"{name}, {named(which)}"

            def tell(steps: int, words: str, called: str = called, done: int = done) -> None:
                progress(done + steps, sum(works), f"{called}: {words}")

            tell(0, "begins")
            found = None if stop() else PARTS[name].run(settings.of(name), which, tell, stop)
            if found is None:
                result["stopped"] = True
                break
            rows.append({**which, **found})
            results.save(result, folder / RESULT)
        done += size
    return result


def named(run: Row) -> str:
    """Return what tells a run apart in words.

    >>> named({"k": 4, "initial": "zero", "seed": 1})
    'k 4, zero, seed 1'
    """
    return ", ".join(f"{value}" if name == "initial" else f"{name} {value}"
                     for name, value in run.items())


def read(path: Path) -> dict[str, Any]:
    """Return a result that was saved.

    Raises:
        AgentError: it cannot be read, or is none of this study.
    """
    return results.read(
        path, lambda found: {"settings", "stopped", "parts"} <= found.keys(), "contextual nets")


def _taken_up(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return the result in the folder with the settings of the parts, or one without runs."""
    path, mine = folder / RESULT, settings.as_json()
    if not os.path.exists(path):
        results.begin(path)
        return {"settings": mine, "stopped": False, "parts": {}}
    result = read(path)
    for part, old in result["settings"].items():
        results.agree(folder, old, mine.get(part, {}), part)
    return {**result, "settings": {**result["settings"], **mine}}


def retrieval_summary(result: Row) -> list[dict[str, Any]]:
    """Return one row for each k and initial state of the part ``retrieval``, over its seeds.

    ``accuracy``: mean and least; ``solved`` and ``off``: epochs by seed, ``None`` where the net
    was left before; ``cap``: the epochs after which it was.
    """
    found = []
    for (k, initial), rows in _groups(result, "retrieval", "k", "initial").items():
        right = [row["accuracy"] for row in rows]
        found.append({"k": k, "initial": initial, "seeds": len(rows),
                      "parameters": rows[0]["parameters"], "accuracy": float(np.mean(right)),
                      "least": min(right), "solved": [row["solved"] for row in rows],
                      "off": [row["off"] for row in rows], "cap": rows[0]["cap"],
                      "seconds": float(np.mean([row["seconds"] for row in rows]))})
    return found


def curves_summary(result: Row) -> list[dict[str, Any]]:
    """Return one row for each initial state of the part ``curves``, over its seeds.

    By ``train`` and ``test``: ``rms``, of all points of all curves and seeds; ``away``, the mean
    difference between numbers of periods asked for and drawn.
    """
    found = []
    for (initial,), rows in _groups(result, "curves", "initial").items():
        row: dict[str, Any] = {
            "initial": initial, "seeds": len(rows), "parameters": rows[0]["parameters"],
            "loss": float(np.mean([one["loss"][-1] for one in rows])),
            "seconds": float(np.mean([one["seconds"] for one in rows]))}
        for name in ("train", "test"):
            parts = [one[name] for one in rows]
            rms = np.array([part["rms"] for part in parts])
            away = np.array([part["found"] for part in parts]) - parts[0]["asked"]
            row[name] = {"rms": float(np.sqrt((rms**2).mean())), "away": float(abs(away).mean())}
        found.append(row)
    return found


def _groups(result: Row, part: str, *names: str) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in result["parts"].get(part, ()):
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups
