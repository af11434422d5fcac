"""The pictures show the units that are used, where they stand."""

from __future__ import annotations

import matplotlib.colors
import numpy as np
import pytest

from agent.errors import LayerError
from agent.receptive_field import measure
from agent.receptive_field_inputs import shares, used
from agent.receptive_field_picture import picture
from agent.receptive_field_text import parse_layers

BLUE = matplotlib.colors.to_rgba("tab:blue")
RED = matplotlib.colors.to_rgba("tab:red")


def drawn(text, size, *unit):
    """Return the net, its picture and the panels, drawn to the end."""
    net = measure(parse_layers(text), size)
    figure = picture(net, unit)
    figure.canvas.draw()
    return net, figure.axes


def dots(panel, row):
    """Return where blue and other dots stand in a row, without crosses of padding."""
    found = {True: [], False: []}
    for scatter in panel.collections:
        if type(scatter).__name__ == "PathCollection" and scatter.get_linewidths()[0] != 0.8:
            for (x, y), colour in zip(scatter.get_offsets(), scatter.get_facecolors(), strict=True):
                if y == row:
                    found[tuple(colour) == BLUE].append(float(x))
    return found[True], found[False]


def frames(panel):
    return [patch.get_bbox().extents.tolist() for patch in panel.patches
            if patch.get_edgecolor() == RED]


@pytest.mark.parametrize(("text", "unit"), [
    ("5x1,s1,p2;3x1,d2", 8), ("3,s2,p1;3,d2,p2", 0), ("(3,p1;3,p1|)", 23), ("2,s2;2,s2", 3),
    ("1,p2", 0)])
def test_a_line_shows_every_unit_over_the_middle_of_what_it_sees(text, unit):
    net, (panel,) = drawn(text, 24, unit)
    for row, (node, seen) in enumerate(zip(net.nodes, used(net, (unit,)), strict=True)):
        middles = node.fields[0].center + node.fields[0].jump * np.arange(len(seen))
        assert dots(panel, row) == (middles[seen].tolist(), middles[~seen].tolist())
    first, last = net.output.fields[0].span(unit)
    assert frames(panel) == [pytest.approx([first - 0.5, -0.35, last + 0.5, 0.35])]
    left, right = panel.get_xlim()
    assert left < min(first, 0) and right > max(last, 23)


def test_a_picture_shows_the_share_of_each_input_and_leaves_out_what_is_not_used():
    net, (whole, close, _) = drawn("3,d2,p2;(3x1,p1x0|)", (9, 7), 4, 3)
    for panel in (whole, close):
        shown = panel.images[0].get_array()
        assert np.array_equal(shown.mask, ~used(net, (4, 3))[0])
        assert np.allclose(shown.compressed(), 100 * shares(net, (4, 3))[0][~shown.mask])
        assert frames(panel) == [[0.5, 0.5, 5.5, 7.5]]
    assert whole.get_xlim()[0] < 0 < 6 < whole.get_xlim()[1]
    assert close.get_xlim() == (0, 6) and close.get_ylim() == (8, 0)


def test_of_a_long_line_only_the_span_and_a_little_more_is_drawn():
    net, (panel,) = drawn("5,same", 100_000, 50_000)
    blue, others = dots(panel, 0)
    assert blue == [49_998, 49_999, 50_000, 50_001, 50_002]
    assert 10 <= len(others) <= 30
    assert "99999" in panel.get_xlabel()


def test_a_deep_net_is_drawn():
    net, (panel,) = drawn("(3,same|)*60", 24, 12)
    assert panel.get_yticks().tolist() == list(range(0, 121, 2)), "labels need room"


def test_a_crowd_of_lines_is_drawn_by_its_outline():
    net, (panel,) = drawn("150;150", 400, 50)
    lines = [len(c.get_segments()) for c in panel.collections
             if type(c).__name__ == "LineCollection"]
    assert lines == [2 * 150, 150]


def test_a_span_too_long_to_be_drawn_is_refused():
    with pytest.raises(LayerError, match="spans 3,000 inputs; a picture shows at most 2,000"):
        drawn("3000", 5000, 0)


def test_a_unit_that_is_not_there_is_refused():
    with pytest.raises(LayerError, match="no output unit 9"):
        drawn("3", 5, 9)
