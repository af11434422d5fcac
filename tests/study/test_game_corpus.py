"""Games as a stream of tokens: nothing lost, legal by the rules, and files that are refused."""

from __future__ import annotations

import numpy as np
import pytest

from agent import catalog
from agent.errors import AgentError
from engine.board import start
from engine.dice import opening_batch, roll_batch
from engine.game import results
from engine.notation import ubgi_play
from engine.plays import play_to, plays
from study import game_corpus
from study.game_corpus import VOCABULARY, Turns, encode, play, read, record, replay, write

GAMES = 24


@pytest.fixture(scope="module")
def turns():
    return play(catalog.get("random"), GAMES, 3)


@pytest.fixture(scope="module")
def corpus(turns):
    return encode(turns, "random games")


def names(corpus):
    return [VOCABULARY[token] for token in corpus.tokens]


def numbers(text):
    return np.array([VOCABULARY.index(name) for name in text.split()])


# What is said


def test_there_are_162_tokens_each_with_a_name_of_its_own():
    assert len(set(VOCABULARY)) == len(VOCABULARY) == 162
    assert {"start", "11", "65", "24/18", "bar/22", "6/off", "1/off", "dances", ";",
            "backgammon"} < {*VOCABULARY}
    assert not {"bar/18", "7/off", "12", "off/6"} & {*VOCABULARY}


def test_a_game_is_told_move_by_move_as_the_readable_rules_show_it(turns, corpus):
    said = []
    for i, (board, dice, after, game) in enumerate(zip(*turns, strict=True)):
        if i == 0 or game != turns.game[i - 1]:
            said.append("start")
        shown = play_to(after, plays(board, *map(int, dice)))
        said += [f"{dice.max()}{dice.min()}", *(ubgi_play(shown).split() or ["dances"]), ";"]
        if results(after):
            said.append(("single", "gammon", "backgammon")[results(after) - 1])
    assert names(corpus) == said
    assert {"start", "dances", "single", "gammon"} <= {*said}
    assert any("bar" in name for name in said) and any("off" in name for name in said)


def test_turn_ends_and_phases_are_marked(turns, corpus):
    ends = corpus.marks["turn ends"]
    assert [name == ";" for name in names(corpus)] == ends.tolist()
    phase = corpus.marks["phase"]
    of_turn = phase[np.flatnonzero(ends)]
    assert set(of_turn) == {0, 1, 2}
    for board, kind in zip(turns.boards, of_turn, strict=True):
        home = not board[:, 6:].any()
        far = [max(np.flatnonzero(side)) for side in board]
        assert kind == (2 if home else 1 if sum(far) < 23 else 0)
    starts = np.flatnonzero(np.isin(names(corpus), VOCABULARY[1:22]))
    assert np.array_equal(phase[starts], of_turn), "a turn has one phase"


def test_the_parts_are_whole_games_in_order(corpus):
    assert corpus.train.start == 0 and corpus.test.stop == len(corpus.tokens)
    assert corpus.train.stop == corpus.valid.start and corpus.valid.stop == corpus.test.start
    for part in (corpus.train, corpus.valid, corpus.test):
        mine = corpus.tokens[part]
        assert mine[0] == 0 and mine[-1] >= 159
    assert len(corpus.tokens[corpus.train]) / len(corpus.tokens) == pytest.approx(0.9, abs=0.03)


# Playing


def test_the_same_seed_plays_the_same_games_and_no_two_games_are_alike(turns):
    again = play(catalog.get("random"), GAMES, 3)
    assert all(np.array_equal(a, b) for a, b in zip(turns, again, strict=True))
    other = play(catalog.get("random"), GAMES, 4)
    assert not np.array_equal(other.dice[:20], turns.dice[:20])
    openings = {tuple(turns.dice[turns.game == game][:6].ravel()) for game in range(GAMES)}
    assert len(openings) == GAMES


def test_games_go_on_until_one_has_won_and_begin_without_a_double(turns):
    first = np.append(True, turns.game[1:] != turns.game[:-1])
    assert np.array_equal(turns.boards[first], np.stack([start()] * GAMES))
    assert (turns.dice[first, 0] != turns.dice[first, 1]).all()
    assert np.array_equal(turns.boards[1:][~first[1:]], turns.afters[:-1][~first[1:]])
    assert np.array_equal(results(turns.afters) > 0, np.append(first[1:], True))


