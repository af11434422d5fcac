"""Pictures of what positions look like (matplotlib, without a display), from plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from study.numerai.phases import FACTS, PHASES

Result = Mapping[str, Any]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008).
_PHASE_COLORS = dict(zip(PHASES, (
    "#000000", "#CC79A7", "#D55E00", "#E69F00", "#009E73", "#AAAAAA", "#56B4E9", "#0072B2"),
    strict=True))
_PHASE_MARKS = dict(zip(PHASES, ("*", "v", "s", "^", "D", "o", "x", "+"), strict=True))
_TRAIN, _TEST = "#0072B2", "#D55E00"
_CLUSTER_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
                   "#000000")
_LISTED = 12
_SIZE = 12
_SAID = {"pips": "pips to go", "blots": "blots", "points made": "points made",
         "home points": "home points made", "prime": "longest prime in the way",
         "anchors": "anchors", "back": "checkers back", "bar": "checkers on the bar",
         "off": "checkers borne off"}


def pictures(found: Result) -> dict[str, Figure]:
    """Return a figure by name for each part of what ``study.numerai.analysis.analyse`` found."""
    return {name: draw(found) for name, draw in DRAWN.items()}


def _distributions(found: Result) -> Figure:
    figure = Figure(figsize=(14, 10), dpi=110, layout="constrained")
    for fact, panel in zip(FACTS, figure.subplots(3, 3).flat, strict=True):
        _violins(panel, found["distributions"][fact])
        panel.set_title(_SAID[fact], fontsize=10)
    handles = [Line2D([], [], color=color, linewidth=6, alpha=0.6, label=name)
               for color, name in ((_TRAIN, "train"), (_TEST, "test"))]
    handles.append(Line2D([], [], color="black", marker="o", linewidth=3, markerfacecolor="white",
                          label="median and middle half"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9)
    figure.suptitle(f"What the player on roll has, by whose games ({found['rows']:,} positions)",
                    fontsize=12)
    return figure


def _violins(panel: Axes, by_source: Result) -> None:
    for i, of_source in enumerate(by_source.values()):
        at, density = np.array(of_source["at"]), np.array(of_source["density"])
        width = 0.42 * density / density.max()
        color = _TEST if of_source["test"] else _TRAIN
        panel.fill_betweenx(at, i - width, i + width, color=color, alpha=0.45, linewidth=0)
        low, middle, high = of_source["quartiles"]
        panel.vlines(i, low, high, color="black", linewidth=3)
        panel.plot(i, middle, "o", color="black", markerfacecolor="white", markersize=5)
    panel.set_xticks(range(len(by_source)), list(by_source), fontsize=8, rotation=20, ha="right",
                     rotation_mode="anchor")
    panel.set_ylim(bottom=-0.9)
    panel.grid(axis="y", alpha=0.3)


def _correlations(found: Result) -> Figure:
    names = found["correlations"]["names"]
    matrix = np.array(found["correlations"]["matrix"])
    figure = Figure(figsize=(10.5, 9.5), dpi=110, layout="constrained")
    panel = figure.subplots()
    image = panel.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    for (i, j), value in np.ndenumerate(matrix):
        if i != j and abs(value) >= 0.095:
            panel.text(j, i, f"{value:.1f}".replace("0.", "."), ha="center", va="center",
                       fontsize=7, color="white" if abs(value) > 0.6 else "black")
    count = len(names)
    panel.set_xticks(range(count), names, rotation=90, fontsize=8)
    panel.set_yticks(range(count), names, fontsize=8)
    for at in (count // 2 - 0.5, count - 1.5):
        panel.axhline(at, color="black", linewidth=0.8)
        panel.axvline(at, color="black", linewidth=0.8)
    panel.set_title("How the facts of a position, and the result in points of the player on roll,\n"
                    "go together (Pearson's correlation; empty: below 0.1)", fontsize=11)
    figure.colorbar(image, ax=panel, shrink=0.7, label="correlation")
    return figure


def _pca(found: Result) -> Figure:
    figure = Figure(figsize=(15, 5.2), dpi=110, layout="constrained")
    left, *others = figure.subplots(1, 3)
    for (name, part), color, line in zip(
            found["pca"].items(), ("#0072B2", "#D55E00"), ("-", "--"), strict=True):
        total = np.cumsum(part["explained"])
        left.plot(range(1, len(total) + 1), total, line, color=color,
                  label=f"{name}: {part['columns']:,} columns")
    left.set_xscale("log")
    ticks = [1, 2, 5, 10, 20, 50, 100, 200]
    left.set_xticks(ticks, list(map(str, ticks)))
    left.set_ylim(0, 1.02)
    left.yaxis.set_major_formatter(PercentFormatter(1))
    left.set_xlabel("principal components")
    left.set_ylabel("variance explained")
    left.set_title("what few components say", fontsize=10)
    left.legend(loc="lower right", fontsize=9)
    left.grid(alpha=0.3)
    for panel, (name, part) in zip(others, found["pca"].items(), strict=True):
        _by_phase(panel, np.array(part["dots"]), part["phase"])
        first, second = part["explained"][:2]
        panel.set_xlabel(f"component 1 ({100 * first:.1f} % of the variance)")
        panel.set_ylabel(f"component 2 ({100 * second:.1f} %)")
        panel.set_title(f"{name}; {100 * part['phases']:.0f} % of the spread is between phases",
                        fontsize=10)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=len(PHASES), fontsize=9)
    figure.suptitle("Principal components of a view of positions, as it is and with all products "
                    "of two columns", fontsize=12)
    return figure


def _by_phase(panel: Axes, dots: np.ndarray, phase: list[int]) -> None:
    kinds = np.array(phase)
    for number, name in enumerate(PHASES):
        mine = dots[kinds == number]
        filled = _PHASE_MARKS[name] not in "x+"
        panel.scatter(mine[:, 0], mine[:, 1], s=_SIZE, marker=_PHASE_MARKS[name], alpha=0.7,
                      color=_PHASE_COLORS[name], linewidths=0 if filled else 0.8)
    panel.grid(alpha=0.2)


def _legend() -> list[Line2D]:
    return [Line2D([], [], color=_PHASE_COLORS[name], marker=_PHASE_MARKS[name], linestyle="",
                   markersize=6, label=name) for name in PHASES]


def _tsne(found: Result) -> Figure:
    part = found["tsne"]
    figure = Figure(figsize=(16.5, 5.2), dpi=110, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 0.75])
    dots, label = np.array(part["dots"]), np.array(part["cluster"])
    _by_phase(left, dots, part["phase"])
    left.set_title("by phase of play", fontsize=10)
    _by_cluster(middle, dots, label)
    middle.set_title(f"by cluster (DBSCAN), from the largest on; grey: "
                     f"{100 * (1 - part['clustered']):.0f} % in none", fontsize=10)
    for panel in (left, middle):
        panel.set_xlabel("t-SNE x")
        panel.set_ylabel("t-SNE y")
        panel.set_aspect("equal", adjustable="box")
    _makeup(right, part["clusters"][:_LISTED])
    figure.legend(handles=_legend(), loc="outside lower center", ncols=len(PHASES), fontsize=9)
    said = "" if "ami" not in part else (
        f"; clusters say the phase of {100 * part['purity']:.0f} % (without them "
        f"{100 * part['most']:.0f} %), adjusted mutual information {part['ami']:.2f}")
    figure.suptitle(f"t-SNE of {len(dots):,} positions, perplexity {part['perplexity']:g}{said}",
                    fontsize=12)
    return figure


def _by_cluster(panel: Axes, dots: np.ndarray, label: np.ndarray) -> None:
    noise = label < 0
    panel.scatter(dots[noise, 0], dots[noise, 1], s=_SIZE, color="0.75", linewidths=0)
    for number in range(label.max() + 1):
        mine = dots[label == number]
        color = _CLUSTER_COLORS[number % len(_CLUSTER_COLORS)]
        panel.scatter(mine[:, 0], mine[:, 1], s=_SIZE, color=color, alpha=0.6, linewidths=0)
        if number < _LISTED:
            x, y = np.median(mine, axis=0)
            panel.text(x, y, str(number + 1), fontsize=9, ha="center", va="center", bbox={
                "boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.85, "linewidth": 0})
    panel.grid(alpha=0.2)


def _makeup(panel: Axes, listed: list[Result]) -> None:
    """Draw which phases the rows of each cluster are of."""
    at = np.arange(len(listed))
    before = np.zeros(len(listed))
    for name in PHASES:
        shares = np.array([cluster["phases"][name] for cluster in listed])
        panel.barh(at, shares, 0.8, left=before, color=_PHASE_COLORS[name])
        before += shares
    panel.set_yticks(at, [f"{i + 1}: {cluster['rows']:,}" for i, cluster in enumerate(listed)],
                     fontsize=8)
    panel.invert_yaxis()
    panel.set_xlim(0, 1)
    panel.xaxis.set_major_formatter(PercentFormatter(1))
    panel.set_ylabel("cluster: its positions")
    panel.set_title("what the clusters are of", fontsize=10)


# A picture for each part of what ``study.numerai.analysis.analyse`` found.
DRAWN: dict[str, Callable[[Result], Figure]] = {
    "distributions": _distributions, "correlations": _correlations, "pca": _pca, "tsne": _tsne}
