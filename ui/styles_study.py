"""The tables of ``study.styles``: games in the style of a chosen agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from study.turns import STYLE

Row = Mapping[str, Any]
_DIGITS = {"same": 1, "hits": 1, "blots": 2, "points": 2, "back": 1}
_SHARES = ("same", "hits", "back")


def styles_lines(settings: Row, rows: Sequence[Row]) -> list[str]:
    """Return the tables as lines of text, means over the seeds that are done.

    Args:
        settings: of the part; see ``study.styles.Settings``.
        rows: what its runs found, each with ``initial`` and ``seed``.
    """
    agents, kinds = settings["agents"], list(dict.fromkeys(row["initial"] for row in rows))
    first, last = settings["seed"], settings["seed"] + settings["seeds"] - 1
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    found = [f"Games in the style of a chosen agent: {', '.join(agents)}",
             f"the first {settings['turns']} turns of {settings['games']:,} games of each to learn "
             f"from, of {settings['judged']:,} held out, {seeds}", "",
             "  bits a token of the games held out", *_bits(agents, kinds, rows), "",
             f"  games made, {settings['made']:,} for each", *_made(agents, kinds, rows), "",
             "worse: bits a token more than told the truth. Figures ± one standard error over "
             "games, the", "mean of those of the seeds, which read the same games.",
             "A model with learned states never learned from games of which it was told nothing.",
             "legal: of the turns made, each up to the first of its game that is wrong; before: "
             "turns of a", f"game before that, {settings['turns']} at most."]
    compared = sorted({row["compared"] for row in rows})
    many = " or ".join(map(str, compared))
    return [*found, f"The rest: of the first {many} turns that are legal, each counted alike. "
            f"same: as {agents[0]}", "would have played; hits; blots and points (of two checkers "
            "or more) behind a turn; back: a", "checker leaves the opponent's home board. Games "
            "that go on legally are not a fair sample."]


def _bits(agents: Sequence[str], kinds: Sequence[str], rows: Sequence[Row]) -> list[str]:
    lines = [["initial", "told", *(cell for name in agents for cell in (name, "worse"))]]
    for kind in kinds:
        mine = [row for row in rows if row["initial"] == kind]
        for told in mine[0]["bits"][agents[0]]:
            lines.append([kind, told])
            for name in agents:
                lines[-1].append(_mean(mine, ("bits", name, told), "{:.4f}"))
                worse = told in mine[0]["worth"][name]
                lines[-1].append(_mean(mine, ("worth", name, told), "{:+.4f}") if worse else "-")
    return _aligned(lines)


def _made(agents: Sequence[str], kinds: Sequence[str], rows: Sequence[Row]) -> list[str]:
    lines = [["initial", "asked for", "legal %", "before", *(
        f"{name} %" if name in _SHARES else name for name in STYLE)]]
    lines += [["true games", name, "-", "-", *_style(rows, ("true", name))] for name in agents]
    for kind in kinds:
        mine = [row for row in rows if row["initial"] == kind]
        lines += [[kind, name, _mean(mine, ("made", name, "legal"), "{:.1f}", 100),
                   _mean(mine, ("made", name, "before"), "{:.2f}"),
                   *_style(mine, ("made", name, "style"))] for name in mine[0]["made"]]
    return _aligned(lines)


def _style(rows: Sequence[Row], path: tuple[str, ...]) -> list[str]:
    """Return the cells of a style; runs of which nothing could be compared have none."""
    some = [row for row in rows if _at(row, path)]
    return [_mean(some, (*path, name), f"{{:.{_DIGITS[name]}f}}", 100 if name in _SHARES else 1)
            if some else "-" for name in STYLE]


def _mean(rows: Sequence[Row], path: tuple[str, ...], form: str, times: float = 1) -> str:
    mean, se = (times * float(np.mean([_at(row, (*path, part)) for row in rows]))
                for part in ("mean", "se"))
    return f"{form.format(mean)} ± {form.replace('+', '').format(se)}"


def _at(found: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        found = found[name]
    return found


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines: the first two to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["    " + "  ".join(f"{cell:{'<' if i < 2 else '>'}{widths[i]}}"
                               for i, cell in enumerate(line)).rstrip() for line in lines]
