"""The tables of ``study.told``: what being told the opponent's name is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from study.told import ALONE


def told_lines(settings: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the tables as lines of text.

    Args:
        settings: of the part; see ``study.told.Settings``.
        rows: what its runs found, each with ``opponent``.
    """
    found = [f"{settings['agent']}, told whom it plays against",
             f"{settings['games']:,} games with duplicate dice for each name, seed "
             f"{settings['seed']}; points a game, ± one standard error"]
    for row in rows:
        found += ["", f"  against {row['opponent']}", *_contests(row), "",
                  *_errors(row, settings["judged"])]
    return [*found, "", "the truth is worth: points a game more with the true name, same dice.",
            "error: mean squared difference of a position's equity from what the game brought; the",
            "others: how much more than that. Turns are the agent's own."]


def _contests(row: Mapping[str, Any]) -> list[str]:
    lines = [f"    {'told':<12} {'points a game':>16}  {'won':>7}  {'the truth is worth':>19}"]
    for name, contest in row["told"].items():
        worth = _with_error(row["gain"][name]) if name in row["gain"] else "-"
        lines.append(f"    {name:<12} {_with_error(contest['ppg']):>16}  "
                     f"{100 * contest['win']:5.1f} %  {worth:>19}")
    return lines


def _errors(row: Mapping[str, Any], judged: int) -> list[str]:
    names = list(row["turns"][0]["worse"])
    heads = "".join(f"  {name if name == ALONE else 'told ' + name:>16}" for name in names)
    lines = [f"    judged in {judged:,} games, told the truth",
             f"    {'turns':<9} {'positions':>9}  {'error':>6}{heads}"]
    for group in row["turns"]:
        turns = f"{group['first']}-{group['last']}"
        more = "".join(f"  {_with_error(group['worse'][name], 4):>16}" for name in names)
        lines.append(f"    {turns:<9} {group['positions']:>9,}  "
                     f"{group['error'][row['opponent']]:6.3f}{more}")
    return lines


def _with_error(figure: Mapping[str, float], digits: int = 3) -> str:
    return f"{figure['mean']:+.{digits}f} ± {figure['se']:.{digits}f}"
