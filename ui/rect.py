"""Rectangles (x, y, width, height) of whole pixels."""

from __future__ import annotations

Rect = tuple[int, int, int, int]
Point = tuple[int, int]


def holds(rect: Rect, at: Point) -> bool:
    """Whether a pixel lies in a rectangle.

    >>> holds((0, 0, 2, 2), (1, 1)), holds((0, 0, 2, 2), (2, 1))
    (True, False)
    """
    x, y, wide, high = rect
    return x <= at[0] < x + wide and y <= at[1] < y + high


def inner(rect: Rect, by: int) -> Rect:
    """Return a rectangle that is smaller on each side; larger for a negative number.

    >>> inner((0, 0, 10, 10), 2)
    (2, 2, 6, 6)
    """
    x, y, wide, high = rect
    return x + by, y + by, wide - 2 * by, high - 2 * by


def union(one: Rect, other: Rect) -> Rect:
    """Return the smallest rectangle around two.

    >>> union((0, 0, 1, 1), (3, 4, 1, 1))
    (0, 0, 4, 5)
    """
    x, y = min(one[0], other[0]), min(one[1], other[1])
    return (x, y, max(one[0] + one[2], other[0] + other[2]) - x,
            max(one[1] + one[3], other[1] + other[3]) - y)


def overlap(one: Rect, other: Rect) -> bool:
    """Whether two rectangles share a pixel.

    >>> overlap((0, 0, 2, 2), (1, 1, 2, 2)), overlap((0, 0, 2, 2), (2, 0, 2, 2))
    (True, False)
    """
    return (one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
            and one[1] < other[1] + other[3] and other[1] < one[1] + one[3])
