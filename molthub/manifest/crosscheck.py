"""What holds between the documents of one fleet. Whoever breaks it is named together with the other side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from molthub.errors import Diagnostic, Location
from molthub.manifest.documents import LoadedAccess, LoadedEnvironment, LoadedInstance, LoadedTemplate
from molthub.manifest.environment import Environment
from molthub.manifest.models import Inbound
from molthub.manifest.reading import ACCESS_PATH
from molthub.manifest.wording import nearest
from molthub.resources.identity import EnvironmentKey, host_of

MAX_OTHERS = 3

_ARN_SUFFIX = 7
"""What AWS appends to a secret's name in its ARN: a hyphen and six characters."""

_Key = TypeVar("_Key", bound=Hashable)
_Item = TypeVar("_Item")
_Loaded = LoadedEnvironment | LoadedInstance | LoadedTemplate


@dataclass(frozen=True, slots=True)
class Clash:
    """An error that a valid file has because of others."""

    path: str
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class _Token:
    """One channel's token: who uses it, under which field of `spec.channels`, and which of `spec.secrets` it is."""

    item: LoadedInstance
    role: str
    entry: int

    @property
    def place(self) -> Location:
        """Where its key is written."""
        return self.item.locate(("spec", "secrets", self.entry, "key"))


def duplicate_environments(environments: Iterable[LoadedEnvironment]) -> Iterator[Clash]:
    """MH-FLEET-006: two files for one workspace and name."""
    for key, group in _grouped((item.key, item) for item in environments):
        for item in group:
            others = _others(item, group)
            message = f"the environment {key} is also written in {others}"
            where = item.locate(("metadata", "name"))
            yield Clash(item.path, Diagnostic("MH-FLEET-006", message, where, "Keep one of the files"))


def duplicate_templates(templates: Iterable[LoadedTemplate]) -> Iterator[Clash]:
    """MH-TMPL-007: two files for one template."""
    for name, group in _grouped((item.model.metadata.name, item) for item in templates):
        for item in group:
            message = f"the template {name} is also written in {_others(item, group)}"
            where = item.locate(("metadata", "name"))
            yield Clash(item.path, Diagnostic("MH-TMPL-007", message, where, "Give one of them another name"))


def misplaced_access(policies: Iterable[LoadedAccess]) -> Iterator[Clash]:
    """MH-ACCESS-026: an access policy anywhere but where it counts."""
    for item in policies:
        if item.path != ACCESS_PATH:
            message = f"an AccessPolicy outside {ACCESS_PATH} at the root of the repository, where it means nothing"
            where = item.locate(("kind",))
            yield Clash(item.path, Diagnostic("MH-ACCESS-026", message, where, f"Move it to {ACCESS_PATH}"))


def duplicate_instances(instances: Iterable[LoadedInstance]) -> Iterator[Clash]:
    """MH-FLEET-004, -005 and -007: two files for one identity, or for one name."""
    loaded = list(instances)
    clashing: set[str] = set()
    for _, group in _grouped(((item.key, item.model.metadata.id or item.model.metadata.name), item) for item in loaded):
        for item in group:
            clashing.add(item.path)
            yield Clash(item.path, _same_identity(item, group))
    for _, group in _grouped(((item.key, item.model.metadata.name), item) for item in loaded):
        for item in group:
            if item.path not in clashing:
                message = f"the name {item.display_name} is also taken by {_others(item, group)}"
                fix = "Give one of them another name; its id may stay"
                yield Clash(item.path, _error("MH-FLEET-005", message, item, ("metadata", "name"), fix))


def missing_environments(
    instances: Iterable[LoadedInstance],
    usable: Iterable[EnvironmentKey],
    unusable: Mapping[EnvironmentKey, str],
) -> Iterator[Clash]:
    """MH-FLEET-003 and -008: no Environment, or one that cannot be used. unusable: key → its file."""
    known = {str(key) for key in usable}
    for item in instances:
        if str(item.key) in known:
            continue
        if item.key in unusable:
            message = f"its environment {item.key} cannot be used"
            fix = f"Mend {unusable[item.key]} first"
            yield Clash(item.path, _error("MH-FLEET-008", message, item, ("metadata", "environment"), fix))
            continue
        meant = nearest(str(item.key), sorted(known))
        fix = f"Did you mean {meant}?" if meant else "Add an Environment of that workspace and name"
        message = f"there is no environment {item.key}"
        yield Clash(item.path, _error("MH-FLEET-003", message, item, ("metadata", "environment"), fix))


def shared_tokens(
    instances: Iterable[LoadedInstance], environments: Mapping[EnvironmentKey, LoadedEnvironment]
) -> Iterator[Clash]:
    """MH-FLEET-009: one channel token for two Moltbots, which would take each other's messages.

    A paused one counts, for it comes back. What the model's key is shared by is nobody's business here. Two files of
    one identity or of one name have an error of their own, and an instance of an unknown environment has too: of
    its secrets nobody knows where they are.
    """
    known = (item for item in instances if item.key in environments)
    uses = (use for item in known for use in _channel_tokens(item, environments[item.key].model))
    for _, group in _grouped(uses):
        for token in group:
            others = list(islice((it for it in group if _is_another(token.item, it.item)), MAX_OTHERS + 1))
            if others:
                yield Clash(token.item.path, _shared(token, others))


