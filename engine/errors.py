"""What the engine raises: one line each, saying what is wrong and what would be right.

The split follows python-chess: text or arrays that cannot be read at all are *malformed* or
*invalid*; what can be read but cannot be on a board is *impossible*, what the rules forbid is
*illegal*, and what fits two plays is *ambiguous*.
"""

from __future__ import annotations


class EngineError(ValueError):
    """Base of every error of this package; also a `ValueError`."""


class PositionError(EngineError):
    """A position, or the text of one, is wrong."""


class MalformedPositionError(PositionError):
    """Not a position at all: wrong shape, dtype, length or alphabet, or not the canonical text."""


class ImpossiblePositionError(PositionError):
    """Reads as a position, but no game of backgammon can contain it."""


class NotationError(EngineError):
    """The text of a play is wrong."""


class InvalidPlayError(NotationError):
    """Not play notation at all."""


class IllegalPlayError(NotationError):
    """Well-formed, but not a legal complete play of this roll in this position."""


class AmbiguousPlayError(NotationError):
    """Well-formed, and means more than one legal play."""


class TranscriptError(EngineError):
    """The text of a match is wrong, or a turn in it breaks the rules."""


class DiceError(EngineError):
    """Not a roll of two dice, or no roll is left."""
