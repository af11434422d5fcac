"""The study of multiscale LSTMs as tables of plain text."""

from __future__ import annotations

from typing import Any

from study.hm_lstm import summary
from study.hm_lstm_nets import Settings, nets

_LEFT = 2


def as_text(result: dict[str, Any]) -> str:
    """Return what ``study.hm_lstm.run`` found as lines of text.

    A table of bits a token and updates with a row for each corpus and kind; one of the ends that
    boundaries meet, with a row for each layer that has boundaries.
    """
    settings, rows = Settings(**result["settings"]), summary(result)
    lines = _above(result, settings)
    if rows:
        lines += ["", *_table([_head(settings), *(_cells(row, settings) for row in rows)])]
    ends = [line for row in rows for line in _ends(row)]
    if ends:
        head = ["corpus", "net", "ends", "rate", "layer", "F1", "random", "precision", "recall",
                "behind"]
        lines += ["", *_table([head, *ends], left=3)]
    return "\n".join([*lines, "", *_below()])


def _above(result: dict[str, Any], s: Settings) -> list[str]:
    seeds = f"seed {s.seed}" if s.seeds == 1 else f"seeds {s.seed} to {s.seed + s.seeds - 1}"
    biases = ", ".join(f"{bias:g}" for bias in s.boundary_bias)
    norm = "with" if s.layer_norm else "without"
    lines = [f"Multiscale LSTMs beside LSTMs: {s.layers} layers, {s.tokens:,} tokens for each net, "
             f"{seeds}; {norm} layer norm, boundary bias {biases}, "
             f"{'nested' if s.nested else 'not nested'}, rates held in {s.band[0]:g} to "
             f"{s.band[1]:g}"]
    for name, corpus in result["corpora"].items():
        lines.append(f"{name}: {corpus['name']}; {corpus['tokens']:,} tokens of "
                     f"{corpus['vocabulary']} kinds, {corpus['train']:,} to learn from")
    done, wanted = len(result["runs"]), len(nets(s))
    if done < wanted:
        lines.append(f"Not finished: {done} of {wanted} nets are trained and measured")
    return lines


def _head(s: Settings) -> list[str]:
    rates = [f"rate {i + 1}" for i in range(s.layers - 1)]
    return ["corpus", "net", "width", "parameters", "bits a token", "beside LSTM", *rates,
            "updates", "saved", "s a seed", "seeds"]


def _cells(row: dict[str, Any], s: Settings) -> list[str]:
    spread = "" if row["sd"] is None else f" ± {row['sd']:.4f}"
    lost = f" ({row['diverged']} diverged)" if row["diverged"] else ""
    worse = "-" if row["worse"] is None else f"{row['worse']:+.4f}"
    found = ["-"] * (s.layers + 1)
    if "rates" in row:
        found = [*(f"{rate:.3f}" for rate in row["rates"]), _share(row["updates"]),
                 _share(1 - row["updates"])]
    return [row["corpus"], row["kind"], f"{row['width']}", f"{row['parameters']:,}",
            f"{row['bits']:.4f}{spread}{lost}", worse, *found, f"{row['seconds']:,.0f}",
            f"{row['seeds']}"]


def _ends(row: dict[str, Any]) -> list[list[str]]:
    lines = []
    for name, of_name in row.get("matches", {}).items():
        for i, m in enumerate(of_name["layers"]):
            behind = ",".join(str(shift) for shift in sorted(set(m["shifts"])))
            lines.append([row["corpus"], row["kind"], name, f"{of_name['rate']:.4f}", f"{i + 1}",
                          f"{m['f1']:.3f}", f"{m['random']:.3f}", f"{m['precision']:.3f}",
                          f"{m['recall']:.3f}", behind])
    return lines


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _below() -> list[str]:
    return [
        "bits a token: on the test part, ± one standard deviation between seeds.",
        "rate: share of tokens at which a layer ends a segment; layer 1 is the lowest.",
        "updates: share of all updates of all layers that are made (not copied); saved: the rest.",
        "F1: of boundaries against true ends; random: what boundaries drawn at random at the same "
        "rate get.",
        "behind: tokens from a true end to its boundary, 0 or 1, whichever has the better F1.",
    ]


def _table(rows: list[list[str]], left: int = _LEFT) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(f"{cell:{'<' if i < left else '>'}{width}}" for i, (cell, width)
                             in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in rows]
