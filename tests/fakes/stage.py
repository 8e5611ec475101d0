"""A stage for integration tests: the simulator as AWS, a real Git repository, and Molthub, as processes and in here.

`stage.molthub("apply", "--auto-approve")` is a real `python -m molthub`. `stage.session()` is what one such process
would know: providers with empty caches, and the pipeline's own steps on top. In here, waiting costs no time: the
clock of a session pushes simulated time forward instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from molthub.apply.settings import ApplySettings, Cancel
from molthub.apply.types import InstanceResult
from molthub.events.types import Event
from molthub.pipeline.applier import apply_fleet
from molthub.pipeline.engine import check
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.types import CheckedFleet, Collaborators, InstanceView, PlannedFleet, Scope
from molthub.policies.registry import builtin_rules
from molthub.provider.protocols import ProviderFactory
from molthub.resources.identity import EnvironmentKey, names_of_environment
from molthub.simulator.client import SimulatorControl
from molthub.simulator.server import RunningSimulator, start_simulator
from molthub.source.repository import open_repository
from molthub.source.types import Snapshot
from molthub.source.writing import Author, commit_files, init_repository
from tests.builders import environment_dict, tree
from tests.fakes.shared_clients import shared_provider_factory

PERSON = Author("Ana Example", "ana@example.com")
AWS: dict[str, Any] = environment_dict()["spec"]["aws"]
BUCKET = names_of_environment(
    "acme-bots", EnvironmentKey("acme", "prod"), account=AWS["accountId"], region=AWS["region"]
).bucket
LINKED = ("acme/prod/model", "acme/prod/support-bot")
HASTE = 5000.0
"""Simulated seconds in one of ours, while processes wait for rollouts: over before anybody looks."""

READ_VERBS = ("Describe", "List", "Get", "Head", "Filter")


@dataclass(frozen=True, slots=True)
class SimulatedTime:
    """A clock that never waits: it pushes the simulator's time forward instead."""

    control: SimulatorControl

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        if not cancel():
            self.control.advance(seconds)


@dataclass(slots=True)
class Session:
    """What one process of Molthub knows. Everything it does is done to the head of the stage's repository."""

    stage: Stage
    providers: ProviderFactory = field(default_factory=shared_provider_factory)
    events: list[Event] = field(default_factory=list)

    def plan(self, scope: Scope | None = None) -> PlannedFleet:
        source = open_repository(str(self.stage.repo), ref=None, cache_dir=self.stage.home / "cache")
        rules = builtin_rules()
        collaborators = Collaborators(rules=rules, providers=self.providers, now=self.now, source=source)
        checked = self.stage.checked(source.snapshot(source.fetch()), self.now())
        assert not checked.errors, checked.errors
        return plan_fleet(checked, collaborators, scope=scope)

    def apply(self, scope: Scope | None = None, **settings: Any) -> dict[str, InstanceResult]:
        return self.carry_out(self.plan(scope), **settings)

    def carry_out(self, planned: PlannedFleet, **settings: Any) -> dict[str, InstanceResult]:
        """Results by the instance's id."""
        assert planned.plan.commit is not None
        collaborators = Collaborators(rules=builtin_rules(), providers=self.providers, now=self.now)
        results = apply_fleet(
            planned,
            collaborators,
            settings=ApplySettings(commit=planned.plan.commit, actor="test", **settings),
            report=self.events.append,
            clock=SimulatedTime(self.stage.control),
            on_bug=_raise,
        )
        return {result.identity.id: result for result in results}

    def now(self) -> datetime:
        return datetime.now(UTC)


def _raise(_identity: object, error: BaseException) -> None:
    """A bug in one instance's apply is a bug in the test that meets it."""
    raise error


def by_id(planned: PlannedFleet) -> dict[str, InstanceView]:
    return {view.identity.id: view for view in planned.views}


