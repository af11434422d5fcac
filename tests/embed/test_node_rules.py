"""The modules that a page in a browser may import: the rules, in JavaScript."""

import re

import numpy as np
import pytest

from engine.ids import encode_position
from engine.notation import format_play
from engine.plays import plays
from tests.embed import node_program
from tests.embed.node_program import FOLDER, check_types, evaluate
from tests.engine.positions import movegen_records, pos, random_game

TURNS = [turn for seed in range(6) for turn in random_game(seed)]
QUERIES = [[encode_position(board), list(dice)] for board, dice in TURNS]
MOVES_OF_A_DOUBLE = "const dice = (d) => d[0] === d[1] ? [d[0], d[0], d[0], d[0]] : d;"

# Every way to play a roll checker by checker, and where the turn has ended then.
DRAG = MOVES_OF_A_DOUBLE + """
    return input.map(([id, roll]) => {
        const ends = new Set(), seen = new Set();
        const drag = (board, left) => {
            if (seen.has(`${board}|${left}`)) return;
            seen.add(`${board}|${left}`);
            const moves = R.nextMoves(board, left);
            if (moves.length === 0) ends.add(R.encodePosition(R.flip(board)));
            for (const move of moves) {
                const rest = left.slice();
                rest.splice(rest.indexOf(move.die), 1);
                drag(R.moved(board, move), rest);
            }
        };
        drag(R.decodePosition(id), dice(roll));
        return [...ends];
    });"""


@pytest.fixture(scope="module", autouse=True)
def program():
    node_program.require()


def imports(name):
    text = (FOLDER / "src" / name).read_text()
    return re.findall(r"""(?:from|import)\s*\(?["']([^"']+)["']""", text)


def test_no_module_that_the_rules_need_imports_anything_but_its_like():
    found, ahead = set(), ["rules.js"]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            names = imports(name)
            assert all(re.fullmatch(r"\./\w+\.js", one) for one in names), (name, names)
            ahead += [one[2:] for one in names]
    assert found >= {"board.js", "moves.js", "notation.js", "player.js", "plays.js",
                     "position_id.js", "protocol.js"}
    assert not {"model.js", "jsonl.js", "http.js"} & found
    assert "onnxruntime-node" in imports("model.js"), "else this looks for the wrong words"


def test_the_types_are_in_order_in_node_and_of_the_rules_in_a_browser():
    assert check_types("-p", "tsconfig.json") == (0, "")
    assert check_types("-p", "tsconfig.browser.json") == (0, "")


def test_a_module_that_needs_node_is_none_for_a_browser(tmp_path):
    for name in ("jsonl", "model_file"):
        config = tmp_path / f"{name}.json"
        config.write_text(f'{{"extends": "{FOLDER}/tsconfig.browser.json", "compilerOptions":'
                          f' {{"rootDir": "{FOLDER}"}}, "files": ["{FOLDER}/src/{name}.js"]}}')
    assert check_types("-p", tmp_path / "model_file.json") == (0, "")
    code, said = check_types("-p", tmp_path / "jsonl.json")
    assert code != 0 and "'Buffer'" in said


@pytest.mark.parametrize(("line", "said"), [
    ("const [one]: Play[] = plays(start(), [3, 1]); console.log(one.steps[0][1]);", ""),
    ("console.log((await evaluate(await Model.open('x'), [start()]))[0].equity);", ""),
    ("plays(start(), [3]);", "TS2345"), ("await evaluate(start(), []);", "TS2345"),
    ("const model = new Model();", "TS2554")])
def test_who_writes_typescript_gets_types(tmp_path, line, said):
    if not (FOLDER / "types" / "src" / "index.d.ts").exists():
        pytest.skip("embed/node/build.sh has not been run")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "tdgammon-embed").symlink_to(FOLDER)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "user.ts").write_text(
        "import { Model, evaluate, plays, start } from 'tdgammon-embed';\n"
        f"import type {{ Play }} from 'tdgammon-embed/rules';\n{line}\n"
        "export type Used = [Model, Play, typeof evaluate, typeof plays, typeof start];\n")
    code, errors = check_types("--strict", "--module", "nodenext", "--target", "es2022",
                               "--skipLibCheck", "user.ts", folder=tmp_path)
    assert (code == 0) == (said == "") and said in errors, errors


def test_plays_have_the_moves_the_words_and_the_order_of_the_python_reference():
    answers = evaluate("""return input.map(([id, roll]) => {
        const board = R.decodePosition(id);
        return R.plays(board, roll).map(({ steps, after }) =>
            [steps, R.formatPlay(board, steps), [...after]]);
    });""", QUERIES)
    assert answers == [
        [[[[move.source, move.target] for move in play.moves], format_play(play),
          play.after.ravel().tolist()] for play in plays(board, *dice)] for board, dice in TURNS]


def test_afterstates_are_those_of_plays_and_leave_the_board_as_it_was():
    assert evaluate("""return input.every(([id, [a, b]]) => {
        const board = R.decodePosition(id);
        const list = R.plays(board, [a, b]).map((play) => play.after.join());
        const found = R.afterstates(board, [b, a]).map((after) => after.join());
        return list.join("|") === found.join("|") && R.encodePosition(board) === id;
    });""", QUERIES)


