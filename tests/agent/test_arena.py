"""Contests: duplicate dice with exchanged seats, and what is said of the result."""

import json
import math

import numpy as np
import pytest

from agent import arena
from agent.arena import play_contest, play_games
from agent.luck import RollValues
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from engine.board import start
from engine.plays import afterstates_of


class Runner:
    """Runs home; of equal plays it makes the first or the last. Its memory is the game's number.

    It notes in a log, which players may share: seat, game, plies it has seen of the game, dice.
    """

    def __init__(self, name="runner", log=None, take=0) -> None:
        self.name, self.log, self.take = name, [] if log is None else log, take

    def start(self, batch):
        return {"game": np.arange(batch), "seen": np.zeros(batch, int)}

    def choose(self, boards, dice, memory, rng):
        assert boards.dtype == dice.dtype == np.int8
        assert len(boards) == len(dice) == len(memory["game"])
        for game, seen, roll, board in zip(memory["game"], memory["seen"], dice, boards,
                                           strict=True):
            self.log.append((self.name, int(game), int(seen), tuple(roll.tolist()), board.copy()))
        after = [self.play(b, d) for b, d in zip(boards, dice, strict=True)]
        return np.stack(after), {"game": memory["game"], "seen": memory["seen"] + 1}

    def play(self, board, roll):
        options = afterstates_of(board, *roll.tolist())
        far = options[:, 1] @ np.arange(1, 26) ** 2
        return options[np.nonzero(far == far.min())[0][-1 if self.take else 0]]


@pytest.fixture(scope="module")
def duel():
    """Return (points, plies, the log) of nine games of two players who play differently."""
    log = []
    points, plies = play_games(Runner("a", log), Runner("b", log, take=1), 9, seed=5)
    return points, plies, log


def turns_of(log, game):
    return [turn for turn in log if turn[1] == game]


def test_both_games_of_a_pair_meet_the_same_dice(duel):
    _, plies, log = duel
    for game in range(0, 8, 2):
        one, two = ([t[3] for t in turns_of(log, g)] for g in (game, game + 1))
        both = min(len(one), len(two))
        assert one[:both] == two[:both] and both > 10
        assert (len(one), len(two)) == (plies[game], plies[game + 1])


def test_other_pairs_meet_other_dice(duel):
    log = duel[2]
    dice = {game: tuple(t[3] for t in turns_of(log, game))[:10] for game in (0, 2, 4, 6, 8)}
    assert len(set(dice.values())) == 5


def test_seats_are_exchanged_and_players_take_turns(duel):
    log = duel[2]
    for game in range(9):
        names = [t[0] for t in turns_of(log, game)]
        first = "a" if game % 2 == 0 else "b"
        other = "b" if first == "a" else "a"
        assert names == [first if i % 2 == 0 else other for i in range(len(names))]


def test_games_begin_at_the_start_with_no_double(duel):
    for game in range(9):
        _, _, seen, dice, board = turns_of(duel[2], game)[0]
        assert seen == 0 and (board == start()).all() and dice[0] != dice[1]


def test_each_player_keeps_the_memory_of_each_of_its_games(duel):
    for game in range(9):
        for name in "ab":
            seen = [t[2] for t in turns_of(duel[2], game) if t[0] == name]
            assert seen == list(range(len(seen)))


def test_who_bears_off_last_checker_wins(duel):
    points, _, log = duel
    assert set(np.sign(points).tolist()) == {-1, 1} and np.abs(points).max() <= 3
    for game in range(9):
        name = turns_of(log, game)[-1][0]
        assert (points[game] > 0) == (name == "a")


def test_dice_do_not_depend_on_the_players_or_on_how_many_games_there_are_of_a_pair():
    log, again = [], []
    play_games(Runner("a", log), Runner("b", log), 8, seed=5)
    play_games(Runner("a", again, take=1), RandomAgent(), 8, seed=5)
    for game in range(8):
        one = {2 * t[2] + game % 2: t[3] for t in turns_of(log, game) if t[0] == "a"}
        two = {2 * t[2] + game % 2: t[3] for t in turns_of(again, game)}
        common = one.keys() & two.keys()
        assert len(common) > 5 and all(one[ply] == two[ply] for ply in common)


