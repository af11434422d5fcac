"""Whole games in a terminal, typed by a script."""

import re
import subprocess
import sys

import numpy as np
import pytest

from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from engine.board import start
from engine.dice import ManualDice, SeededDice
from engine.game import result
from engine.ids import decode_position
from engine.notation import parse_play
from tests.ui.players import FirstPlay, Judge, Typist
from ui.text_play import TextGame, run


def typed(lines, agent=None, dice=None, **more):
    """Play a session of the typed lines; return its score and the typist."""
    typist = Typist(lines)
    score = run(agent or FirstPlay(), dice=dice or SeededDice(5), rng=np.random.default_rng(5),
                input=typist.input, output=typist.output, **more)
    return score, typist


def replayed(shown):
    """Return the points of both players in the games of a transcript, by the rules alone."""
    score, board, player = [0, 0], start(), None
    for line in shown:
        played = re.fullmatch(r"(\S+) plays? (\d)-(\d): (.*)", line)
        passed = re.fullmatch(r"(\S+) rolls? (\d)-(\d) and cannot move\.", line)
        if not (played or passed):
            continue
        who, *dice = (played or passed).groups()[:3]
        mover = int(who != "You")
        assert player in (None, 1 - mover), "the turns alternate"
        text = played[4] if played else ""
        board, player = parse_play(text, board, *map(int, dice)).after, mover
        points = result(board)
        if points:
            score[mover] += points
            board, player = start(), None
    return tuple(score)


@pytest.mark.parametrize("agent", [RandomAgent, PubevalAgent])
@pytest.mark.parametrize("seed", range(3))
def test_the_score_of_three_games_is_what_the_plays_say(agent, seed):
    rng = np.random.default_rng(seed)
    games = iter("yyn")
    typist = Typist([])

    def answer(prompt):
        if prompt.startswith("Another game"):
            return next(games)
        # A number that is too high is asked again.
        return str(rng.integers(1, 25))

    score = run(agent(), dice=SeededDice(seed), rng=np.random.default_rng(seed), input=answer,
                output=typist.output)
    assert sum(score) >= 3
    assert score == replayed(typist.shown)
    assert typist.shown[-1] == f"Final score: you {score[0]}, {agent.name} {score[1]}."
    wins = [line for line in typist.shown if re.search(r" wins? (a|an) ", line)]
    assert len(wins) == 3
    assert wins[-1].endswith(f"Score: you {score[0]}, {agent.name} {score[1]}.")


@pytest.mark.parametrize("rolls, begins", [
    (["61", "21"], "you begin"), (["16", "21"], "first begins")])
def test_the_higher_opening_die_begins(rolls, begins):
    _, typist = typed(["q"], dice=ManualDice(rolls))
    opening, = (line for line in typist.shown if line.startswith("You throw"))
    assert opening.endswith(f"{begins}.")
    assert ("first plays 6-1" in typist.text) == (begins == "first begins")


def test_a_turn_shows_the_board_the_dice_and_every_play():
    _, typist = typed(["q"], dice=ManualDice(["31"]))
    assert "+-13--14-" in typist.text
    assert "X to play 3-1" in typist.text
    assert " 16  " in typist.text and "8/5 6/5" in typist.text


@pytest.mark.parametrize("line", ["8/5 6/5", "6/5, 8/5", "6-5 8-5"])
def test_notation_is_understood(line):
    _, typist = typed([line], dice=ManualDice(["31", "21"]))
    assert "You play 3-1: 8/5 6/5" in typist.shown


@pytest.mark.parametrize("line", [
    "", " ", "99", "-1", "0", "1.5", "8/5 6/4", "hello", "resign all", "8/5 6/5 6/5 6/5 6/5",
    "\x00\x1b[2J", "\udcff", "é" * 1000, "u", "h"])
def test_wrong_input_gets_one_line_and_another_try(line):
    _, typist = typed([line, "8/5 6/5"], dice=ManualDice(["31"]))
    prompts = [i for i, text in enumerate(typist.shown) if text == "your play> "]
    assert prompts[1] == prompts[0] + 2, "one line between the prompts"
    assert len(typist.shown[prompts[0] + 1]) <= 300
    assert "You play 3-1: 8/5 6/5" in typist.shown


def test_bytes_that_are_not_text_get_another_try():
    wrong = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    _, typist = typed([wrong, "8/5 6/5"], dice=ManualDice(["31"]))
    assert "You play 3-1: 8/5 6/5" in typist.shown


def test_undo_takes_back_play_and_reply_and_the_same_rolls_come_again():
    rolls = ["31", "64", "52", "21"]
    _, typist = typed(["8/5 6/5", "u", "24/23 13/10", "24/22 13/8", "q"], dice=ManualDice(rolls))
    made = [line for line in typist.shown if " plays " in line or line.startswith("You play ")]
    assert [line.split(":")[0] for line in made] == [
        "You play 3-1", "first plays 6-4", "You play 3-1", "first plays 6-4", "You play 5-2",
        "first plays 2-1"]


