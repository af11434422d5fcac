"""What the protocols have in common: lines of bytes come in, and every line is answered at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

Answer = Callable[[bytes], Sequence[str] | None]


def converse(answer: Answer, input: BinaryIO, output: BinaryIO) -> None:
    """Answer each line of `input` that is not blank, until it ends or `answer` returns None.

    `answer` gets the bytes of a line, whatever they are, without the white space around them, and
    returns the lines to write; it must not raise. The output is flushed after every answer. Raises
    `BrokenPipeError` when nobody reads any more.
    """
    for line in input:
        line = line.strip()
        if not line:
            continue
        lines = answer(line)
        if lines is None:
            return
        output.write("".join(f"{one}\n" for one in lines).encode("utf-8", "backslashreplace"))
        output.flush()