@pytest.mark.parametrize("same_object", [True, False])
def test_against_itself_a_player_without_chance_scores_exactly_nothing(same_object):
    agent = Runner()
    other = agent if same_object else Runner()
    points, plies = play_games(agent, other, 10, seed=3)
    assert (points[::2] == -points[1::2]).all() and (plies[::2] == plies[1::2]).all()
    contest = play_contest(agent, other, 10, seed=3)
    assert (contest.ppg, contest.ppg_se, contest.ppg_ci95) == (0.0, 0.0, (0.0, 0.0))
    assert (contest.win, contest.win_se) == (0.5, 0.0)
    assert contest.gammon == contest.gammon_lost


# Luck


class Watch:
    """Notes the rolls whose luck is asked for: (game, sign, opening, dice, board)."""

    def __init__(self) -> None:
        self.seen = []

    def add(self, at, boards, dice, *, sign, opening):
        self.seen += [(int(g), int(s), opening, tuple(d.tolist()), b.tobytes())
                      for g, s, d, b in zip(at, sign, dice, boards, strict=True)]


def test_the_luck_of_every_roll_is_asked_for_before_the_play(duel):
    """With its sign for the agent, who is "a"; and the games are the same as without."""
    points, plies, log = duel
    watch, again = Watch(), []
    found = play_games(Runner("a", again), Runner("b", again, take=1), 9, seed=5, luck=watch)
    assert (found[0] == points).all() and (found[1] == plies).all()
    expected = []
    for game in range(9):
        for ply, (name, _, _, dice, board) in enumerate(turns_of(log, game)):
            expected.append((game, 1 if name == "a" else -1, ply == 0, dice, board.tobytes()))
    assert sorted(watch.seen) == sorted(expected)


# What is said of the result


@pytest.fixture
def score(monkeypatch):
    """Return a function: the contest whose games gave these points."""

    def contest(*points, luck=None):
        def play_games(*args, only):
            if luck is not None:
                args[-1].total[:] = luck
            return np.array(points, np.int8), np.arange(50, 50 + len(points), dtype=np.int32)

        monkeypatch.setattr(arena, "play_games", play_games)
        luck_by = None if luck is None else RollValues(Runner("judge"))
        return play_contest(Runner("a"), Runner("b"), len(points), seed=1, luck_by=luck_by)

    return contest


def test_the_standard_error_of_pairs_by_hand(score):
    """The sandwich estimate with pairs as clusters: c / (c - 1) sum (sum residuals)^2 / n^2."""
    contest = score(2, -1, 1, 1, 3, -3)
    # Mean 1/2; the pairs are off by 0, 1 and -1; 3/2 * 2 / 36.
    assert contest.ppg == 0.5
    assert contest.ppg_se == pytest.approx(math.sqrt(3 / 36))
    assert contest.ppg_ci95 == pytest.approx(
        (0.5 - 1.959964 * math.sqrt(3 / 36), 0.5 + 1.959964 * math.sqrt(3 / 36)))
    # Won 4 of 6; the pairs are off by 1 - 4/3, 2 - 4/3, 1 - 4/3.
    assert contest.win == pytest.approx(4 / 6)
    assert contest.win_se == pytest.approx(math.sqrt(1.5 * (1 + 4 + 1) / 9 / 36))


def test_the_standard_error_with_a_game_left_over(score):
    contest = score(2, -1, 1, 1, -3)
    # Mean 0; clusters 1, 2 and -3: 3/2 * 14 / 25.
    assert contest.ppg == 0
    assert contest.ppg_se == pytest.approx(math.sqrt(21) / 5)


