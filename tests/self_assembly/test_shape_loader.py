"""Loading pictures: categories, polarity, half-area rule, stray pixels, bad files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.self_assembly.shape_categories import CATEGORIES
from helpers.self_assembly.shape_loader import (
    load_shape,
    load_shape_folder,
    read_ink,
)
from helpers.self_assembly.shape_measures import measure_shape


def picture(path: Path, box=(100, 150, 400, 350), size=512) -> Path:
    """Black rectangle (left, top, right, bottom) on white."""
    ink = np.full((size, size), 255, np.uint8)
    ink[box[1] : box[3], box[0] : box[2]] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ink).save(path)
    return path


def test_a_picture_lands_in_the_middle_at_the_half_area_rule(tmp_path):
    loaded = load_shape(picture(tmp_path / "box.png", (128, 128, 384, 384)), 80)
    assert loaded.fill == 0.25
    assert loaded.mask.shape == (80, 80)
    # 256 of 512 pixels are half of the picture's 56.57 cells
    assert loaded.mask.sum() == 28**2
    assert (loaded.mask == loaded.mask[::-1, ::-1]).all()
    assert loaded.name == "box" and loaded.category is None


def test_categories_come_from_the_sub_folders_in_a_fixed_order(tmp_path):
    for category in CATEGORIES:
        picture(tmp_path / category.folder / f"s{category.id}.PNG")
    picture(tmp_path / "other" / "mine.png")
    (tmp_path / "notes.txt").write_text("not a picture, and not asked for")
    loaded = load_shape_folder(tmp_path, 40)
    assert len(loaded) == 17
    assert {s.name: s.category.id for s in loaded if s.category} == {
        f"s{k}": k for k in range(1, 17)
    }
    paths = [shape.path.relative_to(tmp_path).as_posix() for shape in loaded]
    assert paths == sorted(paths)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_modes_give_the_same_ink(tmp_path, mode):
    plain = picture(tmp_path / "plain.png")
    Image.open(plain).convert(mode).save(tmp_path / "mode.png")
    assert (read_ink(tmp_path / "mode.png") == read_ink(plain)).all()


def test_transparent_pixels_are_paper(tmp_path):
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[5:15, 5:15, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    assert read_ink(tmp_path / "clear.png").sum() == 100


def test_stray_pixels_are_dropped_and_reported(tmp_path):
    path = picture(tmp_path / "stray.png")
    pixels = np.array(Image.open(path))
    pixels[10, 10] = pixels[20, 20:23] = 0
    Image.fromarray(pixels).save(path)
    loaded = load_shape(path, 40)
    assert loaded.pixels.dropped == (3, 1)
    assert loaded.cells.dropped == ()
    assert "dropped 2 piece(s) of 3, 1" in str(loaded.pixels)


def test_a_neck_that_breaks_on_the_grid_is_reported_in_cells(tmp_path):
    path = picture(tmp_path / "neck.png", (100, 150, 300, 350))
    pixels = np.array(Image.open(path))
    pixels[240:242, 300:400] = 0
    pixels[200:280, 400:460] = 0
    Image.fromarray(pixels).save(path)
    loaded = load_shape(path, 40)
    assert loaded.pixels.dropped == ()
    assert len(loaded.cells.dropped) == 1
    assert measure_shape(loaded.mask).components == 1


def test_every_bad_file_gets_one_line_with_its_name(tmp_path):
    picture(tmp_path / "good.png")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "none.png").write_bytes(b"")
    whole = picture(tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    picture(tmp_path / "blank.png", (0, 0, 0, 0))
    picture(tmp_path / "full.png", (0, 0, 512, 512))
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(tmp_path / "deep.png")
    picture(tmp_path / "speck.png", (0, 0, 1, 1))
    with pytest.raises(ValueError) as caught:
        load_shape_folder(tmp_path, 40)
    lines = str(caught.value).splitlines()
    expected = {
        "blank.png": "blank",
        "cut.png": "cannot be read",
        "deep.png": "mode 'I;16' is not supported",
        "full.png": "every pixel is dark",
        "none.png": "not a picture",
        "speck.png": "nothing is left",
        "text.png": "not a picture",
    }
    assert len(lines) == len(expected)
    for line, (name, reason) in zip(lines, expected.items(), strict=True):
        assert name in line and reason in line


def test_bad_folders_and_grids(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        load_shape_folder(tmp_path / "nowhere", 40)
    with pytest.raises(ValueError, match="no PNG file"):
        load_shape_folder(tmp_path, 40)
    with pytest.raises(ValueError, match="width"):
        load_shape_folder(tmp_path, 3)


@pytest.fixture(scope="module")
def paper_set() -> Path:
    data = os.environ.get("CURRICULUM_DATA")
    if not data or not (Path(data) / "shapes").is_dir():
        pytest.skip(
            "the paper's shapes are not here: set CURRICULUM_DATA to a folder "
            "with a sub-folder 'shapes'"
        )
    return Path(data) / "shapes"


def test_the_papers_own_set(paper_set):
    loaded = {shape.name: shape for shape in load_shape_folder(paper_set, 80)}
    assert all(shape.category is not None for shape in loaded.values())
    for shape in loaded.values():
        ratio = shape.mask.sum() / (0.5 * shape.fill * 80**2)
        # 1 up to rounding at the edge and the pieces that were dropped
        assert 0.9 < ratio < 1.05, shape.name
        assert measure_shape(shape.mask).outer == shape.category.outer, shape.name
    assert loaded["r-poly-5"].fill == pytest.approx(0.600, abs=5e-4)
    assert loaded["circle"].fill == pytest.approx(0.789, abs=5e-4)
    assert loaded["anchor"].fill == pytest.approx(0.095, abs=5e-4)
    for name in ("anchor", "kitchen-fish", "hand-traffic"):
        assert loaded[name].pixels.dropped, name
    solid = [s for s in loaded.values() if s.category.boundary]
    agree = sum(
        measure_shape(read_ink(s.path)).boundary == s.category.boundary for s in solid
    )
    # 39 of 45 in the part of the set at hand; sorted by eye, so not all can agree
    assert agree >= 0.75 * len(solid)


def test_the_papers_instance_at_135(paper_set):
    found = list(paper_set.rglob("r-poly-5.png"))
    if not found:
        pytest.skip("r-poly-5.png is not in this copy of the set")
    # recalled: 5469 agents in the 135 x 135 instance
    assert load_shape(found[0], 135).mask.sum() == pytest.approx(5469, abs=15)
