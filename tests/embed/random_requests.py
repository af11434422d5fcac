"""Random lines for programs that speak the JSON-lines protocol."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

# Two IDs of games that are over, lost and won by the player on roll, and one of no game at all.
_OVER = ["AAAAwAAAAAAAAA", "YAAAAAAAAAAAAA", "AAAAAAAAAAAAAA"]
_STRANGE = [None, True, 1.5, -1, 7, 10**30, "", "x", [], {}, [[]], *_OVER]
_LETTERS = "ABCDEFGHIJabcdefghij0123456789+/"


def random_requests(n: int, queries: Sequence[Any], seed: int = 0) -> list[bytes]:
    """Return n lines: requests as they should be, with something wrong in them, and mere bytes.

    ``queries`` are [Position ID, die, die]. No line is blank, and none is ``quit``.
    """
    rng = random.Random(seed)

    def text() -> Any:
        if rng.random() < 0.9:
            return rng.choice(queries)[0]
        return "".join(rng.choices(_LETTERS, k=14)) if rng.random() < 0.7 else rng.choice(_STRANGE)

    def die() -> Any:
        return rng.randint(1, 6) if rng.random() < 0.97 else rng.choice(_STRANGE)

    def line() -> bytes:
        op = rng.choice(["move", "eval", "legal"] * 4 + ["hello", "", "Quit"])
        size = rng.choice([0, 1, 1, 2, 5])
        query = [text() if op == "eval" else [text(), die(), die()] for _ in range(size)]
        made = json.dumps({"op": op, "q": query if rng.random() < 0.95 else rng.choice(_STRANGE)})
        found = bytearray(made.encode())
        if rng.random() < 0.3:
            for _ in range(rng.randint(1, 4)):
                at = rng.randrange(len(found))
                found[at:at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        return bytes(found).replace(b"\n", b" ") if rng.random() < 0.95 else rng.randbytes(
            rng.randint(1, 60)).replace(b"\n", b" ")

    return [b"x" + one if not one.strip() else one for one in (line() for _ in range(n))]
