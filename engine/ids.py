"""GNU Backgammon's Position ID: a position as 14 characters of text.

Source: GNU Backgammon manual, "A technical description of the Position ID". Ten bytes in base64
without padding; their bits, least significant first, are the player not on roll and then the
player on roll, for each of the own points 1-24 and the bar one 1-bit a checker and then a 0-bit.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence, Sized

import numpy as np
import numpy.typing as npt

from engine.board import validate
from engine.errors import ImpossiblePositionError, MalformedPositionError, PositionError
from engine.fibs import FibsPosition, parse_fibs_board
from engine.matchids import (
    MatchRecord,
    XgPosition,
    decode_match_id,
    encode_match_id,
    format_xgid,
    parse_xgid,
)

# This module is the one door to every text form of a position; the forms that carry a match
# state live in their own files.
__all__ = [
    "FibsPosition", "MatchRecord", "XgPosition", "decode_match_id", "decode_position",
    "decode_positions", "encode_match_id", "encode_position", "encode_positions", "format_xgid",
    "parse_fibs_board", "parse_xgid",
]

_LENGTH = 14
_CELLS = 50
_BITS = 80
_ALPHABET = re.compile(r"[A-Za-z0-9+/]*")


def encode_position(board: npt.ArrayLike) -> str:
    """Return the Position ID of one board `[2, 25]`, the player on roll in row 0.

    Raises `PositionError` if the board is not a position.

    >>> from engine.board import start
    >>> encode_position(start())
    '4HPwATDgc/ABMA'
    """
    return encode_positions([board])[0]


def decode_position(text: str) -> npt.NDArray[np.int8]:
    """Return the board, `int8[2, 25]`, of a Position ID, the player on roll in row 0.

    Raises `MalformedPositionError` for text that is not the canonical ID of any ten bytes of
    checkers, and `ImpossiblePositionError` if no game can contain the position.
    """
    return decode_positions([text])[0]


def encode_positions(boards: npt.ArrayLike | Sequence[npt.ArrayLike]) -> list[str]:
    """Return the Position IDs of `boards[N, 2, 25]`; raises as `encode_position` does."""
    if isinstance(boards, Sized) and len(boards) == 0:
        return []
    array = validate(boards)
    if array.ndim != 3:
        raise MalformedPositionError(f"boards have shape {array.shape}; they must be [N, 2, 25]")
    counts = array[:, ::-1].reshape(-1, _CELLS).astype(np.int64)
    # Each cell is its checkers and one 0-bit: the running sum tells where those 0-bits are.
    ends = np.cumsum(counts + 1, axis=1) - 1
    bits = np.arange(_BITS) < ends[:, -1:]
    np.put_along_axis(bits, ends, False, axis=1)
    data = np.zeros((len(array), 12), np.uint8)
    data[:, :10] = np.packbits(bits, axis=1, bitorder="little")
    text = base64.b64encode(data.tobytes()).decode("ascii")
    return [text[i:i + _LENGTH] for i in range(0, len(text), 16)]


def decode_positions(texts: Iterable[str]) -> npt.NDArray[np.int8]:
    """Return the boards, `int8[N, 2, 25]`, of N Position IDs; raises as `decode_position` does."""
    ids = list(texts)
    for text in ids:
        _check_text(text)
    # Two more characters make 12 whole bytes of each ID; a canonical ID leaves bytes 11, 12 zero.
    raw = base64.b64decode("".join([text + "AA" for text in ids]))
    data = np.frombuffer(raw, np.uint8).reshape(-1, 12)
    bits = np.unpackbits(data[:, :10], axis=1, bitorder="little")
    # A checker belongs to the cell whose number is the count of 0-bits before it.
    cell = np.cumsum(1 - bits, axis=1, dtype=np.int64)
    flat = (np.arange(len(ids))[:, None] * (_BITS + 1) + cell)[bits == 1]
    counts = np.bincount(flat, minlength=len(ids) * (_BITS + 1)).reshape(-1, _BITS + 1)
    stray = np.logical_or(data[:, 10:].any(axis=1), counts[:, _CELLS:].any(axis=1))
    if stray.any():
        text = ids[int(np.argmax(stray))]
        raise MalformedPositionError(
            f"Position ID {text!r} has bits after the last cell; they must be zero")
    boards = counts[:, :_CELLS].reshape(-1, 2, 25)[:, ::-1]
    try:
        return validate(boards)
    except PositionError:
        raise _named(ids, boards) from None


def _check_text(text: str) -> None:
    if not isinstance(text, str) or len(text) != _LENGTH:
        raise MalformedPositionError(f"Position ID {text!r} must have 14 characters")
    if not _ALPHABET.fullmatch(text):
        raise MalformedPositionError(
            f"Position ID {text!r} is not base64; it must be of A-Z, a-z, 0-9, + and /")


def _named(ids: list[str], boards: npt.NDArray[np.int64]) -> PositionError:
    """Return the error of the first impossible board, naming its ID instead of its number."""
    for text, board in zip(ids, boards, strict=True):
        try:
            validate(board)
        except PositionError as error:
            return type(error)(f"Position ID {text!r}: {error}")
    return ImpossiblePositionError("a Position ID of the batch is impossible")
