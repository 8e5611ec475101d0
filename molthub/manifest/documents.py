"""Documents of a fleet repository after loading: the model and where each part of it was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from molthub.errors import Diagnostic, Location
from molthub.manifest.access import AccessPolicy
from molthub.manifest.environment import Environment, Fleet
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.template import MoltbotTemplate
from molthub.resources.identity import EnvironmentKey, Identity

Locate = Callable[[tuple[str | int, ...]], Location]
"""Keys and indexes from the document's root → its place in the file; marks are made only when asked for."""


@dataclass(frozen=True, slots=True)
class LoadedFleet:
    path: str
    model: Fleet
    locate: Locate = field(compare=False)


@dataclass(frozen=True, slots=True)
class LoadedEnvironment:
    path: str
    model: Environment
    locate: Locate = field(compare=False)

    @property
    def key(self) -> EnvironmentKey:
        return EnvironmentKey(self.model.metadata.workspace, self.model.metadata.name)


@dataclass(frozen=True, slots=True)
class LoadedInstance:
    path: str
    model: MoltbotInstance
    locate: Locate = field(compare=False)

    @property
    def key(self) -> EnvironmentKey:
        return EnvironmentKey(self.model.metadata.workspace, self.model.metadata.environment)

    @property
    def display_name(self) -> str:
        return f"{self.key}/{self.model.metadata.name}"

    def identity(self, fleet: str) -> Identity:
        meta = self.model.metadata
        return Identity(fleet, meta.workspace, meta.environment, meta.id or meta.name)


@dataclass(frozen=True, slots=True)
class LoadedTemplate:
    path: str
    model: MoltbotTemplate
    locate: Locate = field(compare=False)


@dataclass(frozen=True, slots=True)
class LoadedAccess:
    path: str
    model: AccessPolicy
    locate: Locate = field(compare=False)


@dataclass(frozen=True, slots=True)
class InvalidFile:
    """A file that claims to be Molthub's and cannot be used.

    identity parts are what could still be read of it, so that only what it may concern is stopped:
    None where even that is unknown.
    """

    path: str
    diagnostics: tuple[Diagnostic, ...]
    kind: str | None = None
    workspace: str | None = None
    environment: str | None = None
    name: str | None = None
    id: str | None = None

    @property
    def may_be_an_instance(self) -> bool:
        """Whether the file may hold, or have held, an instance: another kind that was read to its end does not."""
        read = not any(item.ref.startswith("MH-YAML-") for item in self.diagnostics)
        return not (self.kind in ("MoltbotTemplate", "AccessPolicy") and read)


@dataclass(frozen=True, slots=True)
class FleetDocuments:
    """Everything a tree of a fleet repository says, valid or not.

    instances      by identity; only those that parsed and clash with no other
    diagnostics    every diagnostic of every file, in path order; warnings too
    cross_checked  False when only loose files were given: references between documents were not checked
    templates      the fleet's own, by name; nothing that runs depends on one
    access         the access policy as this tree has it, which need not be the one in force (molthub.access)
    """

    fleet: LoadedFleet | None
    environments: Mapping[EnvironmentKey, LoadedEnvironment]
    instances: Mapping[Identity, LoadedInstance]
    invalid: tuple[InvalidFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    cross_checked: bool = True
    templates: Mapping[str, LoadedTemplate] = field(default_factory=dict)
    access: LoadedAccess | None = None

    @property
    def about_what_runs(self) -> tuple[Diagnostic, ...]:
        """Every diagnostic but those of templates, which nothing that runs depends on."""
        templates = {item.path for item in self.templates.values()}
        templates |= {item.path for item in self.invalid if not item.may_be_an_instance}
        return tuple(item for item in self.diagnostics if item.location is None or item.location.path not in templates)

    @property
    def is_valid_for_deletion(self) -> bool:
        """Only a tree that parsed in full may conclude from a manifest's absence that it was removed.

        A template or a policy that is wrong holds nothing up, for it never was an instance.
        """
        return self.fleet is not None and not any(item.may_be_an_instance for item in self.invalid)
