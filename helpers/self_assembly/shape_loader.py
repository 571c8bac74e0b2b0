"""Targets from a folder of pictures, such as the paper's own set of shapes.

The authors' set (not part of this project) has 512 x 512 greyscale PNG files, black
shapes on white, in sub-folders that name the category. Dark is target. Some files
have stray pixels, so the largest 8-connected component is kept and what was dropped
is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from helpers.self_assembly.shape_categories import CATEGORIES, Category
from helpers.self_assembly.shape_raster import (
    ComponentReport,
    check_grid,
    keep_components,
    rasterise,
)

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
# grey level below which a pixel is ink; the authors' files hold 0 and 255 only
INK_BELOW = 128


@dataclass(frozen=True)
class LoadedShape:
    """One picture brought onto the grid.

    Attributes
    ----------
    name : str
        File name without its ending.
    path : Path
    category : Category or None
        From the sub-folder's name (a label, not a measure); None in other folders.
    mask : bool array (H, W)
        The target.
    fill : float
        Share of the picture that is ink, before anything was dropped.
    pixels : ComponentReport
        Pieces of the picture at full resolution, sizes in pixels.
    cells : ComponentReport
        Pieces on the grid, sizes in cells: thin necks may break on a coarse grid.
    """

    name: str
    path: Path
    category: Category | None
    mask: np.ndarray
    fill: float
    pixels: ComponentReport
    cells: ComponentReport


def read_ink(path: Path) -> np.ndarray:
    """Bool array (h, w) of the dark pixels of a picture, on white where transparent.

    Raises
    ------
    ValueError
        One line that names the file: not readable as a picture, an unsupported mode,
        no dark pixel, or nothing but dark pixels.
    """
    try:
        with Image.open(path) as opened:
            mode = opened.mode
            if mode not in MODES:
                raise ValueError(
                    f"{path}: picture mode {mode!r} is not supported; "
                    f"allowed: {', '.join(MODES)}"
                )
            picture = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        # Pillow raises SyntaxError for PNG files with broken chunks
        reason = "not a picture" if isinstance(error, UnidentifiedImageError) else error
        raise ValueError(f"{path}: cannot be read ({reason})") from error
    paper = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(paper, picture).convert("L")
    ink = np.asarray(grey) < INK_BELOW
    if not ink.any():
        raise ValueError(f"{path}: the picture is blank, no pixel is dark")
    if ink.all():
        raise ValueError(f"{path}: every pixel is dark, there is no shape")
    return ink


def folder_category(path: Path) -> Category | None:
    """Category whose folder of the authors' set ends this file's folder, or None."""
    parent = path.parent.as_posix()
    for category in CATEGORIES:
        if parent == category.folder or parent.endswith("/" + category.folder):
            return category
    return None


def load_shape(path: str | Path, width: int, height: int | None = None) -> LoadedShape:
    """Load one picture and place it on the grid by the half-area rule.

    Parameters
    ----------
    path : path
        Picture; need not be square.
    width, height : int
        Grid size in cells; square by default.

    Raises
    ------
    ValueError
        Bad grid size or bad picture (see :func:`read_ink`), or nothing left of the
        shape on so coarse a grid.
    """
    columns, rows = check_grid(width, height)
    path = Path(path)
    ink = read_ink(path)
    piece, pixels = keep_components(ink)
    mask, cells = keep_components(rasterise(piece, columns, rows))
    if not mask.any():
        raise ValueError(
            f"{path}: nothing is left of the shape on a {rows} x {columns} grid"
        )
    return LoadedShape(
        name=path.stem,
        path=path,
        category=folder_category(path),
        mask=mask,
        fill=float(ink.mean()),
        pixels=pixels,
        cells=cells,
    )


def load_shape_folder(
    folder: str | Path, width: int, height: int | None = None
) -> list[LoadedShape]:
    """Load every PNG file of a folder and its sub-folders.

    Parameters and grid as in :func:`load_shape`. The order is that of the paths.

    Raises
    ------
    ValueError
        Bad grid size; no such folder; no PNG file in it; or bad files: one line for
        each, all at once, so that a set is repaired in one pass.
    """
    check_grid(width, height)
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder of shapes")
    files = [p for p in folder.rglob("*") if p.suffix.lower() == ".png" and p.is_file()]
    if not files:
        raise ValueError(f"{folder}: the folder has no PNG file")
    loaded, faults = [], []
    for path in sorted(files, key=lambda file: file.relative_to(folder).as_posix()):
        try:
            loaded.append(load_shape(path, width, height))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("\n".join(faults))
    return loaded
