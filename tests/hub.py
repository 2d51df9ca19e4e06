"""A web server and a Hugging Face hub in one, on loopback."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def serving(files: Mapping[str, bytes], repositories: Mapping[str, Mapping[str, bytes]]) -> Iterator[str]:
    """Serve files by path and repositories by id; give the address.

    `/moved.safetensors` leads to `/model.safetensors`, `/cut.safetensors` ends too early, `/login.safetensors` asks for
    a login.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(body=True)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def answer(self, body: bool) -> None:
            path = self.path.split("?")[0]
            if path == "/moved.safetensors":
                self.send_response(302)
                self.send_header("Location", "/model.safetensors")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif path == "/cut.safetensors":
                self.send(files["/model.safetensors"][:1000], 200, body, length=5000)
            elif path == "/login.safetensors":
                self.send(b"no", 401, body)
            elif path.startswith("/api/models/"):
                self.repository(path.removeprefix("/api/models/"), body)
            elif "/resolve/" in path:
                name, _, rest = path[1:].partition("/resolve/")
                data = repositories.get(name, {}).get(rest.partition("/")[2])
                self.send(data or b"", 200 if data is not None else 404, body)
            else:
                self.send(files.get(path, b""), 200 if path in files else 404, body)

        def repository(self, name: str, body: bool) -> None:
            name = name.partition("/revision/")[0]
            if name not in repositories:
                self.send(b"{}", 404, body)
                return
            siblings = [{"rfilename": file, "size": len(data)} for file, data in repositories[name].items()]
            document = {
                "id": name,
                "modelId": name,
                "sha": "0" * 40,
                "siblings": siblings,
                "private": False,
                "tags": [],
            }
            self.send(json.dumps(document).encode(), 200, body, "application/json")

        def send(
            self, data: bytes, status: int, body: bool, kind: str = "application/octet-stream", length: int = 0
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length or len(data)))
            self.send_header("ETag", '"0123456789abcdef"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
