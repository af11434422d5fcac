"""The language of layers: what is read, and what is refused in words that name the layer."""

from __future__ import annotations

import pytest

from agent.errors import LayerError
from agent.receptive_field import MOST_LAYERS, Branches, Layer
from agent.receptive_field_text import parse_layers, parse_size

A, B, C = Layer(1), Layer(2), Layer(3)


@pytest.mark.parametrize(("text", "layer"), [
    ("5", Layer(5)),
    ("5x1", Layer((5, 1))),
    ("5x1,s1,p2", Layer((5, 1), 1, 1, 2)),
    ("3x1,d2", Layer((3, 1), dilation=2)),
    ("3,p1,d2,s3", Layer(3, 3, 2, 1)),
    ("3x5,s1x2,d2x1,p0x2", Layer((3, 5), (1, 2), (2, 1), (0, 2))),
    ("3,same", Layer(3, padding="same")),
    ("3,SAME", Layer(3, padding="same")),
    ("3,psame", Layer(3, padding="same")),
    ("3,valid,s2", Layer(3, 2, padding="valid")),
    ("3,p1+2", Layer(3, padding=((1, 2),))),
    ("3,p1+2x0", Layer(3, padding=((1, 2), 0))),
    ("3,psamex0+1", Layer(3, padding=("same", (0, 1)))),
    (" 3 × 1 , s 2 ", Layer((3, 1), 2)),
])
def test_a_layer_is_read(text, layer):
    assert parse_layers(text) == (layer,)


@pytest.mark.parametrize(("text", "layers"), [
    ("1;2;3", (A, B, C)),
    ("(1;2|3)", (Branches(((A, B), (C,))),)),
    ("1;(2|);3", (A, Branches(((B,), ())), C)),
    ("(|1|2)", (Branches(((), (A,), (B,))),)),
    ("((1|2);3|)", (Branches(((Branches(((A,), (B,))), C), ())),)),
    ("(1;2)", (A, B)),
    ("1*3", (A,) * 3),
    ("(1;2)*2;3", (A, B, A, B, C)),
    ("(1|)*2", (Branches(((A,), ())),) * 2),
    ("((1*2;2)*2|3)", (Branches(((A, A, B) * 2, (C,))),)),
])
def test_a_net_is_read(text, layers):
    assert parse_layers(text) == layers


@pytest.mark.parametrize(("text", "message"), [
    ("", "layer 1 is empty: write KERNEL"),
    ("  ", "layer 1 is empty"),
    ("3;", "layer 2 is empty"),
    ("3;;3", "layer 2 is empty"),
    ("*3", "layer 1 is empty"),
    ("(1;|2)", "layer 2 is empty"),
    ("()", "layer 1: there is none in the brackets"),
    ("1;(|)", "layer 2: there is none in the brackets"),
    ("1;(2;3", r"layer 2: the '\(' before it is not closed"),
    ("1)", r"after layer 1: '\)' outside of brackets"),
    ("1|2", r"after layer 1: '\|' outside of brackets; branches are written"),
    ("1(2)", r"after layer 1: no ';' before '\('"),
    ("(1)2", "after layer 1: no ';' before '2'"),
    ("1*2*3", r"after layer 2: no ';' before '\*3'"),
    ("1*0", r"layer 1: after '\*' stands '0'; it must be"),
    ("1*", r"layer 1: after '\*' stands ''"),
    ("1*x", r"layer 1: after '\*' stands 'x'"),
    ("(1;2)*2;x", "layer 5, 'x': 'x' is no kernel"),
    ("3x3x3", "layer 1, '3x3x3': '3x3x3' is no kernel; write KERNEL"),
    ("-3", "layer 1, '-3': '-3' is no kernel"),
    ("3.5", "is no kernel"),
    ("٣", "is no kernel"),
    ("9" * 5000, "layer 1, '9{37}...': '9{37}...' is no kernel"),
    ("3;5,q1", "layer 2, '5,q1': 'q1' is no option; write KERNEL"),
    ("3,", "'' is no option"),
    ("3,1", "'1' is no option"),
    ("3,s", "'s': a stride is a number"),
    ("3,s1x2x3", "'s1x2x3': a stride is a number"),
    ("3,dsame", "'dsame': a dilation is a number"),
    ("3,p", "p: padding is a number"),
    ("3,p1+", "p1[+]: padding is a number"),
    ("3,p1x2x3", "padding is a number, one before and after"),
    ("3,s1,s2", "two strides"),
    ("3,same,p1", "two paddings"),
])
def test_other_text_is_refused(text, message):
    with pytest.raises(LayerError, match=message):
        parse_layers(text)


@pytest.mark.parametrize("text", [
    f"1*{MOST_LAYERS + 1}", "((1*9999)*9999)*9999", "1*999999999", f"1*{MOST_LAYERS};(1|1*2)*2*1"])
def test_too_many_layers_are_refused_before_they_are_made(text):
    with pytest.raises(LayerError, match="more than 10,000 layers|no ';' before"):
        parse_layers(text)


def test_brackets_may_stand_in_brackets_but_not_for_ever():
    assert parse_layers("(" * 20 + "1" + ")" * 20) == (A,)
    with pytest.raises(LayerError, match="layer 1: more than 20 brackets around it"):
        parse_layers("(" * 100_000)


@pytest.mark.parametrize(("text", "size"), [
    ("24", (24,)), ("28x28", (28, 28)), (" 3×4 ", (3, 4)), ("0", (0,))])
def test_a_size_is_one_number_or_two(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "3x", "3x4x5", "-1", "3,4", "9" * 5000])
def test_other_sizes_are_refused(text):
    with pytest.raises(LayerError, match="is neither one number, as 24, nor two, as 28x28"):
        parse_size(text)
