"""Where things lie in the board window: all inside it, nothing upon another, hit where drawn."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui import views
from tests.ui.board_world import World
from ui.dialogs_window import HELP_PARTS
from ui.layout import CHECKERS, SMALLEST, STACK, Layout, layout_of
from ui.rect import holds, inner, overlap, union
from ui.view import BARS, FAR, NEAR, NOTHING, SPOTS, TRAYS, Button, Choice, Dialog, Target

SIZES = ((800, 500), (1000, 700), (1280, 720), (1920, 1200), (2560, 1440), (800, 1400), (3000, 500))
VIEWS = {
    "opening": views.opening, "bar": views.on_the_bar, "bear-off": views.bearing_off,
    "hints": views.hints, "analysis": views.analysis, "tutor": views.tutor,
    "set-up": views.setting_up, "help": views.help_page, "save": views.ask_name,
    "home left": lambda: views.analysis(home_right=False),
}
sizes = st.tuples(st.integers(800, 2560), st.integers(500, 1440))


def corners(rect):
    """Return the four corner pixels of a rectangle and the one in its middle."""
    x, y, wide, high = rect
    return [(x, y), (x + wide - 1, y), (x, y + high - 1), (x + wide - 1, y + high - 1),
            (x + wide // 2, y + high // 2)]


def is_inside(rect, around):
    return union(rect, around) == around and rect[2] > 0 and rect[3] > 0


def seen(layout, view):
    """Return all targets to be seen in a view."""
    shown = [target for target, _ in layout.targets(view)]
    if view.dialog is None:
        shown += [Target("spot", spot) for spot in range(SPOTS)]
    return shown


@settings(max_examples=40)
@given(sizes, st.booleans(), st.sampled_from(sorted(VIEWS)))
def test_every_pixel_of_a_target_hits_it(size, home_right, name):
    view = VIEWS[name]()
    layout = Layout(size, home_right=home_right, panel=view.panel is not None)
    above = [layout.rect_of(choice, view) for choice in seen(layout, view)
             if view.dialog is not None and choice.kind != "dialog"]
    for target in seen(layout, view):
        for at in corners(layout.rect_of(target, view)):
            if target.kind == "dialog" and any(holds(rect, at) for rect in above):
                continue
            assert layout.hit(at, view) == target


@settings(max_examples=40)
@given(sizes, st.booleans(), st.sampled_from(sorted(VIEWS)))
def test_targets_lie_in_the_window_and_not_upon_each_other(size, home_right, name):
    view = VIEWS[name]()
    layout = Layout(size, home_right=home_right, panel=view.panel is not None)
    rects = {target: layout.rect_of(target, view) for target in seen(layout, view)}
    for target, rect in rects.items():
        assert is_inside(rect, (0, 0, *size)), target
    dialog = rects.pop(Target("dialog"), None)
    if dialog is not None:
        assert all(is_inside(rect, dialog) for rect in rects.values())
    for one, other in itertools.combinations(rects, 2):
        assert not overlap(rects[one], rects[other]), (one, other)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("panel", [False, True])
def test_the_parts_of_the_window_do_not_overlap(size, panel):
    view = views.analysis() if panel else views.opening()
    layout = layout_of(size, view)
    parts = [layout.board, layout.message, *layout.cards, layout.match,
             *layout.button_rects(12)]
    if plan := layout.panel_plan(view):
        parts += [plan.win, plan.curve, plan.hint_head, *(rect for _, rect in plan.hints),
                  plan.row_head, plan.list]
        assert all(is_inside(rect, plan.list) for _, rect in plan.rows)
    for part in parts:
        assert is_inside(part, (0, 0, *size)), part
    for one, other in itertools.combinations(parts, 2):
        assert not overlap(one, other), (one, other)


@pytest.mark.parametrize("size", SIZES)
def test_checkers_of_a_stack_lie_side_by_side_within_their_spot(size):
    layout = Layout(size, home_right=True, panel=False)
    for spot in range(24):
        centers = [layout.checker_center(spot, NEAR, n, CHECKERS) for n in range(CHECKERS)]
        rect = layout.spot_rect(spot)
        for x, y in centers:
            assert rect[0] <= x - layout.radius and x + layout.radius <= rect[0] + rect[2] + 1
            assert rect[1] <= y - layout.radius + 1 and y + layout.radius <= rect[1] + rect[3] + 1
        assert len(set(centers)) == STACK
        steps = {abs(a[1] - b[1]) for a, b in itertools.pairwise(centers[:STACK])}
        assert steps == {layout.diameter}
    for player in (NEAR, FAR):
        slabs = [layout.checker_center(TRAYS[player], player, n, CHECKERS)
                 for n in range(CHECKERS)]
        assert len(set(slabs)) == CHECKERS
        assert all(holds(layout.spot_rect(TRAYS[player]), at) for at in slabs)
        assert all(holds(layout.spot_rect(BARS[player]),
                         layout.checker_center(BARS[player], player, n, 5)) for n in range(5))


def test_the_dice_lie_between_full_stacks_of_either_side():
    for size in SIZES:
        layout = Layout(size, home_right=True, panel=True)
        for player in (NEAR, FAR):
            dice = inner(layout.dice_rect(player, 4), -2)
            assert not any(overlap(dice, layout.spot_rect(spot)) for spot in range(24))
            assert is_inside(dice, layout.halves[1 if player == NEAR else 0])


def test_home_boards_lie_where_they_should():
    for home_right, side in ((True, 1), (False, 0)):
        layout = Layout((1000, 700), home_right=home_right, panel=False)
        home = layout.halves[side]
        for spot in (*range(6), *range(18, 24)):
            assert is_inside(layout.spot_rect(spot), home)
        assert (layout.tray_rail[0] > home[0]) is home_right
        assert (layout.cube_rail[0] > layout.tray_rail[0]) is not home_right
        ones = layout.spot_rect(0), layout.spot_rect(23)
        assert ones[0][0] == ones[1][0] and ones[0][1] > ones[1][1]


def test_the_gap_between_the_stacks_belongs_to_the_nearer_point():
    layout = Layout((1000, 700), home_right=True, panel=False)
    view = views.view()
    x = layout.spot_rect(4)[0] + 5
    assert layout.hit((x, layout.middle + 2), view) == Target("spot", 4)
    assert layout.hit((x, layout.middle - 2), view) == Target("spot", 19)


def test_nothing_behind_a_dialog_can_be_hit():
    view = views.tutor()
    layout = layout_of((1000, 700), view)
    for x, y in itertools.product(range(0, 1000, 7), range(0, 700, 7)):
        assert layout.hit((x, y), view).kind in ("nothing", "dialog", "choice", "field")
    assert layout.hit((3, 3), view) == NOTHING
    with pytest.raises(LookupError, match="not in the window"):
        layout.rect_of(Target("spot", 3), view)


def test_what_is_not_shown_has_no_place():
    view = views.opening()
    layout = layout_of((1000, 700), view)
    for target in (Target("row", 0), Target("dice", FAR), Target("button", name="none"),
                   Target("choice", 0), NOTHING):
        with pytest.raises(LookupError):
            layout.rect_of(target, view)


@pytest.mark.parametrize("count", range(1, 17))
@pytest.mark.parametrize("panel", [False, True])
def test_so_many_buttons_have_room_in_the_smallest_window(count, panel):
    buttons = tuple(Button(str(n), "Button", "K") for n in range(count))
    view = views.analysis(buttons=buttons) if panel else views.opening(buttons=buttons)
    layout = layout_of(SMALLEST, view)
    rects = layout.button_rects(count)
    assert all(rect[2] >= 50 and rect[3] >= 18 for rect in rects)
    assert all(is_inside(rect, (0, 0, *SMALLEST)) for rect in rects)


@pytest.mark.parametrize("current", [None, 0, 17, 33])
@pytest.mark.parametrize("size", SIZES)
def test_the_row_shown_is_always_to_be_seen(size, current):
    view = views.analysis()
    view = view.__class__(**{**vars(view), "panel": views.panel(current)})
    plan = layout_of(size, view).panel_plan(view)
    shown = [n for n, _ in plan.rows]
    assert (33 if current is None else current) in shown
    assert shown == list(range(shown[0], shown[0] + len(shown)))
    assert len(shown) >= 4


def test_the_hint_played_is_seen_however_bad_it_was():
    hints = tuple(views.HINTS[0].__class__(f"play {n}", -n / 10, -n / 10, 0.5, 0.1, 0.1, n == 17)
                  for n in range(20))
    panel = views.panel().__class__(None, (), (), None, hints)
    view = views.analysis()
    plan = layout_of(SMALLEST, view).panel_plan(view.__class__(**{**vars(view), "panel": panel}))
    assert [n for n, _ in plan.hints][0] == 0 and [n for n, _ in plan.hints][-1] == 17


words = st.text("abc mW\t", min_size=0, max_size=70)


@given(st.lists(words, max_size=60), st.lists(st.text("abcdefgh", min_size=1, max_size=18),
                                              max_size=16), st.sampled_from(SIZES), st.booleans())
def test_a_dialog_of_any_text_fits_into_the_window(lines, labels, size, field):
    dialog = Dialog("any", "A title", tuple(lines), tuple(Choice(label, "K") for label in labels),
                    "typed" if field else None, "wrong" if field else "")
    layout = layout_of(size, views.view(dialog=dialog))
    plan = layout.dialog_plan(views.view(dialog=dialog))
    assert is_inside(plan.box, (0, 0, *size))
    parts = [cell.rect for cell in (*plan.cells, *plan.error)] + list(plan.choices)
    assert all(union(part, plan.box) == plan.box for part in parts)
    for one, other in itertools.combinations(parts, 2):
        assert not overlap(one, other)
    told = "".join(cell.text for cell in plan.cells).replace(" ", "")
    assert sorted(told) == sorted("".join(lines).replace(" ", "").replace("\t", ""))


@pytest.mark.parametrize("part", range(len(HELP_PARTS)))
def test_the_help_is_legible_in_the_smallest_window(part):
    view = World().key("f1", str(part + 1)).view
    assert view.dialog.choices[part].marked
    assert layout_of(SMALLEST, view).dialog_plan(view).text >= 10
    assert layout_of((1000, 700), view).dialog_plan(view).text >= 14
