"""What gates learned, as a table of plain text."""

from __future__ import annotations

from typing import Any

from study.gates import OPEN, SHUT


def as_text(found: dict[str, Any]) -> str:
    """Return what ``study.gates.measure`` found as lines of text: one row a layer."""
    classes = found["by_class"]
    met = ", ".join(f"{name} {of_class['positions']:,}" for name, of_class in classes.items())
    kind = "channels times points" if found["net"] == "conv" else "units"
    head = ["layer", "mean", "10 %", "90 %", "sd", f"< {SHUT}", f"> {OPEN}", *classes]
    keys = ("mean", "p10", "p90", "sd")
    rows = [head]
    for layer in range(found["layers"]):
        shares = (f"{100 * found[key][layer]:.1f} %" for key in ("shut", "open"))
        means = (f"{of_class['mean'][layer]:.3f}" for of_class in classes.values())
        rows.append([str(layer + 1), *(f"{found[key][layer]:.3f}" for key in keys), *shares,
                     *means])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  " + "  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True))
             for row in rows]
    return "\n".join([
        f"{found['agent']}: transform gates of {found['layers']} layers, {found['units']} {kind}, "
        f"on {found['positions']:,} positions",
        f"of {found['source']}",
        f"({met})",
        f"By the carry bias alone, {found['settings'].get('carry_bias', '')}: "
        f"{found['at_first']:.3f}. At 0 a layer carries its input on, at 1 all is new.",
        "", *table, "",
        "10 % and 90 %: of positions, by their mean over units. sd: of one unit from position to "
        "position.",
        f"< {SHUT} and > {OPEN}: shares of all gates, units times positions. Then the mean by "
        "class.",
    ])
