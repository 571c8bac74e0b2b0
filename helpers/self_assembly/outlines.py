"""Closed curves that shapes are drawn with, as arrays (N, 2) of (x, y).

The picture is the square [-1/2, 1/2] x [-1/2, 1/2], x to the right and y down.
A :class:`Layer` fills its contours by the even-odd rule, with ink or with paper;
a drawing is a sequence of layers, painted in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TAU = 2 * np.pi
Contours = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Layer:
    """Contours painted together; ``ink=False`` paints paper (cuts a hole)."""

    contours: Contours
    ink: bool = True


Drawing = tuple[Layer, ...]


def solid(*contours: np.ndarray) -> Drawing:
    """Drawing of one layer of ink."""
    return (Layer(contours),)


def cut(drawing: Drawing, *contours: np.ndarray) -> Drawing:
    """Drawing with holes cut out."""
    return (*drawing, Layer(contours, ink=False))


def place(
    contour: np.ndarray, x: float = 0, y: float = 0, scale: float = 1, turn: float = 0
) -> np.ndarray:
    """Contour turned (radians), scaled, then shifted to (x, y)."""
    c, s = np.cos(turn), np.sin(turn)
    return contour @ np.array([[c, s], [-s, c]]) * scale + (x, y)


def centred(drawing: Drawing) -> Drawing:
    """Drawing with its bounding box in the middle; shrunk only if too large."""
    points = np.vstack([c for layer in drawing for c in layer.contours if layer.ink])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 1 / max(1.0, float((high - low).max()))
    middle = (low + high) / 2
    return tuple(
        Layer(tuple((c - middle) * scale for c in layer.contours), layer.ink)
        for layer in drawing
    )


def polygon(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float)


def polar(radius: np.ndarray) -> np.ndarray:
    """Closed curve r(theta) sampled at equal angles, starting at the top."""
    theta = np.arange(len(radius)) / len(radius) * TAU - TAU / 4
    return np.c_[radius * np.cos(theta), radius * np.sin(theta)]


def regular_polygon(sides: int, radius: float = 0.5) -> np.ndarray:
    return polar(np.full(sides, radius))


def star(points: int, inner: float = 0.382, radius: float = 0.5) -> np.ndarray:
    """Star; ``inner`` is the ratio of the two radii (.382 is the pentagram)."""
    return polar(radius * np.tile([1.0, inner], points))


def rectangle(width: float, height: float) -> np.ndarray:
    w, h = width / 2, height / 2
    return polygon((-w, -h), (w, -h), (w, h), (-w, h))


def cross(arm: float = 1 / 3, size: float = 1.0) -> np.ndarray:
    """Plus sign; ``arm`` is the arm's width over the size."""
    a, b = size * arm / 2, size / 2
    quarter = np.array([(a, -b), (a, -a), (b, -a)])
    return np.vstack([place(quarter, turn=k * TAU / 4) for k in range(4)])


def ellipse(a: float = 0.5, b: float = 0.5, samples: int = 240) -> np.ndarray:
    theta = np.arange(samples) / samples * TAU
    return np.c_[a * np.cos(theta), b * np.sin(theta)]


def arc(radius: float, start: float, stop: float, samples: int = 120) -> np.ndarray:
    """Open circular arc, angles in turns, 0 to the right and growing clockwise."""
    theta = np.linspace(start, stop, samples) * TAU
    return radius * np.c_[np.cos(theta), np.sin(theta)]


def sector(turns: float, radius: float = 0.9) -> np.ndarray:
    """Slice of a disc that points down, ``turns`` of a full turn wide."""
    return np.vstack([[(0, 0)], arc(radius, 0.75 - turns / 2, 0.75 + turns / 2)])


def crescent(radius: float = 0.5, depth: float = 0.5) -> np.ndarray:
    """Moon between two arcs through the same two points, open to the right.

    ``depth`` is the bulge of the inner arc over the radius (0: half disc).
    """
    outer = arc(radius, 0.25, 0.75)
    bend = radius * (1 + depth**2) / (2 * depth)
    half = np.arcsin(min(1.0, radius / bend)) / TAU
    inner = arc(bend, 0.5 + half, 0.5 - half)
    inner = inner - (inner[0, 0], 0)
    return np.vstack([outer, inner])


def band(inner: float, outer: float, start: float, stop: float) -> np.ndarray:
    """Piece of a ring between two radii and two angles (in turns)."""
    return np.vstack([arc(outer, start, stop), arc(inner, stop, start)])


def rounded_polygon(corners: np.ndarray, radius: float) -> np.ndarray:
    """Convex polygon (clockwise on screen) grown by ``radius`` with round corners."""
    following = np.roll(corners, -1, axis=0) - corners
    angle = np.arctan2(following[:, 1], following[:, 0]) / TAU - 0.25
    parts = []
    for corner, before, after in zip(corners, np.roll(angle, 1), angle, strict=True):
        turn = (after - before) % 1
        parts.append(corner + arc(radius, before, before + turn, samples=24))
    return np.vstack(parts)


