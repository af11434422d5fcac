"""Pictures of the board window; ``python -m tests.ui.pictures`` writes those of the docs anew.

Names behind it choose some of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame  # noqa: E402

from tests.ui import scenes  # noqa: E402
from tests.ui.scenes import Table  # noqa: E402
from ui.draw import Painter  # noqa: E402

FOLDER = Path(__file__).parents[2] / "docs" / "board"
USUAL, SMALLEST, LARGE = (1000, 700), (800, 500), (1920, 1200)
STEP = 2
"""Shades of each colour in a file are that far apart."""

PICTURES: dict[str, tuple[tuple[int, int], Callable[[], Table]]] = {
    "opening": (USUAL, scenes.opening),
    "opening-dark": (USUAL, lambda: scenes.opening(theme="dark")),
    "home-left": (USUAL, lambda: scenes.carrying(home_right=False)),
    "complete": (USUAL, scenes.complete),
    "bar": (USUAL, scenes.on_the_bar),
    "hit-dark": (USUAL, lambda: scenes.hitting(theme="dark")),
    "bear-off": (USUAL, scenes.bearing_off),
    "hint": (USUAL, scenes.hint),
    "analysis-dark": (USUAL, lambda: scenes.looking_back(theme="dark")),
    "tutor": (USUAL, scenes.tutor),
    "game-over": (USUAL, lambda: scenes.game_over(theme="dark")),
    "set-up": (USUAL, scenes.setting_up),
    "players": (USUAL, scenes.far_side),
    "new-game": (USUAL, lambda: scenes.dialog("n", theme="dark")),
    "watching": (USUAL, scenes.watching),
    "units": (USUAL, scenes.units),
    "units-dark": (USUAL, lambda: scenes.holes(theme="dark")),
    "help": (USUAL, lambda: scenes.dialog("f1")),
    "smallest": (SMALLEST, scenes.looking_back),
    "smallest-bar": (SMALLEST, lambda: scenes.on_the_bar(theme="dark")),
    "smallest-help": (SMALLEST, lambda: scenes.dialog("f1", "2", theme="dark")),
    "large": (LARGE, scenes.looking_back),
}
"""The name, the size and the scene of each picture."""


def draw(name: str) -> pygame.Surface:
    """Return a picture, drawn now."""
    size, make = PICTURES[name]
    return Painter(size).frame(make().view)


def write(folder: Path, names: Sequence[str] = ()) -> None:
    """Write these pictures, or all, as PNGs: matplotlib's Pillow makes them small, one of 256
    colours."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for name in names or PICTURES:
        size, _ = PICTURES[name]
        whole = Image.frombytes("RGB", size, pygame.image.tobytes(draw(name), "RGB"))
        # Neighbouring shades become one: less to store, and nothing that an eye would see.
        few = whole.point([min(255, value // STEP * STEP + STEP // 2) for value in range(256)] * 3)
        if size == LARGE:
            few = few.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    write(FOLDER, sys.argv[1:])
