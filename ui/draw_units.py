"""What a unit of a convolutional net sees, marked on the board, and how its layer's gates stand."""

from __future__ import annotations

from functools import partial

import pygame

from ui.draw_marks import veil
from ui.draw_shapes import disc, ring
from ui.draw_text import write
from ui.kit import Kit, centred
from ui.rect import Rect
from ui.theme import mix
from ui.view import Spot, View

_STEPS = 50


def draw_units(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Mark what the unit sees: coloured points and numbers; of what it passes over, hollow ones.

    To be drawn under the checkers.
    """
    if view.units is None:
        return
    for spot in (*view.units.used, *view.units.holes):
        own, uses = spot == view.units.unit, spot in view.units.used
        if uses:
            surface.blit(veil(kit, kit.theme.accent, 0.95 if own else 0.68, spot >= 12),
                         kit.layout.spot_rect(spot)[:2])
        _draw_number(surface, kit, spot, own, uses)


def _draw_number(surface: pygame.Surface, kit: Kit, spot: Spot, own: bool, uses: bool) -> None:
    """Draw the number of a point that is seen, the unit's own inverted, of a hole in a frame."""
    theme, layout = kit.theme, kit.layout
    x, _, wide, _ = layout.spot_rect(spot)
    rect: Rect = (x, _frame(kit, spot) + 1, wide, layout.edge - 2)
    thick = max(1.5, layout.edge / 12)
    size = max(9, round(0.56 * layout.edge))
    if own:
        fill, ink = theme.cube, theme.cube_ink
    elif uses:
        fill, ink = theme.accent, theme.accent_ink
    else:
        fill, ink = theme.wood_dark, theme.wood_ink
    edge = mix(theme.accent, (255, 255, 255), 0.25)
    kit.box(surface, rect, fill, edge, thick=thick, radius=layout.edge / 5)
    write(surface, str(spot + 1), rect, size, ink, bold=own, align=0.5)


def _frame(kit: Kit, spot: Spot) -> int:
    """Return where the frame begins on which the number of a point stands."""
    return kit.layout.field_bottom if spot < 12 else kit.layout.board[1]


def draw_gates(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Put a disc at the tip of each point, as large in its ring as the gates there are open."""
    if view.units is None or not view.units.open:
        return
    d = max(8.0, 0.46 * kit.layout.diameter)
    for spot, share in enumerate(view.units.open):
        x, y, wide, high = kit.layout.spot_rect(spot)
        step = round(_STEPS * min(max(share, 0.0), 1.0))
        piece = kit.piece(("gate", step, d), partial(_gate, kit, step / _STEPS, d))
        centred(surface, piece, (x + wide / 2, y if spot < 12 else y + high))


def _gate(kit: Kit, share: float, d: float) -> pygame.Surface:
    """Return a ring with a disc of that share of the room in it."""
    image = disc(d, kit.theme.field, 0.9)
    middle = image.get_width() / 2, image.get_height() / 2
    ink = mix(kit.theme.accent, kit.theme.text, 0.35)
    if share > 0:
        centred(image, disc(0.78 * d * share ** 0.5, ink), middle)
    centred(image, ring(d, max(1.0, d / 12), ink), middle)
    return image
