"""A JupyterLab server on loopback, and one notebook open in it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
SLOW = 300_000
"""Milliseconds: what a busy machine may need, not what is expected."""

# The picture on the page stands still: nothing moves, loads or changes colour for ten
# frames in a row.
STILL = """async node => {
  let last = '', same = 0;
  for (let frame = 0; same < 10; frame++) {
    if (frame > 1200) throw new Error('the page does not come to rest');
    await new Promise(requestAnimationFrame);
    const box = node.getBoundingClientRect();
    const now = [box.x, box.y, box.width, box.height, getComputedStyle(node).color,
      [...node.querySelectorAll('img')].every(i => i.complete)].join();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}"""


@dataclass
class Lab:
    """A running JupyterLab server; ``data`` is Jupyter's folder of its user's files."""

    url: str
    token: str
    root: Path
    data: Path


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

    def open(self, lab: Lab) -> None:
        """Load the notebook from the server and wait for its kernel."""
        self.page.goto(f"{lab.url}/lab/tree/{self.name}.ipynb?token={lab.token}&reset")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=SLOW)
        self.page.wait_for_function(
            """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session
              ?.kernel?.status === 'idle'""",
            timeout=SLOW,
        )
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        if self.page.locator("#jp-left-stack:visible").count():
            self.execute("application:toggle-left-area")

    def execute(self, command: str, args: dict[str, Any] | None = None) -> None:
        """Run a command of Lab's registry and wait for it."""
        self.page.evaluate(
            "([command, args]) => window.jupyterapp.commands.execute(command, args)"
            ".then(() => null)",
            [command, args or {}],
        )

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing more to do."""
        self.page.wait_for_function(
            """() => window.jupyterapp.shell.currentWidget.sessionContext.session
              .kernel.status === 'idle'""",
            timeout=SLOW,
        )

    def settle(self, root: Any) -> None:
        """Wait until the element of a locator stands still."""
        root.evaluate(STILL)

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

    def verdicts(self, name: str) -> str:
        """Text of the notebook's last table of claims, of which a picture is saved.

        Whatever the width of the page, nothing of it is cut off.
        """
        table = self.page.locator("table.claims").last
        table.scroll_into_view_if_needed()
        self.screenshot(name)
        assert table.evaluate(
            "t => t.offsetWidth <= t.closest('.jp-OutputArea-output').clientWidth"
        )
        text: str = table.inner_text()
        return text

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
        """Change the window and wait until the page knows."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_function(f"window.innerWidth === {width}")

    def screenshot(self, name: str, root: Any = None) -> Path:
        """Save a picture (of a locator's element if given) in ``build/screenshots``."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (self.page if root is None else root).screenshot(path=path)
        return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def lab_server(root: Path, home: Path) -> Iterator[Lab]:
    """JupyterLab on a free loopback port, with its own settings and folders.

    Its kernels import the `helpers` of this checkout.
    """
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
        "JUPYTER_DATA_DIR": str(home / "data"),
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
        deadline = time.monotonic() + 2 * SLOW / 1000
        while True:
            try:
                urllib.request.urlopen(f"{url}/api?token={token}", timeout=5)
                break
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                if server.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    pytest.fail(f"JupyterLab did not start:\n{log.read()[-3000:]}")
                time.sleep(0.3)
        yield Lab(url, token, notebooks, home / "data")
    finally:
        server.terminate()  # shuts its kernels down too
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()
