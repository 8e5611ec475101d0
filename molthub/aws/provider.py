"""`AwsProvider`: molthub.provider.protocols.Provider on ECS Fargate, one per environment.

Built by `aws_provider_factory`, which the composition roots call once per process: all its providers share the
boto3 sessions and the cache of task definitions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_urlsafe

from molthub.aws.api import Api, Throttle, no_throttle
from molthub.aws.arns import Account
from molthub.aws.clients import Clients, Sessions, guarding
from molthub.aws.documents import BucketDocuments
from molthub.aws.errors import bucket_gone
from molthub.aws.foundation import UNFINISHED, completed, describe_stack, outputs_of, read_foundation
from molthub.aws.lookup import Lookup
from molthub.aws.readers.backups import PointTags, StateReader
from molthub.aws.readers.collect import Collector
from molthub.aws.readers.observe import Observer
from molthub.aws.readers.reading import as_failure
from molthub.aws.readers.restarts import read_stopped
from molthub.aws.readers.rollouts import RolloutReader
from molthub.aws.readers.stopped_tasks import project_stopped
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.aws.readers.tasks import read_running
from molthub.aws.writers.perform import Writer
from molthub.aws.writers.tidy import deregister_old
from molthub.errors import MolthubError, StallingError
from molthub.planning.types import Change
from molthub.provider.protocols import Location, ProviderFactory, Query, WriteContext, WriteResult
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, Identity, names_of
from molthub.resources.observation import Observation, ObservedInstance, Rollout, StoppedTask, Task
from molthub.resources.types import Kind

GATEWAY_TOKEN_BYTES = 32

DENIED_REF = "MH-AWS-003"


def new_gateway_token() -> str:
    """A fresh gateway token: 32 random bytes, URL-safe."""
    return token_urlsafe(GATEWAY_TOKEN_BYTES)


def unthrottled(_account: str, _region: str) -> Throttle:
    """For tests and benchmarks: every call passes at once."""
    return no_throttle


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where the environment is, complete, and the tables of that place."""

    location: Location
    lookup: Lookup
    foundation: Foundation


