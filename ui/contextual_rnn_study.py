"""What ``tdgammon study contextual-rnn`` says: its tables, from the study's JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from study.contextual_rnn import PARTS, curves_summary, retrieval_summary
from ui.styles_study import styles_lines
from ui.told_study import told_lines

_LEFT = ("initial state",)


def as_text(result: Mapping[str, Any]) -> str:
    """Return the tables of a study as lines of text, a table for each of its parts.

    Args:
        result: what ``study.contextual_rnn.run`` found.
    """
    blocks = [TABLES[name](result) for name in PARTS if result["parts"].get(name)]
    if not blocks:
        blocks = [["Nothing is found yet"]]
    elif result["stopped"]:
        blocks.append(["Not finished: the same command with --out goes on"])
    return "\n\n".join("\n".join(block) for block in blocks)


def _retrieval(result: Mapping[str, Any]) -> list[str]:
    settings = result["settings"]["retrieval"]
    rows = []
    for row in retrieval_summary(result):
        rows.append({
            "k": f"{row['k']}", "initial state": row["initial"],
            "parameters": f"{row['parameters']:,}",
            "right": f"{100 * row['accuracy']:.2f} %", "least": f"{100 * row['least']:.2f} %",
            "epochs to half": _epochs(row["off"], row["cap"]),
            "epochs to solve": _epochs(row["solved"], row["cap"]),
            "s a seed": f"{row['seconds']:,.0f}"})
    return ["Associative retrieval: which digit stood behind the letter asked for (c9k8??c: 9)",
            f"{settings['train']:,} questions to learn from, {settings['test']:,} to measure, "
            f"{_seeds(settings)}; solved at {100 * settings['solved']:g} %", "", *_table(rows), "",
            "right: of the test questions after the last epoch, mean and least of the seeds.",
            "epochs to half: until half of what lies beyond guessing among the digits is right.",
            "epochs: by seed; > N where it had not come to it when it was left after N."]


def _curves(result: Mapping[str, Any]) -> list[str]:
    settings = result["settings"]["curves"]
    rows = []
    for row in curves_summary(result):
        rows.append({
            "initial state": row["initial"], "parameters": f"{row['parameters']:,}",
            "loss": f"{row['loss']:.6f}",
            **{f"{what}, {name}": f"{row[name][what]:.3f}" for name in ("train", "test")
               for what in ("rms", "away")},
            "s a seed": f"{row['seconds']:,.0f}"})
    return ["Curves drawn from the initial state alone; its context is the number of periods",
            f"{settings['epochs']} epochs, {_seeds(settings)}; learned from 0.5, 1.5, ... 4.5 "
            "periods, tested with 1, 2, 3 and 4", "", *_table(rows), "",
            "loss: mean squared error of the next value, at the end.",
            "rms: of a curve drawn without help from the one asked for.",
            "away: periods that it has more or less than asked for."]


# A table for each part of ``study.contextual_rnn.PARTS``.
TABLES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "retrieval": _retrieval, "curves": _curves,
    "told": lambda result: told_lines(result["settings"]["told"], result["parts"]["told"]),
    "styles": lambda result: styles_lines(
        result["settings"]["styles"], result["parts"]["styles"]),
}


def _seeds(settings: Mapping[str, Any]) -> str:
    first, count = settings["seed"], settings["seeds"]
    return f"seed {first}" if count == 1 else f"seeds {first} to {first + count - 1}"


def _epochs(found: Sequence[int | None], cap: int) -> str:
    return " ".join(f"> {cap}" if epochs is None else f"{epochs}" for epochs in found)


def _table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return rows of cells as lines: names to the left, figures to the right."""
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    lines = [{name: name for name in names}, *rows]
    return ["  " + "  ".join(f"{line[name]:{'<' if name in _LEFT else '>'}{widths[name]}}"
                             for name in names).rstrip() for line in lines]
