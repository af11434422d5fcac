"""Pictures of the highway study (matplotlib, without a display), from its JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Row = Mapping[str, Any]
# Okabe & Ito's colours, told apart by the colour-blind too (jfly.uni-koeln.de/color); marks and
# dashes differ besides.
STYLES: dict[str, dict[str, Any]] = {
    "plain": {"color": "#D55E00", "marker": "s", "linestyle": "--"},
    "highway": {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    "shallow": {"color": "0.35", "marker": "^", "linestyle": ":"},
    "tuned plain": {"color": "#E69F00", "marker": "D", "linestyle": "--"},
    "tuned highway": {"color": "#009E73", "marker": "v", "linestyle": "-"},
}
_BY_DEPTH = (("#0072B2", "o", "-"), ("#D55E00", "s", "--"), ("#009E73", "^", "-."),
             ("#CC79A7", "D", ":"), ("#E69F00", "v", "-"), ("#56B4E9", "P", "--"))


def pictures(study: Mapping[str, Any]) -> dict[str, Figure]:
    """Return a figure for each part that has one: ``contrast``, ``depth`` and ``carry``.

    The tuned nets are drawn with those of all depths.

    Args:
        study: what ``study.highway.Study.as_json`` says.
    """
    parts, drawn = study["parts"], {}
    if parts.get("contrast"):
        drawn["contrast"] = _contrast(study, parts["contrast"])
    if parts.get("depth") or parts.get("tuned"):
        drawn["depth"] = _depth(study, parts.get("depth", ()), parts.get("tuned", ()))
    if parts.get("carry"):
        drawn["carry"] = _carry(study, parts["carry"])
    return drawn


def _contrast(study: Row, rows: Sequence[Row]) -> Figure:
    figure, panel = _panel(study, "Loss on the way")
    for row in rows:
        steps, loss = row["curve"]["steps"], row["curve"]["loss"]
        style = {k: v for k, v in STYLES[row["net"]].items() if k != "marker"}
        panel.plot(steps, [math.nan if x is None else x for x in loss], linewidth=1.8,
                   label=f"{_named(row)}: {100 * row['accuracy']:.1f} % of the test images",
                   **style)
    chance = math.log(study["images"]["classes"])
    panel.axhline(chance, color="0.6", linewidth=1, zorder=0)
    panel.set_yscale("log")
    _label_line(panel, chance, "chance: ln of the number of classes", above=True)
    panel.set_ylim(top=2 * chance)
    panel.set_xlabel("steps")
    panel.set_ylabel("training loss of an image, nats")
    # Above what a shallow net ends with and below chance nothing is drawn.
    panel.legend(loc="upper right", bbox_to_anchor=(1, 0.75))
    return figure


def _depth(study: Row, rows: Sequence[Row], tuned: Sequence[Row]) -> Figure:
    figure, panel = _panel(study, "Test accuracy over depth")
    lines = {name: [r for r in rows if r["net"] == name] for name in ("plain", "highway")}
    lines |= {f"tuned {name}": [r for r in tuned if r["net"] == name]
              for name in ("plain", "highway")}
    panel.set_xscale("log")
    for name, mine in lines.items():
        tried = "tried" in mine[0] if mine else False
        # A line joins nets of the same settings, or those that a search has chosen.
        biases = list(dict.fromkeys(None if tried else row["carry_bias"] for row in mine))
        for bias in biases:
            like = [row for row in mine if tried or row["carry_bias"] == bias]
            label = name if len(biases) == 1 else f"{name}, carry bias {bias:g}"
            style = STYLES[name] | ({} if bias == biases[0] else {"linestyle": "none"})
            _bars(panel, [row["layers"] for row in like], like, label, style,
                  hollow=bias != biases[0])
    depths = sorted({row["layers"] for row in (*rows, *tuned)})
    panel.set_xticks(depths, [f"{depth:,}" for depth in depths])
    panel.set_xticks([], minor=True)
    panel.set_xlim(depths[0] / 1.3, depths[-1] * 1.3)
    panel.set_xlabel("layers")
    _accuracy(panel, study, "center right")
    return figure


def _carry(study: Row, rows: Sequence[Row]) -> Figure:
    figure, panel = _panel(study, "Test accuracy over carry bias")
    depths = sorted({row["layers"] for row in rows})
    for i, depth in enumerate(depths):
        mine = sorted((r for r in rows if r["layers"] == depth), key=lambda r: r["carry_bias"])
        colour, marker, line = _BY_DEPTH[i % len(_BY_DEPTH)]
        style = {"color": colour, "marker": marker, "linestyle": line}
        _bars(panel, [row["carry_bias"] for row in mine], mine, f"{depth:,} layers", style)
    # From -20 to +2 with most of what happens between -4 and 0.
    panel.set_xscale("symlog", linthresh=2, linscale=1)
    biases = sorted({row["carry_bias"] for row in rows})
    panel.set_xticks(biases, [f"{bias:+g}" if bias else "0" for bias in biases])
    panel.set_xticks([], minor=True)
    panel.set_xlabel("carry bias at the start")
    _accuracy(panel, study, "center left")
    return figure


def _panel(study: Row, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.5, 5), dpi=110, layout="constrained")
    panel = figure.subplots()
    panel.grid(alpha=0.3)
    panel.set_title(f"{title}, {study['images']['name']}")
    return figure, panel


def _bars(
    panel: Axes, x: list[float], rows: Sequence[Row], label: str, style: Row, hollow: bool = False
) -> None:
    """Draw means with one standard deviation up and down."""
    if rows:
        panel.errorbar(x, [100 * row["accuracy"] for row in rows],
                       yerr=[100 * (row["sd"] or 0) for row in rows], capsize=3, markersize=6,
                       linewidth=1.6, label=label, markerfacecolor="white" if hollow else None,
                       **style)


def _accuracy(panel: Axes, study: Row, legend: Literal["center left", "center right"]) -> None:
    chance = 100 * study["images"]["chance"]
    panel.axhline(chance, color="0.6", linewidth=1, zorder=0)
    _label_line(panel, chance, "the commonest class", above=False)
    panel.set_ylim(0, 102)
    seeds = study["settings"]["seeds"]
    spread = ", ± sd" if seeds > 1 else ""
    panel.set_ylabel(f"test accuracy, % (mean of {seeds}{spread})")
    # Below what is learned and above what is not.
    panel.legend(loc=legend, framealpha=0.9)


def _label_line(panel: Axes, y: float, text: str, above: bool) -> None:
    panel.annotate(text, (0.99, y), xycoords=("axes fraction", "data"), fontsize=8, color="0.35",
                   xytext=(0, 3 if above else -8), textcoords="offset points", ha="right",
                   va="bottom" if above else "top")


def _named(row: Row) -> str:
    return row["net"] if row["layers"] == 1 else f"{row['net']}, {row['layers']:,} layers"
