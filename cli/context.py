"""The composition root of the command line: which repository, provider, rules, clock and store a command works with.

The only file of cli/ that names an adapter. Whatever is heavy is imported inside the function that needs it.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.apply.settings import Clock
    from molthub.manifest.loader import ReadCache
    from molthub.pipeline.access import AccessGate
    from molthub.pipeline.doctor.here import Pull
    from molthub.pipeline.types import CheckedFleet, Collaborators, Rules, Scope
    from molthub.provider.bootstrap import BaseFactory, BaseSpec
    from molthub.provider.console import ConsoleFactory
    from molthub.provider.logs import LogReaderFactory
    from molthub.provider.probes import ProbesFactory
    from molthub.provider.protocols import ProviderFactory
    from molthub.provider.secrets import SecretStoreFactory
    from molthub.resources.identity import EnvironmentKey
    from molthub.source.protocol import FleetSource
    from molthub.source.target import PastTarget
    from molthub.source.types import Snapshot


def _system_now() -> datetime:
    return datetime.now(UTC)


def _builtin_rules() -> Rules:
    from molthub.policies.registry import builtin_rules

    return builtin_rules()


def _aws() -> ProviderFactory:
    from molthub.aws.provider import aws_provider_factory
    from molthub.aws.throttle import throttles

    return aws_provider_factory(throttle=throttles(aws_share(), tell=lambda line: typer.echo(line, err=True)))


def _aws_secrets() -> SecretStoreFactory:
    from molthub.aws.secret_store import aws_secret_stores

    return aws_secret_stores()


def _aws_logs() -> LogReaderFactory:
    from molthub.aws.logs import aws_log_readers
    from molthub.aws.throttle import throttles

    return aws_log_readers(throttle=throttles(aws_share(), tell=lambda line: typer.echo(line, err=True)))


def _aws_consoles() -> ConsoleFactory:
    from molthub.aws.console import aws_consoles

    return aws_consoles()


def _aws_probes() -> ProbesFactory:
    from molthub.aws.doctor.probes import aws_probes

    return aws_probes()


def _aws_bases(clock: Clock) -> BaseFactory:
    from molthub.aws.bootstrap.stack import aws_bases

    return aws_bases(clock.sleep)


def _registries() -> Callable[[str], Pull]:
    from molthub.cli.registry import look_up

    return look_up


def _system_clock() -> Clock:
    from molthub.apply.settings import SystemClock

    return SystemClock()


@dataclass(frozen=True, slots=True)
class Roots:
    """What everything else is made from. Tests hand in their own; people get these."""

    rules: Callable[[], Rules] = _builtin_rules
    providers: Callable[[], ProviderFactory] = _aws
    now: Callable[[], datetime] = _system_now
    clock: Callable[[], Clock] = _system_clock
    secrets: Callable[[], SecretStoreFactory] = _aws_secrets
    probes: Callable[[], ProbesFactory] = _aws_probes
    bases: Callable[[Clock], BaseFactory] = _aws_bases
    registries: Callable[[], Callable[[str], Pull]] = _registries
    logs: Callable[[], LogReaderFactory] = _aws_logs
    consoles: Callable[[], ConsoleFactory] = _aws_consoles


def roots_of(ctx: typer.Context) -> Roots:
    """The roots this process was started with."""
    return ctx.obj if isinstance(ctx.obj, Roots) else Roots()


def cache_dir() -> Path:
    """Where mirrors lie: MOLTHUB_CACHE_DIR, else the user's cache folder."""
    given = os.environ.get("MOLTHUB_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return (Path(given) if given else Path(base) / "molthub").expanduser()


def database_url() -> str | None:
    """Where the controller keeps status and events, when it is said."""
    return os.environ.get("MOLTHUB_DATABASE_URL") or None


def longest_wait() -> float:
    """Seconds between two looks at what else AWS has under way, at most: MOLTHUB_ROLLOUT_POLL where it is set."""
    return rollout_poll() if os.environ.get("MOLTHUB_ROLLOUT_POLL") else float("inf")


def rollout_poll() -> float:
    """Seconds between two looks at a rollout: MOLTHUB_ROLLOUT_POLL, which the controller takes too. Or MH-CLI-012."""
    return seconds_from("MOLTHUB_ROLLOUT_POLL", default=5.0)


def seconds_from(variable: str, *, default: float) -> float:
    """A number of seconds above 0 from a variable. Raises MH-CLI-012 for anything else."""
    given = os.environ.get(variable)
    if not given:
        return default
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise StallingError(
            "MH-CLI-012", f"{variable} is no number of seconds: {given!r}", fix=f"Set it to {default:g}, or unset it"
        )
    return seconds


def aws_share() -> str:
    """How much of AWS's request quotas may be used: MOLTHUB_AWS_SHARE, which the controller takes too."""
    return os.environ.get("MOLTHUB_AWS_SHARE") or "60"


def actor() -> str:
    """Who applies: the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"


def debug() -> bool:
    """Whether tracebacks are wanted."""
    return bool(os.environ.get("MOLTHUB_DEBUG"))


def is_remote(repo: str) -> bool:
    """Whether it is a URL (or ssh's shorthand) rather than a path."""
    from molthub.source.locations import parse_location

    return parse_location(repo).path is None


def base_template(spec: BaseSpec | None) -> dict[str, Any]:
    """The CloudFormation template of a base, of an example where there is no spec. Asks nobody."""
    from molthub.aws.bootstrap.template import example_spec, template

    return template(spec if spec is not None else example_spec())


def reader_policy(spec: BaseSpec) -> dict[str, Any]:
    """The IAM policy of whoever only reads an environment. Asks nobody."""
    from molthub.aws.bootstrap.control import reader_place
    from molthub.aws.bootstrap.template import names_of
    from molthub.aws.permissions.policy import reader_policy as made

    return made(reader_place(spec, names_of(spec)))


@dataclass(frozen=True, slots=True)
class ReadFleet:
    """A fleet repository, read and checked; no cloud has been asked.

    uncommitted  the working tree differs from HEAD (local repositories only)
    """

    source: FleetSource
    checked: CheckedFleet
    uncommitted: bool

    @property
    def commit(self) -> str | None:
        """Full hash; None when a working tree was read."""
        return self.checked.snapshot.commit


def open_source(repo: str | None, ref: str | None) -> FleetSource:
    """The fleet repository named, or the one stood in. Raises MH-GIT-NNN."""
    from molthub.source.repository import open_repository

    return open_repository(repo or ".", ref=ref, cache_dir=cache_dir())


def open_target(repo: str | None, *, branch: str | None, push: bool) -> PastTarget:
    """Where an action commits: the clone named or stood in, or a repository by URL. Raises MH-GIT-NNN, MH-ACT-NNN."""
    from molthub.source.opening import open_target as opened

    return opened(repo or ".", branch=branch, push=push, cache_dir=cache_dir())


def committer(repo: str | None) -> str:
    """The e-mail address of whoever commits to the fleet repository here. Raises MH-GIT-026."""
    return open_target(repo, branch=None, push=False).committer()


def open_built(repo: str | None) -> FleetSource:
    """Where the commits of `open_target` are before they are pushed. Raises MH-GIT-NNN."""
    from molthub.source.opening import open_built as opened

    return opened(repo or ".", cache_dir=cache_dir())


def environment_key(text: str) -> EnvironmentKey:
    """WORKSPACE/NAME, or typer.BadParameter."""
    from molthub.resources.identity import EnvironmentKey

    workspace, slash, name = text.partition("/")
    if not (workspace and slash and name) or "/" in name:
        raise typer.BadParameter(f"{text!r} is not WORKSPACE/NAME", param_hint="--environment")
    return EnvironmentKey(workspace, name)


def read_fleet(
    roots: Roots, *, repo: str | None, ref: str | None, committed: bool = False, cache: ReadCache | None = None
) -> ReadFleet:
    """Read and check a fleet repository: at `ref`, else the working tree when it differs from HEAD, else HEAD.

    committed  never the working tree: what `apply` reads
    cache      one for several readings, so that a file they share is parsed once
    """
    from molthub.pipeline.engine import check

    source = open_source(repo, ref)
    here = None if ref is not None or is_remote(repo or ".") else _working_tree(source)
    dirty = here is not None and here.dirty
    snapshot = here if here is not None and dirty and not committed else source.snapshot(source.fetch())
    return ReadFleet(source, check(snapshot, rules=roots.rules(), now=roots.now(), cache=cache), uncommitted=dirty)


def _working_tree(source: FleetSource) -> Snapshot | None:
    """None for a bare repository, which has none."""
    try:
        return source.working_tree()
    except StallingError as error:
        if error.ref == "MH-GIT-011":
            return None
        raise


def collaborators(roots: Roots, fleet: ReadFleet) -> Collaborators:
    """What the pipeline needs to go on with a fleet: from here on the cloud is asked."""
    from molthub.pipeline.types import Collaborators

    return Collaborators(
        rules=roots.rules(),
        providers=roots.providers(),
        now=roots.now,
        source=fleet.source,
        access=access_gate(fleet.source),
    )


def access_gate(source: FleetSource) -> AccessGate:
    """Who judges what commits may do: with the root keys of MOLTHUB_ROOT_KEYS. Raises MH-ACCESS-030."""
    from molthub.pipeline.access import AccessGate
    from molthub.pipeline.roots import VARIABLE, read_roots
    from molthub.source.kept_signatures import KeptSignatures
    from molthub.source.signatures import SignatureChecker

    checker = SignatureChecker(source, kept=KeptSignatures(cache_dir() / "signatures"))
    return AccessGate(source, read_roots(os.environ.get(VARIABLE)), checker)


def scope_of(
    checked: CheckedFleet,
    *,
    workspaces: Iterable[str] | None = None,
    environments: Iterable[str] | None = None,
    instances: Iterable[str] | None = None,
) -> Scope:
    """What the command line names as a Scope. Raises typer.BadParameter for a malformed or unknown name."""
    from molthub.pipeline.types import Scope

    keys = {environment_key(text) for text in environments or ()}
    known = checked.documents.environments
    for workspace in workspaces or ():
        found = {key for key in known if key.workspace == workspace}
        if not found:
            raise typer.BadParameter(f"no environment of this fleet is in {workspace!r}", param_hint="--workspace")
        keys |= found
    return Scope(environments=frozenset(keys), instances=frozenset(instances or ()))
