"""The dice and the doubling cube."""

from __future__ import annotations

import numpy as np
import pygame

from ui.draw_shapes import disc, floats, inside_round, plain, ring, surface_of
from ui.draw_text import write
from ui.kit import Kit, centred
from ui.theme import Colour, mix
from ui.view import NEAR, View

_PIPS: dict[int, tuple[tuple[int, int], ...]] = {
    0: (),
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
    6: ((-1, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (1, 1)),
}
"""Where the pips of each number lie, in steps from the middle."""

_IN_THE_MIDDLE = 64
"""What a cube shows that nobody has turned yet."""


def draw_dice(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw the dice of both sides: used ones faded, those lit that a click throws or confirms."""
    for player, dice in enumerate(view.dice):
        for n, die in enumerate(dice):
            x, y, size, _ = kit.layout.die_rect(player, n, len(dice))
            if not die.value or view.ready:
                glow = kit.piece(("glow",), lambda: _glow(kit))
                centred(surface, glow, (x + size / 2, y + size / 2))
            image = die_image(kit, player, die.value, die.used and not view.ready)
            surface.blit(image, (x - (image.get_width() - size) // 2,
                                 y - (image.get_height() - size) // 2))


def die_image(kit: Kit, player: int, value: int, used: bool) -> pygame.Surface:
    """Return a die of a player, a few pixels larger than its rectangle for its shadow."""
    size = kit.layout.die_rect(player, 0, 1)[2]
    return kit.piece(("die", player, value, used), lambda: _die(kit, player, value, used, size))


def _die(kit: Kit, player: int, value: int, used: bool, size: int) -> pygame.Surface:
    ink = kit.theme.inks[player] if value else kit.theme.accent
    image = _block(size, kit.theme.checkers[player], kit.theme.rims[player])
    dot = disc(max(3.0, 0.185 * size), ink)
    middle = image.get_width() / 2
    for across, down in _PIPS[value]:
        centred(image, dot, (middle + 0.265 * size * across, middle + 0.265 * size * down))
    if used:
        image.set_alpha(105)
    return image


def _block(size: int, body: Colour, rim: Colour) -> pygame.Surface:
    """Return a die or a cube without anything on it: round edges, lit from above, a shadow."""
    pad = max(2, round(0.08 * size))
    whole = size + 2 * pad
    away = inside_round(whole, whole, 0.2 * size, pad)
    down = (np.arange(whole, dtype=np.float32)[:, None, None] - pad) / size
    edge = np.clip(1 - away / max(1.5, 0.09 * size), 0, 1)[..., None]
    colour = floats(body) * (1 - 0.75 * edge) + floats(rim) * 0.75 * edge
    colour = colour * (1.03 - 0.10 * np.clip(down, 0, 1))
    cover = np.clip(away + 0.5, 0, 1)
    fallen = np.roll(away, (max(1, pad // 2), max(1, pad // 3)), (0, 1))
    cast = 0.45 * np.clip(1 + fallen / pad, 0, 1) ** 2
    alpha = cover + (1 - cover) * cast
    colour = colour * (cover / np.maximum(alpha, 1e-6))[..., None]
    return surface_of(colour, alpha)


def _glow(kit: Kit) -> pygame.Surface:
    """Return the light around a die that a click would throw."""
    size = kit.layout.die_rect(NEAR, 0, 1)[2]
    blur = 0.13 * size
    whole = round(size + 2 * blur) + 2
    away = inside_round(whole, whole, 0.2 * size, pad=blur + 1)
    return plain(kit.theme.movable, np.clip(1.15 + away / blur, 0, 1) ** 1.5)


def draw_cube(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw the cube where it lies; before its first turn it shows 64."""
    value, owner = view.cube
    x, y, size, _ = kit.layout.cube_rect(owner)
    image = kit.piece(("cube",), lambda: _block(size, kit.theme.cube,
                                                mix(kit.theme.cube, kit.theme.cube_ink, 0.3)))
    middle = (x + size / 2, y + size / 2)
    centred(surface, image, middle)
    shown = _IN_THE_MIDDLE if value == 1 else value
    edge = round(0.1 * size)
    write(surface, str(shown), (x + edge, y, size - 2 * edge, size), round(0.5 * size),
          kit.theme.cube_ink, bold=True, align=0.5)


def lit_ring(kit: Kit, colour: Colour, diameter: float) -> pygame.Surface:
    """Return the ring that marks a checker."""
    thick = max(2.0, 0.075 * kit.layout.diameter)
    return kit.piece(("ring", colour, diameter),
                     lambda: ring(diameter, thick, colour, glow=0.09 * kit.layout.diameter))
