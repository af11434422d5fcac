"""Where everything in the board window lies: pixels to targets and back. No pygame here.

The board stands on the left: a rail with the cube, the two halves with the bar between them, and on
the home side the rail with the trays. A column at the right holds what is known of the players and,
without the panel, the buttons; with the panel the buttons stand under the board. All lengths
follow from the diameter of a checker and the size of the text, which follow from the window's size.
"""

from __future__ import annotations

import math
from functools import lru_cache

from ui.layout_dialog import DialogPlan, plan_dialog
from ui.layout_panel import PanelPlan, plan_panel
from ui.rect import Point, Rect, holds, inner, union
from ui.view import BARS, FAR, NEAR, NOTHING, TRAYS, Spot, Target, View

SMALLEST = (800, 500)
"""The smallest window in which everything has its place."""

STACK = 5
"""Checkers that lie side by side on a point; more than these are told by a number."""

CHECKERS = 15


class Layout:
    """The geometry of a window of a size in pixels, with the home boards left or right.

    ``unit`` is the size of the text in pixels, ``diameter`` and ``radius`` are those of a checker;
    the rectangles are (x, y, width, height).
    """

    def __init__(self, size: tuple[int, int], *, home_right: bool, panel: bool) -> None:
        self.size, self.home_right, self.panel = size, home_right, panel
        wide, high = size
        self.unit = max(11, round(min(wide / 64, high / 41)))
        self.margin = max(6, round(0.6 * self.unit))
        self._place_column(wide, high)
        self._place_halves()
        self._place_column_parts()

    # ---- where the parts of the window lie

    def _place_column(self, wide: int, high: int) -> None:
        """Give the board and the column at its right their shares of the window."""
        u, m = self.unit, self.margin
        column = round(min(0.345 * wide, 22 * u) if self.panel else min(0.21 * wide, 13.5 * u))
        message = round(2 * u)
        row = round(2.2 * u)
        band = 2 * row + 2 * m if self.panel else 0
        room = (wide - column - 3 * m, high - 2 * m - message - band)
        d = max(8, min(room[0] // 16, room[1] // 12) + 2)
        while d > 8 and (self._board_size(d)[0] > room[0] or self._board_size(d)[1] > room[1]):
            d -= 1
        self.diameter, self.radius = d, d / 2
        board_wide, least = self._board_size(d)
        more = max(0, room[1] - least)
        self.reach = self._reach(d) + min(round(0.5 * d), more // 5)
        board_high = min(max(room[1], least), least + round(2.4 * d))
        spare = max(0, wide - column - 3 * m - board_wide)
        column += min(spare, round(0.25 * column))
        left = max(m, (wide - column - board_wide - m) // 2)
        top = max(m, (high - board_high - message - band) // 2)
        self.board: Rect = (left, top, board_wide, board_high)
        below = top + board_high + m // 2
        self.column: Rect = (left + board_wide + m, top, column,
                             board_high + (message + 2 * row + m if band else 0))
        self.message: Rect = (left, below, board_wide, message - m // 2)
        self._band: Rect = (left, below + message, board_wide, 2 * row + m // 2)

    def _board_size(self, d: int) -> tuple[int, int]:
        """Return the smallest width and height of a board of checkers of this diameter."""
        edge, pitch = self._edges(d)
        bar, rail, well = self._breadths(d)
        return (12 * pitch + bar + 2 * (rail + well), 2 * edge + 2 * self._reach(d)
                + round(1.2 * d))

    @staticmethod
    def _edges(d: int) -> tuple[int, int]:
        """Return the breadth of the frame above and below, and that of a point."""
        return max(14, round(0.5 * d)), d + max(1, round(0.05 * d))

    @staticmethod
    def _breadths(d: int) -> tuple[int, int, int]:
        """Return the widths of the bar, of the wood around a rail, and of the rail's well."""
        return round(1.2 * d), round(0.5 * d), round(1.14 * d)

    @staticmethod
    def _reach(d: int) -> int:
        """Return how far a full stack reaches from the frame."""
        return STACK * d + max(1, round(0.12 * d))

    def _place_halves(self) -> None:
        x, y, wide, high = self.board
        d = self.diameter
        self.edge, self.pitch = self._edges(d)
        bar, wood, well = self._breadths(d)
        top, bottom = y + self.edge, y + high - self.edge
        self.field_top, self.field_bottom, self.middle = top, bottom, (top + bottom) // 2
        half = 6 * self.pitch
        left = x + wood + well
        self.halves: tuple[Rect, Rect] = ((left, top, half, bottom - top),
                                          (left + half + bar, top, half, bottom - top))
        self.bar: Rect = (left + half, y, bar, high)
        side = wood // 2
        rails = ((x + side, top, well, bottom - top),
                 (x + wide - side - well, top, well, bottom - top))
        self.cube_rail, self.tray_rail = rails if self.home_right else rails[::-1]

    def _place_column_parts(self) -> None:
        x, y, wide, high = self.column
        u, m = self.unit, self.margin
        card = round(4.1 * u)
        self.cards: tuple[Rect, Rect] = ((x, y + high - card, wide, card), (x, y, wide, card))
        self.match: Rect = (x, y + card + m // 2, wide, round(1.6 * u))
        between = self.match[1] + self.match[3] + m // 2
        self.analysis: Rect = (x, between, wide, y + high - card - m - between)

    # ---- spots

    def column_of(self, point: int) -> int:
        """Return the column of one of the points 0-23: 0-11 from the left."""
        column = 11 - point if point < 12 else point - 12
        return column if self.home_right else 11 - column

    def _column_x(self, column: int) -> int:
        return self.halves[column // 6][0] + column % 6 * self.pitch

    def spot_rect(self, spot: Spot) -> Rect:
        """Return where checkers of a spot may lie: a point, half of the bar, a tray."""
        if spot < 24:
            x = self._column_x(self.column_of(spot))
            y = self.field_bottom - self.reach if spot < 12 else self.field_top
            return x, y, self.pitch, self.reach
        near = spot in (BARS[NEAR], TRAYS[NEAR])
        gap = max(2, round(0.08 * self.diameter))
        if spot in BARS:
            x, _, wide, _ = self.bar
        else:
            x, _, wide, _ = self.tray_rail
        y = self.middle + gap if near else self.field_top
        return x, y, wide, (self.field_bottom if near else self.middle - gap) - y

    @property
    def slab(self) -> int:
        """The thickness of a checker that stands in its tray, in pixels."""
        return max(2, self.spot_rect(TRAYS[NEAR])[3] // CHECKERS)

    def checker_center(self, spot: Spot, owner: int, n: int, of: int) -> Point:
        """Return the middle of the n-th checker, from 0, of those that a spot holds.

        `owner` is whose they are, `of` how many. The sixth and later ones of a stack lie on the
        fifth; in a tray each has its own place.
        """
        x, y, wide, high = self.spot_rect(spot)
        if spot in TRAYS:
            along = min(n, CHECKERS - 1) + 0.5
            middle = (y + high - along * self.slab if spot == TRAYS[NEAR] else y
                      + along * self.slab)
            return round(x + wide / 2), round(middle)
        d, place = self.diameter, min(n, STACK - 1)
        if spot in BARS:
            # From the middle of the board outwards, so that those who enter next lie nearest.
            away = 0.72 * d + place * d * min(1.0, 4.2 / max(min(of, STACK), 1))
            return round(x + wide / 2), round(self.middle + (away if spot == BARS[NEAR] else -away))
        depth = place * d + d // 2 + max(1, round(0.04 * d))
        return x + wide // 2, y + high - depth if spot < 12 else y + depth

    # ---- dice and cube

    def die_rect(self, player: int, n: int, of: int) -> Rect:
        """Return where the n-th of a player's dice lies: the near one's in the right half."""
        x, y, wide, high = self.halves[1 if player == NEAR else 0]
        die = round(0.84 * self.diameter)
        step = die + round(0.26 * self.diameter)
        left = x + wide // 2 - (of * step - (step - die)) // 2
        return left + n * step, self.middle - die // 2, die, die

    def dice_rect(self, player: int, of: int) -> Rect:
        """Return the rectangle around all dice on a player's side."""
        return union(self.die_rect(player, 0, of), self.die_rect(player, of - 1, of))

    def _around_dice(self, player: int, of: int) -> Rect:
        """Return where a click means the dice: a little around them, up to the points."""
        x, y, wide, high = inner(self.dice_rect(player, of), -self.margin)
        top = max(y, self.field_top + self.reach)
        return x, top, wide, min(y + high, self.field_bottom - self.reach) - top

    def cube_rect(self, owner: int | None) -> Rect:
        """Return where the cube lies: in the middle, or before the player who holds it."""
        x, y, wide, high = self.cube_rail
        size = round(0.94 * self.diameter)
        middle = self.middle
        if owner is not None:
            away = round(0.14 * self.diameter) + size // 2
            middle = self.field_bottom - away if owner == NEAR else self.field_top + away
        return x + (wide - size) // 2, middle - size // 2, size, size

    # ---- buttons, panel and dialog

    def button_rects(self, count: int) -> tuple[Rect, ...]:
        """Return the places of so many buttons."""
        if not count:
            return ()
        u = self.unit
        if self.panel:
            x, y, wide, high = self._band
            columns = max(4, math.ceil(count / 2))
        else:
            x, y, wide, high = self.analysis
            columns = 2
        rows = math.ceil(count / columns)
        gap = max(3, round(0.35 * u))
        tall = min(round(2.2 * u), (high + gap) // rows - gap)
        across = (wide + gap) // columns - gap
        top = y if self.panel else y + high - rows * (tall + gap) + gap
        return tuple((x + n % columns * (across + gap), top + n // columns * (tall + gap),
                      across, tall) for n in range(count))

    def panel_plan(self, view: View) -> PanelPlan | None:
        """Return where the parts of the panel lie, ``None`` if it is closed."""
        if view.panel is None or not self.panel:
            return None
        return plan_panel(self.analysis, self.unit, view.panel)

    def dialog_plan(self, view: View) -> DialogPlan | None:
        """Return where the parts of the dialog lie, ``None`` if there is none."""
        return None if view.dialog is None else plan_dialog(self.size, self.unit, view.dialog)

    # ---- targets

    def hit(self, at: tuple[int, int], view: View) -> Target:
        """Return what is under a pixel; with a dialog, nothing but the dialog can be hit."""
        for target, rect in self.targets(view):
            if holds(rect, at):
                return target
        return NOTHING if view.dialog is not None else self._spot_at(at)

    def rect_of(self, target: Target, view: View) -> Rect:
        """Return the rectangle of a target; raises ``LookupError`` if it is not to be seen."""
        if view.dialog is None and target.kind == "spot" and 0 <= target.index < 28:
            return self.spot_rect(target.index)
        for other, rect in self.targets(view):
            if other == target:
                return rect
        raise LookupError(f"{target} is not in the window")

    def targets(self, view: View) -> tuple[tuple[Target, Rect], ...]:
        """Return all that can be hit but the spots, what lies on top first."""
        shown = self.dialog_plan(view)
        found: list[tuple[Target, Rect]] = []
        if shown is not None:
            found += [(Target("choice", n), rect) for n, rect in enumerate(shown.choices)]
            if shown.field is not None:
                found.append((Target("field"), shown.field))
            return (*found, (Target("dialog"), shown.box))
        buttons = self.button_rects(len(view.buttons))
        found += [(Target("button", name=button.name), rect)
                  for button, rect in zip(view.buttons, buttons, strict=True)]
        found += [(Target("dice", player), self._around_dice(player, len(dice)))
                  for player, dice in enumerate(view.dice) if dice]
        found.append((Target("cube"), self.cube_rect(view.cube[1])))
        plan = self.panel_plan(view)
        if plan is not None:
            found += [(Target("hint", n), rect) for n, rect in plan.hints]
            found += [(Target("row", n), rect) for n, rect in plan.rows]
        return tuple(found)

    def _spot_at(self, at: tuple[int, int]) -> Target:
        """Return the spot at a pixel; a point's ends where the other side's begins."""
        x, y = at
        if not self.field_top <= y < self.field_bottom:
            return NOTHING
        near = y >= self.middle
        for rect, spots in ((self.bar, BARS), (self.tray_rail, TRAYS)):
            if rect[0] <= x < rect[0] + rect[2]:
                return Target("spot", spots[NEAR if near else FAR])
        for n, (left, _, wide, _) in enumerate(self.halves):
            if left <= x < left + wide:
                column = 6 * n + (x - left) // self.pitch
                column = column if self.home_right else 11 - column
                return Target("spot", 11 - column if near else 12 + column)
        return NOTHING


@lru_cache(maxsize=16)
def _layout(size: tuple[int, int], home_right: bool, panel: bool) -> Layout:
    return Layout(size, home_right=home_right, panel=panel)


def layout_of(size: tuple[int, int], view: View) -> Layout:
    """Return the layout in which a view is drawn in a window of this size."""
    return _layout(size, view.home_right, view.panel is not None)
