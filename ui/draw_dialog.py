"""A dialog over the dimmed board."""

from __future__ import annotations

import pygame

from ui.draw_shapes import shadow
from ui.draw_side import draw_button, label_sizes
from ui.draw_text import text_width, write
from ui.kit import Kit
from ui.layout_dialog import DialogPlan
from ui.rect import Rect
from ui.text_size import key_text
from ui.theme import mix
from ui.view import Dialog, View


def draw_dialog(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw the dialog, if there is one."""
    plan, dialog = kit.layout.dialog_plan(view), view.dialog
    if plan is None or dialog is None:
        return
    surface.blit(kit.piece(("dim",), lambda: _dim(kit)), (0, 0))
    x, y, wide, high = plan.box
    blur = kit.layout.unit
    cast = kit.piece(("cast", wide, high), lambda: shadow(wide, high, 8, blur, 0.5))
    surface.blit(cast, (x - blur, y - blur + blur // 3))
    kit.box(surface, plan.box, kit.theme.card, kit.theme.card_edge, radius=0.6 * plan.text)
    write(surface, dialog.title, plan.title, round(1.25 * plan.text), kit.theme.text, bold=True)
    for cell in plan.cells:
        write(surface, cell.text, cell.rect, plan.text, kit.theme.text, bold=cell.bold,
              align=1.0 if cell.right else 0.0)
    if plan.field is not None:
        _draw_field(surface, kit, plan, plan.field, dialog.field or "")
    for cell in plan.error:
        write(surface, cell.text, cell.rect, plan.text, kit.theme.bad)
    _draw_choices(surface, kit, plan, dialog)


def _dim(kit: Kit) -> pygame.Surface:
    image = pygame.Surface(kit.layout.size)
    image.fill(mix(kit.theme.window, (0, 0, 0), 0.75))
    image.set_alpha(95)
    return image


def _draw_field(
    surface: pygame.Surface, kit: Kit, plan: DialogPlan, rect: Rect, text: str
) -> None:
    """Draw the field with what has been typed, its end always to be seen, and the caret."""
    theme, size = kit.theme, plan.text
    kit.box(surface, rect, mix(theme.card, theme.window, 0.6), theme.accent, radius=3, thick=1.5)
    x, y, wide, high = rect
    pad = round(0.5 * size)
    room = wide - 2 * pad - 3
    shown = text
    while len(shown) > 1 and text_width("…" + shown, size) > room:
        shown = shown[1:]
    shown = shown if shown == text else "…" + shown
    used = write(surface, shown, (x + pad, y, room, high), size, theme.text)
    surface.fill(theme.accent, (x + pad + used + 1, y + high // 5, max(1, size // 9),
                                high - 2 * (high // 5)))


def _draw_choices(surface: pygame.Surface, kit: Kit, plan: DialogPlan, dialog: Dialog) -> None:
    texts = tuple((choice.label, key_text(choice.key)) for choice in dialog.choices)
    sizes = label_sizes(texts, plan.choices, plan.text)
    for choice, (label, key), rect in zip(dialog.choices, texts, plan.choices, strict=True):
        draw_button(surface, kit, rect, label, key, sizes, enabled=True, usual=choice.marked)
