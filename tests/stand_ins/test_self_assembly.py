"""Notebook 01 at paper scale: pictures in the folders of the authors' archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from helpers.self_assembly import experiments, figures
from helpers.self_assembly.config import AssemblyConfig
from tests.stand_ins.conftest import Fetch, execute, run_of

PLACES = ("convex/line/4-edge", "hole/o_convex_i_convex/nut", "concave/line/letter-l")


def pictures(folder: Path) -> None:
    for place in PLACES:
        path = folder / "figures" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((512, 512), 255, np.uint8)
        pixels[100:400, 100:400] = 0
        if "hole" in place:
            pixels[200:300, 200:300] = 255
        if "letter" in place:
            pixels[100:300, 250:400] = 255
        Image.fromarray(pixels).save(path)


def test_the_category_cell_reads_the_authors_shapes(fetched: Fetch) -> None:
    fetched("01", {"shape_set": pictures})
    run = run_of(shapes_folder=None, width=16, instances=1, category_seeds=1)
    names = {"experiments": experiments, "figures": figures, "config": AssemblyConfig()}
    left = execute("01", "code-27", run=run, **names)
    assert set(left["categories"]["shape"]) == {"4-edge", "nut", "letter-l"}
    assert left["categories"]["completed"].all()
