"""The pictures of the study of LSTM variants (matplotlib, without a display)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agent.nets.numpy_lstm import VARIANTS
from study.lstm_variants import Row, Settings, summary

# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by their marks.
_COLOURS = ("#000000", "#E69F00", "#D55E00", "#CC79A7", "#56B4E9", "#0072B2", "#009E73", "#8C8C00",
            "#7F7F7F")
_MARKS = "osDv^<>PX"
_STYLES = dict(zip(VARIANTS, zip(_COLOURS, _MARKS, strict=True), strict=True))


def pictures(result: dict[str, Any]) -> dict[str, Figure]:
    """Return a picture for each corpus of which a run is finished, by the corpus's name.

    Left the validation bits a token over the tokens read: the mean of the seeds, with every seed as
    a thin line, and crosses where one became worse than knowing nothing. Right the test bits a
    token, each seed and the mean ± one standard deviation, best first.
    """
    rows = summary(result)
    return {name: _picture(result, name, [row for row in rows if row.corpus == name])
            for name in result["settings"]["corpora"] if any(r.corpus == name for r in rows)}


def _picture(result: dict[str, Any], corpus: str, rows: list[Row]) -> Figure:
    settings, about = Settings(**result["settings"]), result["corpora"][corpus]
    figure = Figure(figsize=(12.5, 5.4), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    mine = [run for run in result["runs"] if run["corpus"] == corpus]
    for row in rows:
        _curves(left, [run for run in mine if run["variant"] == row.variant], row.variant,
                about["uniform"])
    # The curves that learn are what there is to see, not how far away others have gone.
    top = about["uniform"] * 1.1
    least = [bits for run in mine for _, bits in run["valid"] if bits is not None]
    low = min(least, default=0.0)
    left.set_ylim(low - 0.06 * (top - low), top)
    for name, words in (("uniform", "knowing nothing "), ("unigram", "how often each token is ")):
        left.axhline(about[name], color="0.45", linestyle=":", linewidth=1)
        left.text(0.99, about[name], words, color="0.35", fontsize=8, ha="right", va="bottom",
                  transform=left.get_yaxis_transform())
    left.set_xlabel("tokens read, millions")
    left.set_ylabel("bits a token, validation part")
    left.set_title("learning (lines: mean of the seeds; cross: diverged)", fontsize=10)
    _bars(right, rows, mine, about)
    for panel in (left, right):
        panel.grid(alpha=0.3)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=9, frameon=False, fontsize=9)
    seeds = "1 seed" if settings.seeds == 1 else f"{settings.seeds} seeds"
    figure.suptitle(f"LSTM variants, {about['name']}: {settings.layers} x {settings.width} units, "
                    f"{settings.epochs * settings.tokens / 1e6:.2g} million tokens, {seeds}",
                    fontsize=11)
    return figure


def _curves(panel: Axes, mine: list[dict[str, Any]], variant: str, nothing: float) -> None:
    colour, mark = _STYLES[variant]
    points: dict[int, list[float]] = {}
    for run in mine:
        known = [(tokens, bits) for tokens, bits in run["valid"] if bits is not None]
        if run["diverged"] is not None:
            panel.plot([run["diverged"] / 1e6], [nothing], color=colour, marker="x", markersize=9,
                       markeredgewidth=2, linestyle="none")
        panel.plot([tokens / 1e6 for tokens, _ in known], [bits for _, bits in known],
                   color=colour, linewidth=0.5, alpha=0.5)
        for tokens, bits in known:
            points.setdefault(tokens, []).append(bits)
    x = sorted(points)
    panel.plot([tokens / 1e6 for tokens in x], [float(np.mean(points[tokens])) for tokens in x],
               color=colour, marker=mark, markersize=4, linewidth=1.5, label=variant)


def _bars(
    panel: Axes, rows: list[Row], mine: list[dict[str, Any]], about: dict[str, Any]
) -> None:
    order = sorted(rows, key=lambda row: row.bits[0] if row.bits else np.inf)
    for y, row in enumerate(order):
        colour, mark = _STYLES[row.variant]
        each = [run["bits"] for run in mine if run["variant"] == row.variant
                and run["bits"] is not None]
        panel.plot(each, [y] * len(each), color=colour, marker="|", markersize=12,
                   linestyle="none", alpha=0.6)
        if row.bits is None:
            panel.text(0.98, y, "no number", ha="right", va="center", fontsize=8, color=colour,
                       transform=panel.get_yaxis_transform())
        else:
            panel.errorbar([row.bits[0]], [y], xerr=[row.bits[1] or 0], color=colour, marker=mark,
                           capsize=4, linewidth=1.5)
    panel.axvline(about["unigram"], color="0.45", linestyle=":", linewidth=1)
    panel.set_ylim(-0.5, len(order) - 0.5)
    panel.set_yticks(range(len(order)), [row.variant for row in order])
    panel.invert_yaxis()
    panel.set_xlabel("bits a token, test part")
    panel.set_title("judged on what none has read (bars: ± one sd)", fontsize=10)
