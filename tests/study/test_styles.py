"""Games in the style of an agent: games as tokens, what is legal and whose they look like."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import AgentError, ConfigError
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from study import game_corpus, styles, turns
from study.game_corpus import VOCABULARY
from study.styles import ANOTHER, NOTHING, TRUTH, Settings, run, runs

NUMBER = {name: i for i, name in enumerate(VOCABULARY)}
# Enough to play two opening turns, of agents that open differently.
SMALL = Settings(seeds=1, games=300, judged=60, made=150, turns=2, width=32, embedding=16,
                 steps=240, batch=24, rate=2e-2)


def tokens_of(*games):
    """Return games of words as an array, filled up with 0."""
    rows = [[NUMBER[word] for word in game.split()] for game in games]
    longest = max(map(len, rows))
    return np.array([row + [0] * (longest - len(row)) for row in rows])


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture(scope="module")
def begun():
    return turns.begun(PubevalAgent(), 40, 6, 3)


def test_games_begun_are_those_of_an_agent_against_itself(begun):
    number = turns.numbers(begun)
    assert len(begun.game) == 240 and number.tolist() == [*range(6)] * 40
    on = np.flatnonzero(number < 5)
    assert np.array_equal(begun.afters[on], begun.boards[on + 1])
    assert (begun.dice[number == 0, 0] != begun.dice[number == 0, 1]).all()
    assert same(begun, turns.begun(PubevalAgent(), 40, 6, 3))
    assert not same(begun, turns.begun(PubevalAgent(), 40, 6, 4))


def test_tokens_are_those_of_whole_games_as_far_as_they_go():
    whole = game_corpus.play(RandomAgent(), 4, 2)
    stream = game_corpus.encode(whole, "whole").tokens
    first = np.append(np.flatnonzero(stream == 0), len(stream))
    tokens, ends = turns.encode(whole)
    for game in range(4):
        mine = stream[first[game]:first[game + 1] - 1]
        assert tokens[game, :ends[game]].tolist() == mine.tolist()
        assert not tokens[game, ends[game]:].any()


def test_what_is_encoded_is_legal_and_the_same_turns_again(begun):
    tokens, _ = turns.encode(begun)
    found, right, tried = turns.legal(tokens, 6)
    # Of the dice, the larger is said first.
    high_first = begun._replace(dice=np.sort(begun.dice, axis=1)[:, ::-1])
    assert same(found, high_first) and (right == 6).all() and (tried == 6).all()
    found, right, tried = turns.legal(tokens, 4)
    assert len(found.game) == 160 and (right == 4).all() and (tried == 4).all()


def test_a_game_that_is_over_is_not_wrong():
    whole = game_corpus.play(RandomAgent(), 3, 2)
    tokens, _ = turns.encode(whole)
    sizes = np.bincount(whole.game)
    _, right, tried = turns.legal(tokens, int(sizes.max()) + 5)
    assert right.tolist() == tried.tolist() == sizes.tolist()


@pytest.mark.parametrize(("game", "right"), [
    ("start 31 8/5 6/5 ; 21 13/11 6/5 ;", 2),
    ("start 31 6/5 8/5 ; 21 13/11 6/5 ;", 2),
    # Not by these dice, not all of them, dice that nobody opens with.
    ("start 31 8/5 6/4 ; 21 13/11 6/5 ;", 0),
    ("start 31 8/5 ; 21 13/11 6/5 ;", 0),
    ("start 33 8/5 8/5 6/3 6/3 ; 21 13/11 6/5 ;", 0),
    ("start 31 dances ; 21 13/11 6/5 ;", 0),
    # Onto a point that is made, from one where nobody is.
    ("start 65 24/18 24/19 ; 21 13/11 6/5 ;", 0),
    ("start 31 8/5 6/5 ; 21 23/21 6/5 ;", 1),
    # No roll, two, no moves, no end, five moves, a word that is none of a turn.
    ("start 8/5 6/5 ; 21 13/11 6/5 ;", 0),
    ("start 31 31 8/5 6/5 ; 21 13/11 6/5 ;", 0),
    ("start 31 ; 21 13/11 6/5 ;", 0),
    ("start 31 8/5 6/5 ; 21 13/11 6/5", 1),
    ("start 31 8/5 6/5 ; 11 8/7 8/7 6/5 6/5 6/5 ;", 1),
    ("start 31 8/5 6/5 ; single", 1),
    ("start 31 8/5 6/5 dances ; 21 13/11 6/5 ;", 0),
    ("start 31 8/5 start 6/5 ; 21 13/11 6/5 ;", 0),
    ("31 8/5 6/5 ; 21 13/11 6/5 ;", 0),
])
def test_turns_count_up_to_the_first_that_is_wrong(game, right):
    good = "start 31 8/5 6/5 ; 21 13/11 6/5 ;"
    found, each, tried = turns.legal(tokens_of(good, game, good), 2)
    assert each.tolist() == [2, right, 2]
    assert tried.tolist() == [2, min(right + 1, 2) if game.startswith("start") else 0, 2]
    assert found.game.tolist() == [0, 0, *[1] * right, 2, 2]


def test_the_style_is_that_of_what_was_played():
    tokens = tokens_of("start 21 13/11 6/5 ; 64 24/18 18/14 ; 61 bar/24 8/2 ;",
                       "start 31 8/5 6/5 ; 43 13/10 13/9 ; 21 13/11 11/10 ;")
    found, right, _ = turns.legal(tokens, 3)
    assert right.tolist() == [3, 3]
    style = turns.style(found, PubevalAgent(), 2)
    means = {name: style[name]["mean"] for name in turns.STYLE}
    # 14 is the opponent's 11; the two games count alike in each of two turns.
    assert means["hits"] == 1 / 4 and means["back"] == 1 / 4
    assert means["blots"] == (2 + 0 + 2 + 2) / 4 and means["points"] == (4 + 5 + 3 + 4) / 4
    own = turns.begun(PubevalAgent(), 30, 4, 5)
    assert turns.style(own, PubevalAgent(), 4)["same"] == {"mean": 1.0, "se": 0.0}
    other = turns.begun(RandomAgent(), 30, 4, 5)
    assert 0 < turns.style(other, PubevalAgent(), 4)["same"]["mean"] < 0.4
    assert turns.style(own, PubevalAgent(), 0) is None


def test_turns_that_hardly_any_game_comes_to_are_not_compared():
    many, few = (turns.begun(RandomAgent(), games, 3, 1) for games in (30, 19))
    assert turns.common([many, many], 3) == 3 and turns.common([many, few], 3) == 0
    cut = turns.chosen(many, (turns.numbers(many) < 2) | (many.game < 19))
    assert turns.common([many, cut], 3) == 2
    # Each turn counts alike, however many games there are.
    style = turns.style(cut, RandomAgent(), 3)["blots"]
    own, number = (cut.afters[:, 1, :24] == 1).sum(1), turns.numbers(cut)
    means = [own[number == k].mean() for k in range(3)]
    assert style["mean"] == pytest.approx(np.mean(means))
    away = np.zeros(30)
    for k, count in enumerate((30, 30, 19)):
        away[:count] += (own[number == k] - means[k]) / count / 3
    assert style["se"] == pytest.approx(np.sqrt((away**2).sum()))


def test_a_ratio_has_the_error_of_its_games():
    rng = np.random.default_rng(1)
    below = rng.integers(1, 9, (2000, 200))
    above = rng.binomial(below, 0.3)
    means = [turns.ratio(a, b)["mean"] for a, b in zip(above, below, strict=True)]
    assert turns.ratio(above[0], below[0])["se"] == pytest.approx(np.std(means), rel=0.2)


@pytest.fixture(scope="module")
def trained():
    told = []
    return {kind: run(SMALL, {"initial": kind, "seed": 1},
                      lambda done, words: told.append(done), lambda: False)
            for kind in styles.KINDS} | {"told": told}


def test_a_model_learns_and_says_how_far_it_is(trained):
    for kind in styles.KINDS:
        loss = trained[kind]["loss"]
        assert loss[0] > 5 and loss[-1] < 3.2
    assert max(trained["told"]) == SMALL.steps == styles.work(SMALL, {})


def test_the_truth_is_worth_something_and_most_of_it_at_first(trained):
    found = trained["learned"]
    for name in SMALL.agents:
        bits, worth = found["bits"][name], found["worth"][name]
        for told in (ANOTHER, NOTHING):
            gap = bits[told]["mean"] - bits[TRUTH]["mean"]
            assert worth[told]["mean"] == pytest.approx(gap)
            assert gap > 2 * worth[told]["se"] > 0
        assert bits[TRUTH]["mean"] < trained["zero"]["bits"][name][NOTHING]["mean"]
        assert len(found["turns"][name][TRUTH]) == SMALL.turns
    assert not trained["zero"]["worth"]["random"]


def test_games_made_look_like_those_of_the_agent_that_was_asked_for(trained):
    made = trained["learned"]["made"]
    assert set(made) == set(SMALL.agents) and set(trained["zero"]["made"]) == {NOTHING}
    for part in made.values():
        assert part["left"] == sorted(part["left"], reverse=True)
        assert sum(part["left"]) == pytest.approx(part["before"]["mean"])
    same = {name: made[name]["style"]["same"]["mean"] for name in made}
    assert same["pubeval"] > same["random"] + 0.2
    assert trained["learned"]["true"]["pubeval"]["same"]["mean"] == 1


def test_bits_are_what_the_model_says_of_the_tokens_of_a_game():
    params = styles.drawn(SMALL, "learned", styles.jax.random.key(1))
    _, games, _ = styles.games_of(("pubeval", "random"), 3, 4, 2, 1)
    # One game of each: the first of pubeval's and the last of those that play at random.
    two = styles.Games(*(part[[0, -1]] for part in games))
    found = styles.judge(params, SMALL, "learned", two)["bits"]
    states = styles.begin(params, SMALL, np.array([1]), "learned")
    row, end = games.tokens[-1], games.ends[-1]
    logits, _ = styles.model_of(SMALL).apply({"params": params["net"]}, row[:-1, None], states)
    said = np.asarray(styles.jax.nn.log_softmax(logits[:, 0]))
    bits = -said[np.arange(end - 1), row[1:end]].sum() / np.log(2)
    assert found["random"][TRUTH]["mean"] == pytest.approx(bits / (end - 1), rel=1e-4)
    assert found["random"][TRUTH]["mean"] != found["random"][ANOTHER]["mean"]


def test_a_model_that_is_stopped_tells_nothing():
    assert [which["initial"] for which in runs(SMALL)] == ["zero", "learned"]
    assert run(SMALL, runs(SMALL)[1], lambda done, words: None, lambda: True) is None


def test_an_agent_that_there_is_not_is_refused_before_anything_is_trained():
    with pytest.raises(AgentError, match="nobody"):
        runs(Settings(agents=("pubeval", "nobody")))


@pytest.mark.parametrize(("given", "said"), [
    ({"kinds": ("free",)}, "kinds must be some of zero, learned"),
    ({"agents": ("random", "random")}, "agents must be at least two different ones"),
    ({"seeds": 0}, "seeds must be 1 to 1000, not 0"),
    ({"seed": -1}, "seed must be at least 0, not -1"),
    ({"made": 0}, "steps, batch must be at least 1"),
    ({"rate": 0.0}, "rate and clip must be above 0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
