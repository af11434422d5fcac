"""How wide a text will be, without a font: what the geometry needs before anything is drawn.

The widths are those of DejaVu Sans, rounded up to twentieths of the font's size; its bold face is
about an eighth wider. ``ui.draw_text`` shrinks a text that should turn out wider all the same.
"""

from __future__ import annotations

LINE = 1.36
"""Distance of two lines of text, in sizes of the font."""

_TWENTIETHS = {
    6: "'Iijl", 7: " ,./:;J\\|", 8: "!()-[]ft", 9: "r", 10: "\"*`", 11: "?_csz", 12: "FLkvxy",
    13: "$0123456789EPSTYabdeghnopqu{}", 14: "ABCKRVXZ", 15: "HNU", 16: "&DGOQ", 17: "#+<=>^w~",
    18: "M", 19: "%", 20: "@Wm",
}
_TWENTIETHS_OF = {char: width for width, chars in _TWENTIETHS.items() for char in chars}
_OTHER = 18
_BOLD = 1.14


def width(text: str, size: float, bold: bool = False) -> float:
    """Return about how many pixels a text takes at a font size, rather too many than too few.

    >>> width("24/18", 20)
    59.0
    """
    return sum(_TWENTIETHS_OF.get(char, _OTHER) for char in text) / 20 * size * (
        _BOLD if bold else 1.0)


def wrap(text: str, size: float, room: float) -> list[str]:
    """Break a text at its spaces into lines that take no more than `room` pixels.

    A word that is wider than that is broken inside.

    >>> wrap("a pleasure to play on", 10, 60)
    ['a pleasure', 'to play on']
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        while width(word, size) > room and len(word) > 1:
            head = next(n for n in range(len(word) - 1, 0, -1)
                        if n == 1 or width(word[:n], size) <= room)
            lines.append(word[:head])
            word = word[head:]
        line = word
    return [*lines, line]


_KEYS = {"return": "Enter", "escape": "Esc", "backspace": "Bksp", "delete": "Del", "space": "Space",
         "left": "←", "right": "→", "up": "↑", "down": "↓", "page up": "PgUp", "page down": "PgDn"}


def key_text(key: str) -> str:
    """Return the name of a key as it stands on buttons.

    >>> [key_text(key) for key in ("h", "return", "ctrl+s", "f1", "")]
    ['H', 'Enter', 'Ctrl+S', 'F1', '']
    """
    return "+".join(_KEYS.get(part, part if part[1:2].isupper() else part[:1].upper() + part[1:])
                    for part in key.split("+"))
