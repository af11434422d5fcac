"""What stands around the board: the players, the match, the buttons, the message."""

from __future__ import annotations

import pygame

from ui.draw_checkers import make_checker
from ui.draw_text import SMALLEST, text_width, write
from ui.kit import Kit, centred
from ui.rect import Rect, inner
from ui.text_size import key_text
from ui.theme import mix
from ui.view import FAR, NEAR, View


def draw_side(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw all that stands around the board but the panel."""
    for player in (NEAR, FAR):
        _draw_card(surface, view, kit, player)
    _draw_match(surface, view, kit)
    rects = kit.layout.button_rects(len(view.buttons))
    texts = tuple((button.label, key_text(button.key)) for button in view.buttons)
    sizes = label_sizes(texts, rects, kit.layout.unit)
    for button, (label, key), rect in zip(view.buttons, texts, rects, strict=True):
        draw_button(surface, kit, rect, label, key, sizes, enabled=button.enabled,
                    on=button.on, usual=button.next)
    x, y, wide, high = kit.layout.message
    write(surface, view.message, (x, y, wide, high), round(1.08 * kit.layout.unit), kit.theme.text,
          align=0.5)


def _draw_card(surface: pygame.Surface, view: View, kit: Kit, player: int) -> None:
    """Draw a player's card: the checker, the name, the score, the pip count; lit when on roll."""
    theme, u = kit.theme, kit.layout.unit
    rect = kit.layout.cards[player]
    turn = view.on_roll == player
    kit.box(surface, rect, mix(theme.card, theme.accent, 0.10) if turn else theme.card,
            theme.accent if turn else theme.card_edge, thick=max(2.0, u / 8) if turn else 1.0)
    x, y, wide, high = inner(rect, round(0.5 * u))
    d = round(1.5 * u)
    image = kit.piece(("small", player, d), lambda: make_checker(kit, player, d))
    line = high // 2
    centred(surface, image, (x + d / 2, y + line / 2))
    score = str(view.score[player])
    big = round(1.7 * u)
    taken = text_width(score, big, True) + round(0.3 * u)
    left = x + d + round(0.5 * u)
    write(surface, view.names[player], (left, y, x + wide - left, line), round(1.1 * u),
          theme.text, bold=True)
    below: Rect = (x, y + line, wide - taken, high - line)
    if view.show_pips:
        used = write(surface, f"{view.pips[player]}", below, round(1.05 * u), theme.text)
        write(surface, "pips", (x + used + round(0.35 * u), below[1], below[2] - used, below[3]),
              round(0.85 * u), theme.faint, beside=round(1.05 * u))
    write(surface, score, (x, y + line, wide, high - line), big, theme.text, bold=True, align=1.0)


def match_text(view: View) -> str:
    """Return what is played: to how many points, and whether it is the Crawford game."""
    if view.editing:
        return "Setting up a position"
    if not view.length:
        return "Money game"
    return f"Match to {view.length}" + (" · Crawford" if view.crawford else "")


def _draw_match(surface: pygame.Surface, view: View, kit: Kit) -> None:
    theme, rect = kit.theme, kit.layout.match
    colour = theme.faint
    if view.editing or view.crawford:
        kit.box(surface, rect, theme.accent)
        colour = theme.accent_ink
    pad = round(0.4 * kit.layout.unit)
    write(surface, match_text(view), (rect[0] + pad, rect[1], rect[2] - 2 * pad, rect[3]),
          round(0.95 * kit.layout.unit), colour, bold=view.editing, align=0.5)


Sizes = tuple[int, int]


def label_sizes(
    texts: tuple[tuple[str, str], ...], rects: tuple[Rect, ...], size: int
) -> Sizes:
    """Return the font sizes of the labels and the keys at which those of all buttons fit."""
    for label in range(size, SMALLEST, -1):
        key = max(SMALLEST, round(0.8 * label))
        if all(text_width(text, label) + (text_width(shown, key) + label // 2 if shown else 0)
               <= rect[2] - 2 * _pad(label) for (text, shown), rect in zip(texts, rects,
                                                                          strict=True)):
            return label, key
    return SMALLEST, SMALLEST


def _pad(size: int) -> int:
    return round(0.55 * size)


def draw_button(
    surface: pygame.Surface, kit: Kit, rect: Rect, label: str, key: str, sizes: Sizes, *,
    enabled: bool, on: bool = False, usual: bool = False,
) -> None:
    """Draw a button: its label, and in small letters its key.

    `on`: what it switches is on, `usual`: it is what is pressed next as a rule.
    """
    theme = kit.theme
    fill, ink, faint, edge = theme.card, theme.text, theme.faint, theme.card_edge
    if on:
        fill, edge = mix(theme.card, theme.accent, 0.22), theme.accent
    if usual:
        fill, ink, edge = theme.accent, theme.accent_ink, theme.accent
        faint = mix(theme.accent, theme.accent_ink, 0.75)
    if not enabled:
        ink, faint = mix(theme.faint, theme.window, 0.45), mix(theme.faint, theme.window, 0.6)
        fill = mix(theme.card, theme.window, 0.6)
    kit.box(surface, rect, fill, edge)
    size, small = sizes
    pad = _pad(size)
    x, y, wide, high = rect[0] + pad, rect[1], rect[2] - 2 * pad, rect[3]
    taken = text_width(key, small) if key else 0
    room = wide - taken - (size // 2 if key else 0)
    write(surface, label, (x, y, room, high), size, ink, align=0.0 if key else 0.5)
    write(surface, key, (x + wide - taken, y, taken, high), small, faint, align=1.0, beside=size)
