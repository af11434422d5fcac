"""Shapes with smooth edges: coverage of each pixel from its distance to the shape's edge.

Every function here returns a new surface with an alpha channel; callers keep them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pygame

from ui.theme import Colour

Floats = npt.NDArray[np.floating]


def floats(colour: Colour) -> Floats:
    """Return a colour as float32[3]."""
    return np.array(colour, np.float32)


def surface_of(colour: Floats, alpha: Floats) -> pygame.Surface:
    """Return a surface of colours [height, width, 3] (0 to 255) and coverages (0 to 1)."""
    high, wide = alpha.shape
    pixels = np.empty((high, wide, 4), np.uint8)
    pixels[..., :3] = np.clip(colour + 0.5, 0, 255)
    pixels[..., 3] = np.clip(alpha, 0, 1) * 255 + 0.5
    return pygame.image.frombuffer(pixels.tobytes(), (wide, high), "RGBA").copy()


def grid(wide: int, high: int) -> tuple[Floats, Floats]:
    """Return the coordinates x[1, width] and y[height, 1] of the middles of pixels."""
    return (np.arange(wide, dtype=np.float32)[None] + 0.5,
            np.arange(high, dtype=np.float32)[:, None] + 0.5)


def plain(colour: Colour, alpha: Floats) -> pygame.Surface:
    """Return a surface of one colour with these coverages."""
    return surface_of(np.broadcast_to(floats(colour), (*alpha.shape, 3)), alpha)


def inside_round(wide: int, high: int, radius: float, pad: float = 0.0) -> Floats:
    """Return the distance of each pixel to the edge of a rounded rectangle, positive inside."""
    x, y = grid(wide, high)
    across = np.abs(x - wide / 2) - (wide / 2 - pad - radius)
    down = np.abs(y - high / 2) - (high / 2 - pad - radius)
    outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    within = np.minimum(np.maximum(across, down), 0)
    return (radius - outside - within)


def disc(diameter: float, colour: Colour, alpha: float = 1.0) -> pygame.Surface:
    """Return a disc, in a square one or two pixels wider."""
    size = math.ceil(diameter) + 2
    x, y = grid(size, size)
    away = diameter / 2 - np.hypot(x - size / 2, y - size / 2)
    return plain(colour, alpha * np.clip(away + 0.5, 0, 1))


def ring(diameter: float, thick: float, colour: Colour, glow: float = 0.0) -> pygame.Surface:
    """Return a ring of an outer diameter; `glow` pixels of fading light around and inside it."""
    size = math.ceil(diameter + 2 * glow) + 2
    x, y = grid(size, size)
    away = np.abs(np.hypot(x - size / 2, y - size / 2) - (diameter - thick) / 2) - thick / 2
    alpha = np.clip(0.5 - away, 0, 1)
    if glow:
        alpha = np.maximum(alpha, 0.55 * np.clip(1 - away / glow, 0, 1) ** 2)
    return plain(colour, alpha)


def rounded(
    wide: int, high: int, radius: float, fill: Colour, edge: Colour | None = None,
    thick: float = 1.0, alpha: float = 1.0,
) -> pygame.Surface:
    """Return a filled rectangle with round corners and perhaps an edge of another colour."""
    wide, high = max(wide, 1), max(high, 1)
    radius = min(radius, wide / 2, high / 2)
    k = min(math.ceil(radius + thick) + 1, wide // 2, high // 2)
    # Only the corners need their distances: the rest is stretched from them.
    away = inside_round(2 * k, 2 * k, radius) if k else np.ones((1, 1), np.float32)
    cover = np.clip(away + 0.5, 0, 1)
    within = np.clip(away - thick + 0.5, 0, 1)[..., None]
    colour = floats(fill) * within + floats(fill if edge is None else edge) * (1 - within)
    small = surface_of(colour, cover * alpha)
    return stretched(small, wide, high) if k else small


def stretched(small: pygame.Surface, wide: int, high: int) -> pygame.Surface:
    """Return a larger surface with the corners of a small square one, its middle drawn out."""
    k = small.get_width() // 2
    result = pygame.Surface((wide, high), pygame.SRCALPHA)
    middle = pygame.Surface((wide, 2 * k), pygame.SRCALPHA)
    middle.blit(small, (0, 0), (0, 0, k, 2 * k))
    middle.blit(small, (wide - k, 0), (k, 0, k, 2 * k))
    if wide > 2 * k:
        column = small.subsurface((k - 1, 0, 1, 2 * k))
        middle.blit(pygame.transform.scale(column, (wide - 2 * k, 2 * k)), (k, 0))
    result.blit(middle, (0, 0), (0, 0, wide, k))
    result.blit(middle, (0, high - k), (0, k, wide, k))
    if high > 2 * k:
        strip = pygame.transform.scale(middle.subsurface((0, k - 1, wide, 1)), (wide, high - 2 * k))
        result.blit(strip, (0, k))
    return result


def shadow(wide: int, high: int, radius: float, blur: int, strength: float) -> pygame.Surface:
    """Return the soft shadow of a rounded rectangle, `blur` pixels larger on each side."""
    k = math.ceil(radius) + 2 * blur
    side = 2 * k + 2
    away = inside_round(side, side, radius + blur / 2, pad=blur / 2)
    small = plain((0, 0, 0), strength * np.clip((away + blur / 2) / (1.5 * blur), 0, 1) ** 2)
    return stretched(small, max(wide + 2 * blur, side), max(high + 2 * blur, side))


def triangle(wide: int, high: int, colour: Colour, lighter: Colour) -> pygame.Surface:
    """Return a point of the board with its tip up, shaded towards the tip, with a thin edge."""
    x, y = grid(wide, high)
    half = wide / 2 - 0.5
    slope = math.hypot(high, half)
    away = (half * y - high * np.abs(x - wide / 2)) / slope
    # The tip is cut round where the sides are closer than a pixel or two.
    share = (y / high)[..., None]
    body = floats(lighter) * (1 - share) + floats(colour) * share
    side = np.clip((x - wide / 2) / (half + 1), -1, 1)[..., None]
    body = body * (1 + 0.05 * -side)
    edge = np.clip(1.6 - away, 0, 1)[..., None] * 0.16
    body = body * (1 - edge)
    return surface_of(body, np.clip(away + 0.5, 0, 1))


def arrow(length: float, thick: float, colour: Colour, edge: Colour) -> pygame.Surface:
    """Return an arrow to the right, drawn at double size, to be turned and halved."""
    s = 2
    head = min(2.6 * thick, 0.5 * length)
    wide, high = round(s * (length + 4)), round(s * (2.9 * thick + 4))
    x, y = grid(wide, high)
    x, y = x / s - 2, np.abs(y / s - high / s / 2)
    neck = length - head
    taper = thick / 2 * (0.55 + 0.45 * np.clip(x / max(neck, 1), 0, 1))
    shaft = np.minimum(np.minimum(taper - y, x), neck + 1 - x)
    half = 1.3 * thick
    slope = math.hypot(head, half)
    point = np.minimum((half * (length - x) - head * y) / slope, x - neck)
    away = np.maximum(shaft, point) * s
    cover = np.clip(away + 0.5, 0, 1)
    within = np.clip(away - 1.2 * s + 0.5, 0, 1)[..., None]
    body = floats(colour) * within + floats(edge) * (1 - within)
    return surface_of(body, cover)
