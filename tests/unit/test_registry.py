"""Looking an image up in a registry, as somebody without credentials: the protocol against a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from molthub.cli.registry import Registries
from molthub.pipeline.doctor.here import Pull

SEEN: list[tuple[str, str | None]] = []


class Registry(BaseHTTPRequestHandler):
    """public/* needs an anonymous token, open/* nothing; private/* takes no token, moved/* redirects elsewhere."""

    def do_HEAD(self) -> None:
        authorization = self.headers.get("Authorization")
        SEEN.append((self.path, authorization))
        kind = self.path.split("/")[2]
        if kind == "moved":
            self._say(307, Location="http://127.0.0.1:1/elsewhere")
        elif kind == "broken":
            self._say(500)
        elif kind in ("public", "private") and authorization != "Bearer t-public":
            realm = f"http://127.0.0.1:{self.server.server_address[1]}/token"
            self._say(
                401, **{"WWW-Authenticate": f'Bearer realm="{realm}",service="here",scope="repository:{kind}:pull"'}
            )
        else:
            self._say(200 if self.path.endswith(("/2026.9.6", "0" * 64)) else 404)

    def do_GET(self) -> None:
        SEEN.append((self.path, self.headers.get("Authorization")))
        name = "t-public" if "repository%3Apublic" in self.path else "t-other"
        self._say(200, json.dumps({"token": name}).encode())

    def _say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with serving() as made:
        yield made


@pytest.mark.parametrize(
    ("image", "state"),
    [
        ("public/bot:2026.9.6", Pull.PRESENT),
        ("public/bot:none", Pull.MISSING),
        (f"open/bot@sha256:{'0' * 64}", Pull.PRESENT),
        ("private/bot:2026.9.6", Pull.PRIVATE),
        ("moved/bot:2026.9.6", Pull.UNREACHABLE),
        ("broken/bot:2026.9.6", Pull.UNREACHABLE),
    ],
)
def test_what_the_registry_says(host: str, image: str, state: Pull) -> None:
    assert Registries(scheme="http", timeout=5).look_up(f"{host}/{image}") is state


def test_no_answer_is_no_verdict() -> None:
    assert Registries(scheme="http", timeout=0.5).look_up("127.0.0.1:1/x/bot:2026.9.6") is Pull.UNREACHABLE
    assert Registries().look_up("not an image") is Pull.MISSING


def test_a_token_server_of_another_scheme_is_not_asked(host: str) -> None:
    """https registries are asked for https token servers only: nothing is ever sent in the clear."""
    challenge = f'Bearer realm="http://{host}/token",service="x"'
    SEEN.clear()
    assert Registries()._token(challenge) is None
    assert SEEN == []