def webhooks(
    instances: Iterable[LoadedInstance], environments: Mapping[EnvironmentKey, LoadedEnvironment]
) -> Iterator[Clash]:
    """MH-FLEET-010 and -011: inbound traffic without a way in, and two instances on one host name."""
    by_host: list[tuple[str, LoadedInstance]] = []
    for item in instances:
        environment = environments.get(item.key)
        if environment is None or item.model.spec.network.inbound is not Inbound.WEBHOOK:
            continue
        ingress = environment.model.spec.ingress
        if ingress is not None:
            by_host.append((host_of(item.model.metadata.id or item.model.metadata.name, ingress.domain), item))
            continue
        message = f"network.inbound is WEBHOOK, but the environment {item.key} has no spec.ingress"
        fix = f"Add spec.ingress to {environment.path} and run `molthub bootstrap`, or set inbound to NONE"
        yield Clash(item.path, _error("MH-FLEET-010", message, item, ("spec", "network", "inbound"), fix))
    for host, group in _grouped(by_host):
        for item in group:
            others = [other for other in group if _is_another(item, other)]
            if others:
                message = f"its host name {host} is also that of {_others(item, others)}"
                fix = "Give one of the environments another spec.ingress.domain, or one instance another metadata.id"
                yield Clash(item.path, _error("MH-FLEET-011", message, item, ("metadata",), fix))


def _channel_tokens(item: LoadedInstance, environment: Environment) -> Iterator[tuple[Hashable, _Token]]:
    """Each channel's token with what tells its secret from every other: account, region, name and JSON key."""
    spec = item.model.spec
    entries = {entry.name: (number, entry.key) for number, entry in enumerate(spec.secrets)}
    slack, telegram, webhook = spec.channels.slack, spec.channels.telegram, spec.channels.webhook
    roles = {
        "slack.botToken": slack.botToken if slack else None,
        "slack.appToken": slack.appToken if slack else None,
        "slack.signingSecret": slack.signingSecret if slack else None,
        "telegram.botToken": telegram.botToken if telegram else None,
        "webhook.token": webhook.token if webhook else None,
        "webhook.previousToken": webhook.previousToken if webhook else None,
    }
    for role, reference in roles.items():
        if reference is not None and reference.secret in entries:
            number, key = entries[reference.secret]
            yield _secret(key, environment), _Token(item, role, number)


def _secret(key: str, environment: Environment) -> tuple[str, str, str, str]:
    """(account, region, name, JSON key or ""): an ARN and the name of the same secret give the same."""
    source, _, json_key = key.partition("#")
    if source.startswith("arn:"):
        region, account, _, name = source.split(":", 6)[3:]
        return account, region, name[:-_ARN_SUFFIX], json_key
    return environment.spec.aws.accountId, environment.spec.aws.region, source, json_key


def _is_another(one: LoadedInstance, other: LoadedInstance) -> bool:
    """Two instances, not two files of one."""
    mine, its = one.model.metadata, other.model.metadata
    same = mine.name == its.name or (mine.id or mine.name) == (its.id or its.name)
    return one.path != other.path and not (one.key == other.key and same)


def _shared(token: _Token, others: list[_Token]) -> Diagnostic:
    named = [f"{other.item.display_name} ({other.place})" for other in others[:MAX_OTHERS]]
    message = f"the token of channels.{token.role} is also that of {_listed(named, len(others))}"
    fix = "Give each bot a token of its own; two bots on one token take each other's messages"
    return Diagnostic("MH-FLEET-009", message, token.place, fix, subject=token.item.display_name)


def _same_identity(item: LoadedInstance, group: list[LoadedInstance]) -> Diagnostic:
    others, meta = _others(item, group), item.model.metadata
    one_name = all(other.model.metadata.name == meta.name for other in group)
    if not one_name and any(other.model.metadata.id is None for other in group):
        where = ("metadata", "name" if meta.id is None else "id")
        what = "its id, which defaults to its name," if meta.id is None else "its id"
        fix = "Give the newer one an id of its own; an id is for ever, so a renamed instance keeps the old one"
        return _error("MH-FLEET-007", f"{what} is also the id of {others}", item, where, fix)
    where = ("metadata", "name" if meta.id is None else "id")
    fix = "Remove one of the files, or give the copy a name and an id of its own"
    identity = f"{item.key}/{meta.id or meta.name}"
    return _error("MH-FLEET-004", f"the instance {identity} is also written in {others}", item, where, fix)


def _error(ref: str, message: str, item: LoadedInstance, where: tuple[str | int, ...], fix: str) -> Diagnostic:
    return Diagnostic(ref, message, item.locate(where), fix, subject=item.display_name)


def _others(item: _Loaded, group: Sequence[_Loaded]) -> str:
    places: list[Location] = sorted(other.locate(("metadata", "name")) for other in group if other.path != item.path)
    return _listed([str(place) for place in places[:MAX_OTHERS]], len(places))


def _listed(named: list[str], count: int) -> str:
    """The first few of so many."""
    return " and ".join(named) + (" and others" if count > MAX_OTHERS else "")


def _grouped(pairs: Iterable[tuple[_Key, _Item]]) -> list[tuple[_Key, list[_Item]]]:
    """The groups of more than one."""
    groups: defaultdict[_Key, list[_Item]] = defaultdict(list)
    for key, item in pairs:
        groups[key].append(item)
    return [(key, group) for key, group in groups.items() if len(group) > 1]