def test_luck_is_taken_out_of_the_points_by_hand(score):
    contest = score(2, -1, 1, 1, 3, -3, luck=[1.5, -1.5, 0.5, 1, 2, -2.5])
    # Left are 1/2, 1/2, 1/2, 0, 1, -1/2: mean 1/3; the pairs are off by 1/3, -1/6, -1/6.
    assert (contest.ppg, contest.luck_evaluator) == (0.5, "judge")
    assert contest.ppg_luck_adjusted == pytest.approx(1 / 3)
    se = math.sqrt(1.5 * (1 / 9 + 1 / 36 + 1 / 36)) / 6
    assert contest.ppg_luck_adjusted_se == pytest.approx(se)
    assert contest.ppg_luck_adjusted_ci95 == pytest.approx(
        (1 / 3 - 1.959964 * se, 1 / 3 + 1.959964 * se))


def test_luck_that_is_not_measured_is_not_reported(score):
    contest = score(2, -1, 1, 1)
    assert (contest.ppg_luck_adjusted, contest.ppg_luck_adjusted_se,
            contest.ppg_luck_adjusted_ci95, contest.luck_evaluator) == (None,) * 4
    contest = score(1, luck=[0.25])
    assert (contest.ppg_luck_adjusted, contest.ppg_luck_adjusted_se) == (0.75, None)


def test_games_that_cancel_say_more_than_games_that_do_not(score):
    assert score(1, -1, 1, -1).ppg_se == 0
    assert score(1, 1, -1, -1).ppg_se == pytest.approx(math.sqrt(2 * 8) / 4)


@pytest.mark.parametrize("points", [(1,), (1, -3)])
def test_one_sequence_of_dice_says_nothing_of_the_spread(score, points):
    contest = score(*points)
    assert contest.ppg == np.mean(points)
    assert (contest.ppg_se, contest.ppg_ci95, contest.win_se) == (None, None, None)
    json.dumps(contest.as_json(), allow_nan=False)


def test_rates_are_cumulative_over_all_games(score):
    contest = score(3, 2, 1, 1, -1, -2, -3, -3, -1, 2)
    assert (contest.win, contest.gammon, contest.backgammon) == (0.5, 0.3, 0.1)
    assert (contest.gammon_lost, contest.backgammon_lost) == (0.3, 0.2)
    assert contest.plies_per_game == 54.5
    assert (contest.agent, contest.opponent, contest.games, contest.seed) == ("a", "b", 10, 1)
    assert json.loads(json.dumps(contest.as_json()))["gammon"] == 0.3


# Whole contests


def test_the_same_seed_gives_the_same_contest_and_another_seed_another():
    def contest(seed):
        found = play_contest(PubevalAgent(), RandomAgent(), 7, seed).as_json()
        found.pop("games_per_s")
        return found

    assert contest(1) == contest(1)
    assert contest(1) != contest(2) | {"seed": 1}


def test_an_odd_number_of_games_is_played_to_the_end():
    points, plies = play_games(Runner(), Runner(take=1), 3, seed=1)
    assert points.shape == plies.shape == (3,) and points.all() and plies.all()
    assert (points.dtype, plies.dtype) == (np.int8, np.int32)
    assert play_contest(Runner(), RandomAgent(), 1, seed=1).games == 1


def test_pubeval_beats_random_play():
    contest = play_contest(PubevalAgent(), RandomAgent(), 20, seed=1)
    assert contest.win > 0.9 and contest.ppg > 1
    assert (contest.agent, contest.opponent) == ("pubeval", "random")


def test_progress_is_told_after_each_ply():
    told = []
    plies = play_games(Runner(), Runner(), 5, 2, lambda *done: told.append(done))[1]
    assert [total for _, total in told] == [5] * plies.max()
    done = [finished for finished, _ in told]
    assert done == sorted(done) and done[-1] == 5
    assert done == [int((plies <= ply).sum()) for ply in range(1, plies.max() + 1)]


@pytest.mark.parametrize("games", [0, -1])
def test_a_contest_has_at_least_one_game(games):
    with pytest.raises(ValueError, match=f"at least 1, not {games}"):
        play_contest(Runner(), Runner(), games, seed=1)
