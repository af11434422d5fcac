"""Where the parts of a dialog lie: its text is laid out at the largest size at which all fits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ui.rect import Rect
from ui.text_size import LINE, key_text, width, wrap
from ui.view import Dialog

_SMALLEST_TEXT = 5
_GAP = 1.5
"""Between the columns of a table and, twice, between those of the text; in sizes of the font."""


@dataclass(frozen=True)
class Cell:
    """A piece of text in its place, at its left end or, as numbers in a column, at its right."""

    text: str
    rect: Rect
    bold: bool = False
    right: bool = False


@dataclass(frozen=True)
class DialogPlan:
    """The parts of a dialog; ``text`` is the size of its text, ``cells`` that of its lines."""

    box: Rect
    text: int
    title: Rect
    cells: tuple[Cell, ...]
    field: Rect | None
    error: tuple[Cell, ...]
    choices: tuple[Rect, ...]


@dataclass(frozen=True)
class _Line:
    """A line after wrapping: its cells, one if it is no row of a table; or a heading of rows."""

    cells: tuple[str, ...]
    heading: bool = False


@lru_cache(maxsize=64)
def plan_dialog(window: tuple[int, int], unit: int, dialog: Dialog) -> DialogPlan:
    """Lay out a dialog in the middle of a window; `unit` is the size of the window's text."""
    room = (round(0.95 * window[0]), round(0.95 * window[1]))
    for size in range(unit, _SMALLEST_TEXT - 1, -1):
        for columns in (1, 2, 3):
            plan = _Draft(dialog, size, columns, room)
            if plan.wide <= room[0] and plan.high <= room[1]:
                return plan.placed(window)
    return plan.placed(window)


