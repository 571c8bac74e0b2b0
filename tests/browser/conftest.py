"""JupyterLab in Chromium, for the browser tests of every chapter.

``lab_page(path)`` opens a notebook in JupyterLab on loopback; the `LabPage` it
returns runs cells through Lab's own commands, and at the end of the test fails on
console errors and on any attempt to reach something beyond loopback.
``smoke_notebook("06")`` opens a chapter that way and runs it at smoke.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.paths import NOTEBOOKS
from tests.browser.lab_page import SLOW, Lab, LabPage, lab_server

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = (
    "install one with `apt-get install chromium` or `python -m playwright install "
    "--with-deps chromium`"
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Console errors that say nothing about the notebook under test.
HARMLESS = [
    # Lab asks for settings, workspaces and kernels that do not exist yet.
    r"Failed to load resource.*(404|workspaces|lsp|translations)",
    # Resize observers that need a second layout pass; no work is lost.
    r"ResizeObserver loop",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running JupyterLab server."""
    root, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("lab-home")
    with lab_server(root, home) as running:
        yield running


def launch_chromium(playwright: Any) -> Any:
    """The system's Chromium, else Playwright's own, else a skip that says how."""
    from playwright.sync_api import Error

    system = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    try:
        return playwright.chromium.launch(executable_path=system, args=CHROMIUM_FLAGS)
    except Error as error:
        reason = str(error).strip().splitlines()[0]
        pytest.skip(f"no usable Chromium ({reason}); {INSTALL}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, for the whole session."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("browser tests need Playwright: `pip install playwright`")
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        yield chromium
        chromium.close()


@contextmanager
def opened_pages(lab: Lab, browser: Any) -> Iterator[Callable[..., LabPage]]:
    """Function that opens notebooks; in the end all are closed and errors raised."""
    opened: list[tuple[Any, LabPage]] = []

    def open_notebook(path: Path, text: str | None = None) -> LabPage:
        """Open a copy of the file, or ``text`` in its place."""
        copy = lab.root / path.name
        copy.write_text(path.read_text("utf-8") if text is None else text, "utf-8")
        context = browser.new_context(accept_downloads=False)
        errors: list[str] = []

        def guard(route: Any) -> None:
            address = route.request.url
            if re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:", address):
                route.continue_()
            else:
                errors.append(f"request beyond loopback: {address}")
                route.abort()

        def listen(message: Any) -> None:
            text = f"{message.text} ({message.location.get('url', '')})"
            harmless = any(re.search(pattern, text) for pattern in HARMLESS)
            if message.type == "error" and not harmless:
                errors.append(f"console: {text}")

        context.set_default_timeout(SLOW)
        context.route("**/*", guard)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: errors.append(f"page: {error}"))
        notebook = LabPage(page, path.stem, errors)
        opened.append((context, notebook))
        notebook.resize(1400)
        notebook.open(lab)
        return notebook

    yield open_notebook
    found = [error for _, notebook in opened for error in notebook.errors]
    for context, notebook in opened:
        if found:
            notebook.screenshot(f"{notebook.name}-failed")
        if notebook.page.evaluate("Boolean(window.jupyterapp)"):  # else Lab never came
            notebook.execute("notebook:shutdown-kernel")
        context.close()
    assert not found, "\n".join(found)


@pytest.fixture
def lab_page(lab: Lab, browser: Any) -> Iterator[Callable[..., LabPage]]:
    """Function that opens a copy of a notebook in Lab: ``lab_page(path)``.

    The copy lies in the server's own folder; the original is never written.
    """
    with opened_pages(lab, browser) as open_notebook:
        yield open_notebook


@pytest.fixture(scope="module")
def lab_page_of_module(lab: Lab, browser: Any) -> Iterator[Callable[..., LabPage]]:
    """The same for a page that all tests of a module share."""
    with opened_pages(lab, browser) as open_notebook:
        yield open_notebook


@pytest.fixture
def smoke_notebook(lab_page: Callable[..., LabPage]) -> Callable[[str], LabPage]:
    """Function that opens a notebook by its number and runs it at smoke.

    What `helpers.cache` holds from an earlier run at smoke is used.
    """

    def open_and_run(number: str) -> LabPage:
        (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
        text = path.read_text(encoding="utf-8")
        smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
        assert smoke != text, "no line with the scale among the parameters"
        notebook = lab_page(path, smoke)
        notebook.run_all(timeout=600)
        return notebook

    return open_and_run


@pytest.fixture(scope="session")
def write_notebook(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """Function that writes a notebook of code cells: ``write_notebook(*sources)``."""

    def write(*sources: str, name: str = "sample") -> Path:
        import nbformat

        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources]
        )
        notebook.metadata.kernelspec = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        path = tmp_path_factory.mktemp("notebooks") / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return write
