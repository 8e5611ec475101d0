"""moto, kept at arm's length: each simulator has its own world of it, and only one is in place at a time.

moto keeps its state in the module globals of the process. `MotoWorld` swaps its own in and out, so that
two simulators in one process (a test session's and the demo's) never see each other's objects.
"""

from __future__ import annotations

import functools
import io
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

# Loading the default AMIs costs 0.2 s a reset, and nothing here starts an EC2 instance.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

import moto.core.responses
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from molthub.simulator.replies import Answer

# moto lists the methods of a class by reflection at every call, which costs a sixth of its time.
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)

GLOBAL_LOCK = threading.RLock()
"""moto is not thread-safe, and its state is the process's: one lock for every simulator in it."""


_BUCKETS = "bucket_accounts"
"""Where moto's S3 keeps, beside its backends, which account has which bucket."""


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto publishes no types
    """moto's, which remembers the backend of a host instead of trying every service's pattern at every call."""

    @functools.cache  # noqa: B019 - lives as long as its simulator
    def get_backend_for_host(self, host: str | None) -> Any:
        return super().get_backend_for_host(host)


class MotoWorld:
    """One simulator's moto. Use only while holding GLOBAL_LOCK."""

    _in_place: ClassVar[MotoWorld | None] = None

    def __init__(self) -> None:
        self._saved: list[tuple[Any, dict[str, Any]]] = []
        self._buckets: dict[str, tuple[str, str]] = {}
        self._application = _Dispatcher(create_backend_app)

    def enter(self) -> None:
        """Put this world in place, and the other one away."""
        if MotoWorld._in_place is self:
            return
        if MotoWorld._in_place is not None:
            MotoWorld._in_place.put_away()
        for backend, content in self._saved:
            backend.update(content)
            BackendDict._instances.append(backend)  # noqa: SLF001 - moto offers no other way
            if hasattr(backend, _BUCKETS):
                backend.bucket_accounts.update(self._buckets)
        self._saved = []
        MotoWorld._in_place = self

    def reset(self) -> None:
        """Forget everything."""
        self.enter()
        BackendDict.reset()
        reset_model_data()

    def leave(self) -> None:
        """End this world."""
        self.reset()
        MotoWorld._in_place = None

    def put_away(self) -> None:
        """Take this world out of moto's globals, whole."""
        self._saved = [(backend, dict(backend)) for backend in BackendDict._instances]  # noqa: SLF001
        for backend, _ in self._saved:
            backend.clear()
            if hasattr(backend, _BUCKETS):
                self._buckets = dict(backend.bucket_accounts)
                backend.bucket_accounts.clear()
        BackendDict._instances.clear()  # noqa: SLF001

    def call(self, environ: dict[str, Any], body: bytes, account: str) -> Answer:
        """Let moto answer a request. Exceptions inside moto come out as they are."""
        self.enter()
        captured: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            captured.append((status, headers))

        moto_environ = {
            **environ,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_MOTO_ACCOUNT_ID": account,
        }
        content = b"".join(_closing(self._application(moto_environ, start_response)))
        status, headers = captured[0]
        kept = tuple((key, value) for key, value in headers if key.lower() not in {"content-length", "connection"})
        return Answer(int(status.split()[0]), kept, content)

    def backend(self, service: str, account: str, region: str) -> Any:
        """moto's own object of a service; `aws` is the region of the global ones."""
        self.enter()
        return get_backend(service)[account][region]

    def bucket_owner(self, name: str) -> str | None:
        """The account that has the bucket of this name; names are one space for all accounts."""
        if "moto.s3.models" not in sys.modules:  # its import takes half a second, and nobody has made a bucket
            return None
        self.enter()
        found = get_backend("s3").bucket_accounts.get(name)
        return str(found[1]) if found else None

    def account_of(self, access_key: str) -> str:
        """Whose credentials these are: an assumed role's account, or moto's default account."""
        self.enter()
        return str(get_account_id_from(access_key))


def _closing(content: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from content
    finally:
        close = getattr(content, "close", None)
        if close is not None:
            close()


@contextmanager
def replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """Replace a name of one of moto's modules for a moment (ids come from functions that take no argument)."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