def test_each_side_remembers_its_own_turns_in_whatever_batch(monkeypatch):
    class Counting:
        """Remembers how often it has chosen, in an array, and says so to nobody."""

        name = "counting"
        seen = []

        def start(self, batch):
            return {"turns": np.zeros((batch, 1), np.int32)}

        def choose(self, boards, dice, memory, rng):
            self.seen.append(memory["turns"][:, 0].copy())
            after = np.stack([plays(board, *map(int, roll))[0].after
                              for board, roll in zip(boards, dice, strict=True)])
            return after, {"turns": memory["turns"] + 1}

    monkeypatch.setattr(game_corpus, "AT_ONCE", 2)
    told = []
    turns = play(Counting(), 5, 1, lambda done, total: told.append((done, total)))
    ply = 0
    for one in Counting.seen:
        ply = 0 if not one.any() and ply > 1 else ply
        assert (one == ply // 2).all()
        ply += 1
    assert told[-1] == (5, 5) and told == sorted(told)
    assert sorted(set(turns.game)) == [0, 1, 2, 3, 4] and (np.diff(turns.game) >= 0).all()


def test_recorded_games_say_who_played_them():
    corpus = record(catalog.get("random"), 3, 9)
    assert corpus.name == "3 games of random with itself, seed 9"
    assert all(part.stop > part.start for part in (corpus.train, corpus.valid, corpus.test))


@pytest.mark.parametrize("games", [0, 2])
def test_too_few_games_are_refused(games):
    with pytest.raises(AgentError, match=f"games must be at least 3, not {games}"):
        record(catalog.get("random"), games, 1)


# Back, and files


def test_every_game_can_be_replayed_by_the_rules(turns, corpus):
    again = replay(corpus.tokens)
    assert np.array_equal(np.sort(again.dice, 1), np.sort(turns.dice, 1))
    for name in ("boards", "afters", "game"):
        assert np.array_equal(getattr(again, name), getattr(turns, name))


def test_what_is_written_is_read(corpus, tmp_path):
    path = tmp_path / "games.npz"
    write(path, corpus)
    again = read(path)
    assert again.name == corpus.name and again.vocabulary == corpus.vocabulary
    assert again.tokens.dtype == corpus.tokens.dtype == np.int16
    assert np.array_equal(again.tokens, corpus.tokens)
    assert (again.train, again.valid, again.test) == (corpus.train, corpus.valid, corpus.test)
    for name in ("turn ends", "phase"):
        assert np.array_equal(again.marks[name], corpus.marks[name])
    assert [one.name for one in tmp_path.iterdir()] == ["games.npz"]


def spoilt(change):
    """Return the tokens of a short stream after a change of their names."""
    found = []
    rng = np.random.default_rng(5)
    board = start()
    dice = opening_batch(rng, 1)[0]
    while True:
        after = plays(board, *map(int, dice))[0].after
        found.append((board, dice, after, 0))
        if results(after):
            break
        board, dice = after, roll_batch(rng, 1)[0]
    one = Turns(*map(np.array, zip(*found, strict=True)))
    three = Turns(*(np.concatenate([part] * 3) for part in one))
    three.game[:] = np.repeat([0, 1, 2], len(found))
    said = names(encode(three, "x"))
    change(said)
    return np.array([VOCABULARY.index(name) for name in said], np.uint8)


def put(at, *names):
    def change(said):
        said[at:at + len(names)] = names

    return change


@pytest.mark.parametrize(("change", "reason"), [
    (lambda said: said.pop(), "end with ';'"),
    (lambda said: said.pop(0), "begin with"),
    (put(1, ";"), "token 1 is ';', which cannot stand behind 'start'"),
    (put(2, "dances", "dances"), "token 3 is 'dances', which cannot stand behind 'dances'"),
    (put(1, "66"), "game 1, turn 1, token 1 on: what is played is not a legal complete play"),
    (put(2, "1/off"), "game 1, turn 1"),
    (lambda said: said.pop(3), "game 1, turn 1"),
    (lambda said: said.insert(2, said[2]), "game 1, turn 1"),
    (lambda said: said.__setitem__(slice(2, 2), [said[2]] * 4), "fifth move of a turn"),
    (lambda said: said.__setitem__(-1, "backgammon"), "game 3 does not end as its result says"),
])
def test_a_stream_that_is_no_game_is_refused_when_it_is_read(change, reason, tmp_path):
    tokens = spoilt(change)
    with pytest.raises(AgentError) as refusal:
        replay(tokens)
    assert reason in str(refusal.value) and "\n" not in str(refusal.value)
    path = tmp_path / "bad.npz"
    np.savez(path, format=np.array(1), name=np.array("x"), tokens=tokens)
    with pytest.raises(AgentError) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: ") and reason in str(refusal.value)


def test_a_game_that_goes_on_after_its_end_is_refused():
    said = spoilt(lambda said: None)
    end = int(np.flatnonzero(said >= 159)[0])
    tokens = np.concatenate([said[:end], numbers("31 dances ;"), said[end:]])
    with pytest.raises(AgentError, match="not a legal complete play|does not end as"):
        replay(tokens)


@pytest.mark.parametrize(("arrays", "reason"), [
    (None, "No such file"),
    (b"no archive", "it is no file of games"),
    ({"format": 1, "tokens": [0]}, "it is no file of games"),
    ({"format": 2, "name": "x", "tokens": [0]}, "is of format 2; this program reads 1"),
    ({"format": 1, "name": "x", "tokens": [0.5]}, "must be whole numbers in a row"),
    ({"format": 1, "name": "x", "tokens": np.zeros(0, np.uint8)}, "must be whole numbers in a row"),
    ({"format": 1, "name": "x", "tokens": [[0]]}, "must be whole numbers in a row"),
    ({"format": 1, "name": "x", "tokens": [0, 162]}, "must be 0 to 161"),
    ({"format": 1, "name": "x", "tokens": [0, -1]}, "must be 0 to 161"),
    ({"format": 1, "name": "x", "tokens": np.array([None])}, "it is no file of games"),
])
def test_a_malformed_file_is_refused_in_a_line(arrays, reason, tmp_path):
    path = tmp_path / "bad.npz"
    if isinstance(arrays, bytes):
        path.write_bytes(arrays)
    elif arrays is not None:
        np.savez(path, **{name: np.array(value) for name, value in arrays.items()})
    with pytest.raises(AgentError) as refusal:
        read(path)
    assert reason in str(refusal.value) and str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_damaged_file_is_refused(corpus, tmp_path):
    path = tmp_path / "games.npz"
    write(path, corpus)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(AgentError, match="cannot be read"):
        read(path)


def test_a_folder_that_is_not_there_is_named(corpus, tmp_path):
    with pytest.raises(AgentError, match="cannot be written"):
        write(tmp_path / "none" / "games.npz", corpus)


def test_turns_that_are_no_whole_games_are_not_encoded(turns):
    part = Turns(*(array[:-1] for array in turns))
    with pytest.raises(AgentError, match="must end with its result"):
        encode(part, "x")
