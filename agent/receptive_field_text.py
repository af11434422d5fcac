"""Nets of convolutions written as text, like ``5x1,s1,p2;3x1,d2``; docs/receptive-field.md."""

from __future__ import annotations

import re
from typing import TypeAlias, cast

from agent.errors import LayerError
from agent.receptive_field import MOST_LAYERS, Branches, Layer, Padding

Path: TypeAlias = tuple[Layer | Branches, ...]

_DEEPEST = 20
_NUMBER = "[0-9]{1,9}"
_NUMBERS = re.compile(f"{_NUMBER}(x{_NUMBER})?")
_SIDES = re.compile(f"{_NUMBER}([+]{_NUMBER})?|same|valid")
_TOKENS = re.compile(r"[;|()]|[*][^;|()*]*|[^;|()*]+")
_OPTIONS = {"s": "stride", "d": "dilation", "p": "padding"}
_LIKE = "write KERNEL[,sSTRIDE][,dDILATION][,pPADDING], as 5x1,s1,p2"


def parse_layers(text: str) -> Path:
    """Return the net that a text describes.

    ``;`` stands between a layer and the next, ``( | )`` around branches, ``*N`` behind what is
    there N times. A layer is its kernel and, in any order, ``s``, ``d`` and ``p`` with a number, or
    with one for each axis: ``3x5,s1x2,d1x2,p1x0+2``. ``0+2`` is padding before and after; ``same``
    and ``valid`` can stand alone or for a number of ``p``.

    Raises:
        LayerError: the text is none of this; the message names the layer.

    >>> parse_layers("5x1,p2;(3,same|)*2") == (
    ...     Layer((5, 1), padding=2), *[Branches(((Layer(3, padding="same"),), ()))] * 2)
    True
    """
    reader = _Reader(_TOKENS.findall("".join(text.lower().replace("×", "x").split())))
    path = reader.path(0)
    if reader.token:
        raise LayerError(f"after layer {reader.layers}: {reader.token!r} outside of brackets; "
                         "branches are written (3x1;3x1 | 1x1)")
    return path


def parse_size(text: str) -> tuple[int, ...]:
    """Return the size in ``24`` or ``28x28``, or the unit in ``3`` or ``3x4``.

    Raises:
        LayerError: it is something else.
    """
    plain = text.strip().lower().replace("×", "x")
    if not _NUMBERS.fullmatch(plain):
        raise LayerError(f"{_short(text)} is neither one number, as 24, nor two, as 28x28")
    return tuple(map(int, plain.split("x")))


class _Reader:
    """Reads tokens from left to right and counts layers."""

    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens[::-1]
        self.layers = 0

    @property
    def token(self) -> str:
        """What comes next, empty at the end."""
        return self.rest[-1] if self.rest else ""

    def path(self, depth: int) -> Path:
        """Read layers up to the end, a ``|`` or a ``)``."""
        items: list[Layer | Branches] = []
        while True:
            counted = self.layers
            item = self.group(depth + 1) if self.token == "(" else (self.layer(),)
            times = self.times()
            if counted + times * (self.layers - counted) > MOST_LAYERS:
                raise LayerError(f"layer {self.layers}, *{times}: more than {MOST_LAYERS:,} layers")
            items += item * times
            self.layers = counted + times * (self.layers - counted)
            if self.token in ("", "|", ")"):
                return tuple(items)
            token = self.rest.pop()
            if token != ";":
                raise LayerError(f"after layer {self.layers}: no ';' before {_short(token)}")

    def group(self, depth: int) -> Path:
        """Read branches, or layers in brackets, which are themselves."""
        if depth > _DEEPEST:
            raise LayerError(f"layer {self.layers + 1}: more than {_DEEPEST} brackets around it")
        first = self.layers + 1
        paths: list[Path] = []
        while not paths or self.token == "|":
            self.rest.pop()
            paths.append(() if self.token in ("|", ")") else self.path(depth))
        if self.token != ")":
            raise LayerError(f"layer {first}: the '(' before it is not closed")
        self.rest.pop()
        if self.layers < first:
            raise LayerError(f"layer {first}: there is none in the brackets")
        return paths[0] if len(paths) == 1 else (Branches(tuple(paths)),)

    def times(self) -> int:
        """Read ``*N``, if it is there."""
        if not self.token.startswith("*"):
            return 1
        count = self.rest.pop()[1:]
        if not re.fullmatch(_NUMBER, count) or int(count) < 1:
            raise LayerError(f"layer {self.layers}: after '*' stands {_short(count)}; it must be a "
                             "number from 1 up")
        return int(count)

    def layer(self) -> Layer:
        self.layers += 1
        if self.token in ("", ";", "|", ")") or self.token.startswith("*"):
            raise LayerError(f"layer {self.layers} is empty: {_LIKE}")
        text = self.rest.pop()
        try:
            return _layer(text)
        except ValueError as error:
            raise LayerError(f"layer {self.layers}, {_short(text)}: {error}") from None


def _layer(text: str) -> Layer:
    kernel, *options = text.split(",")
    if not _NUMBERS.fullmatch(kernel):
        raise ValueError(f"{_short(kernel)} is no kernel; {_LIKE}")
    values: dict[str, str] = {}
    for option in options:
        rule = option in ("same", "valid")
        what, value = ("padding", option) if rule else (_OPTIONS.get(option[:1], ""), option[1:])
        if not what:
            raise ValueError(f"{_short(option)} is no option; {_LIKE}, same or valid")
        if what in values:
            raise ValueError(f"two {what}s")
        if what != "padding" and not _NUMBERS.fullmatch(value):
            raise ValueError(f"{_short(option)}: a {what} is a number, or two as in 2x1")
        values[what] = value
    return Layer(_numbers(kernel), _numbers(values.get("stride", "1")),
                 _numbers(values.get("dilation", "1")), _paddings(values.get("padding", "0")))


def _numbers(text: str) -> int | tuple[int, ...]:
    numbers = tuple(map(int, text.split("x")))
    return numbers if len(numbers) > 1 else numbers[0]


def _paddings(text: str) -> Padding | tuple[Padding, ...]:
    parts = text.split("x")
    if len(parts) > 2 or not all(map(_SIDES.fullmatch, parts)):
        raise ValueError(f"p{_short(text)[1:-1]}: padding is a number, one before and after as in "
                         "1+2, same or valid; or two of these as in 1x0")
    paddings = tuple(map(_padding, parts))
    # A pair alone would be read as height and width.
    return paddings if len(parts) > 1 or isinstance(paddings[0], tuple) else paddings[0]


def _padding(text: str) -> Padding:
    if text in ("same", "valid"):
        return cast(Padding, text)
    before, plus, after = text.partition("+")
    return (int(before), int(after)) if plus else int(before)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
