"""Pictures of what an output unit of a convolutional net sees (matplotlib, without a display)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from agent.errors import LayerError
from agent.receptive_field import Field, Measured, Node, Taps
from agent.receptive_field_inputs import Array, shares, used

MOST_SHOWN = 2_000
"""Inputs of a line that are drawn, at most."""

_MOST_LINES = 20_000
_USED, _UNUSED, _SPAN, _SKIP = "tab:blue", "0.85", "tab:red", "tab:orange"


def picture(net: Measured, unit: Sequence[int]) -> Figure:
    """Return the picture of what an output unit sees.

    Args:
        net: from ``agent.receptive_field.measure``.
        unit: the output unit, an index for each axis.

    Returns:
        On a line the units of every layer in a row, each over the middle of what it sees, the ones
        used joined down to the inputs. Of a picture a heat map: the share of each input in the
        unit, were all layers averages.

    Raises:
        LayerError: there is no such unit, or a span is longer than ``MOST_SHOWN`` inputs.
    """
    seen = used(net, unit)
    return _line(net, unit[0], seen) if len(unit) == 1 else _heat(net, unit, seen[0])


def _line(net: Measured, unit: int, seen: list[Array]) -> Figure:
    field, inputs = net.output.fields[0], net.input[0]
    first, last = field.span(unit)
    if last - first >= MOST_SHOWN:
        raise LayerError(f"unit {unit} spans {last - first + 1:,} inputs; "
                         f"a picture shows at most {MOST_SHOWN:,}")
    rows = [node.fields[0] for node in net.nodes]
    left = min(first, *(int(f.center) for f in rows))
    right = max(last, *(int(f.center) + f.jump * (f.size - 1) for f in rows))
    if right - left > 120:  # Too many to be told apart: only the span and a little around it.
        margin = max((last - first) // 4, 10)
        left, right = max(left, first - margin), min(right, last + margin)
    width = min(max(0.25 * (right - left), 7), 24)
    height = min(1.6 + 0.6 * len(net.nodes), 60)
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    panel = figure.subplots()
    dot = min(72 * (width - 2) / (right - left + 1) * 0.6, 9)
    for row, node in enumerate(net.nodes):
        _edges(panel, net, row, seen[row])
        _units(panel, node.fields[0], row, seen[row], (left, right), dot)
    panel.add_patch(Rectangle((first - 0.5, -0.35), last - first + 1, 0.7, fill=False,
                              edgecolor=_SPAN, linewidth=1.5))
    panel.set_xlim(left - 1, right + 1)
    panel.set_ylim(-0.6, len(net.nodes) - 0.4)
    every = -(-len(net.nodes) // 100)
    panel.set_yticks(range(0, len(net.nodes), every), list(map(_label, net.nodes[::every])))
    panel.set_xlabel(f"input, 0 to {inputs - 1}")
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(left=False)
    panel.set_title(f"Output unit {unit}: span {first} to {last} (frame), "
                    f"{seen[0].sum()} inputs used", fontsize=11)
    return figure


def _units(
    panel: Axes, field: Field, row: int, seen: Array, window: tuple[int, int], size: float
) -> None:
    """Draw the units of a layer that stand inside the window."""
    first = max(-int((field.center - window[0]) // field.jump), 0)
    last = min(int((window[1] - field.center) // field.jump), field.size - 1)
    units = np.arange(first, last + 1)
    middles = field.center + field.jump * units
    colours = [_USED if s else _UNUSED for s in seen[units]]
    panel.scatter(middles, np.full(len(units), row), s=size**2, c=colours or None, zorder=3)


def _edges(panel: Axes, net: Measured, row: int, seen: Array) -> None:
    """Join the units used of a node to what they look at, with a cross where that is padding.

    Too many lines would be one dark block: then only the first and the last tap of each unit.
    """
    node = net.nodes[row]
    for source in node.sources:
        below = net.nodes[source].fields[0]
        lines, pads = [], []
        crowded = node.taps is not None and seen.sum() * node.taps[0].kernel > _MOST_LINES
        for unit, looked_at in _taps(node, seen):
            top = node.fields[0].center + node.fields[0].jump * unit, row
            for at in looked_at[:: len(looked_at) - 1] if crowded else looked_at:
                end = below.center + below.jump * at, source
                lines.append(_bend(top, end) if source < row - 1 else [top, end])
                if not 0 <= at < below.size:
                    pads.append(end)
        colour = _USED if source == row - 1 else _SKIP
        panel.add_collection(LineCollection(lines, colors=colour, linewidths=0.7, alpha=0.6))
        if pads:
            x, y = zip(*pads, strict=True)
            panel.scatter(x, y, marker="x", s=16, linewidths=0.8, c="0.4", zorder=3)


def _bend(top: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Return a curve that passes beside the rows between."""
    along = [n / 8 for n in range(9)]
    return [(top[0] + (end[0] - top[0]) * t + 1.6 * t * (1 - t), top[1] + (end[1] - top[1]) * t)
            for t in along]


def _taps(node: Node, seen: Array) -> Iterator[tuple[int, range]]:
    """Yield every unit used and the units it looks at, padding included."""
    taps = node.taps[0] if node.taps else Taps(1, 1, 1, 0, 0)
    for unit in np.flatnonzero(seen).tolist():
        at = unit * taps.stride - taps.before
        yield unit, range(at, at + taps.extent, taps.dilation)


def _label(node: Node) -> str:
    if node.taps is None:
        return node.name if node.sources else "input"
    taps = node.taps[0]
    sides = {taps.before, taps.after}
    padding = f"{taps.before}" if len(sides) == 1 else f"{taps.before}+{taps.after}"
    return f"{node.name}:  {taps.kernel},s{taps.stride},d{taps.dilation},p{padding}"


def _heat(net: Measured, unit: Sequence[int], seen: Array) -> Figure:
    share = 100 * shares(net, unit)[0]
    rows, columns = (f.span(u) for f, u in zip(net.output.fields, unit, strict=True))
    figure = Figure(figsize=(11, 5.2), dpi=110, layout="constrained")
    whole, close = figure.subplots(1, 2)
    for panel in (whole, close):
        panel.set_facecolor("0.9")
        image = panel.imshow(np.ma.masked_where(~seen, share), cmap="viridis", vmin=0,
                             interpolation="nearest")
        panel.add_patch(Rectangle((columns[0] - 0.5, rows[0] - 0.5), columns[1] - columns[0] + 1,
                                  rows[1] - rows[0] + 1, fill=False, edgecolor=_SPAN, linewidth=2))
        panel.add_patch(Rectangle((-0.5, -0.5), seen.shape[1], seen.shape[0], fill=False,
                                  edgecolor="black", linewidth=0.8))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.yaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_xlabel("column")
        panel.set_ylabel("row")
    _window(whole, (min(rows[0], 0), max(rows[1], seen.shape[0] - 1)),
            (min(columns[0], 0), max(columns[1], seen.shape[1] - 1)))
    _window(close, rows, columns)
    whole.set_title("the input (thin frame)", fontsize=10)
    close.set_title("the span, close up", fontsize=10)
    figure.colorbar(image, ax=[whole, close], label="share of the unit, %; grey: not used",
                    shrink=0.85)
    figure.suptitle(f"Output unit {', '.join(map(str, unit))}: span (red) rows {rows[0]} to "
                    f"{rows[1]}, columns {columns[0]} to {columns[1]}; {seen.sum()} inputs used",
                    fontsize=11)
    return figure


def _window(panel: Axes, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    panel.set_xlim(columns[0] - 1, columns[1] + 1)
    panel.set_ylim(rows[1] + 1, rows[0] - 1)
