"""The shape set's download, against a real server on loopback."""

from __future__ import annotations

import functools
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.self_assembly.shape_download import fetch_shape_set
from helpers.self_assembly.shape_loader import load_shape_folder


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "site"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _archive(path: Path, names: list[str]) -> None:
    picture = np.full((64, 64), 255, dtype=np.uint8)
    picture[16:48, 16:48] = 0
    png = io.BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, png.getvalue())


def test_download_once_then_load(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    _archive(folder / "figures.zip", ["figures/convex/line/box.png", "notes.txt"])
    got = fetch_shape_set(tmp_path / "shapes", f"{url}/figures.zip")
    shapes = load_shape_folder(got, 24)
    assert [(s.name, s.category and s.category.id) for s in shapes] == [("box", 4)]
    (folder / "figures.zip").unlink()
    assert fetch_shape_set(tmp_path / "shapes", f"{url}/figures.zip") == got


@pytest.mark.parametrize("content", [b"not a zip", None])
def test_wrong_archive(
    site: tuple[Path, str], tmp_path: Path, content: bytes | None
) -> None:
    folder, url = site
    if content is None:
        _archive(folder / "figures.zip", ["readme.md"])
    else:
        (folder / "figures.zip").write_bytes(content)
    with pytest.raises(ValueError, match="not a zip archive with PNG"):
        fetch_shape_set(tmp_path / "shapes", f"{url}/figures.zip")
    assert not (tmp_path / "shapes").exists()


def test_unsafe_path(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    _archive(folder / "figures.zip", ["../../escaped.png"])
    with pytest.raises(ValueError, match="unsafe path"):
        fetch_shape_set(tmp_path / "shapes", f"{url}/figures.zip")
    assert not list(tmp_path.glob("**/escaped.png"))


def test_unreachable(site: tuple[Path, str], tmp_path: Path) -> None:
    _, url = site
    with pytest.raises(ConnectionError, match="shapes_folder=PATH"):
        fetch_shape_set(tmp_path / "shapes", f"{url}/missing.zip")
