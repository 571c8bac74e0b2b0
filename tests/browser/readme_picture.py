"""``make picture``: the README's picture, one figure of each chapter's last run.

Run the notebooks at default first. The figures are those of the report's cards.
"""

from __future__ import annotations

import html
import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from PIL import Image
from playwright.sync_api import sync_playwright

from helpers.curriculum.paper_map import paper_specs
from helpers.curriculum.report_embed import data_uri, thumbnail
from helpers.curriculum.results import RunResult, run_folder
from helpers.paths import NOTEBOOKS, write_atomic
from helpers.scales import NotebookSpec
from tests.browser.conftest import launch_chromium

OUT = NOTEBOOKS / "figures" / "readme.png"
COLORS = 128
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 14px; width: 1180px; background: #fff; color: #1d1f21;
  display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px;
  font: 15px/1.25 system-ui, "DejaVu Sans", sans-serif; }}
figure {{ margin: 0; padding: 10px; border: 1px solid #ccc; border-radius: 6px; }}
img {{ width: 100%; height: 236px; object-fit: contain; margin-top: 6px; }}
b {{ color: #00568a; }}
</style>{tiles}"""


def tile(spec: NotebookSpec) -> str:
    """A chapter's number, name and figure."""
    folder = run_folder(spec.name, "default", {})
    result = RunResult.load(folder)
    if result is None:
        raise SystemExit(f"no run of {spec.name}; start with: curriculum run")
    found = thumbnail(nbformat.read(folder / result.executed, as_version=4))
    if found is None:
        raise SystemExit(f"{spec.name} drew no figure")
    suffix, content = found
    kind = "image/svg+xml" if suffix == ".svg" else "image/png"
    name = html.escape(spec.title.partition(":")[0])
    picture = f'<img alt="" src="{html.escape(data_uri(kind, content))}">'
    return f"<figure><b>{spec.number}</b> {name}{picture}</figure>"


def photographed(page: str) -> bytes:
    """The page as a PNG of few colours."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        browser = launch_chromium(playwright)
        size = {"width": 1208, "height": 700}
        tab = browser.new_page(viewport=size, device_scale_factor=1.5)
        tab.goto(path.as_uri())
        shot = tab.screenshot(full_page=True)
        browser.close()
    small, stream = Image.open(io.BytesIO(shot)).convert("RGB"), io.BytesIO()
    small.quantize(COLORS, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def main() -> int:
    made = photographed(PAGE.format(tiles="".join(map(tile, paper_specs()))))
    write_atomic(OUT, made)
    print(f"{OUT}: {len(made) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
