"""Text on a surface: fonts of any size, lines measured and shrunk to fit, everything cached.

The faces are DejaVu Sans, of a free licence, which matplotlib brings along; where they are missing
pygame's own font takes their place.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pygame
import pygame.font

from ui.rect import Rect
from ui.theme import Colour

SMALLEST = 6
"""No text is shrunk below this size."""

_CAPITAL = 0.73
"""The height of a capital, in sizes of the font."""


@lru_cache(maxsize=2)
def _face(bold: bool) -> str | None:
    """Return the path of the font file, ``None`` for pygame's own. Does not import matplotlib."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or []) if spec else []:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        path = Path(place) / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return str(path)
    return None


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> pygame.font.Font:
    """Return the font of a size in pixels."""
    if not pygame.font.get_init():
        pygame.font.init()
    return pygame.font.Font(_face(bold), size)


@lru_cache(maxsize=4096)
def text_width(text: str, size: int, bold: bool = False) -> int:
    """Return how many pixels a text takes."""
    return font(size, bold).size(text)[0]


@lru_cache(maxsize=2048)
def rendered(text: str, size: int, colour: Colour, bold: bool = False) -> pygame.Surface:
    """Return a line of text, anti-aliased on a transparent surface; not to be drawn on."""
    return font(size, bold).render(text, True, colour)


def fitting(text: str, size: int, room: int, bold: bool = False) -> int:
    """Return the largest font size, no larger than `size`, at which a text takes `room` pixels."""
    while size > SMALLEST and text_width(text, size, bold) > room:
        size -= 1
    return size


def shortened(text: str, size: int, room: int, bold: bool = False) -> str:
    """Return a text that takes no more than `room` pixels, ending in an ellipsis if it had to."""
    if text_width(text, size, bold) <= room:
        return text
    while text and text_width(text + "…", size, bold) > room:
        text = text[:-1]
    return text + "…"


def write(
    surface: pygame.Surface, text: str, rect: Rect, size: int, colour: Colour, *,
    bold: bool = False, align: float = 0.0, beside: int | None = None,
) -> int:
    """Write a line into a rectangle, in the middle of its height, and return its width.

    `align` is 0 for the left, 0.5 for the middle, 1 for the right. A line that is too long is
    shrunk down to `SMALLEST`, and only then ended in an ellipsis. `beside` is the size of another
    text in that line, to stand on its baseline.
    """
    x, y, wide, high = rect
    if not text or wide <= 0:
        return 0
    size = fitting(text, size, wide, bold)
    image = rendered(shortened(text, size, wide, bold), size, colour, bold)
    # The eye takes the capitals for the height of a line: they are what stands in the middle.
    baseline = round(y + high / 2 + _CAPITAL / 2 * (beside or size))
    surface.blit(image, (round(x + align * (wide - image.get_width())),
                         baseline - font(size, bold).get_ascent()))
    return image.get_width()
