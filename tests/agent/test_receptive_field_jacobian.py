"""What the calculator says of random nets is what their Jacobians show, unit by unit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agent.receptive_field import Branches
from agent.receptive_field_inputs import shares, used
from tests.agent.random_layers import jacobians, random_net

GROUPS, EACH = 6, 50  # times two: on lines and on pictures


def group(axes, number):
    """Return a group of random nets, always the same."""
    rng = np.random.default_rng([axes, number])
    return [random_net(rng, axes) for _ in range(EACH)]


def units(net):
    return itertools.product(*map(range, net.output.size))


def spans(net, unit):
    return [f.span(u) for f, u in zip(net.output.fields, unit, strict=True)]


def hull(seen):
    """Return the first and the last index by axis of what is true; nothing has none."""
    return [(int(found.min()), int(found.max())) for found in seen.nonzero() if found.size]


def inside(net, unit):
    """Return whether a unit's span lies inside the input."""
    return all(first >= 0 and last < n
               for (first, last), n in zip(spans(net, unit), net.input, strict=True))


@pytest.mark.parametrize("number", range(GROUPS))
@pytest.mark.parametrize("axes", [1, 2])
def test_the_jacobian_agrees(axes, number):
    nets = group(axes, number)
    found = jacobians([(layers, size) for layers, size, _ in nets])
    for (layers, size, net), jacobian in zip(nets, found, strict=True):
        assert jacobian.shape == net.output.size + size, layers
        patterns = set()
        for unit in units(net):
            true = jacobian[unit] > 0
            assert np.array_equal(used(net, unit)[0], true), (layers, size, unit)
            # The hull is the span exactly where the span lies inside the input.
            assert (hull(true) == spans(net, unit)) == inside(net, unit), (layers, size, unit)
            whole = [u in f.whole(n) for u, f, n in zip(unit, net.output.fields, size, strict=True)]
            assert all(whole) == inside(net, unit), (layers, size, unit)
            if all(whole):
                cut = tuple(slice(first, last + 1) for first, last in spans(net, unit))
                patterns.add(true[cut].tobytes())
        assert len(patterns) < 2, "units inside see the same offsets"


@pytest.mark.parametrize("axes", [1, 2])
def test_shares_are_the_jacobian_of_averages(axes):
    nets = [made for made in group(axes, 0) if not any(isinstance(x, Branches) for x in made[0])]
    assert len(nets) > 10
    found = jacobians([(layers, size) for layers, size, _ in nets])
    for (layers, _, net), jacobian in zip(nets, found, strict=True):
        paths = np.prod([t.kernel for node in net.nodes[1:] for t in node.taps])
        unit = tuple(n // 2 for n in net.output.size)
        assert np.allclose(shares(net, unit)[0], jacobian[unit] / paths, atol=1e-12), layers


def no_hole(net, axis):
    """Say by the rule of the docs whether a chain of layers leaves no hole along an axis."""
    steps = sorted(
        (net.nodes[node.sources[0]].fields[axis].jump * node.taps[axis].dilation,
         node.taps[axis].kernel - 1)
        for node in net.nodes[1:] if node.taps[axis].kernel > 1)
    reached = 0
    for step, more in steps:
        if step > reached + 1:
            return False
        reached += step * more
    return True


def test_a_chain_has_holes_exactly_where_a_step_is_longer_than_all_shorter_ones_reach():
    counts = {True: 0, False: 0}
    for number, axes in itertools.product(range(GROUPS), (1, 2)):
        for layers, size, net in group(axes, number):
            unit = next((u for u in units(net) if inside(net, u)), None)
            if unit is None or any(isinstance(x, Branches) for x in layers):
                continue
            cut = tuple(slice(first, last + 1) for first, last in spans(net, unit))
            seen = used(net, unit)[0][cut]
            for axis in range(axes):
                full = bool(seen.any(tuple(a for a in range(axes) if a != axis)).all())
                assert full == no_hole(net, axis), (layers, size, axis)
                counts[full] += 1
    assert min(counts.values()) > 30


def test_the_random_nets_are_of_every_kind():
    nets = [made for axes in (1, 2) for n in range(GROUPS) for made in group(axes, n)]
    assert len(nets) >= 500
    taps = [[t for node in net.nodes for t in node.taps or ()] for _, _, net in nets]
    assert sum(any(t.stride > 1 for t in made) and any(t.dilation > 1 and t.kernel > 1
               for t in made) for made in taps) > 200
    assert sum(any(t.before != t.after for t in made) for made in taps) > 100
    assert sum(any(isinstance(x, Branches) for x in layers) for layers, _, _ in nets) > 100
    assert sum(bool(net.notes) for _, _, net in nets) > 100, "branches that are not aligned"
    whole = [[u for u in units(net) if inside(net, u)] for _, _, net in nets]
    assert sum(map(bool, whole)) > 200
    assert sum(not used(net, u[0])[0].any() for (_, _, net), u in
               zip(nets, map(list, map(units, (net for _, _, net in nets))), strict=True)) > 3