class _Draft:
    """A dialog at a font size with its text in so many columns: how large it would be."""

    def __init__(self, dialog: Dialog, size: int, columns: int, room: tuple[int, int]) -> None:
        self.dialog, self.size = dialog, size
        self.pad = round(1.3 * size)
        self.line = round(LINE * size)
        self.title = round(1.25 * size)
        most = (room[0] - 2 * self.pad - (columns - 1) * 2 * _GAP * size) / columns
        self.text_wide = min(most, 46.0 * size)
        self._wrap_lines(columns)
        self.button_high = round(2.2 * size)
        self.button_gap = round(0.6 * size)
        body = columns * self.column_wide + (columns - 1) * 2 * _GAP * size
        wide_field = 26 * size if dialog.field is not None or dialog.error else 0
        least = max(body, width(dialog.title, self.title, True), wide_field,
                    self._arrange_choices(room[0] - 2 * self.pad))
        self.inside = math.ceil(least)
        self.wide = self.inside + 2 * self.pad
        self.error = (wrap(dialog.error, size, self.inside) if dialog.error else [])
        self._heights()

    def _wrap_lines(self, columns: int) -> None:
        """Break the lines, find the widths of the tables' columns, and share out the lines."""
        size = self.size
        tables = [line.split("\t") for line in self.dialog.lines if "\t" in line]
        cells = max((len(cells) for cells in tables), default=0)
        self.cell_wide = [max(width(row[n], size) for row in tables if n < len(row))
                          for n in range(cells)]
        table_wide = sum(self.cell_wide) + max(0, cells - 1) * _GAP * size
        last_room = self.text_wide - (table_wide - self.cell_wide[-1]) if cells else 0.0
        if cells and table_wide > self.text_wide and last_room > 12 * size:
            self.cell_wide[-1] = last_room
            table_wide = self.text_wide
        self.rows: list[_Line] = []
        lines = self.dialog.lines
        for n, line in enumerate(lines):
            if "\t" not in line:
                heading = bool(line) and n + 1 < len(lines) and "\t" in lines[n + 1]
                room = self.text_wide / (1.14 if heading else 1)
                self.rows += [_Line((piece,), heading) for piece in wrap(line, size, room)]
                continue
            *head, tail = line.split("\t")
            pieces = (wrap(tail, size, self.cell_wide[-1]) if len(head) == cells - 1 else [tail])
            self.rows.append(_Line((*head, pieces[0])))
            self.rows += [_Line((*[""] * len(head), piece)) for piece in pieces[1:]]
        prose = max((width(row.cells[0], size, row.heading) for row in self.rows
                     if len(row.cells) == 1), default=0.0)
        self.column_wide = max(table_wide, prose)
        self.numeric = [_is_numeric([row[n] for row in tables if n < len(row)])
                        for n in range(cells)]
        self.flow = _flow(self.rows, columns)
        self.per_column = max((len(part) for part in self.flow), default=0)

    def _choice_wide(self, n: int) -> float:
        choice = self.dialog.choices[n]
        shown = key_text(choice.key)
        key = width(shown, 0.74 * self.size) + self.size if shown else 0.0
        return max(width(choice.label, self.size) + key + 1.4 * self.size, 5.0 * self.size)

    def _arrange_choices(self, room: float) -> float:
        """Put the choices into one row, or equally wide into several; return how wide that is."""
        each = [self._choice_wide(n) for n in range(len(self.dialog.choices))]
        gap = self.button_gap
        total = sum(each) + max(0, len(each) - 1) * gap
        widest = max(each, default=0.0)
        self.choice_wide, self.in_row = each, max(1, len(each))
        if total > min(room, 48 * self.size):
            most = min(room, max((40.0 if len(each) <= 12 else 62.0) * self.size, widest))
            self.in_row = max(1, int((most + gap) // (widest + gap)))
            # Rows of the same length, as far as that goes.
            rows = math.ceil(len(each) / self.in_row)
            self.in_row = math.ceil(len(each) / rows)
            self.choice_wide = [widest] * len(each)
            total = self.in_row * (widest + gap) - gap
        self.choice_rows = [list(range(n, min(n + self.in_row, len(each))))
                            for n in range(0, len(each), self.in_row)]
        return total

    def _heights(self) -> None:
        size = self.size
        self.field_high = round(2.0 * size)
        self.high = 2 * self.pad + round(LINE * self.title)
        if self.rows:
            self.high += round(0.5 * size) + self.per_column * self.line
        if self.dialog.field is not None:
            self.high += size + self.field_high
        if self.error:
            self.high += size // 2 + len(self.error) * self.line
        if self.choice_rows:
            self.high += size + len(self.choice_rows) * (self.button_high + self.button_gap)
            self.high -= self.button_gap

    def placed(self, window: tuple[int, int]) -> DialogPlan:
        """Put everything into the middle of the window."""
        size = self.size
        left, top = (window[0] - self.wide) // 2, (window[1] - self.high) // 2
        x, y = left + self.pad, top + self.pad
        title: Rect = (x, y, self.inside, round(LINE * self.title))
        y += title[3]
        cells: tuple[Cell, ...] = ()
        if self.rows:
            y += round(0.5 * size)
            cells = self._cells(x, y)
            y += self.per_column * self.line
        field: Rect | None = None
        if self.dialog.field is not None:
            field = (x, y + size, self.inside, self.field_high)
            y += size + self.field_high
        error: tuple[Cell, ...] = ()
        if self.error:
            y += size // 2
            error = tuple(Cell(text, (x, y + n * self.line, self.inside, self.line))
                          for n, text in enumerate(self.error))
            y += len(self.error) * self.line
        return DialogPlan((left, top, self.wide, self.high), size, title, cells, field, error,
                          self._choices(x, y + size))

    def _cells(self, x: int, y: int) -> tuple[Cell, ...]:
        cells = []
        for column, part in enumerate(self.flow):
            left = x + round(column * (self.column_wide + 2 * _GAP * self.size))
            for down, row in enumerate(part):
                top = y + down * self.line
                if len(row.cells) == 1:
                    place = (left, top, math.ceil(self.column_wide), self.line)
                    cells.append(Cell(row.cells[0], place, row.heading))
                    continue
                across = float(left)
                for text, wide, right in zip(row.cells, self.cell_wide, self.numeric,
                                             strict=False):
                    place = (round(across), top, math.ceil(wide), self.line)
                    cells.append(Cell(text, place, right=right))
                    across += wide + _GAP * self.size
        return tuple(cell for cell in cells if cell.text)

    def _choices(self, x: int, y: int) -> tuple[Rect, ...]:
        rects: list[Rect] = []
        longest = sum(self.choice_wide[:self.in_row]) + (self.in_row - 1) * self.button_gap
        for row in self.choice_rows:
            across = x + max(0.0, (self.inside - longest) / 2)
            for n in row:
                rects.append((round(across), y, int(self.choice_wide[n]), self.button_high))
                across += self.choice_wide[n] + self.button_gap
            y += self.button_high + self.button_gap
        return tuple(rects)


def _is_numeric(column: list[str]) -> bool:
    """Whether most of a table's column, but for its head, are numbers."""
    body = [cell for cell in column[1:] if cell]
    numbers = [cell for cell in body if cell.lstrip("+-−")[:1].isdigit() and "/" not in cell]
    return bool(body) and 2 * len(numbers) > len(body)


def _flow(rows: list[_Line], columns: int) -> list[list[_Line]]:
    """Share lines out to columns as short as can be; none ends in a heading or begins empty.

    The columns break between groups, at empty lines, if that makes them little longer.
    """
    if not rows:
        return []
    least = math.ceil(len(rows) / columns)
    groups, pieces = _pieces(rows, _begins_group), _pieces(rows, _begins_piece)
    for parts, longest in ((groups, round(1.2 * least)), (pieces, len(rows))):
        for most in range(least, longest + 1):
            packed = _pack(parts, most)
            if len(packed) <= columns and max(map(len, packed)) <= most:
                return packed
    return [rows]


def _begins_group(rows: list[_Line], n: int) -> bool:
    return rows[n].cells == ("",) or rows[n].heading and rows[n - 1].cells != ("",)


def _begins_piece(rows: list[_Line], n: int) -> bool:
    """Whether a column may begin here: not within a broken row, nor right below a heading."""
    continued = len(rows[n].cells) > 1 and not any(rows[n].cells[:-1])
    return not continued and not rows[n - 1].heading


def _pieces(
    rows: list[_Line], begins: Callable[[list[_Line], int], bool]
) -> list[list[_Line]]:
    """Cut lines into what has to stay together."""
    pieces = [[rows[0]]]
    for n in range(1, len(rows)):
        if begins(rows, n):
            pieces.append([])
        pieces[-1].append(rows[n])
    return pieces


def _pack(pieces: list[list[_Line]], most: int) -> list[list[_Line]]:
    """Fill columns of at most so many lines, if no piece is longer, one after the other."""
    parts: list[list[_Line]] = [[]]
    for piece in pieces:
        if parts[-1] and len(parts[-1]) + len(piece) > most:
            parts.append([])
        # An empty line parts what is above from what is below: at the top it says nothing.
        parts[-1] += piece if parts[-1] or piece[0].cells != ("",) else piece[1:]
    return parts
