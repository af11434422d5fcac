"""The analysis panel: chances, equity over the game, hints, and the list of plays."""

from __future__ import annotations

import pygame

from ui.draw_marks import rank_colour
from ui.draw_shapes import disc
from ui.draw_text import text_width, write
from ui.kit import Kit, centred
from ui.layout_panel import PanelPlan
from ui.rect import Rect, inner
from ui.theme import Colour, mix
from ui.view import FAR, NEAR, HintRow, Panel, PlayRow, View

MISTAKE = 0.02
"""From this many points on a play's cost is coloured as a mistake."""


def draw_panel(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw the panel, if it is open; a panel that has not changed is copied."""
    plan = kit.layout.panel_plan(view)
    panel = view.panel
    if plan is None or panel is None:
        return

    def make() -> pygame.Surface:
        x, y, wide, high = kit.layout.analysis
        image = pygame.Surface((x + wide, y + high), pygame.SRCALPHA)
        _draw_chances(image, view, kit, plan, panel)
        _draw_curve(image, kit, plan, panel)
        _draw_hints(image, kit, plan, panel)
        _draw_rows(image, kit, plan, panel)
        return image.subsurface(kit.layout.analysis).copy()

    surface.blit(kit.piece(("panel", panel, view.names), make), kit.layout.analysis[:2])


# ---- chances


def _draw_chances(
    surface: pygame.Surface, view: View, kit: Kit, plan: PanelPlan, panel: Panel
) -> None:
    """Draw the bar: the near player's wins from the left, gammons of either side at the ends."""
    theme, text = kit.theme, plan.text
    x, y, wide, high = plan.win
    line = round(1.5 * text)
    bar: Rect = (x, y + line, wide, high - line)
    if panel.win is None:
        write(surface, "Chances to win", (x, y, wide, line), text, theme.faint)
        write(surface, "not known", (x, y, wide, line), text, theme.faint, align=1.0)
        kit.box(surface, bar, mix(theme.card, theme.window, 0.5), theme.card_edge, radius=3)
        return
    win, win_gammon, lose_gammon = panel.win
    half = wide // 2
    used = write(surface, f"{100 * win:.1f} %", (x, y, half, line), round(1.1 * text), theme.text,
                 bold=True)
    write(surface, f"gammons {100 * win_gammon:.1f}", (x + used + text // 2, y,
                                                       half - used - text, line),
          round(0.85 * text), theme.faint, beside=round(1.1 * text))
    used = write(surface, f"{100 * (1 - win):.1f} %", (x + half, y, wide - half, line),
                 round(1.1 * text), theme.text, bold=True, align=1.0)
    write(surface, f"gammons {100 * lose_gammon:.1f}", (x + half + text // 2, y,
                                                        wide - half - used - text, line),
          round(0.85 * text), theme.faint, align=1.0, beside=round(1.1 * text))
    near, far = theme.checkers
    surface.fill(far, bar)
    cut = round(wide * win)
    surface.fill(near, (bar[0], bar[1], cut, bar[3]))
    ends = ((bar[0], round(wide * win_gammon), mix(near, theme.good, 0.55)),
            (bar[0] + wide - round(wide * lose_gammon), round(wide * lose_gammon),
             mix(far, theme.bad, 0.55)))
    for left, breadth, colour in ends:
        surface.fill(colour, (left, bar[1], breadth, bar[3]))
    surface.fill(theme.accent, (bar[0] + wide // 2, bar[1], 1, bar[3]))
    pygame.draw.rect(surface, theme.card_edge, bar, 1)


# ---- the curve


def _draw_curve(surface: pygame.Surface, kit: Kit, plan: PanelPlan, panel: Panel) -> None:
    """Draw the near player's equity, turn by turn, around a line at 0."""
    theme = kit.theme
    x, y, wide, high = plan.curve
    kit.box(surface, plan.curve, theme.card, theme.card_edge)
    small = max(9, round(0.78 * plan.text))
    if not panel.curve:
        write(surface, "Equity over the game", plan.curve, small, theme.faint, align=0.5)
        return
    top = max(1.0, *(abs(equity) for _, equity in panel.curve))
    scale = text_width(f"−{top:.1f}", small) + small // 2
    graph: Rect = (x + scale + 2, y + small // 2 + 2, wide - scale - small - 4, high - small - 4)
    middle = graph[1] + graph[3] // 2
    for share, label in ((0.0, f"+{top:.1f}"), (0.5, "0"), (1.0, f"−{top:.1f}")):
        level = graph[1] + round(share * graph[3])
        shade = 0.0 if share == 0.5 else 0.6
        surface.fill(mix(theme.card_edge, theme.card, shade), (graph[0], level, graph[2], 1))
        write(surface, label, (x, level - small, scale - 2, 2 * small), small, theme.faint,
              align=1.0)
    first, last = panel.curve[0][0], max(panel.curve[-1][0], panel.curve[0][0] + 1)
    dots = [((turn - first) / (last - first), equity / top) for turn, equity in panel.curve]
    surface.blit(_curve(graph[2], graph[3], dots, theme.accent), graph[:2])
    shown = [dot for dot, (turn, _) in zip(dots, panel.curve, strict=True)
             if turn == panel.current]
    across, up = shown[0] if shown else dots[-1]
    at = (graph[0] + across * graph[2], middle - up * graph[3] / 2)
    if shown:
        surface.fill(mix(theme.accent, theme.card, 0.4), (round(at[0]), graph[1], 1, graph[3]))
    centred(surface, disc(max(6.0, 0.6 * plan.text), theme.accent), at)


def _curve(
    wide: int, high: int, dots: list[tuple[float, float]], colour: Colour
) -> pygame.Surface:
    """Return a smooth line through points (0 to 1, -1 to 1), the space towards 0 tinted."""
    s = 3
    big = pygame.Surface((s * wide, s * high), pygame.SRCALPHA)
    big.fill((*colour, 0))
    path = [(s * wide * across, s * high * (1 - up) / 2) for across, up in dots]
    zero = s * high / 2
    if len(path) > 1:
        pygame.draw.polygon(big, (*colour, 50), [(path[0][0], zero), *path, (path[-1][0], zero)])
        thick = max(4, round(0.045 * s * high / 2))
        pygame.draw.lines(big, (*colour, 255), False, path, thick)
        for dot in path:
            pygame.draw.circle(big, (*colour, 255), dot, thick // 2)
    return pygame.transform.smoothscale(big, (wide, high))


# ---- hints and plays


def _draw_hints(surface: pygame.Surface, kit: Kit, plan: PanelPlan, panel: Panel) -> None:
    x, y, wide, high = plan.hint_head
    theme, text = kit.theme, plan.text
    if not high:
        return
    columns = _hint_columns(plan)
    small = max(8, round(0.8 * text))
    if panel.hints:
        for (left, room), title in zip(columns[1:], ("equity", "behind", "win", "win g", "lose g"),
                                       strict=True):
            # A title may reach into the gap before its column.
            write(surface, title, (left - small // 2, y, room + small // 2, high), small,
                  theme.faint, align=1.0)
        write(surface, panel.busy or "Best plays", (x, y, columns[1][0] - x, high), small,
              theme.accent if panel.busy else theme.faint)
    else:
        write(surface, panel.busy, (x, y, wide, high), small, theme.accent)
    for n, rect in plan.hints:
        _draw_hint(surface, kit, rect, columns, n, panel.hints[n], n == panel.chosen, text)


def _hint_columns(plan: PanelPlan) -> list[tuple[int, int]]:
    """Return the left end and the width of the play, its equity, what it is behind, its chances."""
    x, _, wide, _ = plan.hint_head
    text = plan.text
    right = x + wide - text // 3
    columns = []
    for title in ("00.0", "00.0", "00.0", "−0.000", "+0.000"):
        room = text_width(title, text)
        columns.append((right - room, room))
        right -= room + round(0.42 * text)
    return [(x, right - x), *columns[::-1]]


def _draw_hint(
    surface: pygame.Surface, kit: Kit, rect: Rect, columns: list[tuple[int, int]], n: int,
    hint: HintRow, chosen: bool, text: int,
) -> None:
    theme = kit.theme
    _, y, _, high = rect
    if chosen:
        kit.box(surface, rect, mix(theme.card, theme.accent, 0.3), theme.accent, radius=3)
    elif hint.played:
        kit.box(surface, rect, mix(theme.window, theme.accent, 0.16), radius=3)
    left, room = columns[0]
    d = high - 2 * max(2, high // 8)
    centred(surface, kit.piece(("rank", n, d), lambda: disc(d, rank_colour(kit, n))),
            (left + 2 + d / 2, y + high / 2))
    write(surface, str(n + 1), (left + 2, y, d, high), round(0.85 * text), (255, 255, 255),
          bold=True, align=0.5)
    start = left + d + round(0.5 * text) + 2
    write(surface, hint.text, (start, y, left + room - start, high), text, theme.text,
          bold=hint.played)
    behind = "" if n == 0 and not hint.behind else f"{hint.behind:.3f}".replace("-", "−")
    numbers = (f"{hint.equity:+.3f}".replace("-", "−"), behind, f"{100 * hint.win:.1f}",
               f"{100 * hint.win_gammon:.1f}", f"{100 * hint.lose_gammon:.1f}")
    colours = (theme.text, theme.bad if -hint.behind >= MISTAKE else theme.faint, theme.text,
               theme.faint, theme.faint)
    for (left, room), number, colour in zip(columns[1:], numbers, colours, strict=True):
        write(surface, number, (left, y, room, high), text, colour, align=1.0)


def _draw_rows(surface: pygame.Surface, kit: Kit, plan: PanelPlan, panel: Panel) -> None:
    theme, text = kit.theme, plan.text
    small = max(8, round(0.8 * text))
    x, y, wide, high = plan.row_head
    write(surface, "Plays", (x, y, wide, high), small, theme.faint)
    write(surface, "cost", (x, y, wide - text, high), small, theme.faint, align=1.0)
    kit.box(surface, plan.list, theme.card, theme.card_edge)
    for n, rect in plan.rows:
        _draw_row(surface, kit, rect, panel.rows[n], n == panel.current, text)
    hidden = len(panel.rows) - len(plan.rows)
    if hidden and plan.rows:
        x, y, wide, high = inner(plan.list, 3)
        share = len(plan.rows) / len(panel.rows)
        tall = max(text, round(high * share))
        top = y + round((high - tall) * plan.rows[0][0] / hidden)
        kit.box(surface, (x + wide - 4, top, 4, tall), theme.card_edge, radius=2)


def _draw_row(
    surface: pygame.Surface, kit: Kit, rect: Rect, row: PlayRow, current: bool, text: int
) -> None:
    theme = kit.theme
    x, y, wide, high = rect
    if current:
        kit.box(surface, rect, mix(theme.card, theme.accent, 0.3), theme.accent, radius=3)
    number = text_width("000", text)
    write(surface, str(row.number), (x + 4, y, number, high), text, theme.faint, align=1.0)
    d = round(0.8 * text)
    left = x + 4 + number + round(0.5 * text)
    mark = kit.piece(("who", row.player, d), lambda: _mark(kit, row.player, d))
    centred(surface, mark, (left + d / 2, y + high / 2))
    left += d + round(0.5 * text)
    end = x + wide - text
    cost = "" if row.cost is None else f"{row.cost:.3f}"
    room = text_width("0.000", text)
    colour = theme.bad if row.cost is not None and row.cost >= MISTAKE else theme.faint
    write(surface, cost, (end - room, y, room, high), text, colour,
          bold=row.cost is not None and row.cost >= 4 * MISTAKE, align=1.0)
    write(surface, row.text, (left, y, end - room - text // 2 - left, high), text, theme.text)


def _mark(kit: Kit, player: int, d: int) -> pygame.Surface:
    """Return a small disc of a player's colour."""
    image = disc(d, kit.theme.faint)
    centred(image, disc(d - 2, kit.theme.checkers[NEAR if player == NEAR else FAR]),
            (image.get_width() / 2, image.get_height() / 2))
    return image
