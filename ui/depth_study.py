"""The study of depth as tables of plain text."""

from __future__ import annotations

from typing import Any

from study.depth import summary
from study.depth_nets import OPPONENTS, Settings, nets


def as_text(result: dict[str, Any]) -> str:
    """Return what ``study.depth.run`` found as lines of text: a row for each kind and depth."""
    settings = Settings(**result["settings"])
    head = ["net", "depth", "width", "carry bias", "parameters", *map(_against, OPPONENTS),
            "spread", "correlation", "games/s", "seconds", "seeds"]
    rows = [head]
    for row in summary(result):
        bias = "-" if row["carry_bias"] is None else f"{row['carry_bias']:g}"
        width = f"{row['width']}"
        if row["kind"] == "conv":
            width = f"{settings.channels} x 24, {width}"
        rate = "-" if row["games_per_s"] is None else f"{row['games_per_s']:,.1f}"
        rows.append([row["kind"], f"{row['depth']}", width, bias, f"{row['parameters']:,}",
                     *(_ppg(row["ppg"].get(name)) for name in OPPONENTS),
                     f"{row['spread']:.3f}", f"{row['correlation']:.3f}", rate,
                     f"{row['seconds']:,.0f}", f"{row['seeds']}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join([f"  {row[0]:<{widths[0]}}",
                        *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))])
             for row in rows]
    return "\n".join([*_above(result, settings), "", *table, "", *_below(settings)])


def _above(result: dict[str, Any], s: Settings) -> list[str]:
    lam = "TD(0)" if s.lam == 0 else f"TD({s.lam:g})"
    pruned = f"plays pruned by {s.prune} within {s.prune_within:g}" if s.prune else "nothing pruned"
    seeds = f"seed {s.seed}" if s.seeds == 1 else f"seeds {s.seed} to {s.seed + s.seeds - 1}"
    lines = [
        f"Depth in backgammon: {s.games:,} self-play games for each net, {lam}, {pruned}, {seeds}",
        f"Points a game over {s.measure_games:,} games with duplicate dice against each opponent",
    ]
    ready = sum(len(net["contests"]) == len(OPPONENTS) for net in result["nets"])
    if ready < len(nets(s)):
        lines.append(f"Not finished: {ready} of {len(nets(s))} nets are trained and measured")
    return lines


def _below(s: Settings) -> list[str]:
    spread = "±: one standard error over the dice"
    if s.seeds > 1:
        spread = "±: one standard deviation between seeds; of a single seed, the standard error"
    lines = [f"{spread}.", "depth: layers of hidden units, the first one and a dense last one of "
             "conv nets included."]
    if "conv" in s.kinds:
        lines.append("width: of conv nets channels x points, then that of the dense layer.")
    return [
        *lines,
        "spread: standard deviation of the net's equity over positions with contact, points; at 0 "
        "all are the same to it.",
        "correlation: of that equity with what the net that ships says.",
        "games/s: of training, without compiling; to be compared only if the machine did nothing "
        "else.",
        "In races every net is helped by tables, as at the board.",
    ]


def _against(opponent: str) -> str:
    return f"ppg, {opponent}"


def _ppg(found: list[float | None] | None) -> str:
    if found is None:
        return "-"
    mean, spread = found
    return f"{mean:+.3f}" if spread is None else f"{mean:+.3f} ± {spread:.3f}"
