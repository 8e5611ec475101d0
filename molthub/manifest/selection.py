"""Which instances a person means: by name, by label, by environment or workspace, or all of them.

select(documents, Selector(names=("support-bot",)))
select(documents, Selector(labels={"team": "support"}, environments=frozenset({EnvironmentKey("acme", "prod")})))
select(documents, Selector(everything=True))
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from molthub.errors import InvalidInputError, StallingError
from molthub.manifest.documents import FleetDocuments, LoadedInstance
from molthub.resources.identity import EnvironmentKey, Identity


@dataclass(frozen=True, slots=True)
class Selector:
    """names, or a filter: labels, environments and workspaces narrow each other; everything is a filter of none.

    names   `workspace/environment/name`, or just the name (or the id) where it is unique
    labels  every one of them must be there
    """

    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    environments: frozenset[EnvironmentKey] = frozenset()
    workspaces: frozenset[str] = frozenset()
    everything: bool = False

    @property
    def filters(self) -> bool:
        """Whether it names a set rather than instances."""
        return bool(self.labels or self.environments or self.workspaces or self.everything)


def select(documents: FleetDocuments, selector: Selector) -> tuple[LoadedInstance, ...]:
    """The instances meant, ordered by identity, each once.

    Raises MH-PIPE-001 or -002 for a name, an environment or a workspace that is unknown or not unique, MH-ACT-001 when
    a filter finds none (a selector that says nothing finds none too), and InvalidInputError for a name whose manifest
    is there and cannot be used.
    """
    if selector.names:
        named = {_named(documents, name) for name in selector.names}
        return tuple(documents.instances[identity] for identity in sorted(named))
    _check_known(documents, selector)
    found = tuple(
        documents.instances[identity]
        for identity in sorted(documents.instances)
        if selector.filters and _fits(documents.instances[identity], selector)
    )
    if not found:
        raise StallingError("MH-ACT-001", "no instance is selected", fix="See `molthub status` for what there is")
    return found


def _named(documents: FleetDocuments, name: str) -> Identity:
    """The instance of a name. Raises InvalidInputError for one whose manifest is there and cannot be used."""
    try:
        return resolve(documents.instances, name)
    except StallingError:
        for item in documents.invalid:
            full = f"{item.workspace}/{item.environment}/"
            if item.name is not None and name in (item.name, item.id, full + item.name, full + str(item.id)):
                raise InvalidInputError(item.diagnostics) from None
        raise


def resolve(instances: Mapping[Identity, LoadedInstance], name: str) -> Identity:
    """`workspace/environment/name`, or just the name (or id) where it is unique. Raises MH-PIPE-001 or -002."""
    exact = [
        identity
        for identity, loaded in instances.items()
        if name in (loaded.display_name, str(identity), loaded.model.metadata.name, identity.id)
    ]
    if len(exact) == 1:
        return exact[0]
    if exact:
        names = ", ".join(sorted(instances[identity].display_name for identity in exact))
        raise StallingError("MH-PIPE-002", f"{name} is not unique: {names}", fix="Say workspace/environment/name")
    raise unknown("instance", name, [loaded.display_name for loaded in instances.values()])


def unknown(what: str, name: str, known: Collection[str]) -> StallingError:
    """MH-PIPE-001 with the nearest known name, for a name that nothing has."""
    short = {item.rsplit("/", 1)[-1]: item for item in known} | {item: item for item in known}
    near = difflib.get_close_matches(name, short, n=1)
    fix = f"Did you mean {short[near[0]]}?" if near else "See `molthub status` for what there is"
    return StallingError("MH-PIPE-001", f"there is no {what} {name} in this fleet", fix=fix)


def _check_known(documents: FleetDocuments, selector: Selector) -> None:
    environments = [str(key) for key in sorted(documents.environments)]
    for key in sorted(selector.environments - documents.environments.keys()):
        raise unknown("environment", str(key), environments)
    workspaces = _workspaces(documents.environments)
    for workspace in sorted(selector.workspaces - workspaces):
        raise unknown("workspace", workspace, workspaces)


def _workspaces(keys: Iterable[EnvironmentKey]) -> frozenset[str]:
    return frozenset(key.workspace for key in keys)


def _fits(loaded: LoadedInstance, selector: Selector) -> bool:
    return (
        selector.labels.items() <= loaded.model.metadata.labels.items()
        and (not selector.environments or loaded.key in selector.environments)
        and (not selector.workspaces or loaded.key.workspace in selector.workspaces)
    )
