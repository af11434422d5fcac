"""What pygame says of the mouse, the keys and the window, as events of the board window."""

from __future__ import annotations

from collections.abc import Iterable

import pygame

from ui.events import Drag, Event, Hover, Key, Leave, OtherPress, Press, Release, Text, Wheel
from ui.layout import layout_of
from ui.view import View

_LEFT, _RIGHT = 1, 3
_CONTROL = pygame.KMOD_CTRL | pygame.KMOD_META
_ALT = pygame.KMOD_ALT
# A key held down says these again and again; a roll, say, would be thrown without being asked for.
_REPEATING = frozenset({"left", "right", "up", "down", "backspace", "delete", "page up",
                        "page down"})
_OTHER_NAMES = {"enter": "return", "keypad enter": "return"}
_FIRST_LETTER_CODE = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WINDOW_CLOSED = (pygame.QUIT, pygame.WINDOWCLOSE)


class Input:
    """Translates; remembers which button and keys are down.

    ``scale``: how many pixels of the layout one of the pointer's is; ``size``: of the layout.
    """

    def __init__(self) -> None:
        self.scale: tuple[float, float] = (1.0, 1.0)
        self.size: tuple[int, int] = (0, 0)
        self._dragging = False
        self._down: set[int] = set()
        self._not_typed = ""

    def event_of(self, event: pygame.event.Event, view: View) -> Event | None:
        """Return what an event means while ``view`` is shown, ``None`` for nothing."""
        if event.type in _WINDOW_CLOSED:
            return Leave()
        if event.type == pygame.KEYDOWN:
            return self._key(event, typing=_types(view))
        if event.type == pygame.KEYUP:
            self._down.discard(event.scancode)
        elif event.type == pygame.WINDOWFOCUSLOST:
            self._down.clear()
        elif event.type == pygame.TEXTINPUT:
            return self._text(event.text, typing=_types(view))
        elif event.type == pygame.MOUSEWHEEL:
            steps = -event.y if not getattr(event, "flipped", False) else event.y
            return Wheel(int(steps)) if steps else None
        return self._pointer(event, view)

    def _pointer(self, event: pygame.event.Event, view: View) -> Event | None:
        if event.type == pygame.MOUSEBUTTONDOWN and event.button in (_LEFT, _RIGHT):
            at = self._at(event.pos)
            target = layout_of(self.size, view).hit(at, view)
            if event.button == _RIGHT:
                return OtherPress(target)
            self._dragging = True
            return Press(target, at)
        if event.type == pygame.MOUSEMOTION and self._dragging:
            at = self._at(event.pos)
            return Drag(layout_of(self.size, view).hit(at, view), at)
        if event.type == pygame.MOUSEMOTION and view.units is not None:
            return Hover(layout_of(self.size, view).hit(self._at(event.pos), view))
        if event.type == pygame.MOUSEBUTTONUP and event.button == _LEFT and self._dragging:
            self._dragging = False
            at = self._at(event.pos)
            return Release(layout_of(self.size, view).hit(at, view), at)
        return None

    def _at(self, pixel: tuple[int, int]) -> tuple[int, int]:
        return int(pixel[0] * self.scale[0]), int(pixel[1] * self.scale[1])

    def _key(self, event: pygame.event.Event, *, typing: bool) -> Event | None:
        held = event.scancode in self._down
        self._down.add(event.scancode)
        name = key_name(event, typing=typing)
        # A key that opens a dialog is written, too, right after; that is not meant for its field.
        self._not_typed = "" if name is None else event.unicode
        if name is None or (held and name not in _REPEATING):
            return None
        return Key(name)

    def _text(self, text: str, *, typing: bool) -> Event | None:
        if text == self._not_typed:
            self._not_typed = ""
            return None
        return Text(text) if typing and text else None


def _types(view: View) -> bool:
    return view.dialog is not None and view.dialog.field is not None


def key_name(event: pygame.event.Event, *, typing: bool = False) -> str | None:
    """Return how ``ui.events.Key`` calls a key that went down, ``None`` for one without a name.

    While a text is typed the keys that write something have none: they come as text.
    """
    modifiers = getattr(event, "mod", 0)
    # The right Alt key says Ctrl and Alt on some systems, and only writes.
    control = bool(modifiers & _CONTROL) and not modifiers & _ALT
    written = event.unicode if event.unicode and event.unicode.isprintable() else ""
    if typing and written and not control:
        return None
    if not control and written.isascii() and written.strip() and not written.isalpha():
        return str(written)
    name = pygame.key.name(event.key).lower()
    if not name.isascii() or not name:
        # A keyboard of another script: the letter that stands there on a Latin one.
        name = _letter_at(event.scancode)
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    name = _OTHER_NAMES.get(name, name)
    if not name:
        return None
    return f"ctrl+{name}" if control else name


def _letter_at(scancode: int) -> str:
    number = scancode - _FIRST_LETTER_CODE
    return _LETTERS[number] if 0 <= number < len(_LETTERS) else ""


def without_haste(events: Iterable[pygame.event.Event]) -> list[pygame.event.Event]:
    """Return the events without movements of the pointer that another follows at once."""
    kept: list[pygame.event.Event] = []
    for event in events:
        if kept and event.type == pygame.MOUSEMOTION == kept[-1].type:
            kept.pop()
        kept.append(event)
    return kept
