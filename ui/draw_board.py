"""The bare board: wood, field, points and their numbers; drawn once for each size and theme."""

from __future__ import annotations

import math

import numpy as np
import pygame

from ui.draw_shapes import (
    floats,
    grid,
    inside_round,
    plain,
    rounded,
    shadow,
    stretched,
    surface_of,
    triangle,
)
from ui.draw_text import write
from ui.kit import Kit
from ui.rect import Rect, inner
from ui.theme import Colour, mix


def background(kit: Kit) -> pygame.Surface:
    """Return the window with the empty board, without anything that changes during a game."""
    surface = pygame.Surface(kit.layout.size)
    surface.fill(kit.theme.window)
    layout, theme = kit.layout, kit.theme
    x, y, wide, high = layout.board
    blur = max(4, layout.margin)
    cast = shadow(wide, high, 6, blur, 0.35)
    surface.blit(cast, (x - blur, y - blur + max(1, blur // 4)))
    surface.blit(_wood(kit, wide, high), (x, y))
    for rect in layout.halves:
        _sink(surface, kit, rect, theme.field)
        _draw_points(surface, kit, rect)
    for rect in (layout.tray_rail, layout.cube_rail):
        _draw_well(surface, kit, rect)
    _draw_hinge(surface, kit)
    _draw_numbers(surface, kit)
    return surface


def _wood(kit: Kit, wide: int, high: int) -> pygame.Surface:
    """Return the frame's wood: an upright grain, a bright upper and a dark lower edge."""
    theme, d = kit.theme, kit.layout.diameter
    rng = np.random.default_rng(5)
    # One tone a column, from noise at three scales.
    grain = np.zeros(wide)
    for scale, share in ((2, 0.35), (9, 0.4), (40, 0.5)):
        rough = rng.normal(size=wide + scale)
        grain += share * np.convolve(rough, np.ones(scale) / np.sqrt(scale), "valid")[:wide]
    tone = 0.5 + 0.22 * np.tanh(0.8 * grain)[None, :, None]
    light, dark = floats(theme.wood), floats(mix(theme.wood, theme.wood_dark, 0.75))
    row = surface_of(dark + (light - dark) * tone, np.ones((1, wide)))
    wood = pygame.transform.scale(row, (wide, high))
    radius, depth = max(4.0, 0.16 * d), max(2.0, 0.08 * d)
    wood.blit(stretched(_bevel(radius, depth), wide, high), (0, 0))
    wood.blit(rounded(wide, high, radius, (255, 255, 255)), (0, 0),
              special_flags=pygame.BLEND_RGBA_MULT)
    return wood


def _bevel(radius: float, depth: float) -> pygame.Surface:
    """Return the light on a raised edge: white above and to the left, black on the other sides."""
    side = 2 * math.ceil(radius + depth) + 2
    away = inside_round(side, side, radius)
    x, y = grid(side, side)
    white = np.where(x + y < side, 255.0, 0.0)[..., None]
    strength = 0.3 * np.clip(1 - away / depth, 0, 1)
    return surface_of(np.broadcast_to(white, (side, side, 3)), strength)


def _sink(surface: pygame.Surface, kit: Kit, rect: Rect, colour: Colour) -> None:
    """Let a part of the board lie deeper than its frame: a dark line and a soft shadow inside."""
    x, y, wide, high = rect
    surface.fill(colour, rect)
    depth = max(3, round(0.16 * kit.layout.diameter))
    side = 4 * depth + 2
    if side <= min(wide, high):
        away = inside_round(side, side, 0.0)
        near_top = np.clip(1 - grid(side, side)[1] / (1.6 * depth), 0, 1) ** 2
        around = np.clip(1 - away / depth, 0, 1) ** 2
        shade = plain((0, 0, 0), 0.30 * np.maximum(around * 0.7, near_top))
        surface.blit(stretched(shade, wide, high), (x, y))
    pygame.draw.rect(surface, kit.theme.wood_dark, inner(rect, -1), 1)


def _draw_points(surface: pygame.Surface, kit: Kit, rect: Rect) -> None:
    layout, theme = kit.layout, kit.theme
    x, _, _, _ = rect
    tall = layout.reach - max(2, layout.diameter // 3)
    shapes = [triangle(layout.pitch, tall, colour, mix(colour, theme.field, 0.12))
              for colour in theme.points]
    turned = [pygame.transform.flip(shape, False, True) for shape in shapes]
    for n in range(6):
        left = x + n * layout.pitch
        surface.blit(turned[n % 2], (left, layout.field_top))
        surface.blit(shapes[(n + 1) % 2], (left, layout.field_bottom - tall))


def _draw_well(surface: pygame.Surface, kit: Kit, rect: Rect) -> None:
    """Draw a rail: a hollow for checkers at either end, a ledge between them."""
    _sink(surface, kit, rect, kit.theme.well)
    x, _, wide, _ = rect
    ledge = max(2, round(0.08 * kit.layout.diameter))
    middle: Rect = (x, kit.layout.middle - ledge, wide, 2 * ledge)
    if rect == kit.layout.tray_rail:
        surface.fill(mix(kit.theme.wood, kit.theme.wood_dark, 0.3), middle)


def _draw_hinge(surface: pygame.Surface, kit: Kit) -> None:
    """Draw the seam in the middle of the bar, where the board folds."""
    x, y, wide, high = kit.layout.bar
    middle = x + wide // 2
    surface.fill(mix(kit.theme.wood, kit.theme.wood_dark, 0.9), (middle - 1, y, 1, high))
    surface.fill(mix(kit.theme.wood, kit.theme.wood_ink, 0.15), (middle, y, 1, high))


def _draw_numbers(surface: pygame.Surface, kit: Kit) -> None:
    layout = kit.layout
    size = max(9, round(0.56 * layout.edge))
    for point in range(24):
        x, _, wide, _ = layout.spot_rect(point)
        y = layout.field_bottom if point < 12 else layout.board[1]
        write(surface, str(point + 1), (x, y, wide, layout.edge), size, kit.theme.wood_ink,
              align=0.5)

