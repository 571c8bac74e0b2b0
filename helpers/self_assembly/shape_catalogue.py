"""The drawings behind every generated shape: name, category and outline.

Each entry is a function of a random generator; only the ones called random use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.self_assembly import outlines as o
from helpers.self_assembly.outlines import Drawing, Layer, cut, place, solid

Draw = Callable[[np.random.Generator], Drawing]


@dataclass(frozen=True)
class Entry:
    """A named drawing; ``category`` is the id in the paper's table."""

    name: str
    category: int
    draw: Draw


CATALOGUE: list[Entry] = []


def _add(category: int, name: str, drawing: Drawing) -> None:
    CATALOGUE.append(Entry(name, category, lambda rng: drawing))


def _add_random(category: int, name: str, draw: Draw) -> None:
    CATALOGUE.append(Entry(name, category, draw))


def _glyph(text: str, bold: bool = True) -> Draw:
    return lambda rng: solid(*o.text_contours(text, bold))


def _add_glyphs(category: int, characters: str) -> None:
    for character in characters:
        kind = "digit" if character.isdigit() else "letter"
        CATALOGUE.append(Entry(f"{kind}-{character}", category, _glyph(character)))


def _spread(
    contour: np.ndarray, count: int, distance: float, *, face: bool = False
) -> list[np.ndarray]:
    """Copies of a contour at equal angles around the middle, the first on top."""
    angles = np.arange(count) / count * o.TAU
    return [
        place(
            contour,
            distance * np.sin(a),
            -distance * np.cos(a),
            turn=a if face else 0.0,
        )
        for a in angles
    ]


def _swiss_cheese(rng: np.random.Generator) -> Drawing:
    """Disc with five to seven round holes that do not touch."""
    holes: list[tuple[float, float, float]] = []
    wanted = int(rng.integers(5, 8))
    for _ in range(3000):
        r = float(rng.uniform(0.07, 0.11))
        reach, angle = (0.5 - 0.08 - r) * np.sqrt(rng.uniform()), rng.uniform(0, o.TAU)
        x, y = float(reach * np.cos(angle)), float(reach * np.sin(angle))
        if all(np.hypot(x - u, y - v) > r + s + 0.08 for u, v, s in holes):
            holes.append((x, y, r))
        if len(holes) == wanted:
            break
    return cut(solid(o.ellipse()), *[place(o.ellipse(r, r), x, y) for x, y, r in holes])


DISC = o.ellipse()
SQUARE = o.rectangle(0.92, 0.92)
EYE = o.ellipse(0.085, 0.085)
SMILE = place(o.crescent(0.24, 0.35), 0, 0.1, turn=-o.TAU / 4)
CLOUD = o.petals(7, 0.12)

# 1-3: concave, without holes
ARROW = o.polygon(
    (0, -0.5), (0.42, 0), (0.17, 0), (0.17, 0.5), (-0.17, 0.5), (-0.17, 0), (-0.42, 0)
)
_add(1, "star", solid(o.star(5)))
_add(1, "cross", solid(o.cross()))
_add(1, "arrow", solid(ARROW))
_add(1, "star-8", solid(o.star(8, 0.6)))
_add_glyphs(1, "EHLTXZ")
_add(2, "flower", solid(o.petals(5, 0.24)))
_add(2, "clover", solid(o.petals(4, 0.27)))
_add(2, "moon", solid(place(o.crescent(0.5, 0.35), 0.2)))
_add_random(2, "random-blob", lambda rng: solid(o.random_blob(rng)))
_add_glyphs(3, "CGJSU23")
_add(3, "arch", solid(np.vstack([
    place(o.arc(0.45, 0.5, 1.0), 0, -0.05), [(0.45, 0.4), (0.17, 0.4)],
    place(o.arc(0.17, 1.0, 0.5), 0, -0.05), [(-0.17, 0.4), (-0.45, 0.4)],
])))  # fmt: skip
_add(3, "keyhole", solid(np.vstack([
    place(o.arc(0.3, 0.36, 1.14), 0, -0.2), [(0.32, 0.5), (-0.32, 0.5)],
])))  # fmt: skip

