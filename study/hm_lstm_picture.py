"""Pictures of the study of multiscale LSTMs (matplotlib, without a display), from its JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from study.boundaries import OPERATIONS, operations
from study.hm_lstm_nets import KINDS

# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by their marks.
_STYLES = dict(zip(KINDS, (("#000000", "s"), ("#0072B2", "o"), ("#D55E00", "^")), strict=True))
# What a layer does at a token: UPDATE, COPY, FLUSH.
_DONE = ListedColormap(["#56B4E9", "#F2F2F2", "#D55E00"])
_TRUE = {"turn ends": "#009E73", "word ends": "#009E73", "phase changes": "#CC79A7",
         "sentence ends": "#CC79A7"}
# Tokens of a row, by whether they are written upright.
_ROW = {True: 70, False: 48}


def pictures(result: dict[str, Any]) -> dict[str, Figure]:
    """Return the pictures of what ``study.hm_lstm.run`` found, by name.

    ``bits``, how nets learned; ``boundaries-CORPUS``, what every layer of a net did at each token
    of a stretch of the test part: the first net of the last kind that has boundaries.
    """
    found = {"bits": _bits(result)} if result["runs"] else {}
    for corpus in result["sizes"]:
        rows = [row for row in result["runs"] if row["corpus"] == corpus and "example" in row]
        if rows:
            kind = max((row["kind"] for row in rows), key=KINDS.index)
            row = next(row for row in rows if row["kind"] == kind)
            found[f"boundaries-{corpus}"] = _boundaries(row, result["corpora"][corpus]["name"])
    return found


def _bits(result: dict[str, Any]) -> Figure:
    """Return bits a token of the validation part over tokens read, a panel for each corpus."""
    figure = Figure(figsize=(5.6 * len(result["sizes"]) + 0.4, 4.4), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(result["sizes"]), squeeze=False)[0]
    for panel, corpus in zip(panels, result["sizes"], strict=True):
        _curves(panel, [row for row in result["runs"] if row["corpus"] == corpus])
        panel.set_title(result["corpora"][corpus]["name"], fontsize=10)
    panels[0].set_ylabel("bits a token, validation part")
    figure.suptitle("Multiscale LSTMs beside LSTMs of equal size: mean of seeds, and each", 
                    fontsize=11)
    return figure


def _curves(panel: Axes, rows: list[dict[str, Any]]) -> None:
    for kind, (colour, mark) in _STYLES.items():
        curves = [np.array(row["valid"]) for row in rows if row["kind"] == kind and row["valid"]]
        if not curves:
            continue
        for curve in curves:
            panel.plot(curve[:, 0] / 1e6, curve[:, 1], color=colour, linewidth=0.6, alpha=0.5)
        length = min(map(len, curves))
        middle = np.mean([curve[:length] for curve in curves], axis=0)
        panel.plot(middle[:, 0] / 1e6, middle[:, 1], color=colour, linewidth=1.6, marker=mark,
                   markersize=4, label=f"{kind}: {middle[-1, 1]:.3f}")
    panel.set_xlabel("million tokens read")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=9)


def _boundaries(row: dict[str, Any], name: str) -> Figure:
    example = row["example"]
    tokens, ends = example["tokens"], np.array(example["ends"], bool)
    # With the token before them, so that the first is seen as it was read.
    done = operations(np.vstack([np.array(example["before"], bool)[None], ends]))[1:]
    upright = max(map(len, tokens)) == 1
    width = _ROW[upright]
    lines = -(-len(tokens) // width)
    figure = Figure(figsize=(13, (1.0 if upright else 1.45) * lines + 1.3), dpi=110,
                    layout="constrained")
    panels = figure.subplots(lines, 1, squeeze=False)[:, 0]
    for line, panel in enumerate(panels):
        part = slice(line * width, min(len(tokens), (line + 1) * width))
        _line(panel, tokens[part], done[part], {n: w[part] for n, w in example["true"].items()},
              width, upright)
    words = dict(zip(OPERATIONS, ("goes on (UPDATE)", "keeps its state (COPY)",
                                  "begins a segment (FLUSH)"), strict=True))
    handles = [Patch(facecolor=_DONE(i), edgecolor="0.6", label=words[operation])
               for i, operation in enumerate(OPERATIONS)]
    handles += [Patch(facecolor=_TRUE[n], label=f"true: {n}") for n in example["true"]
                if n in _TRUE]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False,
                  fontsize=9)
    figure.suptitle(f"What the layers of {row['kind']}, seed {row['seed']}, do at each token of "
                    f"{name}", fontsize=11)
    return figure


def _line(
    panel: Axes, tokens: list[str], done: Any, true: dict[str, list[int]], width: int, upright: bool
) -> None:
    """Draw a row of tokens: layers as rows of cells, the lowest next to the tokens."""
    layers = done.shape[1]
    panel.imshow(done.T, cmap=_DONE, vmin=0, vmax=2, aspect="auto", interpolation="nearest",
                 origin="lower", extent=(-0.5, len(tokens) - 0.5, 0.5, layers + 0.5))
    for i in range(len(tokens) + 1):
        panel.axvline(i - 0.5, color="white", linewidth=0.6)
    for layer in range(layers + 1):
        panel.axhline(layer + 0.5, color="white", linewidth=0.6)
    for rank, (name, where) in enumerate(item for item in true.items() if item[0] in _TRUE):
        # A true end is a bar behind its token.
        for at in np.flatnonzero(where):
            panel.plot([at + 0.5] * 2, [0.5, layers + 0.5], color=_TRUE[name],
                       linewidth=1.2 + 1.6 * rank)
    panel.set_xlim(-0.5, width - 0.5)
    panel.set_ylim(0.5, layers + 0.5)
    panel.set_yticks(range(1, layers + 1))
    shown = [{" ": "␣", "\n": "¶"}.get(token, token) for token in tokens]
    panel.set_xticks(range(len(tokens)), shown, rotation=0 if upright else 90, fontsize=8,
                     family="DejaVu Sans Mono")
    panel.tick_params(length=0, axis="both", labelsize=8)
    panel.spines[:].set_visible(False)
