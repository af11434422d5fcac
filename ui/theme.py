"""The colours of the board window, light and dark, as data."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Theme:
    """The colours (red, green, blue) of everything that is drawn.

    ``points`` are those of the odd and the even points; the pairs named ``checkers``, ``rims`` and
    ``inks`` (what is written on a checker) are the near and the far player's. ``ranks`` colour the
    hints from the best down.
    """

    window: Colour
    card: Colour
    card_edge: Colour
    text: Colour
    faint: Colour
    accent: Colour
    accent_ink: Colour
    good: Colour
    bad: Colour
    wood: Colour
    wood_dark: Colour
    wood_ink: Colour
    field: Colour
    well: Colour
    points: tuple[Colour, Colour]
    checkers: tuple[Colour, Colour]
    rims: tuple[Colour, Colour]
    inks: tuple[Colour, Colour]
    cube: Colour
    cube_ink: Colour
    movable: Colour
    lit: Colour
    ranks: tuple[Colour, ...]


LIGHT = Theme(
    window=(236, 231, 222), card=(250, 247, 241), card_edge=(207, 198, 183),
    text=(45, 39, 33), faint=(118, 107, 95), accent=(32, 104, 129), accent_ink=(255, 255, 255),
    good=(38, 121, 72), bad=(186, 50, 38),
    wood=(128, 82, 49), wood_dark=(88, 53, 30), wood_ink=(246, 230, 205),
    field=(226, 211, 177), well=(108, 68, 40),
    points=((166, 88, 58), (196, 168, 120)),
    checkers=((250, 244, 231), (62, 55, 58)), rims=((206, 190, 160), (24, 21, 23)),
    inks=((60, 45, 35), (245, 238, 228)),
    cube=(252, 249, 242), cube_ink=(40, 34, 30),
    movable=(36, 132, 160), lit=(38, 150, 84),
    ranks=((24, 128, 72), (33, 105, 178), (139, 80, 170), (190, 105, 20), (120, 120, 120)),
)

DARK = Theme(
    window=(24, 27, 31), card=(36, 41, 47), card_edge=(61, 68, 76),
    text=(232, 232, 228), faint=(158, 164, 170), accent=(77, 163, 190), accent_ink=(12, 20, 24),
    good=(104, 201, 139), bad=(244, 120, 104),
    wood=(64, 47, 38), wood_dark=(36, 26, 21), wood_ink=(222, 206, 184),
    field=(34, 62, 66), well=(40, 29, 24),
    points=((142, 116, 78), (79, 112, 112)),
    checkers=((240, 232, 215), (150, 47, 42)), rims=((190, 174, 146), (86, 18, 18)),
    inks=((50, 40, 32), (240, 236, 230)),
    cube=(238, 231, 216), cube_ink=(34, 30, 27),
    movable=(94, 196, 224), lit=(112, 222, 150),
    ranks=((72, 190, 120), (92, 160, 236), (190, 140, 226), (240, 170, 80), (170, 170, 170)),
)

_THEMES = {"light": LIGHT, "dark": DARK}


def theme_of(name: str) -> Theme:
    """Return the theme of a name, the light one if there is none of that name."""
    return _THEMES.get(name, LIGHT)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two: `share` 0 gives the one, 1 the other.

    >>> mix((0, 0, 0), (100, 200, 50), 0.5)
    (50, 100, 25)
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


