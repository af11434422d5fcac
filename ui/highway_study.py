"""What ``tdgammon study highway`` says: its tables, from the study's JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_TITLES = {
    "contrast": "Shallow, plain and highway under the source's settings",
    "depth": "Depth under the source's settings",
    "carry": "Carry bias under the source's settings",
    "tuned": "Settings searched for each net, on training images held out",
    "conv": "The source's convolutional highway net",
}
_LEFT = ("net", "init", "activation")


def as_text(study: Mapping[str, Any]) -> str:
    """Return the tables of a study as lines of text.

    Args:
        study: what ``study.highway.Study.as_json`` says.
    """
    images, settings = study["images"], study["settings"]
    lines = [f"{images['name']}: {images['train']:,} training and {images['test']:,} test images "
             f"of {images['height']}x{images['width']}; the commonest class is "
             f"{100 * images['chance']:.2f} % of the latter",
             f"{settings['seeds']} seed{'s' * (settings['seeds'] > 1)} from {settings['seed']}; "
             "test accuracy in %, mean ± standard deviation, and every seed's"]
    for part, rows in study["parts"].items():
        lines += ["", _TITLES[part], *_table([_cells(part, row) for row in rows])]
        lines += [_search(row) for row in rows if "tried" in row]
    return "\n".join([*lines, "", f"{_time(study['seconds'])} in all"])


def _cells(part: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a row by the names of their columns."""
    bias = row["carry_bias"]
    cells = {"net": row["net"], "layers": f"{row['layers']:,}",
             "carry bias": "-" if bias is None else f"{bias:+g}" if bias else "0"}
    if part in ("tuned", "conv"):
        cells |= {"init": row["init"], "activation": row["activation"], "rate": f"{row['rate']:g}"}
    spread = "" if row["sd"] is None else f" ± {100 * row['sd']:.2f}"
    each = " ".join(f"{100 * s['accuracy']:.2f}{'*' * s['diverged']}" for s in row["by_seed"])
    seconds = sum(s["seconds"] for s in row["by_seed"]) / len(row["by_seed"])
    return cells | {"steps": f"{row['steps']:,}",
                    "accuracy": f"{100 * row['accuracy']:.2f}{spread}",
                    "by seed": each + (" (* diverged)" if row["diverged"] else ""),
                    "s a seed": f"{seconds:.1f}", "compile s": f"{row['compile_s']:.1f}"}


def _search(row: Mapping[str, Any]) -> str:
    tried = row["tried"]
    found = sorted((100 * t["accuracy"] for t in tried), reverse=True)
    lost = sum(t["diverged"] for t in tried)
    return (f"  {row['net']} {row['layers']:,}: {len(tried)} settings tried, {tried[0]['steps']:,} "
            f"steps each; held out {found[0]:.2f} % at best, {found[len(found) // 2]:.2f} % in the "
            f"middle, {found[-1]:.2f} % at worst; {lost} diverged")


def _table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return rows of cells as lines: names to the left, figures to the right."""
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    lines = [{name: name for name in names}, *rows]
    return ["  " + "  ".join(f"{line[name]:{'<' if name in _LEFT else '>'}{widths[name]}}"
                             for name in names).rstrip() for line in lines]


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
