"""An AwsProvider whose calls a test may refuse, lose or die in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from molthub.aws.clients import Sessions
from molthub.aws.provider import AwsProvider
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.provider.protocols import Location
from tests.fakes.shared_clients import SharedClients

Call = Callable[[], Any]
Hook = Callable[[str, Call], Any]
"""Called with the boto3 method's name and the real call; what it gives back is the answer."""


class CrashError(BaseException):
    """The process dies here: nothing in Molthub may catch it."""


class MeddlingClients(SharedClients):
    """Real clients, each call going through a hook."""

    def __init__(self, location: Location, hook: Hook) -> None:
        super().__init__(Sessions(), location)
        self._hook = hook

    def client(self, service: str) -> Any:
        return _Proxy(super().client(service), self._hook)


class _Proxy:
    def __init__(self, client: Any, hook: Hook) -> None:
        self._client = client
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda **params: self._hook(name, lambda: method(**params))


def meddled(location: Location, hook: Hook) -> AwsProvider:
    return AwsProvider(location, MeddlingClients(location, hook), cache=TaskDefinitionCache())


def refusing(location: Location, *operations: str, code: str = "AccessDeniedException") -> AwsProvider:
    """A provider to which AWS refuses these boto3 methods."""

    def hook(name: str, call: Call) -> Any:
        if name in operations:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, name)
        return call()

    return meddled(location, hook)


READS = ("describe", "list", "get")


class Dying:
    """Dies at the k-th write: before its effect, or after it with the answer lost."""

    def __init__(self, at: int, *, after_effect: bool) -> None:
        self.at = at
        self.after_effect = after_effect
        self.writes = 0

    def __call__(self, name: str, call: Call) -> Any:
        if name.startswith(READS):
            return call()
        self.writes += 1
        if self.writes != self.at:
            return call()
        if self.after_effect:
            call()
        raise CrashError(name)
