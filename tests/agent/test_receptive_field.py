"""Receptive fields by hand, of nets known from papers, and of nets that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import LayerError
from agent.receptive_field import MOST_UNITS, Branches, Field, Layer, measure
from agent.receptive_field_inputs import shares, used
from agent.receptive_field_text import parse_layers


def last(text, size):
    """Return the field of the output along the first axis."""
    return measure(parse_layers(text), size).output.fields[0]


def seen(text, size, *unit):
    return used(measure(parse_layers(text), size), unit)[0].nonzero()[0].tolist()


# By hand


@pytest.mark.parametrize(("text", "size", "field"), [
    ("1", 24, Field(24, 1, 1, 0)),
    ("5x1,s1,p2", 24, Field(24, 5, 1, -2)),
    ("5x1,s1,p2;3x1,d2", 24, Field(20, 9, 1, -2)),
    ("3,s2", 24, Field(11, 3, 2, 0)),
    ("3,s2;3", 24, Field(9, 7, 2, 0)),
    ("3,s2,p1;3,d2,p2", 24, Field(12, 11, 2, -5)),
    ("2,s2;2,s2;2,s2", 24, Field(3, 8, 8, 0)),
    ("4,p1+3", 24, Field(25, 4, 1, -1)),
    ("24", 24, Field(1, 24, 1, 0)),
    ("9,d3,p1", 24, Field(2, 25, 1, -1)),
])
def test_the_formulas(text, size, field):
    assert last(text, size) == field


@pytest.mark.parametrize(("text", "size", "padding", "output"), [
    ("3,same", 24, (1, 1), 24),
    ("4,same", 24, (1, 2), 24),  # the odd one behind
    ("3,d4,same", 24, (4, 4), 24),
    ("3,s2,same", 24, (0, 1), 12),
    ("3,s2,same", 25, (1, 1), 13),
    ("2,s5,same", 24, (0, 0), 5),  # too little is left to need padding
    ("3,valid", 24, (0, 0), 22),
])
def test_same_pads_for_as_many_units_as_strides_begin(text, size, padding, output):
    node = measure(parse_layers(text), size).output
    assert ((node.taps[0].before, node.taps[0].after), node.size) == (padding, (output,))


def test_each_axis_has_its_own_settings():
    net = measure(parse_layers("3x5,s1x2,d2x1,p2x0+4;1x2"), (9, 11))
    assert net.nodes[1].fields == (Field(9, 5, 1, -2), Field(6, 5, 2, 0))
    assert net.output.fields == (Field(9, 5, 1, -2), Field(5, 7, 2, 0))


def test_one_number_is_for_both_axes():
    assert measure([Layer(3, 2, 2, 1)], (9, 9)) == measure(
        [Layer((3, 3), (2, 2), (2, 2), ((1, 1), 1))], (9, 9))


def test_a_unit_sees_from_start_as_far_as_its_field_is_long():
    field = last("5x1,s2,p2;3x1,d2,p1", 24)
    assert (field.start, field.jump, field.length) == (-4, 2, 13)
    assert [field.span(q) for q in (0, 2, 9)] == [(-4, 8), (0, 12), (14, 26)]
    assert field.whole(24) == range(2, 8)


def test_a_field_longer_than_the_input_lies_nowhere_inside_it():
    assert not last("9,p4;9,p4;9,p4", 24).whole(24)


# Nets from papers. The figures of AlexNet, VGG-16 and ResNet-50: Araujo, Norris, Sim, "Computing
# Receptive Fields of Convolutional Neural Networks", Distill 2019; 196 is VGG-16's conv5_3.

VGG16 = "(3,p1*2;2,s2)*2;(3,p1*3;2,s2)*2;3,p1*3"
BLOCK = "(1;3,p1;1 | )"


def stage(blocks, stride=2):
    """A stage of ResNet v2, whose last block has the stride."""
    return f"{BLOCK}*{blocks - 1};(1;3,s{stride},p1;1 | 1,s{stride})"


@pytest.mark.parametrize(("text", "size", "field", "units"), [
    ("11,s4,p2;3,s2;5,p2;3,s2;3,p1*3;3,s2", 224, 195, 6),  # AlexNet
    (VGG16, 224, 196, 14),
    (f"{VGG16};2,s2", 224, 212, 7),
    (f"7,s2,p3;3,s2,p1;{stage(3)};{stage(4)};{stage(6)};{stage(3, 1)}", 224, 483, 7),
])
def test_known_nets_have_their_published_fields(text, size, field, units):
    net = measure(parse_layers(text), (size, size))
    assert {(f.length, f.size) for f in net.output.fields} == {(field, units)}


# Branches


def test_the_longest_path_counts_where_branches_join():
    net = measure(parse_layers("(3,p1;3,p1 | 1 | )"), 24)
    assert [node.name for node in net.nodes] == ["0", "1", "2", "3", "(1-2|3|-)"]
    assert net.output.fields == (Field(24, 5, 1, -2),)
    assert net.output.sources == (2, 3, 0)
    assert net.notes == ()


def test_layers_behind_a_join_see_what_it_sees():
    assert last("3,p1;(3,d4,p4|);2,s2", 24) == Field(12, 12, 2, -5)


def test_branches_side_by_side_along_two_axes_see_a_cross():
    net = measure(parse_layers("(3x1,p1x0 | 1x3,p0x1)"), (3, 3))
    assert [f.length for f in net.output.fields] == [3, 3]
    assert used(net, (1, 1))[0].tolist() == [[False, True, False], [True] * 3, [False, True, False]]


def test_branches_around_different_middles_are_noted():
    net = measure(parse_layers("3,p1;(2,same|3,same)"), 24)
    assert net.notes == (
        "layers 2-3: the branches are not aligned: unit 0 looks around input 0.5 and 0",)
    assert net.output.fields == (Field(24, 5, 1, -2),)


def test_what_no_path_is_long_enough_for_two_together_span():
    """Misaligned, the joined field is longer than that of any branch."""
    net = measure(parse_layers("(3,p0+2|3,p2+0)"), 24)
    assert [node.fields[0].length for node in net.nodes] == [1, 3, 3, 5]
    assert net.notes


@pytest.mark.parametrize(("text", "aligned"), [
    ("(3x3,same|1x3,same)", True), ("(3x3,same|1x2,same)", False), ("(2x1,same|)", False)])
def test_branches_are_aligned_along_each_axis(text, aligned):
    notes = measure(parse_layers(text), (8, 8)).notes
    assert bool(notes) != aligned
    assert all("along the" in note for note in notes)


def test_the_only_unit_of_branches_may_be_reached_by_any_strides():
    assert last("(24|12,s12;2)", 24) == Field(1, 24, 12, 0)


@pytest.mark.parametrize(("text", "message"), [
    ("1;(3|5)", "layers 2-3: the branches have 22 and 20 units; to join they need the same"),
    ("(3|)", "layer 1: the branches have 22 and 24 units; to join they need the same"),
    ("(1,s2|13)", "layers 1-2: a unit further is 2 and 1 inputs further on the branches; to join"),
])
def test_branches_that_do_not_fit_together_are_refused(text, message):
    with pytest.raises(LayerError) as error:
        measure(parse_layers(text), 24)
    assert str(error.value).startswith(message)


# Used inputs


def test_dilation_leaves_holes():
    assert seen("3,d2", 9, 1) == [1, 3, 5]
    assert seen("3,d2;2", 9, 1) == [1, 2, 3, 4, 5, 6]


def test_a_stride_larger_than_the_kernel_leaves_holes():
    assert seen("1,s2;3", 9, 0) == [0, 2, 4]
    assert seen("2,s3;3", 9, 0) == [0, 1, 3, 4, 6, 7]


def test_padding_between_layers_hides_inputs_that_lie_in_the_span():
    net = measure(parse_layers("3;3,p1"), 9)
    assert net.output.fields[0].span(0) == (-1, 3)
    assert used(net, (0,))[0].nonzero()[0].tolist() == [0, 1, 2, 3]
    assert seen("1,s3;3,d2,p2", 9, 0) == [0, 6]
    # Units 0 and 1 of the first layer see inputs 0, 2, 4 and 1, 3, 5; unit -1 is padding.
    assert seen("3,d2;3,p1", 9, 0) == [0, 1, 2, 3, 4, 5]


def test_a_unit_can_see_padding_alone():
    assert seen("1,p2", 9, 0) == []
    assert seen("1,p2", 9, 2) == [0]


def test_what_every_layer_uses_is_told():
    net = measure(parse_layers("3;(3,d2,p2|)"), 9)
    assert [found.nonzero()[0].tolist() for found in used(net, (3,))] == [
        [1, 2, 3, 4, 5, 6, 7], [1, 3, 5], [3], [3]]


def test_shares_are_halved_by_branches_and_lost_to_padding():
    net = measure(parse_layers("(3,p1|)"), 4)
    assert shares(net, (0,))[0] == pytest.approx([1 / 6 + 1 / 2, 1 / 6, 0, 0])
    assert shares(net, (2,))[0] == pytest.approx([0, 1 / 6, 1 / 6 + 1 / 2, 1 / 6])


def test_a_deep_net_overflows_nothing():
    net = measure([Layer(3, padding="same")] * 1000, 24)
    assert net.output.fields == (Field(24, 2001, 1, -1000),)
    assert used(net, (12,))[0].all()
    assert np.isfinite(shares(net, (12,))[0]).all()


@pytest.mark.parametrize("unit", [(24,), (-1,), (0, 0), ()])
def test_units_that_are_not_there_are_refused(unit):
    net = measure(parse_layers("3,p1"), 24)
    with pytest.raises(LayerError, match="there is no output unit .*; they are numbered 0 to 23"):
        used(net, unit)


# What cannot be


@pytest.mark.parametrize(("layer", "message"), [
    (Layer(0), "layer 2: its kernel is 0, but must be at least 1"),
    (Layer(3, stride=0), "layer 2: its stride is 0, but"),
    (Layer(3, dilation=-1), "layer 2: its dilation is -1, but"),
    (Layer(3, padding=-1), "layer 2: its padding is -1, but must be at least 0"),
    (Layer(3, padding=((1, -1),)), "layer 2: its padding is -1, but"),
    (Layer(3, padding=((1, 1, 1),)), "layer 2: padding .* a pair is"),
    (Layer(3, padding="full"), "layer 2: its padding is 'full', which is no whole number"),
    (Layer(2.5), "layer 2: its kernel is 2.5, which is no whole number"),
    (Layer((3, 3)), "layer 2: its kernel is for 2 axes, but the input has 1"),
    (Layer(23), "layer 2: its kernel reaches over 23 units, but there are only 22"),
    (Layer(8, dilation=4, padding=3), "layer 2: its kernel reaches over 29 .* only 28"),
    (Layer(1, padding=MOST_UNITS), "layer 2: 8,000,022 units with padding; at most 4,000,000"),
    (Branches(()), "after layer 1: branches without any layer"),
])
def test_impossible_layers_are_named(layer, message):
    with pytest.raises(LayerError, match=message):
        measure([Layer(3), layer], 24)


@pytest.mark.parametrize(("layers", "size", "message"), [
    ([], 24, "there is no layer"),
    ([Layer(1)], (), "the input has 0 axes"),
    ([Layer(1)], (4, 4, 4), "the input has 3 axes"),
    ([Layer(1)], 0, "input: its size is 0"),
    ([Layer((1, 1, 1))], (4, 4), "layer 1: its kernel is for 3 axes"),
    ([Layer(1)], (3000, 3000), "input: 9,000,000 units"),
    ([Layer(1)] * 10_001, 24, "more than 10,000 layers"),
])
def test_impossible_nets_are_refused(layers, size, message):
    with pytest.raises(LayerError, match=message):
        measure(layers, size)