class AwsProvider:
    """One environment on AWS. Thread-safe. Account and region are checked before the first call.

    api  every call goes through it; `api.counts` tells how many were made
    """

    def __init__(
        self,
        location: Location,
        clients: Clients,
        *,
        cache: TaskDefinitionCache,
        throttle: Throttle = no_throttle,
        new_token: Callable[[], str] = new_gateway_token,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.api = Api(clients, throttle)
        self._location = location
        self._clients = clients
        self._cache = cache
        self._new_token = new_token
        self._now = now
        self._lock = threading.Lock()
        self._stand: _Stand | None = None
        self._points = PointTags()
        self._documents: BucketDocuments | None = None

    def observe(self, query: Query) -> Observation:
        """Read the environment. Wrong credentials are a failure of every kind, like any read that failed."""
        try:
            stand = self._look(query.fleet, query.key)
        except MolthubError as error:
            return _unreadable(query, error)
        listeners = tuple(listener.arn for listener in stand.foundation.listeners)
        collector = Collector(self.api, stand.location, stand.lookup.account, listeners)
        seen = Observer(collector, self._cache, stand.lookup).observe(query)
        state = StateReader(self.api, stand.lookup, self._cache, self._points)
        return replace(state.complete(seen, stand.foundation.backup_vault), foundation=stand.foundation)

    def perform(self, change: Change, context: WriteContext) -> WriteResult:
        """Carry out one change (see the protocol)."""
        with guarding(context.guard):
            return self._writer(context.identity).perform(change, context)

    def tidy(self, context: WriteContext) -> WriteResult:
        """Deregister revisions that nothing can go back to, as far as AWS's quota has room for it."""
        with guarding(context.guard):
            return deregister_old(self._writer(context.identity).target(context))

    def _writer(self, identity: Identity) -> Writer:
        stand = self._known(identity)
        return Writer(self.api, stand.location, stand.lookup, self._cache, self._new_token, self._now)

    def rollout(self, identity: Identity, rollout_id: str) -> Rollout:
        """The state of one deployment, with its cause when it failed."""
        return self._rollouts(identity).rollout(identity, rollout_id)

    def failed_rollouts(self, identity: Identity) -> tuple[Rollout, ...]:
        """Failed and rolled-back deployments from ECS's own history, newest first."""
        return self._rollouts(identity).failed(identity)

    def stopped_tasks(self, identity: Identity) -> tuple[StoppedTask, ...]:
        """The tasks that ECS still remembers to have stopped, oldest first."""
        raw = read_stopped(self.api, self._known(identity).location.cluster, names_of(identity).service)
        return project_stopped(raw)

    def tasks(self, identity: Identity) -> tuple[Task, ...]:
        """Its tasks that run or are on their way."""
        stand = self._known(identity)
        return read_running(self.api, stand.location.cluster, names_of(identity).service)

    def stop_rollout(self, identity: Identity, rollout_id: str) -> None:
        """StopServiceDeployment(ROLLBACK); one that is over is left alone."""
        self._rollouts(identity).stop(identity, rollout_id)

    def documents(self) -> BucketDocuments | None:
        """The objects of the environment's bucket; None when it has no bucket."""
        with self._lock:
            if self._documents is None and self._location.bucket:
                found = BucketDocuments(self.api, bucket=self._location.bucket, account=self._location.account_id)
                self._documents = found if self._is_there(found) else None
            return self._documents

    def _is_there(self, documents: BucketDocuments) -> bool:
        """A denial counts where there is a stack, and so a bucket: its name is given when the stack makes it. Without
        a stack there is nothing to be denied (S3 tells nobody who may not list that a bucket is not there). A bucket
        that the stack has and S3 has not was removed by hand: writing without a lease is for who never had one."""
        stack = self._location.stack
        try:
            found = documents.exists()
        except StallingError as error:
            if error.ref != DENIED_REF or not stack or describe_stack(self.api, stack) is not None:
                raise
            return False
        told = describe_stack(self.api, stack) if stack and not found else None
        if told is not None and told["StackStatus"] not in UNFINISHED and "Bucket" in outputs_of(told):
            raise bucket_gone(documents.bucket)
        return found

    def _rollouts(self, identity: Identity) -> RolloutReader:
        stand = self._known(identity)
        return RolloutReader(self.api, stand.location, stand.lookup, self._cache)

    def _known(self, identity: Identity) -> _Stand:
        """What the last observation found; looked up where nothing was observed yet."""
        with self._lock:
            stand = self._stand
        return stand or self._look(identity.fleet, identity.key)

    def _stands_on(self, fleet: str, key: EnvironmentKey) -> Foundation:
        return read_foundation(self.api, self._location, fleet=fleet, about=str(key))

    def _look(self, fleet: str, key: EnvironmentKey) -> _Stand:
        """Account and region, checked once, and what the environment stands on, read now."""
        account = Account(self._clients.partition, self._location.account_id, self._location.region)
        foundation = self._stands_on(fleet, key)
        location = completed(self._location, foundation)
        with self._lock:
            before = self._stand
            same = before is not None and before.location == location
            lookup = before.lookup if before is not None and same else Lookup(self.api, location, account)
            self._stand = _Stand(location, lookup, foundation)
            return self._stand


def _unreadable(query: Query, error: MolthubError) -> Observation:
    """Nothing could be read: every instance asked for is Unknown in every kind."""
    failures = tuple(as_failure(error, kind) for kind in Kind)
    asked = query.desired if query.only is None else query.only
    instances = {identity: ObservedInstance(identity, failures=failures) for identity in sorted(asked)}
    secret_failures = {item: as_failure(error, Kind.SECRET) for item in sorted(query.secrets)}
    return Observation(
        key=query.key,
        instances=instances,
        secrets={},
        failures=failures,
        complete=False,
        secret_failures=secret_failures,
    )


def aws_provider_factory(
    *,
    cache: TaskDefinitionCache | None = None,
    throttle: Callable[[str, str], Throttle] = unthrottled,
    new_token: Callable[[], str] = new_gateway_token,
) -> ProviderFactory:
    """A ProviderFactory for AWS. One provider per (environment, location), sessions and cache shared.

    Credentials, profile and endpoints are taken from the environment as boto3 takes them (AWS_ENDPOINT_URL…).
    throttle gives what an account and region go by (throttle.py).
    new_token gives the value of a new gateway secret; it goes to Secrets Manager and nowhere else.
    """
    sessions = Sessions()
    shared = cache if cache is not None else TaskDefinitionCache()
    providers: dict[tuple[EnvironmentKey, Location], AwsProvider] = {}
    lock = threading.Lock()

    def provider(key: EnvironmentKey, location: Location) -> AwsProvider:
        with lock:
            if (key, location) not in providers:
                pace = throttle(location.account_id, location.region)
                clients = Clients(sessions, location, on_throttled=pace.throttled)
                providers[key, location] = AwsProvider(
                    location, clients, cache=shared, throttle=pace, new_token=new_token
                )
            return providers[key, location]

    return provider
