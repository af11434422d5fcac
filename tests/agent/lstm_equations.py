"""The nine LSTM variants in float64, an equation after the other, named as in the paper."""

import numpy as np

# Inputs, units, layers, games, steps.
F, N, L, B, T = 3, 4, 2, 2, 4
# The gates of each variant that have parameters.
GATES = {"vanilla": "ifo", "nig": "fo", "nfg": "io", "nog": "if", "niaf": "ifo", "noaf": "ifo",
         "np": "ifo", "cifg": "io", "fgr": "ifo"}


def drawn(rng, size):
    """Return float64 numbers that float32 holds exactly."""
    return rng.normal(0, 0.7, size).astype("f4").astype("f8")


def matrices(inputs, rng):
    """Return all that any variant knows: W_z, R_z, b_z, p_i, ..., and R_from_to of the gates."""
    found = {}
    for block in "zifo":
        found[f"W_{block}"] = drawn(rng, (inputs, N))
        found[f"R_{block}"] = drawn(rng, (N, N))
        found[f"b_{block}"] = drawn(rng, N)
    for to in "ifo":
        found[f"p_{to}"] = drawn(rng, N)
        found |= {f"R_{before}_{to}": drawn(rng, (N, N)) for before in "ifo"}
    return found


def packed(m, variant):
    """Return matrices as the arrays of a cell: blocks in the order z, i, f, o."""
    gates = GATES[variant]
    arrays = {"input": np.hstack([m[f"W_{b}"] for b in "z" + gates]),
              "recurrent": np.hstack([m[f"R_{b}"] for b in "z" + gates]),
              "bias": np.hstack([m[f"b_{b}"] for b in "z" + gates])}
    if variant != "np":
        arrays["peephole"] = np.stack([m[f"p_{g}"] for g in gates])
    if variant == "fgr":
        arrays["gate_recurrent"] = np.block(
            [[m[f"R_{before}_{to}"] for to in "ifo"] for before in "ifo"])
    return {name: array.astype("f4") for name, array in arrays.items()}


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def by_equations(variant, m, x, before):
    """Return c, y, i, f, o after one step; x float64[B, F], each of ``before`` float64[B, N]."""
    c_, y_, i_, f_, o_ = before
    z = x @ m["W_z"] + y_ @ m["R_z"] + m["b_z"]
    i = x @ m["W_i"] + y_ @ m["R_i"] + m["b_i"]
    f = x @ m["W_f"] + y_ @ m["R_f"] + m["b_f"]
    o = x @ m["W_o"] + y_ @ m["R_o"] + m["b_o"]
    if variant == "fgr":
        i = i + i_ @ m["R_i_i"] + f_ @ m["R_f_i"] + o_ @ m["R_o_i"]
        f = f + i_ @ m["R_i_f"] + f_ @ m["R_f_f"] + o_ @ m["R_o_f"]
        o = o + i_ @ m["R_i_o"] + f_ @ m["R_f_o"] + o_ @ m["R_o_o"]
    if variant != "np":
        i = i + m["p_i"] * c_
        f = f + m["p_f"] * c_
    if variant != "niaf":
        z = np.tanh(z)
    i = np.ones((B, N)) if variant == "nig" else sigmoid(i)
    f = np.ones((B, N)) if variant == "nfg" else sigmoid(f)
    if variant == "cifg":
        f = 1 - i
    c = z * i + c_ * f
    if variant != "np":
        o = o + m["p_o"] * c
    o = np.ones((B, N)) if variant == "nog" else sigmoid(o)
    y = (c if variant == "noaf" else np.tanh(c)) * o
    return c, y, i, f, o


def sequence_by_equations(variant, layers, xs, before):
    """Return the outputs float64[T, B, N] of the last layer, and c, y, i, f, o of each layer."""
    now, outputs = list(before), []
    for x in xs:
        for layer, m in enumerate(layers):
            now[layer] = by_equations(variant, m, x, now[layer])
            x = now[layer][1]
        outputs.append(x)
    return np.stack(outputs), now
