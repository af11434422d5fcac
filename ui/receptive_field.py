"""What ``tdgammon receptive-field`` says of a net: its table, and what an output unit sees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.receptive_field import Field, Measured, Node, Taps
from agent.receptive_field_inputs import used
from agent.receptive_field_text import parse_size

COLUMNS = ("Layer #", "Kernel Size", "Stride", "Dilation", "Padding", "Input Size", "Output Size",
           "Receptive Field")
_KEYS = [name.replace(" #", "").replace(" ", "_").lower() for name in COLUMNS]
_MOST_LISTED = 30


def rows(net: Measured) -> list[dict[str, Any]]:
    """Return the table as plain values, a dict for each layer and each place where branches join.

    The keys are the columns' names in snake_case. A value is a number, or [height, width]; where
    padding differs before and after it is ``{"before": 1, "after": 2}``. The layer of a join is a
    text like ``(1-2|3)``, and its kernel, stride, dilation and padding are ``None``.
    """
    return [dict(zip(_KEYS, _row(net, node), strict=True)) for node in net.nodes[1:]]


def _row(net: Measured, node: Node) -> list[Any]:
    taps = node.taps or ()
    by_axis: list[Sequence[Any]] = [
        [t.kernel for t in taps], [t.stride for t in taps], [t.dilation for t in taps],
        [_padding(t) for t in taps], net.nodes[node.sources[0]].size, node.size,
        [f.length for f in node.fields],
    ]
    return [int(node.name) if taps else node.name, *map(_value, by_axis)]


def _value(by_axis: Sequence[Any]) -> Any:
    if not by_axis:
        return None
    return by_axis[0] if len(by_axis) == 1 else list(by_axis)


def _padding(taps: Taps) -> int | dict[str, int]:
    if taps.before == taps.after:
        return taps.before
    return {"before": taps.before, "after": taps.after}


def table(net: Measured) -> str:
    """Return the table as lines of text."""
    lines = [COLUMNS, *([_cell(value) for value in row.values()] for row in rows(net))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))
                     for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "x".join(map(_cell, value))
    if isinstance(value, dict):
        return f"{value['before']}+{value['after']}"
    return "-" if value is None else str(value)


def choose_unit(net: Measured, text: str | None) -> tuple[int, ...]:
    """Return the output unit that a text like ``3`` or ``3x4`` names; the middle one for ``None``.

    Raises:
        LayerError: it names none. One that is no unit of this net ``used`` refuses.
    """
    return tuple(size // 2 for size in net.output.size) if text is None else parse_size(text)


def sight(net: Measured, unit: tuple[int, ...]) -> str:
    """Return in words which inputs output units span and which of these they use.

    Raises:
        LayerError: there is no such unit.
    """
    seen = used(net, unit)[0]
    names = ["q"] if seen.ndim == 1 else ["y", "x"]
    fields = net.output.fields
    spans = [f.span(u) for f, u in zip(fields, unit, strict=True)]
    terms = [_term(f, name) for f, name in zip(fields, names, strict=True)]
    lines = [f"Output unit {', '.join(names)} spans {_by_axis(terms)}."]
    whole = [f.whole(n) for f, n in zip(fields, net.input, strict=True)]
    shown = f"Unit {', '.join(map(str, unit))} spans {_by_axis([f'{a} to {b}' for a, b in spans])}"
    if all(whole):
        units = _by_axis([_run(r[0], r[-1]) for r in whole], "units")
        pattern = _pattern(net, whole)
        lines.append(f"Of {_by_axis([f'0 to {n - 1}' for n in net.output.size], 'units')}, "
                     f"{units} span no padding; each of them uses {_of_span(pattern)}.")
    else:
        pattern = None
        lines.append("Every output unit spans padding.")
    lines.append(f"{shown} and uses {_amount(seen)}.")
    hidden = 0 if pattern is None else _expected(pattern, spans, seen) - int(seen.sum())
    if hidden:
        lines.append(f"Padding between layers hides {hidden} more from it.")
    return "\n".join(lines)


def _pattern(net: Measured, whole: list[range]) -> npt.NDArray[np.bool_]:
    """Return which inputs of its span a unit uses that spans no padding."""
    unit = tuple(r[0] for r in whole)
    spans = [f.span(u) for f, u in zip(net.output.fields, unit, strict=True)]
    return used(net, unit)[0][tuple(slice(first, last + 1) for first, last in spans)]


def _expected(
    pattern: npt.NDArray[np.bool_], spans: list[tuple[int, int]], seen: npt.NDArray[np.bool_]
) -> int:
    """Return how many inputs of the pattern lie inside the input."""
    return int(pattern[tuple(slice(max(-first, 0), max(n - first, 0))
                             for (first, _), n in zip(spans, seen.shape, strict=True))].sum())


def _term(field: Field, name: str) -> str:
    step = "" if field.jump == 1 else f"{field.jump}"
    first, last = field.span(0)
    return " to ".join(f"{step}{name}{_signed(x)}" for x in (first, last))


def _signed(number: int) -> str:
    return f" {'-' if number < 0 else '+'} {abs(number)}" if number else ""


def _by_axis(texts: list[str], noun: str = "inputs") -> str:
    """Return texts with the names of the axes, if there are two."""
    if len(texts) == 1:
        return f"{noun} {texts[0]}"
    return f"rows {texts[0]} and columns {texts[1]}"


def _of_span(pattern: npt.NDArray[np.bool_]) -> str:
    if pattern.all():
        return f"all {pattern.size} inputs of its span"
    return (f"{pattern.sum()} of the {pattern.size} inputs of its span, counted from 0 these: "
            f"{_set(pattern)}")


def _amount(seen: npt.NDArray[np.bool_]) -> str:
    if not seen.any():
        return "no input, only padding"
    return f"{seen.sum()} input{'s' * bool(seen.sum() > 1)}: {_set(seen)}"


def _set(mask: npt.NDArray[np.bool_]) -> str:
    """Return where an array is true: exactly, but for what it says it leaves out."""
    if mask.ndim == 1:
        return _runs(mask)
    rows: npt.NDArray[np.bool_] = np.any(mask, axis=1)
    columns: npt.NDArray[np.bool_] = np.any(mask, axis=0)
    if np.array_equal(mask, np.outer(rows, columns)):
        return f"{_named('row', rows)} in {_named('column', columns)}"
    # Rows that are alike are told together.
    starts = [0, *(np.flatnonzero((mask[1:] != mask[:-1]).any(1)) + 1).tolist(), len(mask)]
    blocks = [f"row{'s' * (end - first > 1)} {_run(first, end - 1)} in "
              f"{_named('column', mask[first])}"
              for first, end in pairwise(starts) if rows[first]]
    return _listed(blocks, "blocks of rows", "; ")


def _named(noun: str, mask: npt.NDArray[np.bool_]) -> str:
    return f"{noun}{'s' * bool(mask.sum() > 1)} {_runs(mask)}"


def _runs(mask: npt.NDArray[np.bool_]) -> str:
    edges = np.flatnonzero(np.diff(np.pad(mask.astype(np.int8), 1)))
    runs = [_run(first, end - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]
    return _listed(runs, "stretches", ", ")


def _listed(texts: list[str], noun: str, between: str) -> str:
    if len(texts) <= _MOST_LISTED:
        return between.join(texts)
    rest = len(texts) - _MOST_LISTED
    return f"{between.join(texts[:_MOST_LISTED])} and {rest} more {noun}"


def _run(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def as_text(net: Measured, unit: tuple[int, ...]) -> str:
    """Return the table, what the unit sees, and which branches are not aligned.

    Raises:
        LayerError: there is no such unit.
    """
    notes = ["", *(f"Note: {note}." for note in net.notes)] if net.notes else []
    return "\n".join([table(net), "", sight(net, unit), *notes])


def save_picture(net: Measured, unit: tuple[int, ...], path: Path) -> None:
    """Write the picture of what an output unit sees, a PNG.

    Raises:
        LayerError: there is no such unit, or too much to be drawn.
        AgentError: the file cannot be written.
    """
    from agent.pictures import save_png
    from agent.receptive_field_picture import picture

    save_png(picture(net, unit), path)