class Stage:
    """One simulated account with one environment (acme/prod), and one fleet repository."""

    def __init__(self, simulator: RunningSimulator, home: Path) -> None:
        self.simulator = simulator
        self.control = simulator.control
        self.endpoint_url = simulator.endpoint_url
        self.home = home
        self.repo = home / "fleet"
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._checked: dict[tuple[str | None, date], CheckedFleet] = {}
        init_repository(self.repo)

    def checked(self, snapshot: Snapshot, now: datetime) -> CheckedFleet:
        """The fleet checked; once for a commit and day, for that is all the verdicts depend on."""
        known = (snapshot.commit, now.date())
        if known not in self._checked or snapshot.commit is None:
            self._checked[known] = check(snapshot, rules=builtin_rules(), now=now)
        return self._checked[known]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a person whose AWS is the simulator."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "MOLTHUB_", "GIT_"))}
        return kept | aws_variables(self.endpoint_url) | {"HOME": str(self.home), "NO_COLOR": "1"}

    def commit(self, *documents: Mapping[str, Any], message: str = "Change the fleet", **trailers: str) -> str:
        """Make these documents the whole fleet; the commit's full hash."""
        wanted: dict[str, str | bytes | None] = dict(tree(*documents))
        there = {str(path.relative_to(self.repo)) for path in self.repo.rglob("*.yaml")}
        wanted |= dict.fromkeys(there - wanted.keys())
        lines = [f"{name.replace('_', '-')}: {text}" for name, text in trailers.items()]
        return commit_files(self.repo, "\n\n".join([message, *lines]), wanted, author=PERSON)

    def session(self) -> Session:
        return Session(self)

    def session_with(self, providers: ProviderFactory) -> Session:
        return Session(self, providers=providers)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """`python -m molthub …` as a process of its own, standing in the repository."""
        return subprocess.Popen(
            [sys.executable, "-m", "molthub", *arguments],
            env=self.variables | variables,
            cwd=self.repo,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def molthub(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The same, to its end."""
        with self.start(*arguments, **variables) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def client(self, service: str, *, access_key: str | None = None) -> Any:
        """Plain boto3, for looking and for meddling. Made once: to make one costs as much as twenty calls."""
        if (service, access_key) not in self._clients:
            keys = {} if access_key is None else {"aws_access_key_id": access_key, "aws_secret_access_key": "testing"}
            self._clients[service, access_key] = boto3.client(
                service, endpoint_url=self.endpoint_url, region_name=AWS["region"], config=_PLAIN, **keys
            )
        return self._clients[service, access_key]

    def writes(self) -> list[str]:
        """The write calls since the counters were reset, in order: `service:Operation`."""
        return [name for name, write in self._calls() if write]

    def reads(self) -> list[str]:
        return [name for name, write in self._calls() if not write]

    def _calls(self) -> Iterator[tuple[str, bool]]:
        for call in self.control.calls():
            write = not call["operation"].startswith(READ_VERBS)
            assert write == call["write"] or call["service"] == "sts", call
            yield f"{call['service']}:{call['operation']}", write


_PLAIN = Config(retries={"total_max_attempts": 1})


def aws_variables(endpoint_url: str) -> dict[str, str]:
    """Credentials of the simulated account, and nothing of the caller's own."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": AWS["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOLTHUB_ROLLOUT_POLL": "0.3",
        "MOLTHUB_AWS_SHARE": "off",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@contextmanager
def furnished(
    home: Path, *, speed: float = 1.0, check: Callable[[list[str]], None] | None = None, bucket: bool = False
) -> Iterator[Stage]:
    """A stage whose requests must all be such as AWS takes. check: looks at the violations instead.

    bucket  the environment has one, and so a lease
    """
    environment = AWS | ({"bucket": BUCKET} if bucket else {})
    with (
        start_simulator(environments=[environment], secrets=LINKED, speed=speed) as simulator,
        pytest.MonkeyPatch.context() as m,
    ):
        for name in [name for name in os.environ if name.startswith(("AWS_", "MOLTHUB_"))]:
            m.delenv(name)
        for name, text in aws_variables(simulator.endpoint_url).items():
            m.setenv(name, text)
        yield Stage(simulator, home)
        violations = simulator.control.violations()
        if check is not None:
            check(violations)
        else:
            assert violations == []
