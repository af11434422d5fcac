"""The command that opens the board window: what it says in the end, and where there is none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time

import pytest
from click.testing import CliRunner

from cli import cli
from tests.cli.conftest import ROOT
from ui import play_command
from ui.play_command import Options
from ui.settings import Settings, save

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER")
# Closes the window after its first frames, by itself: nobody is there to do it.
CLOSING = """
    import os, signal, sys, time
    from ui import play_command
    from ui.events import Leave

    # Who runs the tests in the background may have told them to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    make, seen = play_command._make, []

    def making(*args):
        made = make(*args)
        self = made[0]
        step = self.step

        def stepping(*args):
            step(*args)
            seen.append(self.frames)
            if {until}:
                self.take_in(Leave())
        self.step = stepping
        return made

    play_command._make = making
    sys.argv = ["tdgammon", "play", *{args!r}]
    from cli import main
    main()
"""


@pytest.fixture
def refused(monkeypatch, tmp_path):
    """Return a function that asserts that a request is refused in one line, and returns it."""
    monkeypatch.setenv("TDGAMMON_CONFIG", str(tmp_path / "settings.json"))
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)

    def refuse(*args):
        result = CliRunner().invoke(cli, ["play", *args])
        assert isinstance(result.exception, SystemExit), result.exc_info
        assert result.exit_code == 2 and result.stdout == ""
        line, = result.stderr.splitlines()
        assert line.startswith("tdgammon: ") and list(tmp_path.iterdir()) == []
        return line
    return refuse


def opened(tmp_path, *args, until="len(seen) > 20", **more):
    """Run the command under the dummy driver until something is so; return the process."""
    code = textwrap.dedent(CLOSING).format(args=args, until=until)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYGAME")}
    env |= {"SDL_VIDEODRIVER": "dummy",
           "TDGAMMON_CONFIG": str(tmp_path / "settings.json"), **more}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True,
                          text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def said(tmp_path, *args, **options):
    done = opened(tmp_path, *args, **options)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.splitlines()


def test_a_window_tells_the_score_and_the_seed_when_it_is_closed(tmp_path):
    save(tmp_path / "settings.json", Settings(speed="off"))
    lines = said(tmp_path, "--watch", "random", "--agent", "pubeval", "--seed", "5",
                 until="self.state.dialog")
    score = re.fullmatch(r"Final score: random (\d), pubeval (\d)\.", lines[0])
    assert score and sorted(score.groups())[0] == "0" < sorted(score.groups())[1]
    assert lines[1:] == ["The seed of the dice was 5."]


def test_a_game_in_hand_does_not_count(tmp_path):
    first = said(tmp_path, "--watch", "random", "--agent", "pubeval",
                 until="len(self.state.game.turns) > 2")[0]
    assert first == "The game in hand does not count. Final score: random 0, pubeval 0."


def test_ctrl_c_in_the_terminal_closes_the_window(tmp_path):
    lines = said(tmp_path, "--watch", "random", "--agent", "pubeval",
                 until="self.state.game.turns and os.kill(os.getpid(), 2)")
    assert "Final score: random 0, pubeval 0." in lines[0]
    assert lines[1].startswith("The seed of the dice was ") and len(lines) == 2


def test_dice_that_were_never_thrown_have_no_seed_to_tell(tmp_path):
    assert said(tmp_path, "--agent", "pubeval") == ["Final score: You 0, pubeval 0."]


def test_options_reach_the_window(tmp_path):
    check = ("not print(self.view.theme, self.view.length, self.view.names) "
             "and len(seen) > 0")
    lines = said(tmp_path, "--human", "--match", "7", "--theme", "dark", until=check)
    assert lines[0] == "dark 7 ('You', 'Guest')"


def test_a_match_file_is_opened(tmp_path):
    file = ROOT / "tests" / "data" / "gnubg-match.mat"
    lines = said(tmp_path, "--agent", "pubeval", "--mat", str(file),
                 until="self.state.path and not print(self.state.path)")
    assert lines[0] == str(file)


def test_a_damaged_settings_file_is_told_in_the_window_and_left_alone(tmp_path):
    (tmp_path / "settings.json").write_text("{")
    lines = said(tmp_path, "--agent", "pubeval",
                 until="len(seen) > 20 and not print(self.view.message)")
    assert "settings.json holds no settings" in lines[0]
    assert (tmp_path / "settings.json").read_text() == "{"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_an_option_names_the_file_of_settings(tmp_path):
    file = tmp_path / "mine.json"
    said(tmp_path, "--agent", "pubeval", "--config", str(file),
         until="not self.state.dialog and (setattr(self._world, 'size', (901, 602)) or True)")
    assert '"size": [\n  901,' in file.read_text()


def test_the_window_closes_at_once_while_an_agent_thinks(tmp_path):
    until = ("self._world.busy and self.state.asked and not print(time.time()) "
             "and len(seen) > 20")
    lines = said(tmp_path, "--watch", "pretrained:2", "--agent", "pretrained:2", until=until,
                 JAX_COMPILATION_CACHE_DIR=str(tmp_path / "jax"))
    stamps = [float(line) for line in lines if line[0].isdigit()]
    assert time.time() - stamps[-1] < 1.5


@pytest.mark.parametrize(("args", "reason"), [
    ([], "there is no display"),
    (["--agent", "pubeval"], "--text"),
    (["--agent", "nobody"], "unknown agent 'nobody'"),
    (["--watch", "nobody"], "unknown agent 'nobody'"),
    (["--agent", "pubeval", "--ply", "1"], "cannot look ahead"),
    (["--human", "--agent", "pubeval"], "leave out --agent"),
    (["--human", "--watch", "pubeval"], "leave out --agent"),
    (["--human", "--ply", "1"], "leave out --agent"),
    (["--match", "-1"], "--match"),
    (["--match", "100"], "--match"),
    (["--theme", "pink"], "pink"),
    (["--text", "--watch", "pubeval"], "leave out --watch"),
    (["--text", "--match", "3", "--theme", "dark"], "leave out --match and --theme"),
])
def test_what_makes_no_sense_is_refused_in_one_line(refused, args, reason):
    assert reason in refused(*args)


def test_a_display_that_does_not_answer_is_refused_in_one_line(tmp_path):
    for driver in ({"DISPLAY": ":987", "SDL_VIDEODRIVER": "x11"}, {"SDL_VIDEODRIVER": "nonsense"}):
        done = opened(tmp_path, "--agent", "pubeval", **driver)
        assert done.returncode == 2 and done.stdout == ""
        line, = done.stderr.splitlines()
        assert line.startswith("tdgammon: no window can be opened") and "--text" in line


def test_without_pygame_the_terminal_is_named(refused, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    find = play_command.importlib.util.find_spec
    monkeypatch.setattr(play_command.importlib.util, "find_spec",
                        lambda name: None if name == "pygame" else find(name))
    line = refused("--agent", "pubeval")
    assert "pygame-ce" in line and "--text" in line


@pytest.mark.parametrize(("options", "kept", "agents"), [
    (Options(), Settings(), (None, "pretrained")),
    (Options(), Settings(ply=2), (None, "pretrained:2")),
    (Options(), Settings(opponent="gnubg", ply=0), (None, "gnubg:0")),
    (Options(agent="pubeval"), Settings(ply=2), (None, "pubeval")),
    (Options(ply=1), Settings(ply=2), (None, "pretrained:1")),
    (Options(agent="pretrained", ply=0), Settings(ply=2), (None, "pretrained")),
    (Options(watch="random"), Settings(), ("random", "pretrained")),
    (Options(human=True), Settings(), (None, None)),
])
def test_who_plays_follows_from_the_options_and_then_from_the_settings(options, kept, agents):
    assert play_command._chosen(options, kept)[1] == agents
