"""Results as tables of plain text."""

from __future__ import annotations

from agent.arena import Contest
from agent.catalog import Entry
from agent.error_rate import ErrorRate
from agent.export.files import Exported


def contest_table(c: Contest) -> str:
    """Return the result of a contest as lines of text."""
    win_spread = "" if c.win_se is None else f" ± {100 * c.win_se:.2f}"
    lines = [
        f"{c.agent} against {c.opponent}: {c.games} games, duplicate dice, seed {c.seed}",
        f"  points a game  {_mean(c.ppg, c.ppg_se, c.ppg_ci95)}",
        f"  won            {100 * c.win:.2f} %{win_spread}   of these gammons or better "
        f"{100 * c.gammon:.2f} %, backgammons {100 * c.backgammon:.2f} % (of all games)",
        f"  lost           {100 * (1 - c.win):.2f} %   of these gammons or worse "
        f"{100 * c.gammon_lost:.2f} %, backgammons {100 * c.backgammon_lost:.2f} %",
        f"  plies a game   {c.plies_per_game:.1f}   games a second {c.games_per_s:.0f}",
    ]
    if c.ppg_luck_adjusted is not None:
        adjusted = _mean(c.ppg_luck_adjusted, c.ppg_luck_adjusted_se, c.ppg_luck_adjusted_ci95)
        lines.insert(2, f"  luck-adjusted  {adjusted}   by {c.luck_evaluator}")
    return "\n".join(lines)


def _mean(mean: float, se: float | None, interval: tuple[float, float] | None) -> str:
    spread = "" if se is None else f" ± {se:.4f}"
    if interval is None:
        return f"{mean:+.4f}{spread}"
    return f"{mean:+.4f}{spread}   95 % interval {interval[0]:+.4f} to {interval[1]:+.4f}"


def error_table(e: ErrorRate) -> str:
    """Return the errors of an agent as lines of text."""
    head = ("class", "decisions", "mpt", "±", "best", "> 80 mpt", "estimated", "illegal")
    rows: list[tuple[str, ...]] = [head]
    for name, x in e.losses.items():
        se = "-" if x.mpt_se is None else f"{x.mpt_se:.2f}"
        shares = f"{100 * x.best:.1f} %", f"{100 * x.blunder:.2f} %"
        counts = str(x.estimated), str(x.illegal)
        rows.append((name, str(x.decisions), f"{x.mpt:.2f}", se, *shares, *counts))
    lines = [f"{e.agent} on {e.file}: loss in thousandths of a point a decision", *_columns(rows)]
    if e.rms:
        names = [name for name in next(iter(e.rms.values())) if name != "positions"]
        rows = [("class", "positions", *(name.replace("_", " ") for name in names))]
        for name, rms in e.rms.items():
            rows.append((name, f"{rms['positions']}", *(f"{rms[key]:.4f}" for key in names)))
        lines += ["", "root mean squared difference of the evaluations", *_columns(rows)]
    return "\n".join(lines)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows of text as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([f"  {row[0]:<{widths[0]}}",
                   *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def agents_table(entries: list[Entry]) -> str:
    """Return the known agents, one a line, with the strength measured."""
    rows = [("agent", "points a game", "against", "games", "about")]
    for entry in entries:
        s = entry.strength
        if s is None:
            rows.append((entry.name, "-", "-", "-", entry.about))
        else:
            ppg = f"{s['ppg']:+.3f} ± {s['ppg_se']:.3f}"
            rows.append((entry.name, ppg, s["opponent"], str(s["games"]), entry.about))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    source = [
        f"{entry.name}: measured {s['date']} on {s['hardware']} by `{s['command']}`"
        for entry in entries
        if (s := entry.strength) is not None
    ]
    return "\n".join([*(line.rstrip() for line in lines), "", *source]).rstrip()


def export_table(e: Exported) -> str:
    """Return what was exported, and how it was checked, as lines of text."""
    d = e.difference
    memory = f", memory {d.memory:.2g}" if d.memory else ""
    return "\n".join([
        f"{e.path}: the net of {e.agent}, {e.net}, {e.features}, {e.bytes} bytes",
        f"  largest difference from the net on {d.positions} positions: {d.largest:.2g} "
        f"(outcomes {d.outcomes:.2g}, equity {d.equity:.2g}{memory})",
    ])
