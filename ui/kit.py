"""What every drawing function is given: the layout, the colours, and a store of finished pieces."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

import pygame

from ui.draw_shapes import rounded
from ui.layout import Layout
from ui.rect import Rect
from ui.theme import Colour, Theme

_MOST = 600


class Kit:
    """Layout, theme and cached pieces of one window size; pieces are never drawn on again."""

    def __init__(self, layout: Layout, theme: Theme) -> None:
        self.layout, self.theme = layout, theme
        self._pieces: OrderedDict[Hashable, pygame.Surface] = OrderedDict()

    def piece(self, key: Hashable, make: Callable[[], pygame.Surface]) -> pygame.Surface:
        """Return the piece of a key, made at its first use and again when long unused."""
        found = self._pieces.get(key)
        if found is None:
            found = self._pieces[key] = make()
            if len(self._pieces) > _MOST:
                self._pieces.popitem(last=False)
        else:
            self._pieces.move_to_end(key)
        return found

    def box(
        self, surface: pygame.Surface, rect: Rect, fill: Colour, edge: Colour | None = None, *,
        thick: float = 1.0, radius: float | None = None, alpha: float = 1.0,
    ) -> None:
        """Draw a rectangle with round corners."""
        x, y, wide, high = rect
        if wide <= 0 or high <= 0:
            return
        round_by = max(3.0, 0.35 * self.layout.unit) if radius is None else radius
        key = ("box", wide, high, round_by, fill, edge, thick, alpha)
        surface.blit(self.piece(key, lambda: rounded(wide, high, round_by, fill, edge, thick,
                                                     alpha)), (x, y))


def centred(surface: pygame.Surface, piece: pygame.Surface, at: tuple[float, float]) -> None:
    """Draw a piece with its middle at a point."""
    wide, high = piece.get_size()
    surface.blit(piece, (round(at[0] - wide / 2), round(at[1] - high / 2)))
