"""What boundaries do and where they are: shares of updates, and how well they meet true ends.

Of layers that may end a segment at each token, as ``agent.nets.hm_lstm`` has them, in NumPy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from study.text import Corpus

Bools = npt.NDArray[np.bool_]
OPERATIONS = ("update", "copy", "flush")
SHIFTS = (0, 1)
"""By how many tokens a boundary may come behind the end that it is compared with."""


class Match(NamedTuple):
    """How boundaries meet true ends, all of it shares of 1.

    ``precision``: of boundaries that are at an end; ``recall``: of ends that have a boundary;
    ``f1``, their harmonic mean; ``random``, the F1 to be expected of boundaries drawn at random at
    the same rate. ``shift``: of the tokens between an end and the boundary, that with the best F1.
    """

    f1: float
    precision: float
    recall: float
    random: float
    shift: int


def operations(ends: Bools) -> npt.NDArray[np.int8]:
    """Return what each layer does at each token, int8[N, L], an index into ``OPERATIONS``.

    A layer copies its state if it ended nothing at the token before and the layer below ends
    nothing now; if it did end something, it flushes its state; the lowest layer never copies.

    Args:
        ends: bool[N, L - 1], whether a layer ends a segment at a token, of one stream from a state
            that has seen nothing; the lowest layer first.

    >>> operations(np.array([[True], [False], [False]])).tolist()
    [[0, 0], [2, 1], [0, 1]]
    """
    count = len(ends)
    below = np.hstack([np.ones((count, 1), np.bool_), ends])
    mine = np.hstack([ends, np.zeros((count, 1), np.bool_)])
    before = np.vstack([np.zeros_like(mine[:1]), mine[:-1]])
    return np.where(before, 2, np.where(below, 0, 1)).astype(np.int8)


def shares(done: npt.NDArray[np.int8]) -> list[dict[str, float]]:
    """Return for each layer of :func:`operations` how often it does what, as shares of 1."""
    return [{name: float((of_layer == number).mean()) for number, name in enumerate(OPERATIONS)}
            for of_layer in done.T]


def match(found: Bools, true: Bools) -> Match:
    """Compare boundaries bool[N] with true ends bool[N].

    A net that has read the last token of a segment may end it there, or at the next token, which
    is when it can see that the segment has ended (the blank behind a word): the better of both.

    >>> match(np.array([False, True, False]), np.array([True, False, False])).f1
    1.0
    """
    best = None
    for shift in SHIFTS:
        mine, ends = found[shift:], true[: len(true) - shift]
        both = int((mine & ends).sum())
        precision = both / max(1, int(mine.sum()))
        recall = both / max(1, int(ends.sum()))
        here = Match(_f1(precision, recall), precision, recall,
                     _f1(float(ends.mean()), float(mine.mean())), shift)
        best = here if best is None or here.f1 > best.f1 else best
    assert best is not None
    return best


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def ends_of(corpus: Corpus) -> dict[str, Bools]:
    """Return the true ends in a corpus by their names, bool[N]: the last token of each segment.

    Those of its marks; and of games "phase changes", from contact to race to bear-off: the last
    token of the last turn before.
    """
    found: dict[str, Bools] = {}
    for name, mark in corpus.marks.items():
        if mark.dtype == np.bool_:
            found[name] = mark
        elif name == "phase":
            # At the start of a game the phase goes back.
            found["phase changes"] = np.append(mark[1:] > mark[:-1], False)
    return found


def judged(ends: Bools, true: dict[str, Bools]) -> dict[str, Any]:
    """Return what is to be said of boundaries bool[N, L - 1], as plain values.

    ``rates``, the share of tokens at which a layer ends a segment; ``updates``, the share of all
    updates that are made (UPDATE or FLUSH, not COPY) of all layers; ``operations``, see
    :func:`shares`; ``matches``, of each name of ``true`` and each layer what :func:`match` says,
    with the ``rate`` of the true ends.
    """
    done = operations(ends)
    return {
        "rates": [float(rate) for rate in ends.mean(0)],
        "updates": float((done != OPERATIONS.index("copy")).mean()),
        "operations": shares(done),
        "matches": {name: {"rate": float(where.mean()),
                           "layers": [match(mine, where)._asdict() for mine in ends.T]}
                    for name, where in true.items()},
    }
