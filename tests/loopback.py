"""A web server on loopback that a test can make fail, and a small hub made of it."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT, NEWER = "c" * 40, "d" * 40
_HUB_INFO = re.compile(
    r"^/api/(models|datasets)/(\w+/[\w.-]+)(?:/(revision|tree)/(\w+))?$"
)
_HUB_FILE = re.compile(r"^/(?:datasets/)?(\w+/[\w.-]+)/resolve/(\w+)/(.+)$")


@dataclass
class Site:
    """Files by path; ``repositories`` by name, each with files by path, and those of
    ``newer`` at the end of their branch.

    ``cut`` ends one answer after that many bytes, ``refuse`` answers with a status, and
    ``served`` counts the bytes of contents that went out, by path.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    newer: dict[str, dict[str, bytes]] = field(default_factory=dict)
    cut: int | None = None
    refuse: dict[str, int] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""

    def content(self, path: str) -> bytes | None:
        if match := _HUB_FILE.match(path):
            return self.at(match[1], match[2])[1].get(match[3])
        return self.files.get(path.lstrip("/"))

    def at(self, name: str, revision: str | None) -> tuple[str, dict[str, bytes]]:
        """Commit and files of a repository; no files where there is none."""
        if name in self.newer and revision in (None, "main", NEWER):
            return NEWER, self.newer[name]
        return COMMIT, self.repositories.get(name, {})

    def info(self, path: str) -> dict[str, Any] | list[dict[str, Any]] | None:
        """What the hub says of a repository, or lists of it."""
        match = _HUB_INFO.match(path)
        if match is None or match[2] not in self.repositories:
            return None
        commit, files = self.at(match[2], match[4])
        if match[3] == "tree":
            return [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in files.items()
            ]
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "blobId": hashlib.sha1(content).hexdigest(),
                "lfs": {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 130,
                },
            }
            for name, content in files.items()
        ]
        return {"id": match[2], "sha": commit, "siblings": siblings}


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """The site behind ``site.url``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            site.tokens.append(self.headers["Authorization"])
            for part, status in site.refuse.items():
                if part in path:
                    gated = {"X-Error-Code": "GatedRepo"} if status == 403 else {}
                    return self._send(status, b"", gated, body)
            if (found := site.info(path)) is not None:
                return self._send(200, json.dumps(found).encode(), {}, body)
            content = site.content(path)
            if content is None:
                missing = "EntryNotFound" if "resolve" in path else "RepoNotFound"
                return self._send(404, b"", {"X-Error-Code": missing}, body)
            headers = {
                "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
                "X-Repo-Commit": NEWER if NEWER in path else COMMIT,
                "X-Linked-Size": str(len(content)),
                "Accept-Ranges": "bytes",
            }
            asked = self.headers["Range"]
            if self.headers.get("If-Range") not in (None, headers["ETag"]):
                asked = None
            first = int(asked.split("=")[1].split("-")[0]) if asked else 0
            if asked and first >= len(content):
                return self._send(416, b"", {}, body)
            if asked:
                end = f"bytes {first}-{len(content) - 1}/{len(content)}"
                headers["Content-Range"] = end
            self._send(206 if asked else 200, content[first:], headers, body)
            return None

        def _send(
            self, status: int, content: bytes, headers: dict[str, str], body: bool
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if not body:
                return
            if site.cut is not None and "ETag" in headers:
                content, site.cut = content[: site.cut], None
                self.close_connection = True
            if "ETag" in headers:  # counted first: who has read it all may ask at once
                path = self.path.partition("?")[0].lstrip("/")
                site.served[path] = site.served.get(path, 0) + len(content)
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    site.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield site
    finally:
        http.shutdown()
        http.server_close()
