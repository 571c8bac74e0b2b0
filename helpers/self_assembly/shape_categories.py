"""The 16 categories of the paper's shape set, in the order of its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.names import unknown_name

Convexity = Literal["convex", "concave"]
Boundary = Literal["line", "curve", "line & curve"]
Holes = Literal["none", "one", "several"]
Inner = Literal["convex", "concave", "concave & convex"]


@dataclass(frozen=True)
class Category:
    """One row of the table of the authors' published shape set.

    Attributes
    ----------
    id : int
        1 to 16, in the order of the table.
    key : str
        Name used in this project, for example ``"one-hole-convex-concave"``.
    outer : str
        Convexity of the outer boundary.
    holes : str
        ``"none"``, ``"one"`` or ``"several"``.
    boundary : str or None
        What the outer boundary is drawn with; only shapes without holes are
        divided by it.
    inner : str or None
        Convexity of the holes; None without holes.
    label : str
        Short label for axes.
    folder : str
        Sub-folder of the authors' shape set.
    """

    id: int
    key: str
    outer: Convexity
    holes: Holes
    boundary: Boundary | None
    inner: Inner | None
    label: str
    folder: str


def _solid(id: int, outer: Convexity, boundary: Boundary) -> Category:
    short = boundary.replace(" & ", "-")
    return Category(
        id=id,
        key=f"{outer}-{short}",
        outer=outer,
        holes="none",
        boundary=boundary,
        inner=None,
        label=f"{outer}, {boundary}",
        folder=f"{outer}/{short.replace('-', '_')}",
    )


def _holed(
    id: int, holes: Holes, outer: Convexity, inner: Inner, folder: str
) -> Category:
    first = "one hole" if holes == "one" else "holes"
    kind = "mixed" if inner == "concave & convex" else inner
    return Category(
        id=id,
        key=f"{first.replace(' ', '-')}-{outer}-{kind}",
        outer=outer,
        holes=holes,
        boundary=None,
        inner=inner,
        label=f"{first}, {outer}/{kind}",
        folder=folder,
    )


CATEGORIES: tuple[Category, ...] = (
    _solid(1, "concave", "line"),
    _solid(2, "concave", "curve"),
    _solid(3, "concave", "line & curve"),
    _solid(4, "convex", "line"),
    _solid(5, "convex", "curve"),
    _solid(6, "convex", "line & curve"),
    _holed(7, "one", "concave", "convex", "hole/o_concave_i_convex"),
    _holed(8, "one", "concave", "concave", "hole/o_concave_i_concave"),
    _holed(9, "one", "convex", "convex", "hole/o_convex_i_convex"),
    _holed(10, "one", "convex", "concave", "hole/o_convex_i_concave"),
    _holed(11, "several", "concave", "convex", "multiholes/o_concave_convex_only"),
    _holed(12, "several", "concave", "concave", "multiholes/o_concave_concave_only"),
    _holed(
        13,
        "several",
        "concave",
        "concave & convex",
        "multiholes/o_concave_concave_convex",
    ),
    _holed(14, "several", "convex", "concave", "multiholes/o_convex_concave_only"),
    _holed(15, "several", "convex", "convex", "multiholes/o_convex_convex_only"),
    _holed(
        16,
        "several",
        "convex",
        "concave & convex",
        "multiholes/o_convex_concave_convex",
    ),
)


def find_category(category: int | str | Category) -> Category:
    """Category with this id, key or label.

    Raises
    ------
    ValueError
        If there is no such category; the message names the nearest key.

    Examples
    --------
    >>> find_category(6).key
    'convex-line-curve'
    """
    if isinstance(category, Category):
        return category
    for known in CATEGORIES:
        if category in (known.key, known.label):
            return known
        if not isinstance(category, (bool, str)) and category == known.id:
            return known
    if isinstance(category, str):
        keys = [known.key for known in CATEGORIES]
        raise unknown_name("category", category, keys)
    raise ValueError(f"category must be 1 to 16 or a name, got {category!r}")
