"""``tdgammon receptive-field``: the table, the rows, the words, the picture and the errors."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from click.testing import CliRunner
from PIL import Image

from agent.checkpoint import Checkpoint, save
from agent.receptive_field import Field
from cli import cli
from tests.cli.conftest import ROOT
from tests.cli.test_errors import refused
from tests.test_imports import command, heavy_after
from tests.ui.conv_player import FEATURES, small_conv

COLUMNS = ["layer", "kernel_size", "stride", "dilation", "padding", "input_size", "output_size",
           "receptive_field"]


def said(layers, *args):
    """Return what the command prints, which must be all it says."""
    words = ["receptive-field", "--layers", layers, *map(str, args)]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert not result.stderr
    return result.stdout


def rows(layers, *args):
    found = json.loads(said(layers, *args, "--json"))
    assert all(list(row) == COLUMNS for row in found)
    return [tuple(row.values()) for row in found]


def test_the_table_is_that_of_the_source():
    head, first, second, empty, *words = said("5x1,s1,p2;3x1,d2").splitlines()
    assert head == ("Layer #  Kernel Size  Stride  Dilation  Padding  Input Size  Output Size"
                    "  Receptive Field")
    assert first.split() == ["1", "5", "1", "1", "2", "24", "24", "5"]
    assert second.split() == ["2", "3", "1", "2", "0", "24", "20", "9"]
    assert empty == ""
    assert words == [
        "Output unit q spans inputs q - 2 to q + 6.",
        "Of units 0 to 19, units 2 to 17 span no padding; each of them uses all 9 inputs of its "
        "span.",
        "Unit 10 spans inputs 8 to 16 and uses 9 inputs: 8 to 16.",
    ]


def test_json_rows_hold_numbers_on_a_line():
    assert rows("5x1,s1,p2;3x1,s2,d2") == [(1, 5, 1, 1, 2, 24, 24, 5), (2, 3, 2, 2, 0, 24, 10, 9)]


def test_json_rows_hold_height_and_width_of_a_picture():
    assert rows("3x5,s2,p1x0+1", "--input", "28x20") == [
        (1, [3, 5], [2, 2], [1, 1], [1, {"before": 0, "after": 1}], [28, 20], [14, 9], [3, 5])]


def test_same_and_valid_are_told_as_numbers():
    assert [row[4] for row in rows("3,same;3,valid;4,same")] == [1, 0, {"before": 1, "after": 2}]
    assert "1+2" in said("4,same")


def test_a_join_has_a_row_of_its_own():
    found = rows("(3x1,p1;3x1,p1 | 1x1);2")
    assert [row[0] for row in found] == [1, 2, 3, "(1-2|3)", 4]
    assert found[3] == ("(1-2|3)", None, None, None, None, 24, 24, 5)
    assert [row[7] for row in found] == [3, 5, 1, 5, 6]
    assert "(1-2|3)            -       -" in said("(3x1,p1;3x1,p1 | 1x1);2")


@pytest.mark.parametrize(("layers", "args", "lines"), [
    ("3,d2,s2;2", ("--output", 0), [
        "Output unit q spans inputs 2q to 2q + 6.",
        "Of units 0 to 8, units 0 to 8 span no padding; each of them uses 4 of the 7 inputs of its "
        "span, counted from 0 these: 0, 2, 4, 6.",
        "Unit 0 spans inputs 0 to 6 and uses 4 inputs: 0, 2, 4, 6."]),
    ("3,p1;3,p2", ("--output", 0), [
        "Unit 0 spans inputs -3 to 1 and uses 2 inputs: 0 to 1."]),
    ("3;3,p1", ("--output", 0, "--input", 9), [
        "Unit 0 spans inputs -1 to 3 and uses 4 inputs: 0 to 3."]),
    ("1,p2", ("--output", 0), ["Unit 0 spans inputs -2 to -2 and uses no input, only padding."]),
    ("3,d2,p2;3,p1;1,s5", ("--output", 0), [
        "Unit 0 spans inputs -3 to 3 and uses 4 inputs: 0 to 3."]),
    ("9,p4;9,p4;9,p4", (), ["Every output unit spans padding."]),
    ("(3x1,p1x0|1x3,p0x1)", ("--input", "5x5"), [
        "Output unit y, x spans rows y - 1 to y + 1 and columns x - 1 to x + 1.",
        "Of rows 0 to 4 and columns 0 to 4, rows 1 to 3 and columns 1 to 3 span no padding; each "
        "of them uses 5 of the 9 inputs of its span, counted from 0 these: row 0 in column 1; "
        "row 1 in columns 0 to 2; row 2 in column 1.",
        "Unit 2, 2 spans rows 1 to 3 and columns 1 to 3 and uses 5 inputs: row 1 in column 2; "
        "row 2 in columns 1 to 3; row 3 in column 2."]),
    ("3x3,d2x1", ("--input", "9x9", "--output", "1x4"), [
        "Unit 1, 4 spans rows 1 to 5 and columns 4 to 6 and uses 9 inputs: rows 1, 3, 5 in columns "
        "4 to 6."]),
])
def test_it_is_said_where_span_and_used_inputs_differ(layers, args, lines):
    words = said(layers, *args).splitlines()
    assert [line for line in lines if line not in words] == [], words


def test_inputs_hidden_by_padding_between_layers_are_counted():
    # Unit 0 looks at unit -1 of the first layer, which would see input 0.
    text = said("2;1,p1", "--output", 0).splitlines()
    assert text[-2:] == ["Unit 0 spans inputs -1 to 0 and uses no input, only padding.",
                         "Padding between layers hides 1 more from it."]
    assert "hides" not in said("2;1,p1", "--output", 1)


def test_branches_that_are_not_aligned_are_noted():
    note = ("layers 1-2: the branches are not aligned: unit 0 looks around input 0.5 and 0")
    assert said("(2,same|3,same)").splitlines()[-2:] == ["", f"Note: {note}."]
    words = ["receptive-field", "--layers", "(2,same|3,same)", "--json"]
    result = CliRunner().invoke(cli, words)
    assert len(json.loads(result.stdout)) == 3
    assert result.stderr == f"tdgammon: note: {note}\n"


@pytest.mark.parametrize(("layers", "args"), [
    ("5x1,s1,p2;(3x1,d2,same|)", ()),
    ("3,s2,p1;3x1,d2", ("--input", "28x28", "--output", "3x4")),
])
def test_a_picture_is_written(tmp_path, layers, args):
    file = tmp_path / "seen.png"
    assert said(layers, *args, "--png", file) == said(layers, *args)
    with Image.open(file) as picture:
        assert picture.format == "PNG" and min(picture.size) > 200
    assert [path.name for path in tmp_path.iterdir()] == ["seen.png"]


def test_a_picture_that_cannot_be_written_is_an_error(tmp_path):
    file = tmp_path / "none" / "seen.png"
    line = refused("receptive-field", "--layers", "3", "--png", file)
    assert line.endswith("seen.png cannot be written: No such file or directory")


@pytest.mark.parametrize(("args", "reason"), [
    ([], "give either --layers"),
    (["--layers", "3", "--agent", "conv"], "give either --layers"),
    (["--agent", "td-gammon"], "td-gammon has no convolutions; only a net trained with --net conv"),
    (["--agent", "td-gammon", "--input", "9"], "has 24 points as its input: leave out --input"),
    (["--layers", ""], "layer 1 is empty"),
    (["--layers", "3;nonsense"], "layer 2, 'nonsense': 'nonsense' is no kernel"),
    (["--layers", "3;3,s0"], "layer 2: its stride is 0, but must be at least 1"),
    (["--layers", "0"], "layer 1: its kernel is 0"),
    (["--layers", "3;5,d9"], "layer 2: its kernel reaches over 37 units, but there are only 22"),
    (["--layers", "3x3"], "layer 1: its kernel is for 2 axes, but the input has 1"),
    (["--layers", "3", "--input", "0"], "input: its size is 0"),
    (["--layers", "3", "--input", "many"], "'many' is neither one number"),
    (["--layers", "3", "--input", "2x2x2"], "'2x2x2' is neither one number"),
    (["--layers", "3", "--output", "22"], "no output unit 22; they are numbered 0 to 21"),
    (["--layers", "3", "--output", "1x1"], "no output unit 1x1; they are numbered 0 to 21"),
    (["--layers", "3", "--output", "22", "--json"], "no output unit 22"),
    (["--layers", "1;(3|5)"], "layers 2-3: the branches have 22 and 20 units"),
])
def test_bad_input_is_refused_in_a_line(args, reason):
    assert reason in refused("receptive-field", *args)


def test_the_docs_show_what_the_command_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Two of the commands write a picture.
    text = (ROOT / "docs" / "receptive-field.md").read_text(encoding="utf-8")
    commands = [shlex.split(line)[1:] for line in text.splitlines()
                if line.startswith("    tdgammon")]
    commands += [shlex.split(found)[1:] for found in re.findall("`(tdgammon [^`]*)`", text)]
    assert len(commands) == 7
    answers = []
    for words in commands:
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
        answers.append(result.stdout)
    assert f"```\n{answers[0]}```" in text
    namespace: dict = {}
    exec(text.split("```python\n")[1].split("```")[0], namespace)
    assert namespace["net"].output.fields == (Field(size=11, length=23, jump=2, start=-10),)
    assert (tmp_path / "seen.png").exists()


def test_help_shows_the_language():
    result = CliRunner().invoke(cli, ["receptive-field", "--help"])
    assert result.exit_code == 0
    for example in ("5x1,s1,p2;3x1,d2 ", "(3x1,p1;3x1,p1 | 1x1)"):
        assert example in result.output


def test_an_agent_shows_the_convolutions_of_its_net(tmp_path):
    net = small_conv(kernel=3, dilation=(1, 2, 4))
    meta = {"net": net.net, "settings": net.settings, "features": FEATURES, "config": {},
            "games": 0, "seed": 1, "results": {}}
    save(tmp_path / "mine.npz", Checkpoint(meta, net.params))
    words = ["receptive-field", "--agent", str(tmp_path / "mine.npz"), "--json"]
    found = json.loads(CliRunner().invoke(cli, words).stdout)
    assert [(row["kernel_size"], row["dilation"], row["receptive_field"]) for row in found] == [
        (3, 1, 3), (3, 1, 5), (3, 2, 9), (3, 4, 17)]


def test_the_table_does_not_wait_for_jax_nor_for_matplotlib():
    assert heavy_after(command("receptive-field", "--layers", "3,same")) == []