# 4-6: convex, without holes. The pentagon fills .600 of its picture, as the
# authors' rounded pentagon does: 5467 cells on a 135 x 135 grid.
_add(4, "pentagon", solid(o.regular_polygon(5, 0.50235)))
_add(4, "hexagon", solid(o.regular_polygon(6)))
_add(4, "triangle", solid(o.regular_polygon(3, 0.57)))
_add(4, "square", solid(SQUARE))
_add_random(
    4,
    "random-polygon",
    lambda rng: solid(o.random_polygon(rng, int(rng.integers(4, 7)))),
)
_add(5, "disc", solid(DISC))
_add(5, "ellipse", solid(o.ellipse(0.5, 0.33)))
_add_random(5, "random-curve", lambda rng: solid(o.random_convex_curve(rng)))
_add(6, "sector", solid(o.sector(0.19)))
_add(6, "half-disc", solid(o.band(0.0, 0.5, 0.5, 1.0)))
_add(6, "rounded-pentagon", solid(o.rounded_polygon(o.regular_polygon(5, 0.36), 0.16)))
_add(6, "stadium", solid(np.vstack([
    place(o.arc(0.26, 0.75, 1.25), 0.24), place(o.arc(0.26, 0.25, 0.75), -0.24)
])))  # fmt: skip

# 7-10: one hole
_add(7, "gear", cut(solid(o.gear(10)), o.ellipse(0.2, 0.2)))
_add(7, "star-pentagon", cut(solid(o.star(5, 0.5)), -o.regular_polygon(5, 0.15)))
_add_glyphs(7, "APR469")
_add(7, "flower-disc", cut(solid(o.petals(6)), o.ellipse(0.16, 0.16)))
_add(8, "star-star", cut(solid(o.star(5, 0.55)), o.star(5, 0.42, 0.26)))
_add(8, "cross-cross", cut(solid(o.cross(0.52)), o.cross(0.38, 0.58)))
_add(8, "heart-heart", cut(solid(o.heart()), o.heart(0.42)))
_add(8, "cloud-bolt", cut(solid(CLOUD), o.bolt(0.62)))
_add(9, "annulus", cut(solid(DISC), o.ellipse(0.27, 0.27)))
_add(9, "coin", cut(solid(DISC), o.rectangle(0.36, 0.36)))
_add(9, "nut", cut(solid(o.regular_polygon(6)), o.ellipse(0.2, 0.2)))
_add(9, "two-triangles", cut(
    solid(o.rounded_polygon(o.regular_polygon(3, 0.45), 0.1)),
    o.regular_polygon(3, 0.22),
))  # fmt: skip
_add_glyphs(9, "OD0")
_add(10, "disc-star", cut(solid(DISC), o.star(6, 0.5, 0.34)))
_add(10, "square-cross", cut(solid(SQUARE), o.cross(0.34, 0.6)))
_add(10, "disc-moon", cut(solid(DISC), place(o.crescent(0.32, 0.4), 0.1)))
_add(10, "hexagon-bolt", cut(solid(o.regular_polygon(6)), o.bolt(0.62)))

