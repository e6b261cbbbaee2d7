"""A real HTTP server on loopback that answers, or misbehaves, as a test says."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

Body = dict[str, Any]
Script = Callable[["Handler", Body], None]


class Handler(BaseHTTPRequestHandler):
    """One connection; the script writes the reply, or does not."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet: two would wait for each other some 40 ms.
    wbufsize = 65536
    server: ScriptedServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.seen.append((self.path, dict(self.headers), body))
            self.server.under_way += 1
            self.server.most = max(self.server.most, self.server.under_way)
        try:
            self.server.script(self, body)
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def reply(self, payload: object, status: int = 200, **headers: str) -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        data = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def say(self, text: str, logprobs: dict[str, float] | None = None) -> None:
        """A chat reply; `logprobs` are those of the first token's alternatives."""
        choice: Body = {"index": 0, "message": {"role": "assistant", "content": text}}
        if logprobs is not None:
            listed = [{"token": t, "logprob": p, "bytes": None} for t, p in logprobs.items()]
            choice["logprobs"] = {"content": [{**listed[0], "top_logprobs": listed}]}
        self.reply({"object": "chat.completion", "choices": [choice]})

    def cut(self) -> None:
        """Close the connection without a reply."""
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Nothing on the screen."""


class ScriptedServer(ThreadingHTTPServer):
    """Remembers what it was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.lock = threading.Lock()
        self.seen: list[tuple[str, dict[str, str], Body]] = []
        self.under_way = 0
        self.most = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def id(self) -> str:
        return f"server:{self.url}#tiny"

    def questions(self) -> Counter[str]:
        """How often each question came, by its first line."""
        return Counter(
            question(body) for path, _, body in self.seen if path.endswith("completions")
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error of the server."""


def question(body: Body) -> str:
    """The question in a chat request."""
    content = body["messages"][0]["content"]
    text = content if isinstance(content, str) else content[-1]["text"]
    return str(text).split("\n", maxsplit=1)[0]


def picture(body: Body) -> Image.Image:
    """The picture in a chat request."""
    content = body["messages"][0]["content"]
    url = next(part["image_url"]["url"] for part in content if part["type"] == "image_url")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


@contextmanager
def serving(script: Script) -> Iterator[ScriptedServer]:
    """The server, running."""
    server = ScriptedServer(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
