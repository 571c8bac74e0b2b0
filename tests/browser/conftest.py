"""JupyterLab in Chromium, for the browser tests of every chapter.

``lab_page(path)`` opens a notebook in JupyterLab on loopback; the `LabPage` it
returns runs cells through Lab's own commands, and at the end of the test fails on
console errors and on any attempt to reach something beyond loopback.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
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


@dataclass
class Lab:
    """A running JupyterLab server."""

    url: str
    token: str
    root: Path


@dataclass
class LabPage:
    """One notebook open in JupyterLab.

    Attributes
    ----------
    page : playwright Page
        For everything this class does not wrap.
    errors : list of str
        Console errors and blocked requests so far; the fixture asserts it is empty.
    """

    page: Any
    name: str
    errors: list[str] = field(default_factory=list)

    def execute(self, command: str, args: dict[str, Any] | None = None) -> None:
        """Run a command of Lab's registry and wait for it."""
        self.page.evaluate(
            "([command, args]) => window.jupyterapp.commands.execute(command, args)"
            ".then(() => null)",
            [command, args or {}],
        )

    def run_all(self, timeout: float = 120) -> None:
        """Run all cells and wait until every one has finished.

        Raises
        ------
        AssertionError
            With the error output of the first cell that failed.
        """
        self.execute("notebook:run-all-cells")
        self.page.wait_for_function(
            """() => {
              const panel = window.jupyterapp.shell.currentWidget;
              const cells = panel.content.model.sharedModel.cells;
              const code = cells.filter(c => c.cell_type === 'code' && c.source.trim());
              return panel.sessionContext.session?.kernel?.status === 'idle'
                && code.every(c => c.execution_count !== null);
            }""",
            timeout=1000 * timeout,
        )
        assert not self.cell_errors(), "\n".join(self.cell_errors())

    def cell_errors(self) -> list[str]:
        """Error outputs of the notebook's cells, one line each."""
        found: list[str] = self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel
              .cells.filter(c => c.cell_type === 'code').flatMap(c => c.outputs)
              .filter(o => o.output_type === 'error')
              .map(o => `${o.ename}: ${o.evalue}`)
            """
        )
        return found

    def theme(self, dark: bool) -> None:
        """Switch Lab to its dark or light theme and wait until it is applied."""
        light = "false" if dark else "true"
        if self.page.get_attribute("body", "data-jp-theme-light") == light:
            return
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.execute("apputils:change-theme", {"theme": name})
        self.page.wait_for_selector(
            f'body[data-jp-theme-light="{light}"]', state="attached"
        )
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def resize(self, width: int, height: int = 1000) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def screenshot(self, name: str, selector: str | None = None) -> Path:
        """Save a picture (of one element if given) in ``build/screenshots``."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        if selector is None:
            self.page.screenshot(path=path)
        else:
            self.page.locator(selector).first.screenshot(path=path)
        return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a free loopback port, with its own settings and folders.

    Its kernels import the `helpers` of this checkout.
    """
    root = tmp_path_factory.mktemp("lab")
    home = tmp_path_factory.mktemp("lab-home")
    notifications = home / "settings" / "@jupyterlab" / "apputils-extension"
    notifications.mkdir(parents=True)
    (notifications / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    notebooks = root / "notebooks"
    notebooks.mkdir()
    port, token = free_port(), secrets.token_hex(16)
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    log = (home / "lab.log").open("w+")
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--expose-app-in-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={token}",
            f"--ServerApp.root_dir={notebooks}",
            "--LabApp.extension_manager=readonly",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--FileCheckpoints.checkpoint_dir=" + str(home / "checkpoints"),
        ],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=root,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{url}/api?token={token}", timeout=5)
                break
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                if server.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    pytest.fail(f"JupyterLab did not start:\n{log.read()[-3000:]}")
                time.sleep(0.3)
        yield Lab(url, token, notebooks)
    finally:
        server.terminate()  # shuts its kernels down too
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, else Playwright's own, else a skip that says how."""
    try:
        from playwright import sync_api as playwright_api
    except ImportError:
        pytest.skip("browser tests need Playwright: `pip install playwright`")
    names = ("chromium", "chromium-browser", "google-chrome")
    system = next((p for p in map(shutil.which, names) if p), None)
    with playwright_api.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=system, args=CHROMIUM_FLAGS
            )
        except playwright_api.Error as error:
            reason = str(error).strip().splitlines()[0]
            pytest.skip(f"no usable Chromium ({reason}); {INSTALL}")
        yield chromium
        chromium.close()


@pytest.fixture
def lab_page(lab: Lab, browser: Any) -> Iterator[Callable[..., LabPage]]:
    """Function that opens a copy of a notebook in Lab and returns its `LabPage`.

    ``lab_page(path, width=1400, height=1000, dark=False)``. The copy lies in the
    server's own folder; the original is never written.
    """
    opened: list[tuple[Any, LabPage]] = []

    def open_notebook(
        path: Path, width: int = 1400, height: int = 1000, dark: bool = False
    ) -> LabPage:
        shutil.copy(path, lab.root / path.name)
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=False
        )
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

        context.route("**/*", guard)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: errors.append(f"page: {error}"))
        page.goto(f"{lab.url}/lab/tree/{path.name}?token={lab.token}&reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=90_000)
        page.wait_for_function(
            """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session
              ?.kernel?.status === 'idle'""",
            timeout=90_000,
        )
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        notebook = LabPage(page, path.stem, errors)
        if page.locator("#jp-left-stack:visible").count():
            notebook.execute("application:toggle-left-area")
        notebook.theme(dark)
        opened.append((context, notebook))
        return notebook

    yield open_notebook
    found = [error for _, notebook in opened for error in notebook.errors]
    for context, notebook in opened:
        if found:
            notebook.screenshot(f"{notebook.name}-failed")
        notebook.execute("notebook:shutdown-kernel")
        context.close()
    assert not found, "\n".join(found)


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
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
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return write