# 11-13: several holes in a concave outline
_add_glyphs(11, "B8")
_add(11, "gear-holes", cut(
    solid(o.gear(12, 0.15)),
    *_spread(o.ellipse(0.09, 0.09), 5, 0.24),
))  # fmt: skip
_add(11, "flower-holes", cut(
    solid(o.petals(5, 0.25)), EYE, *_spread(o.ellipse(0.085, 0.085), 5, 0.3)
))  # fmt: skip
_add(11, "locomotive", cut(
    solid(o.polygon(
        (-0.5, -0.05), (-0.35, -0.05), (-0.35, -0.3), (-0.2, -0.3), (-0.2, -0.05),
        (0.02, -0.05), (0.02, -0.42), (0.5, -0.42), (0.5, 0.4), (-0.5, 0.4),
    )),
    place(o.rectangle(0.26, 0.2), 0.26, -0.24),
    *[place(o.ellipse(0.09, 0.09), x, 0.2) for x in (-0.3, 0.0, 0.3)],
))  # fmt: skip
_add(12, "flower-moons", cut(
    solid(o.petals(4, 0.2)), *_spread(o.crescent(0.13, 0.3), 4, 0.3, face=True)
))  # fmt: skip
_add(12, "gear-crosses", cut(
    solid(o.gear(12, 0.15)), *_spread(o.cross(0.34, 0.26), 3, 0.21)
))  # fmt: skip
_add(12, "cloud-bolts", cut(
    solid(CLOUD), *[place(o.bolt(0.52), x) for x in (-0.18, 0.18)]
))  # fmt: skip
_add(12, "cross-arrows", cut(
    solid(o.cross(0.52)), *_spread(0.36 * ARROW, 4, 0.27, face=True)
))  # fmt: skip
CAT = o.polygon(
    (-0.46, -0.5), (-0.2, -0.3), (0.2, -0.3), (0.46, -0.5), (0.5, 0.1), (0.28, 0.42),
    (-0.28, 0.42), (-0.5, 0.1),
)  # fmt: skip
_add(13, "cat", cut(
    solid(CAT), *[place(EYE, x, -0.06) for x in (-0.22, 0.22)],
    place(SMILE, 0, 0.02),
))  # fmt: skip
_add(13, "gear-mixed", cut(
    solid(o.gear(12, 0.15)), place(o.star(5, 0.5, 0.18), 0, -0.17),
    *[place(o.ellipse(0.1, 0.1), x, 0.17) for x in (-0.17, 0.17)],
))  # fmt: skip
_add(13, "heart-mixed", cut(
    solid(o.heart()), *[place(EYE, x, -0.13) for x in (-0.25, 0.25)],
    place(o.cross(0.34, 0.3), 0, 0.12),
))  # fmt: skip

# 14-16: several holes in a convex outline
_add(14, "framed-sign", (
    *cut(solid(DISC), o.ellipse(0.41, 0.41)), Layer((ARROW * (0.6, 0.88),))
))  # fmt: skip
ELL = o.polygon(
    (-0.16, -0.16), (0.14, -0.16), (0.14, -0.04), (-0.04, -0.04), (-0.04, 0.14),
    (-0.16, 0.14),
)  # fmt: skip
_add(14, "square-ells", cut(solid(SQUARE), *[
    place(place(ELL, -0.2, -0.2), turn=k * o.TAU / 4) for k in range(4)
]))  # fmt: skip
_add(14, "disc-moons", cut(
    solid(DISC), *_spread(place(o.crescent(0.17, 0.3), 0.05), 3, 0.26, face=True)
))  # fmt: skip
_add(14, "moon-star", cut(
    solid(DISC), place(o.crescent(0.36, 0.3), -0.02, turn=0.15),
    place(o.star(4, 0.4, 0.19), 0.22, 0.08),
))  # fmt: skip
_add(15, "three-holes", cut(solid(DISC), *_spread(o.ellipse(0.14, 0.14), 3, 0.25)))
_add(15, "window", cut(solid(SQUARE), *[
    place(o.rectangle(0.3, 0.3), x, y) for x in (-0.2, 0.2) for y in (-0.2, 0.2)
]))  # fmt: skip
_add(15, "domino", cut(solid(o.rectangle(0.72, 0.98)), EYE, *[
    place(EYE, x, y) for x in (-0.19, 0.19) for y in (-0.3, 0.3)
]))  # fmt: skip
_add_random(15, "random-cheese", _swiss_cheese)
_add(16, "smiley", cut(
    solid(DISC), *[place(EYE, x, -0.14) for x in (-0.18, 0.18)], SMILE
))  # fmt: skip
_add(16, "road-sign", cut(
    solid(o.rounded_polygon(o.regular_polygon(3, 0.45), 0.12)),
    place(o.cross(0.34, 0.28), 0, -0.06),
    place(o.rectangle(0.5, 0.1), 0, 0.2),
))  # fmt: skip
_add(16, "planets", cut(
    solid(DISC), place(o.star(5, 0.5, 0.2), 0.19, 0.1),
    place(o.ellipse(0.15, 0.15), -0.22, -0.14), place(EYE, -0.12, 0.25),
))  # fmt: skip
