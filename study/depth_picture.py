"""The picture of the study of depth (matplotlib, without a display)."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from study.depth import summary
from study.depth_nets import KINDS, OPPONENTS, Settings

# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by their marks.
_STYLES = dict(zip(KINDS, (("#D55E00", "s"), ("#0072B2", "o"), ("#009E73", "^")), strict=True))
_NAMES = {"plain": "plain", "highway": "highway", "conv": "convolutional highway"}


def picture(result: dict[str, Any]) -> Figure:
    """Return the picture of what ``study.depth.run`` found, over depth.

    A panel for each opponent with points a game, ± one standard error (one seed) or standard
    deviation (several); then games a second of training.
    """
    settings, rows = Settings(**result["settings"]), summary(result)
    figure = Figure(figsize=(12.5, 4.8), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(OPPONENTS) + 1)
    for panel, opponent in zip(panels, OPPONENTS, strict=False):
        _points(panel, rows, opponent, settings)
        panel.set_title(f"against {opponent}", fontsize=10)
    # One scale, so that opponents can be compared.
    low = min(panel.get_ylim()[0] for panel in panels[:-1])
    high = max(panel.get_ylim()[1] for panel in panels[:-1])
    for panel in panels[:-1]:
        panel.set_ylim(low, high)
    what = "standard error over the dice" if settings.seeds == 1 else "standard deviation, seeds"
    panels[0].set_ylabel(f"points a game (bars: ± one {what})")
    _rates(panels[-1], rows, settings)
    for panel in panels:
        panel.set_xlabel("depth, layers of hidden units")
        panel.grid(alpha=0.3)
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(KINDS), frameon=False)
    seeds = "1 seed" if settings.seeds == 1 else f"{settings.seeds} seeds"
    figure.suptitle(f"Depth in backgammon: {settings.games:,} self-play games for each net, "
                    f"{settings.measure_games:,} to measure it, {seeds}", fontsize=11)
    return figure


def _points(
    panel: Axes, rows: list[dict[str, Any]], opponent: str, settings: Settings
) -> None:
    _depths(panel, settings)
    panel.axhline(0, color="0.35", linestyle="--", linewidth=1)
    for i, kind in enumerate(settings.kinds):
        mine = [row for row in rows if row["kind"] == kind and opponent in row["ppg"]]
        # A little beside each other, so that no bar hides another.
        x = [row["depth"] * 1.04 ** (i - (len(settings.kinds) - 1) / 2) for row in mine]
        found = [row["ppg"][opponent] for row in mine]
        colour, mark = _STYLES[kind]
        panel.errorbar(x, [mean for mean, _ in found], yerr=[se or 0 for _, se in found],
                       color=colour, marker=mark, capsize=3, linewidth=1.2, label=_NAMES[kind])


def _rates(panel: Axes, rows: list[dict[str, Any]], settings: Settings) -> None:
    _depths(panel, settings)
    for kind in settings.kinds:
        mine = [row for row in rows if row["kind"] == kind and row["games_per_s"]]
        colour, mark = _STYLES[kind]
        panel.plot([row["depth"] for row in mine], [row["games_per_s"] for row in mine],
                   color=colour, marker=mark, linewidth=1.2, label=_NAMES[kind])
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(ScalarFormatter())
    panel.set_title("training, self-play games a second", fontsize=10)


def _depths(panel: Axes, settings: Settings) -> None:
    panel.set_xscale("log")
    panel.set_xticks(settings.depths, [str(depth) for depth in settings.depths])
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xticks([], minor=True)
    panel.set_xlim(min(settings.depths) / 1.2, max(settings.depths) * 1.2)
