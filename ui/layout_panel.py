"""Where the parts of the analysis panel lie, and which of its rows are to be seen."""

from __future__ import annotations

from dataclasses import dataclass

from ui.rect import Rect
from ui.view import Panel

HINTS = 6
"""Most rows of hints that the panel shows at once."""


@dataclass(frozen=True)
class PanelPlan:
    """The panel's parts.

    ``text`` is the size of its text; ``win`` and ``curve`` the bar of chances and the graph;
    ``hint_head`` the line above the hints; ``hints`` and ``rows`` the number and the place of each
    line to be seen; ``list`` the place of all rows of plays, ``row_head`` the line above them.
    """

    text: int
    win: Rect
    curve: Rect
    hint_head: Rect
    hints: tuple[tuple[int, Rect], ...]
    row_head: Rect
    rows: tuple[tuple[int, Rect], ...]
    list: Rect


def plan_panel(area: Rect, unit: int, panel: Panel) -> PanelPlan:
    """Lay out the panel in a rectangle; `unit` is the size of the window's text."""
    x, y, wide, high = area
    text = max(10, round(0.84 * unit))
    line = round(1.62 * text)
    gap = max(4, round(0.5 * unit))
    win: Rect = (x, y, wide, round(3.1 * text))
    y += win[3] + gap
    curve: Rect = (x, y, wide, min(round(0.22 * high), round(8 * unit)))
    y += curve[3] + gap
    left = area[1] + high - y
    hint_head: Rect = (x, y, wide, line if panel.hints or panel.busy else 0)
    room = max(0, (left - 2 * line - gap - hint_head[3]) // line - 2)
    shown = _hints(panel, min(HINTS, room))
    y += hint_head[3]
    hints = tuple((n, (x, y + k * line, wide, line)) for k, n in enumerate(shown))
    y += len(shown) * line + (gap if hint_head[3] else 0)
    row_head: Rect = (x, y, wide, line)
    y += line
    place: Rect = (x, y, wide, max(0, area[1] + high - y))
    count = place[3] // line
    first = _first_row(panel, count)
    rows = tuple((first + k, (x, y + k * line, wide, line))
                 for k in range(min(count, len(panel.rows) - first)))
    return PanelPlan(text, win, curve, hint_head, hints, row_head, rows, place)


def _hints(panel: Panel, room: int) -> list[int]:
    """Return which hints are shown: the best, and last the one played or chosen, if it is worse."""
    shown = list(range(min(len(panel.hints), room)))
    also = [n for n, hint in enumerate(panel.hints) if hint.played or n == panel.chosen]
    if shown and also and also[0] > shown[-1]:
        shown[-1] = also[0]
    return shown


def _first_row(panel: Panel, count: int) -> int:
    """Return the first row to be seen: the present one, or the last, is seen in every case."""
    total = len(panel.rows)
    if panel.current is None:
        return max(0, total - count)
    return max(0, min(panel.current - count // 2, total - count))
