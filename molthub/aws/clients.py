"""Sessions and clients: one boto3 session per role, one client per service, account and region checked once.

Endpoint and credentials come from the environment exactly as boto3 takes them (AWS_PROFILE, AWS_ENDPOINT_URL…).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.loaders import Loader, create_loader

from molthub.aws import errors
from molthub.provider.protocols import Guard, Location, unguarded

POOL = 32
"""Connections per client, and the most threads that use one at a time (16 to 32 saturate botocore)."""

CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=POOL,
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra="molthub",
)


_GUARD: ContextVar[Guard] = ContextVar("guard", default=unguarded)


@contextmanager
def guarding(guard: Guard) -> Iterator[None]:
    """While the block runs, in this thread, every request asks the guard first: each attempt of botocore's retries too.

    A call and its retries may take minutes, longer than a lease is good for; one attempt may not.
    """
    token = _GUARD.set(guard)
    try:
        yield
    finally:
        _GUARD.reset(token)


def _ask_the_guard(**_: object) -> None:
    """botocore's `before-send`; what it raises ends the call, without another attempt."""
    _GUARD.get()()


class _AssumedRole(CredentialProvider):  # type: ignore[misc]  # botocore publishes no types
    """Gives a botocore session the credentials of an assumed role, fetched late and refreshed by themselves."""

    METHOD = "molthub-assume-role"
    CANONICAL_NAME = None

    def __init__(self, load: Callable[[], DeferredRefreshableCredentials]) -> None:
        super().__init__()
        self._load = load

    def load(self) -> DeferredRefreshableCredentials:
        return self._load()


class Sessions:
    """boto3 sessions of this process, one for each (role, external id). Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str | None, str | None], boto3.Session] = {}

    def session(self, role_arn: str | None, external_id: str | None) -> boto3.Session:
        with self._lock:
            key = (role_arn, external_id)
            if key not in self._sessions:
                self._sessions[key] = _new_session(role_arn, external_id)
            return self._sessions[key]


@cache
def _models() -> Loader:
    """botocore's service models, parsed once for the process: a session of its own costs 144 ms more per client."""
    return create_loader(botocore.session.Session().get_config_variable("data_path"))


def _bare_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", _models())
    return session


def _new_session(role_arn: str | None, external_id: str | None) -> boto3.Session:
    if role_arn is None:
        return boto3.Session(botocore_session=_bare_session())
    source, target = _bare_session(), _bare_session()
    extra = {"RoleSessionName": "molthub"} | ({"ExternalId": external_id} if external_id else {})

    def load() -> DeferredRefreshableCredentials:
        credentials = source.get_credentials()
        if credentials is None:
            raise errors.translate(NoCredentialsError(), errors.Call("sts", "AssumeRole"))
        fetcher = AssumeRoleCredentialFetcher(source.create_client, credentials, role_arn, extra_args=extra)
        return DeferredRefreshableCredentials(method="assume-role", refresh_using=_refresher(fetcher, role_arn))

    target.get_component("credential_provider").insert_before("env", _AssumedRole(load))
    return boto3.Session(botocore_session=target)


def _refresher(fetcher: AssumeRoleCredentialFetcher, role_arn: str) -> Callable[[], dict[str, Any]]:
    def refresh() -> dict[str, Any]:
        try:
            answer: dict[str, Any] = fetcher.fetch_credentials()
        except (ClientError, BotoCoreError) as error:
            if errors.code_of(error) in errors.DENIED:
                raise errors.cannot_assume(role_arn, errors.code_of(error)) from None
            raise errors.translate(error, errors.Call("sts", "AssumeRole", role_arn)) from None
        return answer

    return refresh


def _unheard(_service: str, _operation: str) -> None:
    """Nobody wants to know."""


class Clients:
    """The clients of one account and region. Thread-safe.

    The first client asked for checks that the credentials belong to the Environment's account, and raises a
    StallingError naming both accounts when they do not. Every client is made for the Environment's region,
    whatever the surroundings say, so that one cannot be wrong.

    last_date     HTTP's Date of the last answer, None before there was any
    on_throttled  told (service, operation) of every answer that throttles, also of those that botocore tries again
    """

    def __init__(
        self, sessions: Sessions, location: Location, *, on_throttled: Callable[[str, str], None] = _unheard
    ) -> None:
        self._sessions = sessions
        self._location = location
        self._on_throttled = on_throttled
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._partition: str | None = None
        self.last_date: str | None = None

    def client(self, service: str) -> Any:
        self._check()
        return self._client(service)

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self._check()

    def _client(self, service: str) -> Any:
        with self._lock:  # boto3 sessions are not thread-safe, clients are
            if service not in self._clients:
                session = self._sessions.session(self._location.role_arn, self._location.external_id)
                client = session.client(service, region_name=self._location.region, config=CONFIG)
                client.meta.events.register("needs-retry", self._listener(service))
                client.meta.events.register("after-call", self._hear_the_time)
                client.meta.events.register("before-send", _ask_the_guard)
                self._clients[service] = client
            return self._clients[service]

    def _hear_the_time(self, parsed: Any = None, **_others: Any) -> None:
        """Every answer has AWS's date, a refused signature's too: it is how a wrong clock can be told."""
        date = ((parsed or {}).get("ResponseMetadata") or {}).get("HTTPHeaders", {}).get("date")
        if date:
            self.last_date = str(date)

    def _listener(self, service: str) -> Callable[..., None]:
        """Hears of every answer before botocore decides whether to try again; it has no say in that."""

        def listen(response: Any = None, operation: Any = None, **_others: Any) -> None:
            code = "" if response is None else response[1].get("Error", {}).get("Code", "")
            if code in errors.THROTTLED:
                self._on_throttled(service, operation.name)

        return listen

    def _check(self) -> str:
        if self._partition is None:
            self._partition = self._identify()
        return self._partition

    def caller(self) -> tuple[str, str]:
        """Account and ARN of the credentials, of whatever account; asked anew each time."""
        call = errors.Call("sts", "GetCallerIdentity")
        try:
            sts = self._client("sts")
            answer = sts.get_caller_identity()
        except (ClientError, BotoCoreError, ValueError) as error:
            raise errors.translate(error, call) from None
        return str(answer["Account"]), str(answer["Arn"])

    def _identify(self) -> str:
        account, arn = self.caller()
        if account != self._location.account_id:
            raise errors.wrong_account(self._location.account_id, account)
        return arn.split(":")[1]
