"""The board window as a picture: a ``View`` drawn by pygame, whatever has not changed copied."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import pygame

from ui.draw_board import background
from ui.draw_checkers import draw_checkers, draw_moving
from ui.draw_dialog import draw_dialog
from ui.draw_dice import draw_cube, draw_dice
from ui.draw_marks import (
    draw_arrows,
    draw_editing,
    draw_lit,
    draw_lit_places,
    draw_movable,
)
from ui.draw_panel import draw_panel
from ui.draw_side import draw_side
from ui.draw_units import draw_gates, draw_units
from ui.kit import Kit
from ui.layout import layout_of
from ui.theme import theme_of
from ui.view import View

_KITS = 3


class Painter:
    """Draws views; keeps what it has made for the last few sizes and themes.

    ``size`` is that of the surfaces that ``frame`` returns; ``draw`` takes a surface of any size.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self._still: tuple[View | None, pygame.Surface] | None = None
        self._kits: OrderedDict[tuple[tuple[int, int], str, bool, bool], Kit] = OrderedDict()

    def draw(self, view: View, surface: pygame.Surface) -> None:
        """Draw a view over the whole of a surface."""
        kit = self._kit(view, surface.get_size())
        rest = replace(view, flying=(), lifted=None, dialog=None)
        if self._still is None or self._still[1].get_size() != surface.get_size():
            self._still = None, pygame.Surface(surface.get_size())
        drawn, still = self._still
        if drawn != rest:
            self._draw_still(rest, still, kit)
            self._still = rest, still
        surface.blit(still, (0, 0))
        draw_moving(surface, view, kit)
        draw_dialog(surface, view, kit)

    @staticmethod
    def _draw_still(view: View, surface: pygame.Surface, kit: Kit) -> None:
        """Draw all but the checkers that move and the dialog: what stays while these change."""
        surface.blit(kit.piece(("board",), lambda: background(kit)), (0, 0))
        draw_units(surface, view, kit)
        draw_lit(surface, view, kit)
        draw_cube(surface, view, kit)
        draw_checkers(surface, view, kit)
        draw_movable(surface, view, kit)
        draw_dice(surface, view, kit)
        draw_lit_places(surface, view, kit)
        draw_gates(surface, view, kit)
        draw_arrows(surface, view, kit)
        if view.editing:
            draw_editing(surface, kit)
        draw_side(surface, view, kit)
        draw_panel(surface, view, kit)

    def frame(self, view: View) -> pygame.Surface:
        """Return a new surface with a view."""
        surface = pygame.Surface(self.size)
        self.draw(view, surface)
        return surface

    def _kit(self, view: View, size: tuple[int, int]) -> Kit:
        key = (size, view.theme, view.home_right, view.panel is not None)
        kit = self._kits.get(key)
        if kit is None:
            kit = self._kits[key] = Kit(layout_of(size, view), theme_of(view.theme))
            if len(self._kits) > _KITS:
                self._kits.popitem(last=False)
        else:
            self._kits.move_to_end(key)
        return kit
