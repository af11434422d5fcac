"""What is marked on the board: where a checker may go, which may leave, hints."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import partial

import pygame

from ui.draw_dice import lit_ring
from ui.draw_shapes import arrow, disc, triangle
from ui.draw_text import write
from ui.kit import Kit, centred
from ui.layout import STACK
from ui.rect import inner
from ui.theme import Colour, mix
from ui.view import TRAYS, Arrow, Spot, View


def draw_lit(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Mark the spots where the touched checker may go; to be drawn under the checkers."""
    for spot in view.lit:
        rect = kit.layout.spot_rect(spot)
        if spot in TRAYS:
            kit.box(surface, rect, kit.theme.lit, radius=4, alpha=0.5)
        elif spot < 24:
            surface.blit(veil(kit, kit.theme.lit, 0.62, spot >= 12), rect[:2])


def draw_lit_places(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Mark where on those spots the checker would come to lie; over the checkers."""
    for spot in view.lit:
        if spot in TRAYS:
            continue
        owner = view.on_roll or 0
        there = view.counts[owner][spot]
        at = kit.layout.checker_center(spot, owner, there, there + 1)
        # On a full stack a number may stand: a ring leaves it to be read.
        mark = (lit_ring(kit, kit.theme.lit, kit.layout.diameter) if there >= STACK
                else kit.piece(("there",), lambda: _there(kit)))
        centred(surface, mark, at)


def _there(kit: Kit) -> pygame.Surface:
    d = 0.4 * kit.layout.diameter
    image = disc(d, mix(kit.theme.lit, (255, 255, 255), 0.85))
    centred(image, disc(0.74 * d, kit.theme.lit), (image.get_width() / 2, image.get_height() / 2))
    return image


def draw_movable(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Ring the uppermost checker of each spot that a checker may leave."""
    if view.on_roll is None:
        return
    for spot in view.movable:
        count = view.counts[view.on_roll][spot]
        if count and spot not in TRAYS:
            at = kit.layout.checker_center(spot, view.on_roll, count - 1, count)
            centred(surface, lit_ring(kit, kit.theme.movable, kit.layout.diameter), at)


def veil(kit: Kit, colour: Colour, alpha: float, hanging: bool) -> pygame.Surface:
    """Return a translucent point of the board, standing or hanging from above."""
    def make() -> pygame.Surface:
        layout = kit.layout
        tall = layout.reach - max(2, layout.diameter // 3)
        shape = triangle(layout.pitch, tall, colour, mix(colour, (255, 255, 255), 0.2))
        image = pygame.Surface((layout.pitch, layout.reach), pygame.SRCALPHA)
        shape.set_alpha(round(255 * alpha))
        image.blit(shape, (0, layout.reach - tall))
        return pygame.transform.flip(image, False, True) if hanging else image

    return kit.piece(("veil", colour, alpha, hanging), make)


# ---- arrows


@dataclass(frozen=True)
class _Way:
    """A move of one or several hinted plays: by whom, from and to where, how often in each."""

    owner: int
    source: Spot
    target: Spot
    times: int
    ranks: tuple[int, ...]


def draw_arrows(surface: pygame.Surface, view: View, kit: Kit) -> None:
    """Draw the moves of the hinted plays, the best over the others, each with its ranks.

    A move that several plays share is one arrow, in the colour of the best of them.
    """
    ways = _ways(view.arrows)
    places = [_ends(way, ways[:n], view, kit) for n, way in enumerate(ways)]
    for way, (start, end) in zip(ways, places, strict=True):
        _draw_arrow(surface, kit, way.ranks[0], start, end)
    for way, (start, end) in zip(ways, places, strict=True):
        _draw_badges(surface, kit, way, start, end)


def _ways(arrows: tuple[Arrow, ...]) -> list[_Way]:
    """Return what is to be drawn of arrows, the best last."""
    ranks: dict[tuple[int, Spot, Spot, int], list[int]] = {}
    for (owner, source, target, rank), times in sorted(
            Counter((a.owner, a.source, a.target, a.rank) for a in arrows).items()):
        ranks.setdefault((owner, source, target, times), []).append(rank)
    ways = [_Way(*move, tuple(sorted(of))) for move, of in ranks.items()]
    return sorted(ways, key=lambda way: way.ranks, reverse=True)


Ends = tuple[tuple[float, float], tuple[float, float]]


def _ends(one: _Way, before: list[_Way], view: View, kit: Kit) -> Ends:
    """Return where an arrow begins and ends; those between the same spots lie side by side."""
    start, end = (_middle(one.owner, spot, view, kit, arriving)
                  for spot, arriving in ((one.source, False), (one.target, True)))
    same = sum((other.source, other.target) == (one.source, one.target) for other in before)
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    shift = (same + 1) // 2 * (1 if same % 2 else -1) * 0.34 * kit.layout.diameter
    across = (-(end[1] - start[1]) / length * shift, (end[0] - start[0]) / length * shift)
    return ((start[0] + across[0], start[1] + across[1]), (end[0] + across[0], end[1] + across[1]))


def _middle(owner: int, spot: Spot, view: View, kit: Kit, arriving: bool) -> tuple[float, float]:
    """Return the middle of the checker that leaves a spot, or of the place of the next one."""
    count = view.counts[owner][spot]
    n = min(count, STACK - 1) if arriving else max(0, min(count, STACK) - 1)
    return kit.layout.checker_center(spot, owner, n, max(count, 1))


def _draw_arrow(
    surface: pygame.Surface, kit: Kit, rank: int, start: tuple[float, float],
    end: tuple[float, float],
) -> None:
    colour = rank_colour(kit, rank)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    thick = max(4.0, (0.24 if rank == 0 else 0.17) * kit.layout.diameter)

    def make() -> pygame.Surface:
        straight = arrow(max(length, 2 * thick), thick, colour, mix(colour, (0, 0, 0), 0.45))
        straight.set_alpha(235 if rank == 0 else 205)
        turned = pygame.Surface(straight.get_size(), pygame.SRCALPHA)
        turned.blit(straight, (0, 0))
        return pygame.transform.rotozoom(turned, -math.degrees(math.atan2(dy, dx)), 0.5)

    image = kit.piece(("arrow", round(dx), round(dy), colour, thick), make)
    centred(surface, image, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))


def _draw_badges(
    surface: pygame.Surface, kit: Kit, way: _Way, start: tuple[float, float],
    end: tuple[float, float],
) -> None:
    """Put the numbers of the plays upon their arrow, and how many checkers move if several do.

    They stand nearer to where it begins the worse the best of them is.
    """
    d = max(13.0, 0.42 * kit.layout.diameter)
    texts = [(str(rank + 1), rank_colour(kit, rank)) for rank in way.ranks]
    if way.times > 1:
        texts.append((f"{way.times}×", mix(rank_colour(kit, way.ranks[0]), (0, 0, 0), 0.6)))
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    step = min(0.86 * d, 0.8 * length / len(texts))
    along = length * (0.5 - 0.07 * (way.ranks[0] % 5)) - step * (len(texts) - 1) / 2
    if way.times > 1:
        along -= 0.4 * step
    half = round(d / 2)
    for n, (text, colour) in enumerate(texts):
        share = max(along, 0.1 * length) / length + n * step / length
        share += 0.3 * step / length * (len(text) > 1)
        at = start[0] + dx * share, start[1] + dy * share
        wide = half * (len(text) + 1) // 2 + len(text) - 1
        place = (round(at[0]) - wide, round(at[1]) - half, 2 * wide, 2 * half)
        if len(text) == 1:
            centred(surface, kit.piece(("badge", colour, d), partial(_badge, colour, d)), at)
        else:
            kit.box(surface, place, colour, (255, 255, 255), radius=half)
        write(surface, text, place, round(0.62 * d), (255, 255, 255), bold=True, align=0.5)


def _badge(colour: Colour, d: float) -> pygame.Surface:
    image = disc(d, (255, 255, 255))
    centred(image, disc(d - 2.4, mix(colour, (0, 0, 0), 0.25)),
            (image.get_width() / 2, image.get_height() / 2))
    return image


def rank_colour(kit: Kit, rank: int) -> Colour:
    """Return the colour of a hint, the best one's being rank 0's."""
    return kit.theme.ranks[min(rank, len(kit.theme.ranks) - 1)]


def draw_editing(surface: pygame.Surface, kit: Kit) -> None:
    """Frame the fields of a board that is being set up."""
    thick = max(2, kit.layout.diameter // 12)
    for rect in kit.layout.halves:
        pygame.draw.rect(surface, kit.theme.movable, inner(rect, -thick), thick, thick)