def test_undo_goes_back_to_the_first_play_and_no_further():
    rolls = ["31", "64", "52", "21", "65"]
    _, typist = typed(["1", "1", "u", "u", "u", "q"], dice=ManualDice(rolls))
    assert typist.shown[-3] == "there is no play of yours to take back in this game"
    boards = [line for line in typist.shown if line.startswith("X to play")]
    assert boards == [f"X to play {roll}" for roll in ("3-1", "5-2", "6-5", "5-2", "3-1")]


def test_undo_gives_the_agent_its_memory_back():
    seen = []

    class Remembers(FirstPlay):
        def choose(self, boards, dice, memory, rng):
            seen.append(int(memory[0]))
            return super().choose(boards, dice, memory, rng)

    typed(["1", "1", "u", "1", "q"], Remembers(), ManualDice(["31", "64", "52", "21", "65"]))
    assert seen == [0, 1, 1]


def test_hint_is_the_agents_own_or_anothers():
    _, typist = typed(["h", "q"], Judge(), ManualDice(["31"]))
    assert "equity     win  win gammon" in typist.text
    _, typist = typed(["h", "q"], FirstPlay(), ManualDice(["31"]), hints=Judge())
    assert "equity     win  win gammon" in typist.text
    _, typist = typed(["h", "q"], FirstPlay(), ManualDice(["31"]))
    assert "first knows no chances, so there is no hint" in typist.shown


def test_id_is_the_position_on_roll():
    _, typist = typed(["id", "q"], dice=ManualDice(["31"]))
    line = typist.shown[typist.shown.index("your play> ") + 1]
    np.testing.assert_array_equal(decode_position(line), start())


def test_board_and_help_are_shown_when_asked_for():
    _, typist = typed(["b", "?", "q"], dice=ManualDice(["31"]))
    assert typist.shown.count("X to play 3-1") == 2
    assert any("resign gammon" in line for line in typist.shown)


@pytest.mark.parametrize("line, points", [("r", 1), ("resign gammon", 2), ("r backgammon", 3)])
def test_resignation_is_confirmed_and_counts(line, points):
    score, typist = typed([line, "maybe", "n", line, "y", "n"], dice=ManualDice(["31"]))
    assert score == (0, points)
    assert "type y or n" in typist.shown
    assert typist.shown[-1] == f"Final score: you 0, first {points}."


@pytest.mark.parametrize("stop", ["q", "quit", EOFError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [[], ["r", "y"], ["r", "y", "y"], ["r"]])
def test_stopping_anywhere_tells_the_score(stop, before):
    score, typist = typed([*before, stop])
    assert score == (0, int(before[:2] == ["r", "y"]))
    assert typist.shown[-1].endswith(f"Final score: you 0, first {score[1]}.")
    in_hand = before != ["r", "y"]
    assert typist.shown[-1].startswith("The game in hand does not count.") == in_hand


def test_a_turn_without_a_move_is_told_and_passed():
    typist = Typist(["1"] * 200)
    TextGame(PubevalAgent(), dice=SeededDice(3), rng=np.random.default_rng(1),
             input=typist.input, output=typist.output).play_game()
    passed = [i for i, line in enumerate(typist.shown)
              if re.fullmatch(r"You roll \d-\d and cannot move\.", line)]
    assert len(passed) == 9
    assert all(typist.shown[i + 1].startswith("pubeval ") for i in passed)


def test_an_agent_that_cheats_is_found_out():
    class Cheat(FirstPlay):
        def choose(self, boards, dice, memory, rng):
            return boards, memory

    with pytest.raises(ValueError, match="illegal play"):
        typed([], Cheat(), ManualDice(["16"]))


def test_the_end_of_the_dice_ends_the_session():
    score, typist = typed(["1"], dice=ManualDice(["31"]))
    assert score == (0, 0)
    assert any(line.startswith("The session ends here: no roll is left") for line in typist.shown)


def test_a_game_against_pubeval_never_loads_jax():
    program = (
        "import sys, itertools, numpy as np\n"
        "from agent.players.pubeval import PubevalAgent\n"
        "from engine.dice import SeededDice\n"
        "from ui.text_play import run\n"
        "import serve.jsonl, serve.ubgi\n"
        "lines = itertools.chain(['1'] * 30, ['q'])\n"
        "run(PubevalAgent(), dice=SeededDice(1), rng=np.random.default_rng(1),\n"
        "    input=lambda prompt: next(lines), output=lambda text: None)\n"
        "assert not {'jax', 'flax', 'pygame', 'click'} & set(sys.modules)\n")
    subprocess.run([sys.executable, "-c", program], check=True)