def petals(count: int, depth: float = 0.3, radius: float = 0.5) -> np.ndarray:
    """Flower r = radius (1 + depth cos(count theta)) / (1 + depth)."""
    theta = np.arange(480) / 480 * TAU
    return polar(radius * (1 + depth * np.cos(count * theta)) / (1 + depth))


def heart(size: float = 1.0) -> np.ndarray:
    """The classical heart curve x = 16 sin^3 t, y = -13 cos t + 5 cos 2t + ..."""
    t = np.arange(300) / 300 * TAU
    x = 16 * np.sin(t) ** 3
    y = -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t) + np.cos(4 * t)
    return size * np.c_[x, y + 2.5] / 33


def gear(teeth: int, depth: float = 0.2, radius: float = 0.5) -> np.ndarray:
    """Toothed wheel; the teeth taper a little."""
    parts = []
    for tooth in range(teeth):
        for offset, ratio in (
            (-0.32, 1 - depth),
            (-0.2, 1),
            (0.2, 1),
            (0.32, 1 - depth),
        ):
            turn = (tooth + offset) / teeth
            parts.append(arc(radius * ratio, turn, turn, samples=1))
    return np.vstack(parts)


def bolt(size: float = 1.0) -> np.ndarray:
    """Lightning: a wide zigzag with blunt ends."""
    return size * polygon(
        (0.02, -0.5), (-0.28, 0.1), (-0.06, 0.1), (-0.17, 0.5), (-0.05, 0.5),
        (0.28, -0.12), (0.06, -0.12), (0.26, -0.5),
    )  # fmt: skip


def random_polygon(rng: np.random.Generator, sides: int) -> np.ndarray:
    """Random convex polygon: vertices on an ellipse with unequal gaps."""
    gaps = rng.uniform(0.75, 1.25, sides)
    theta = np.cumsum(gaps) / gaps.sum() * TAU + rng.uniform(0, TAU)
    points = np.c_[0.5 * np.cos(theta), rng.uniform(0.42, 0.5) * np.sin(theta)]
    return place(points, turn=rng.uniform(0, TAU))


def random_convex_curve(rng: np.random.Generator) -> np.ndarray:
    """Smooth convex curve with random support function.

    h(t) = 1 + sum_k a_k cos(k t + phi_k) for k = 2, 3, 4. Its radius of curvature
    h + h'' = 1 - sum_k a_k (k^2 - 1) cos(...) stays above 0.25.
    """
    t = np.arange(360) / 360 * TAU
    share = rng.dirichlet([1.0, 1.0, 1.0]) * 0.75
    h, slope = np.ones_like(t), np.zeros_like(t)
    for k, part in zip((2, 3, 4), share, strict=True):
        phase, a = rng.uniform(0, TAU), part / (k**2 - 1)
        h += a * np.cos(k * t + phase)
        slope -= a * k * np.sin(k * t + phase)
    x = h * np.cos(t) - slope * np.sin(t)
    y = h * np.sin(t) + slope * np.cos(t)
    return 0.42 * np.c_[x, y]


def random_blob(rng: np.random.Generator) -> np.ndarray:
    """Concave Fourier blob r = 1 + sum_k a_k cos(k t + phi_k), k = 2 ... 5.

    One of the waves k = 3, 4, 5 has an amplitude (.24) that makes dents for sure.
    """
    t = np.arange(480) / 480 * TAU
    main = int(rng.integers(3, 6))
    r = 1 + 0.24 * np.cos(main * t + rng.uniform(0, TAU))
    for k in (k for k in (2, 3, 4, 5) if k != main):
        r += rng.uniform(0.0, 0.05) * np.cos(k * t + rng.uniform(0, TAU))
    return 0.5 * polar(r / r.max())


def text_contours(text: str, bold: bool = True) -> Contours:
    """Contours of a text in the DejaVu Sans font that comes with matplotlib.

    The text is scaled to fill the picture's width or height, whichever is first.

    Raises
    ------
    ValueError
        If the text has no ink or a character that the font cannot draw.
    """
    from matplotlib.font_manager import FontProperties, findfont, get_font
    from matplotlib.textpath import TextPath

    if not text.strip():
        raise ValueError(f"text must have something to draw, got {text!r}")
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    known = get_font(findfont(font)).get_charmap()
    unknown = sorted(
        {c for c in text if c != " " and not (ord(c) in known and c.isprintable())}
    )
    if unknown:
        raise ValueError(f"text has characters the font cannot draw: {unknown}")
    # a pair of dollar signs would be read as a formula
    plain = text.replace("$", r"\$")
    path = TextPath((0, 0), plain, size=100, prop=font, usetex=False)
    polygons = map(np.asarray, path.to_polygons(closed_only=True))
    contours = [points for points in polygons if len(points) > 2]
    points = np.vstack(contours)
    low, high = points.min(axis=0), points.max(axis=0)
    flip = np.array([1, -1]) / (high - low).max()
    return tuple((c - (low + high) / 2) * flip for c in contours)
