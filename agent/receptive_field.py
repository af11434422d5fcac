"""Receptive fields of convolutional nets: which inputs a unit of each layer can see.

The recurrences are those of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019 (https://distill.pub/2019/computing-receptive-fields), with dilation,
for one axis (a line) or two (height and width). Pooling counts as a convolution of the same kernel.
What exactly one unit uses: ``agent.receptive_field_inputs``.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from agent.errors import LayerError

Padding: TypeAlias = int | tuple[int, int] | Literal["same", "valid"]
"""Of one axis: units on both sides, (before, after), or the name of a rule."""

MOST_LAYERS = 10_000
MOST_UNITS = 4_000_000
"""A layer, or an input with its padding, of more units is refused."""

AXES = {1: ("line",), 2: ("height", "width")}


@dataclass(frozen=True)
class Layer:
    """One convolution or pooling; each setting one value for all axes, or a tuple with one of each.

    Args:
        kernel: taps, at least 1.
        stride: inputs from one unit to the next, at least 1.
        dilation: inputs from one tap to the next, at least 1.
        padding: zeros beside the input: a number for both sides, ``valid`` for none, ``same`` for
            as many as make ``ceil(input / stride)`` units, the odd one behind (as XLA and
            TensorFlow do), or inside a tuple a pair (before, after).
    """

    kernel: int | tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    dilation: int | tuple[int, ...] = 1
    padding: Padding | tuple[Padding, ...] = 0


@dataclass(frozen=True)
class Branches:
    """Paths side by side whose outputs are added or stacked; an empty path is the identity."""

    paths: tuple[tuple[Layer | Branches, ...], ...]


@dataclass(frozen=True)
class Taps:
    """What one layer does along one axis: unit o looks at o*stride - before + t*dilation."""

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def extent(self) -> int:
        """Inputs from the first tap to the last, both counted."""
        return self.dilation * (self.kernel - 1) + 1


@dataclass(frozen=True)
class Field:
    """What the units of one layer see along one axis.

    Attributes:
        size: units of the layer.
        length: the receptive field, inputs from the first to the last that is seen.
        jump: inputs from the field of one unit to that of the next.
        start: the first input that unit 0 sees; below 0 it is padding.
    """

    size: int
    length: int = 1
    jump: int = 1
    start: int = 0

    def span(self, unit: int) -> tuple[int, int]:
        """Return the first and the last input of a unit's field, padding included."""
        first = self.start + unit * self.jump
        return first, first + self.length - 1

    def whole(self, inputs: int) -> range:
        """Return the units whose span lies inside the input, of so many units."""
        first = -(self.start // self.jump)
        last = (inputs - self.length - self.start) // self.jump
        return range(first, max(min(last, self.size - 1) + 1, first))

    @property
    def center(self) -> float:
        """Where the middle of unit 0's field lies, in inputs."""
        return self.start + (self.length - 1) / 2


@dataclass(frozen=True)
class Node:
    """The input (number 0), a layer, or a place where branches join.

    Attributes:
        name: the layer's number, from 1 in reading order; ``(1-2|3)`` where a branch of layers 1
            and 2 and one of layer 3 join, ``(4|-)`` where layer 4 and its input do.
        sources: indices of the nodes whose units it looks at.
        taps: by axis; ``None`` for the input and for joins, which pass units on as they are.
        fields: by axis.
    """

    name: str
    sources: tuple[int, ...]
    taps: tuple[Taps, ...] | None
    fields: tuple[Field, ...]

    @property
    def size(self) -> tuple[int, ...]:
        """Units by axis."""
        return tuple(f.size for f in self.fields)


@dataclass(frozen=True)
class Measured:
    """A net with the receptive fields of all its layers.

    Attributes:
        nodes: the input, then every layer and join in reading order; the last one is the output.
        notes: a line for each join whose branches are not aligned.
    """

    nodes: tuple[Node, ...]
    notes: tuple[str, ...]

    @property
    def input(self) -> tuple[int, ...]:
        """Inputs by axis."""
        return self.nodes[0].size

    @property
    def output(self) -> Node:
        """The last layer or join."""
        return self.nodes[-1]


def measure(layers: Sequence[Layer | Branches], inputs: int | Sequence[int]) -> Measured:
    """Return the receptive fields of a net.

    Args:
        layers: from the input to the output.
        inputs: the length of the line, or (height, width).

    Raises:
        LayerError: a layer is impossible, or branches cannot join; the message names it.

    >>> net = measure([Layer(5, padding=2), Layer(3, stride=2, dilation=2)], 24)
    >>> net.output.fields
    (Field(size=10, length=9, jump=2, start=-2),)
    >>> net.output.fields[0].span(4)
    (6, 14)
    """
    size = (inputs,) if isinstance(inputs, int) else tuple(inputs)
    if len(size) not in AXES:
        raise LayerError(f"the input has {len(size)} axes; a line has 1, a picture 2")
    for units in size:
        _integer("input", "size", units, 1)
    _check_units("input", size)
    builder = _Builder([Node("0", (), None, tuple(Field(units) for units in size))])
    builder.chain(layers, 0)
    if not builder.layers:
        raise LayerError("there is no layer; give at least one, as 5x1")
    return Measured(tuple(builder.nodes), tuple(builder.notes))


@dataclass
class _Builder:
    """Adds one node after the other."""

    nodes: list[Node]
    notes: list[str] = field(default_factory=list)
    layers: int = 0

    def chain(self, layers: Sequence[Layer | Branches], source: int) -> int:
        """Add layers one behind the other and return the node of the last one."""
        for layer in layers:
            if isinstance(layer, Branches):
                source = self.join(layer, source)
            else:
                source = self.layer(layer, source)
        return source

    def layer(self, layer: Layer, source: int) -> int:
        self.layers += 1
        if self.layers > MOST_LAYERS:
            raise LayerError(f"more than {MOST_LAYERS:,} layers")
        name = f"layer {self.layers}"
        before = self.nodes[source].fields
        taps = _taps(name, layer, tuple(f.size for f in before))
        _check_units(name, [f.size + t.before + t.after for f, t in zip(before, taps, strict=True)])
        fields = tuple(_seen_through(name, f, t) for f, t in zip(before, taps, strict=True))
        return self._add(Node(str(self.layers), (source,), taps, fields))

    def join(self, branches: Branches, source: int) -> int:
        first = self.layers + 1
        ends, names = [], []
        for path in branches.paths:
            begin = self.layers + 1
            ends.append(self.chain(path, source))
            names.append(_range(begin, self.layers) if self.layers >= begin else "-")
        if self.layers < first:
            raise LayerError(f"after layer {first - 1}: branches without any layer")
        inside = f"layer{'s' * (self.layers > first)} {_range(first, self.layers)}"
        fields = self._joined(inside, ends)
        return self._add(Node(f"({'|'.join(names)})", tuple(ends), None, fields))

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _joined(self, name: str, ends: list[int]) -> tuple[Field, ...]:
        nodes = [self.nodes[end] for end in ends]
        if len({node.size for node in nodes}) > 1:
            sizes = _and("x".join(map(str, node.size)) for node in nodes)
            raise LayerError(f"{name}: the branches have {sizes} units; to join they need the same")
        return tuple(self._joined_axis(name, axis, [node.fields[a] for node in nodes])
                     for a, axis in enumerate(AXES[len(nodes[0].fields)]))

    def _joined_axis(self, name: str, axis: str, paths: list[Field]) -> Field:
        """Return the field of all paths together: from the first input of any to the last."""
        size, jump = paths[0].size, max(path.jump for path in paths)
        where = "" if axis == "line" else f" along the {axis}"
        # Of a single unit nothing is known of how it would step, and nothing needs to be.
        if size > 1 and any(path.jump != jump for path in paths):
            raise LayerError(
                f"{name}: a unit further is {_and(path.jump for path in paths)} inputs further on "
                f"the branches{where}; to join they need the same product of strides"
            )
        centers = [path.center for path in paths]
        if len(set(centers)) > 1:
            self.notes.append(f"{name}: the branches are not aligned{where}: unit 0 looks around "
                              f"input {_and(f'{c:g}' for c in centers)}")
        start = min(path.start for path in paths)
        end = max(path.start + path.length for path in paths)
        return Field(size, end - start, jump, start)


def _seen_through(name: str, before: Field, taps: Taps) -> Field:
    padded = before.size + taps.before + taps.after
    size = (padded - taps.extent) // taps.stride + 1
    if size < 1:
        raise LayerError(f"{name}: its kernel reaches over {taps.extent} units, but there are only "
                         f"{padded}, padding included: it has no output")
    return Field(
        size=size,
        length=before.length + (taps.extent - 1) * before.jump,
        jump=before.jump * taps.stride,
        start=before.start - taps.before * before.jump,
    )


def _taps(name: str, layer: Layer, size: tuple[int, ...]) -> tuple[Taps, ...]:
    """Return a layer's settings by axis, checked, with padding as numbers."""
    columns = [
        [_integer(name, what, value, 1) for value in _by_axis(name, what, given, len(size), 1)]
        for what, given in (("kernel", layer.kernel), ("stride", layer.stride),
                            ("dilation", layer.dilation))
    ]
    paddings = _by_axis(name, "padding", layer.padding, len(size), 0)
    taps = []
    for units, kernel, stride, dilation, padding in zip(size, *columns, paddings, strict=True):
        extent = dilation * (kernel - 1) + 1
        taps.append(Taps(kernel, stride, dilation, *_sides(name, padding, units, stride, extent)))
    return tuple(taps)


def _sides(name: str, padding: Any, units: int, stride: int, extent: int) -> tuple[int, int]:
    """Return the padding before and after."""
    if padding == "same":
        total = max((-(-units // stride) - 1) * stride + extent - units, 0)
        return total // 2, total - total // 2
    if padding == "valid":
        return 0, 0
    sides = padding if isinstance(padding, tuple) else (padding, padding)
    if len(sides) != 2:
        raise LayerError(f"{name}: padding {padding!r}; a pair is (before, after)")
    return _integer(name, "padding", sides[0], 0), _integer(name, "padding", sides[1], 0)


def _by_axis(name: str, what: str, given: Any, axes: int, neutral: int) -> tuple[Any, ...]:
    """Return one value for each axis; on a line a kernel of 5x1 is one of 5."""
    values = given if isinstance(given, tuple) else (given,)
    if axes == 1 and len(values) == 2 and values[1] in (neutral, "valid"):
        values = values[:1]
    if len(values) == 1:
        return values * axes
    if len(values) != axes:
        raise LayerError(f"{name}: its {what} is for {len(values)} axes, but the input has {axes}; "
                         "a line has one size, as 24, a picture two, as 28x28")
    return values


def _integer(name: str, what: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise LayerError(f"{name}: its {what} is {value!r}, which is no whole number") from None
    if number < least:
        raise LayerError(f"{name}: its {what} is {number}, but must be at least {least}")
    return number


def _check_units(name: str, size: Sequence[int]) -> None:
    units = 1
    for length in size:
        units *= length
    if units > MOST_UNITS:
        raise LayerError(f"{name}: {units:,} units with padding; at most {MOST_UNITS:,} can be")


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _and(values: Any) -> str:
    return " and ".join(str(value) for value in dict.fromkeys(values))