def test_positions_that_were_found_before_stay_as_they_are():
    assert evaluate("""const list = R.afterstates(R.start(), [3, 1]);
        const before = list.join("|");
        R.afterstates(list[0], [6, 6]);
        R.plays(list[0], [5, 2]);
        return before === list.join("|");""")


def test_dragging_checkers_leads_to_the_legal_positions_and_to_no_other():
    records = [(one["id"], list(one["d"]), one["after"]) for one in movegen_records()[::6]]
    ends = evaluate(DRAG, [[text, roll] for text, roll, _ in records])
    assert [sorted(one) for one in ends] == [after for *_, after in records]


def test_the_moves_that_may_come_next():
    cases = [
        # Only one of the dice can be used: it must be the larger if it can be.
        ("24:1 / 12:2", [6, 5], [[23, 17, 6]]), ("24:1 / 12:2", [5, 6], [[23, 17, 6]]),
        ("24:1 / 12:2 7:2", [6, 5], [[23, 18, 5]]),
        # Nothing can be used; one die is left; one checker bears off with a die too large for it.
        ("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2 8:3", [6, 5], []),
        ("24:1 / 18:1 2:2", [6], [[23, 17, 6]]), ("1:2 / 1:2", [2, 2, 2, 2], [[0, -1, 2]]),
        ("8:1 2:1 / 1:2", [6, 1], [[7, 1, 6], [7, 6, 1], [1, 0, 1]]),
        ("1:1 / 1:2", [], [])]
    found = evaluate("""return input.map(([id, dice]) =>
        R.nextMoves(R.decodePosition(id), dice).map((one) => [one.from, one.to, one.die]));""",
        [[encode_position(pos(board)), dice] for board, dice, _ in cases])
    assert found == [moves for *_, moves in cases]


def test_a_hit_is_told_and_sends_the_checker_to_the_bar():
    moves, after = evaluate("""const board = R.decodePosition(input);
        const moves = R.nextMoves(board, [6, 6, 6, 6]);
        return [moves, [...R.moved(board, moves[0])]];""", encode_position(pos("24:1 / 7:1 24:2")))
    assert moves == [{"from": 23, "to": 17, "die": 6, "hit": True}]
    np.testing.assert_array_equal(
        np.array(after).reshape(2, 25), pos("18:1 / bar:1 24:2"))


WRONG_CALLS = {
    "R.boardOf([1], [2])": "rows have 1 and 1 counts",
    "R.boardOf(Array(25).fill(0.5), Array(25).fill(0))": "not a whole number",
    "R.boardOf(Array(25).fill(256), Array(25).fill(0))": "more than 15 checkers",
    "R.boardOf(Array(25).fill(-1), Array(25).fill(0))": "negative number",
    "R.boardOf(Array(25).fill(0), Array(25).fill(0))": "both sides borne off",
    "R.plays(R.start().map(() => 1), [3, 1])": "more than 15 checkers",
    "R.plays(new Int8Array(49), [3, 1])": "board has 49 numbers",
    "R.afterstates(R.start(), [0, 1])": "die 0 is not a die",
    "R.afterstates(R.start(), [3])": "two dice, not 1",
    "R.nextMoves(R.start(), [1, 2, 3])": "[1,2,3] are not dice left",
    "R.nextMoves(R.start(), [1, 1, 1, 1, 1])": "are not dice left",
    "R.nextMoves(R.start(), [1.5])": "die 1.5 is not a die",
    "R.evaluate({ run: () => ({ outcomes: [1], equity: [1] }) }, [R.start()])":
        "gave 1 outcomes and 1 equities for 1 positions",
    "R.decodePosition('x\\n')": "'x\\x0a' must have 14 characters",
}


def test_what_cannot_be_is_refused():
    calls = ", ".join(f"() => {call}" for call in WRONG_CALLS)
    found = evaluate(f"""const said = [];
        for (const call of [{calls}]) {{
            try {{ said.push(["none", String(await call())]); }}
            catch (error) {{ said.push([error.constructor.name, error.message]); }}
        }}
        return said;""")
    for (call, said), (name, text) in zip(WRONG_CALLS.items(), found, strict=True):
        assert name == "EmbedError" and said in text, (call, text)


def test_any_net_can_play_also_one_that_answers_at_once():
    after, equity = evaluate("""
        // Thinks that the most checkers on the opponent's bar are best for who put them there.
        const net = { run: (boards) => {
            const equity = [];
            for (let at = 24; at < boards.length; at += 50) equity.push(-boards[at]);
            return { outcomes: equity.flatMap((e) => [0, 0, 0, 0, 0]), equity };
        } };
        const [best] = await R.bestPlays(net, [{ board: R.decodePosition(input), roll: [2, 1] }]);
        return [R.encodePosition(best.after), best.equity];""",
        encode_position(pos("6:2 13:2 / 21:1 20:1 1:2")))
    assert equity == 2
    assert after == encode_position(pos("bar:2 1:2 / 4:1 5:1 13:2"))
