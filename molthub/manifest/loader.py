"""A tree of files → everything it says, valid or not. One bad file stops only itself.

    load_files   a fleet root: every document, and the references between them
    load_loose   files picked by hand: each document by itself

Neither raises on anything that a file may hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from itertools import chain

from molthub.errors import Diagnostic, Location
from molthub.manifest.access import AccessPolicy
from molthub.manifest.crosscheck import (
    Clash,
    duplicate_environments,
    duplicate_instances,
    duplicate_templates,
    misplaced_access,
    missing_environments,
    shared_tokens,
    webhooks,
)
from molthub.manifest.documents import (
    FleetDocuments,
    LoadedAccess,
    LoadedEnvironment,
    LoadedFleet,
    LoadedInstance,
    LoadedTemplate,
)
from molthub.manifest.environment import Environment, Fleet
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.reading import FLEET_PATH, ReadFile, read_file
from molthub.manifest.template import MoltbotTemplate
from molthub.resources.identity import EnvironmentKey, Identity

ReadCache = MutableMapping[str, tuple[bytes, ReadFile | None]]
"""Path → the content it had and what was read of it. Hand the same one in again and only changed files are parsed."""


def load_files(files: Mapping[str, bytes], *, cache: ReadCache | None = None) -> FleetDocuments:
    """Every document of a fleet repository. files: path from its root → content; only YAML files are looked at.

    Without a valid Fleet in `molthub.yaml` no identity is known, so `fleet` is None and `instances` empty.
    """
    read = [item for item in _read_all(files, cache) if item is not None]
    fleet, clashes = _fleet(read)
    environments, instances = _environments(read), _instances(read)
    clashes += duplicate_environments(environments)
    wrong = {clash.path for clash in clashes}
    unusable = {item.key: item.path for item in reversed(environments) if item.path in wrong}
    unusable |= {item.environment_key: item.path for item in read if item.model is None and item.environment_key}
    usable = {item.key: item for item in environments if item.path not in wrong}
    unusable = {key: path for key, path in unusable.items() if key not in usable}
    clashes += duplicate_instances(instances)
    clashes += missing_environments(instances, usable, unusable)
    by_key = {item.key: item for item in environments}
    clashes += shared_tokens(instances, by_key)
    clashes += webhooks(instances, by_key)
    templates = _templates(read)
    clashes += duplicate_templates(templates)
    access = _access(read)
    clashes += misplaced_access(access)
    wrong = {clash.path for clash in clashes}
    name = fleet.model.metadata.name if fleet else None
    valid = (item for item in instances if name is not None and item.path not in wrong)
    return _assembled(
        read,
        fleet=fleet,
        environments=usable,
        instances={item.identity(name or ""): item for item in valid},
        templates={item.model.metadata.name: item for item in templates if item.path not in wrong},
        access=next((item for item in access if item.path not in wrong), None),
        clashes=clashes,
        cross_checked=True,
    )


def load_loose(files: Mapping[str, bytes], *, named: Collection[str] | None = None) -> FleetDocuments:
    """Documents by themselves, outside a fleet root.

    named: the files that somebody named and that must be manifests; the others (found in a folder) may be
    anybody's. None means all of them. The identities have "" for a fleet when no Fleet is among the files;
    two files of one identity are both kept, the second under its path.
    """
    wanted = files.keys() if named is None else named
    read = [
        item
        for path in sorted(files)
        if (path in wanted or _is_yaml(path)) and (item := read_file(path, files[path], expected=path in wanted))
    ]
    fleet = next(iter(_fleets(read)), None)
    name = fleet.model.metadata.name if fleet else ""
    instances: dict[Identity, LoadedInstance] = {}
    for loaded in _instances(read):
        identity = loaded.identity(name)
        if identity in instances:
            identity = Identity(name, identity.workspace, identity.environment, loaded.path)
        instances[identity] = loaded
    environments = {item.key: item for item in _environments(read)}
    return _assembled(
        read,
        fleet=fleet,
        environments=environments,
        instances=instances,
        templates={item.model.metadata.name: item for item in reversed(_templates(read))},
        access=next(iter(_access(read)), None),
        clashes=[],
        cross_checked=False,
    )


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _read_all(files: Mapping[str, bytes], cache: ReadCache | None) -> Iterator[ReadFile | None]:
    for path in sorted(files):
        if not _is_yaml(path):
            continue
        content = files[path]
        if cache is None:
            yield read_file(path, content)
            continue
        known = cache.get(path)
        if known is None or known[0] != content:
            known = cache[path] = (content, read_file(path, content))
        yield known[1]
    for path in [path for path in cache or () if path not in files]:
        assert cache is not None
        del cache[path]


def _fleet(read: list[ReadFile]) -> tuple[LoadedFleet | None, list[Clash]]:
    """The one Fleet, and what is wrong with where Fleets are."""
    clashes: list[Clash] = []
    for item in _fleets(read):
        if item.path != FLEET_PATH:
            message = f"a Fleet outside {FLEET_PATH} at the root of the repository"
            fix = "Remove the file; a repository holds one fleet"
            clashes.append(Clash(item.path, Diagnostic("MH-FLEET-002", message, item.locate(("kind",)), fix)))
    root = next((item for item in read if item.path == FLEET_PATH), None)
    if root is None:
        message = f"there is no {FLEET_PATH} at the root of the repository"
        found = Diagnostic("MH-FLEET-001", message, Location(FLEET_PATH), "Run `molthub init`, or add it")
        return None, [*clashes, Clash(FLEET_PATH, found)]
    if root.model is not None and not isinstance(root.model, Fleet):
        message = f"{FLEET_PATH} must hold the Fleet, and holds another kind"
        found = Diagnostic("MH-FLEET-001", message, root.place(("kind",)), "Move it, and write the Fleet here")
        return None, [*clashes, Clash(FLEET_PATH, found)]
    return next((item for item in _fleets(read) if item.path == FLEET_PATH), None), clashes


def _fleets(read: list[ReadFile]) -> list[LoadedFleet]:
    return [LoadedFleet(item.path, item.model, item.place) for item in read if isinstance(item.model, Fleet)]


def _environments(read: list[ReadFile]) -> list[LoadedEnvironment]:
    return [
        LoadedEnvironment(item.path, item.model, item.place) for item in read if isinstance(item.model, Environment)
    ]


def _instances(read: list[ReadFile]) -> list[LoadedInstance]:
    return [
        LoadedInstance(item.path, item.model, item.place) for item in read if isinstance(item.model, MoltbotInstance)
    ]


def _templates(read: list[ReadFile]) -> list[LoadedTemplate]:
    return [
        LoadedTemplate(item.path, item.model, item.place) for item in read if isinstance(item.model, MoltbotTemplate)
    ]


def _access(read: list[ReadFile]) -> list[LoadedAccess]:
    return [LoadedAccess(item.path, item.model, item.place) for item in read if isinstance(item.model, AccessPolicy)]


def _assembled(
    read: list[ReadFile],
    *,
    fleet: LoadedFleet | None,
    environments: Mapping[EnvironmentKey, LoadedEnvironment],
    instances: Mapping[Identity, LoadedInstance],
    templates: Mapping[str, LoadedTemplate],
    access: LoadedAccess | None,
    clashes: list[Clash],
    cross_checked: bool,
) -> FleetDocuments:
    extra: defaultdict[str, list[Diagnostic]] = defaultdict(list)
    for clash in clashes:
        extra[clash.path].append(clash.diagnostic)
    invalid = [item.as_invalid(tuple(extra[item.path])) for item in read if item.model is None or extra[item.path]]
    own = chain.from_iterable(item.diagnostics for item in read)
    everything = [*own, *chain.from_iterable(extra.values())]
    return FleetDocuments(
        fleet=fleet,
        environments=environments,
        instances=instances,
        invalid=tuple(invalid),
        diagnostics=tuple(sorted(everything, key=_order)),
        cross_checked=cross_checked,
        templates=templates,
        access=access,
    )


def _order(item: Diagnostic) -> tuple[str, int, int, str, str]:
    place = item.location or Location("")
    return (place.path, place.line or 0, place.column or 0, item.ref, item.message)
