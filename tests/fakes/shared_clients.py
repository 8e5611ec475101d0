"""boto3's clients, made once for each simulator: making a set of them costs a tenth of a second, as much as a plan.

Only the clients are shared. What a process finds out by itself (whose account it is, what stands there, task
definitions) every provider made here finds out anew, with the same calls.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from molthub.aws.clients import Clients, Sessions
from molthub.aws.provider import AwsProvider
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.provider.protocols import Location, Provider, ProviderFactory
from molthub.resources.identity import EnvironmentKey

_MADE: dict[tuple[str | None, ...], Any] = {}
_LOCK = threading.Lock()


class SharedClients(Clients):
    """Everything that a client depends on is in its key: whoever changes credentials gets others."""

    def _client(self, service: str) -> Any:
        key = (service, *_surroundings(), self._location.region, self._location.role_arn, self._location.external_id)
        with _LOCK:
            if key not in _MADE:
                _MADE[key] = super()._client(service)
            return _MADE[key]


def _surroundings() -> tuple[str | None, ...]:
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
    return tuple(os.environ.get(name) for name in names)


def shared_provider_factory() -> ProviderFactory:
    """Providers as a new process would have them, on clients that are there already."""
    cache = TaskDefinitionCache()
    providers: dict[tuple[EnvironmentKey, Location], AwsProvider] = {}
    lock = threading.Lock()

    def provider(key: EnvironmentKey, location: Location) -> Provider:
        with lock:
            if (key, location) not in providers:
                providers[key, location] = AwsProvider(location, SharedClients(Sessions(), location), cache=cache)
            return providers[key, location]

    return provider
