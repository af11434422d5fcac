"""The checkers: on points, on the bar, in the trays, in the hand and on their way."""

from __future__ import annotations

import math

import numpy as np
import pygame

from ui.draw_shapes import Floats, floats, grid, inside_round, plain, surface_of
from ui.draw_text import write
from ui.kit import Kit, centred
from ui.layout import STACK
from ui.view import BARS, FAR, NEAR, SPOTS, TRAYS, Flying, Spot, View


def draw_checkers(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw all checkers that lie still."""
    for spot in range(SPOTS):
        if spot in TRAYS:
            _draw_tray(surface, view, kit, spot)
            continue
        owners = (BARS.index(spot),) if spot in BARS else (NEAR, FAR)
        for owner in owners:
            _draw_stack(surface, kit, spot, owner, view.counts[owner][spot])


def draw_moving(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw the checkers on their way, and over all the one in the hand."""
    for flying in view.flying:
        at, height = place_of(flying, view, kit)
        _draw_raised(surface, kit, flying.owner, at, height)
    if view.lifted is not None:
        _draw_raised(surface, kit, view.lifted.owner, view.lifted.at, 1.0)


def place_of(flying: Flying, view: View, kit: Kit) -> tuple[tuple[float, float], float]:
    """Return where a checker on its way is, and how high it is raised, 0 to 1.

    It leaves slowly, passes quickly and arrives slowly.
    """
    layout, owner = kit.layout, flying.owner
    t = min(max(flying.progress, 0.0), 1.0)
    t = t * t * (3 - 2 * t)
    left, there = view.counts[owner][flying.source], view.counts[owner][flying.target]
    start = layout.checker_center(flying.source, owner, left, left + 1)
    end = layout.checker_center(flying.target, owner, there, there + 1)
    at = (start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t)
    return at, math.sin(math.pi * t)


def _draw_stack(surface: pygame.Surface, kit: Kit, spot: Spot, owner: int, count: int) -> None:
    image = checker(kit, owner)
    for n in range(min(count, STACK)):
        centred(surface, image, kit.layout.checker_center(spot, owner, n, count))
    if count > STACK:
        x, y = kit.layout.checker_center(spot, owner, STACK - 1, count)
        half = kit.layout.diameter // 2
        write(surface, str(count), (x - half, y - half, 2 * half, 2 * half),
              round(0.5 * kit.layout.diameter), kit.theme.inks[owner], bold=True, align=0.5)


def _draw_raised(
    surface: pygame.Surface, kit: Kit, owner: int, at: tuple[float, float], height: float
) -> None:
    d = kit.layout.diameter
    cast = kit.piece(("cast", d), lambda: _cast(d))
    away = (0.05 + 0.16 * height) * d
    centred(surface, cast, (at[0] + 0.6 * away, at[1] + away))
    centred(surface, checker(kit, owner), at)


def _cast(d: int) -> pygame.Surface:
    """Return the soft shadow of a raised checker."""
    size = round(1.5 * d)
    x, y = grid(size, size)
    away = np.hypot(x - size / 2, y - size / 2)
    return plain((0, 0, 0), 0.42 * np.clip((0.62 * d - away) / (0.24 * d), 0, 1) ** 1.5)


def checker(kit: Kit, owner: int) -> pygame.Surface:
    """Return a checker of a player, with a little shadow, in the middle of its surface."""
    return kit.piece(("checker", owner), lambda: make_checker(kit, owner, kit.layout.diameter))


def make_checker(kit: Kit, owner: int, d: int) -> pygame.Surface:
    """Return a turned checker: a raised rim, a groove, a slightly hollow middle, lit from above."""
    body, rim = floats(kit.theme.checkers[owner]), floats(kit.theme.rims[owner])
    size = d + 2 * max(2, round(0.1 * d))
    r = d / 2 - 0.4
    x, y = grid(size, size)
    dx, dy = (x - size / 2) / r, (y - size / 2) / r
    rho = np.hypot(dx, dy)
    light = -(0.45 * dx + 0.89 * dy)
    dark_one = body.mean() < 128
    gain = 0.34 if dark_one else 0.10
    soft = 1.2 / r

    def band(inside: float, outside: float) -> Floats:
        """Return 1 between two radii, with smooth edges."""
        return (np.clip((rho - inside) / soft + 0.5, 0, 1)
                * np.clip((outside - rho) / soft + 0.5, 0, 1))

    tone = 1 + gain * light * np.where(rho > 0.7, 1.3, 0.5 - 1.1 * rho)
    tone = tone + (0.10 if not dark_one else 0.55) * np.clip(
        1 - np.hypot(dx + 0.28, dy + 0.42) / 0.75, 0, 1) ** 2 * (0.35 if dark_one else 0.3)
    groove = band(0.66, 0.73)
    tone = tone * (1 - (0.38 if dark_one else 0.15) * groove * np.clip(0.6 + 0.6 * light, 0.1, 1.2))
    tone = tone + (0.5 if dark_one else 0.04) * band(0.73, 0.78) * np.clip(light, 0, 1)
    share = np.clip((rho - 0.9) / 0.08, 0, 1)[..., None]
    colour = (body * (1 - share) + rim * share) * tone[..., None]
    cover = np.clip((1 - rho) * r + 0.5, 0, 1)
    low = np.hypot(x - size / 2 - 0.02 * d, y - size / 2 - 0.05 * d)
    cast = 0.38 * np.clip((r + 0.05 * d - low) / (0.09 * d), 0, 1)
    alpha = cover + (1 - cover) * cast
    colour = colour * (cover / np.maximum(alpha, 1e-6))[..., None]
    return surface_of(colour, alpha)


def _draw_tray(surface: pygame.Surface, view: View, kit: Kit, tray: Spot) -> None:
    """Draw the checkers borne off: slabs seen from the side, and their number beside the last."""
    owner = TRAYS.index(tray)
    count = view.counts[owner][tray]
    layout = kit.layout
    x, _, wide, _ = layout.spot_rect(tray)
    for n in range(count):
        at = layout.checker_center(tray, owner, n, count)
        centred(surface, slab(kit, owner), at)
    if count:
        high = round(0.5 * layout.diameter)
        _, y = layout.checker_center(tray, owner, count - 1, count)
        top = y - layout.slab // 2 - high if owner == NEAR else y + layout.slab // 2
        if count < 12:
            write(surface, str(count), (x, top, wide, high), round(0.36 * layout.diameter),
                  kit.theme.wood_ink, align=0.5)


def slab(kit: Kit, owner: int) -> pygame.Surface:
    """Return a checker seen from the side, as it stands in a tray."""
    wide, high = round(0.92 * kit.layout.tray_rail[2]), kit.layout.slab
    return kit.piece(("slab", owner), lambda: _slab(kit, owner, wide, high))


def _slab(kit: Kit, owner: int, wide: int, high: int) -> pygame.Surface:
    body, rim = kit.theme.checkers[owner], kit.theme.rims[owner]
    away = inside_round(wide, high, min(0.3 * high, 6.0))
    # The side of a disc lies like a cylinder under the light: bright above, dark below.
    down = (np.arange(high, dtype=np.float32)[:, None, None] + 0.5) / high
    bright = np.exp(-((down - 0.28) / 0.16) ** 2)
    edge = np.clip(1.5 - away, 0, 1)[..., None]
    colour = floats(body) * (1 - 0.5 * down) + floats(rim) * 0.5 * down
    colour = colour + (255 - colour) * bright * (0.16 if sum(body) < 384 else 0.5)
    colour = colour * (1 - 0.22 * np.clip((down - 0.7) / 0.3, 0, 1)) * (1 - 0.4 * edge)
    return surface_of(colour, np.clip(away + 0.5, 0, 1))
