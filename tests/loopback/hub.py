"""Hub: a real HTTP server that offers folders as datasets, as far as the clients of the Hugging Face hub ask for it.

    with Hub({"owner/name": folder}) as hub:
        environment = {"HF_ENDPOINT": hub.url}

It knows a dataset's file list, what is known of a path, and the files. Anything else is not found.
"""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

COMMIT = "0" * 40


class Hub:
    """The server; a context manager. `asked` are the requests in the order of arrival."""

    def __init__(self, datasets: dict[str, Path]) -> None:
        self.datasets = datasets
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.asked.append(f"{self.command} {self.path}")
                length = int(self.headers.get("Content-Length") or 0)
                hub._answer(self, urlsplit(self.path).path, self.rfile.read(length))

            do_HEAD = do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler, path: str, content: bytes) -> None:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        kind = parts.pop(0) if parts[0] == "api" else ""
        name = "/".join(parts[1:3])
        if parts[0] != "datasets" or name not in self.datasets:
            return _send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"})
        folder, rest = self.datasets[name], parts[3:]
        if kind == "" and rest[:1] == ["resolve"]:
            return _file(request, folder.joinpath(*rest[2:]))
        if rest[:1] in ([], ["revision"]):
            files = [{"rfilename": entry["path"]} for entry in _entries(folder) if entry["type"] == "file"]
            return _json(request, {"id": name, "sha": COMMIT, "siblings": files})
        if rest[:1] == ["tree"]:
            inside = "/".join(rest[2:])
            return _json(request, [one for one in _entries(folder) if one["path"].startswith(inside)])
        if rest[:1] == ["paths-info"]:
            asked = json.loads(content)["paths"]
            return _json(request, [one for one in _entries(folder) if one["path"] in asked])
        return _send(request, 404, b"{}", {"X-Error-Code": "EntryNotFound"})


def _entries(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "type": "directory" if path.is_dir() else "file",
            "path": path.relative_to(folder).as_posix(),
            "oid": _hash(path),
            "size": 0 if path.is_dir() else path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
    ]


def _hash(path: Path) -> str:
    return hashlib.sha1(b"" if path.is_dir() else path.read_bytes()).hexdigest()


def _file(request: BaseHTTPRequestHandler, path: Path) -> None:
    if not path.is_file():
        return _send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})
    return _send(request, 200, path.read_bytes(), {"ETag": f'"{_hash(path)}"', "X-Repo-Commit": COMMIT})


def _json(request: BaseHTTPRequestHandler, content: Any) -> None:
    _send(request, 200, json.dumps(content).encode(), {"Content-Type": "application/json"})


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    request.send_response(status)
    for name, value in (headers | {"Content-Length": str(len(body))}).items():
        request.send_header(name, value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)
