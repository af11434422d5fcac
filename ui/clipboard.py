"""The clipboard: the system's where it has one, else one of this program alone."""

from __future__ import annotations

import pygame

_INNER = "for this window alone: the system has no clipboard"
# What pygame raises without a clipboard, and for text that none can hold.
_NONE = (pygame.error, ValueError, NotImplementedError, AttributeError)


class Clipboard:
    """Copies and pastes text."""

    def __init__(self) -> None:
        self._inner: str | None = None

    def copy(self, text: str) -> str:
        """Put a text there; return what is to be said about where, "" for the usual place."""
        self._inner = None
        try:
            pygame.scrap.put_text(text)
            # Some drivers take a text and drop it.
            if pygame.scrap.get_text() == text:
                return ""
        except _NONE:
            pass
        self._inner = text
        return _INNER

    def paste(self) -> str:
        """Return the text that is there, "" for none."""
        if self._inner is not None:
            return self._inner
        try:
            return str(pygame.scrap.get_text())
        except _NONE:
            return ""
