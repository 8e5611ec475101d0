"""`edit`, `rename` and `delete`: a manifest as a whole."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.reading import read_file, salvage
from molthub.manifest.rewriting import plain, rewrite
from molthub.manifest.selection import Selector, select
from molthub.pipeline.actions.manifests import content_of, identities, named
from molthub.pipeline.actions.types import ACTION_TRAILER, INSTANCE_TRAILER, Edit
from molthub.pipeline.types import CheckedFleet
from molthub.planning.deletion import FREE_DELETIONS, TRAILER
from molthub.resources.identity import EnvironmentKey
from molthub.source.types import CommitInfo

DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Replace:
    """A manifest as somebody wrote it anew. old: what they began with; on any other it is not carried out."""

    instance: str
    old: bytes
    new: bytes
    name: str = "edit"

    def edit(self, fleet: CheckedFleet) -> Edit:
        loaded = select(fleet.documents, Selector(names=(self.instance,)))[0]
        now = content_of(fleet, loaded)
        if now not in (self.old, self.new):
            raise StallingError(
                "MH-ACT-008",
                f"{loaded.path} was changed by somebody else while you edited it",
                fix="Edit it again",
            )
        _check_same_identity(loaded, self.new)
        return Edit(
            files={loaded.path: self.new},
            instances=identities(fleet, [loaded]),
            subject=f"Edit {loaded.display_name}",
        )


def _check_same_identity(loaded: LoadedInstance, content: bytes) -> None:
    """Raise MH-ACT-004 when the text can be read and is another instance."""
    read = read_file(loaded.path, content, expected=True)
    found = salvage(read.partial) if read is not None else {}
    meta = loaded.model.metadata
    wanted = {"workspace": meta.workspace, "environment": meta.environment, "id": meta.id or meta.name}
    if any(found.get(part) not in (None, value) for part, value in wanted.items()):
        raise StallingError(
            "MH-ACT-004",
            f"this would make another instance of {loaded.display_name}",
            fix="Keep id, workspace and environment; to change the name, run `molthub rename`, which writes the id",
        )
    if read is not None and read.model is not None and not isinstance(read.model, MoltbotInstance):
        raise StallingError("MH-ACT-004", "this is no MoltbotInstance any more", fix="Keep the kind")


@dataclass(frozen=True, slots=True)
class Rename:
    """Another name; the identity stays, so nothing restarts. The file moves when it is called as the instance was."""

    instance: str
    new: str
    name: str = "rename"

    def edit(self, fleet: CheckedFleet) -> Edit:
        loaded = self._find(fleet)
        old = loaded.model.metadata.name
        if old == self.new:
            return Edit(files={}, instances=identities(fleet, [loaded]), subject=f"Rename {loaded.display_name}")
        content = content_of(fleet, loaded)
        document = plain(content)
        document["metadata"]["id"] = loaded.model.metadata.id or old
        document["metadata"]["name"] = self.new
        path = self._path(fleet, loaded)
        files: dict[str, bytes | None] = {path: rewrite(content, document)}
        if path != loaded.path:
            files[loaded.path] = None
        return Edit(
            files=files,
            instances=identities(fleet, [loaded]),
            subject=f"Rename {loaded.display_name} to {self.new}",
        )

    def _find(self, fleet: CheckedFleet) -> LoadedInstance:
        """The instance by its old name; where nothing has that any more, the one that carries it as id."""
        return select(fleet.documents, Selector(names=(self.instance,)))[0]

    def _path(self, fleet: CheckedFleet, loaded: LoadedInstance) -> str:
        folder, base = posixpath.split(loaded.path)
        stem, suffix = posixpath.splitext(base)
        path = posixpath.join(folder, self.new + suffix)
        return path if stem == loaded.model.metadata.name and path not in fleet.snapshot.files else loaded.path


@dataclass(frozen=True, slots=True)
class Delete:
    """Without their manifests.

    gone  names that an earlier `delete` took away (`deleted_before`): repeating it is no error
    """

    selector: Selector
    gone: frozenset[str] = frozenset()
    name: str = DELETE

    def edit(self, fleet: CheckedFleet) -> Edit:
        instances = self._instances(fleet)
        if not instances:
            return Edit(files={}, instances=(), subject=f"Delete {', '.join(self.selector.names)}")
        for loaded in instances:
            if loaded.model.spec.lifecycle.deletionProtection:
                raise StallingError(
                    "MH-ACT-009",
                    f"{loaded.display_name} is protected from deletion",
                    fix=f"Run `molthub set {loaded.display_name} lifecycle.deletionProtection=false`, let that be "
                    "applied, and delete it then",
                    location=loaded.locate(("spec", "lifecycle", "deletionProtection")),
                )
        confirmed = confirmations(fleet, instances)
        return Edit(
            files=dict.fromkeys((loaded.path for loaded in instances), None),
            instances=identities(fleet, instances),
            subject=f"Delete {named(instances)}",
            trailers={TRAILER: "\n".join(confirmed)} if confirmed else {},
        )

    def _instances(self, fleet: CheckedFleet) -> tuple[LoadedInstance, ...]:
        """Those that are still there."""
        found: dict[str, LoadedInstance] = {}
        for name in self.selector.names:
            try:
                found.update((one.path, one) for one in select(fleet.documents, Selector(names=(name,))))
            except StallingError as error:
                if error.ref != "MH-PIPE-001" or name not in self.gone:
                    raise
        return tuple(found.values()) if self.selector.names else select(fleet.documents, self.selector)


def deleted_before(commits: Sequence[CommitInfo], names: Sequence[str]) -> frozenset[str]:
    """Which of the names an earlier `delete` took away, as its commit tells.

    A name is told by the commit's subject, an id by its trailers; both also without workspace and environment.
    """
    told: set[str] = set()
    for info in commits:
        if info.trailers.get(ACTION_TRAILER.lower()) == (DELETE,):
            told |= {*info.trailers.get(INSTANCE_TRAILER.lower(), ()), info.subject.removeprefix("Delete ")}
    told |= {name.rsplit("/", 1)[-1] for name in told}
    return frozenset(name for name in names if name in told)


def confirmations(fleet: CheckedFleet, going: Sequence[LoadedInstance]) -> tuple[str, ...]:
    """`WORKSPACE/ENVIRONMENT N` for each environment whose deletions the deletion guard would hold.

    The guard counts what it observes on AWS, which nobody asks here: manifests may be more than instances, so every
    cut of more than its free ones is confirmed, and the last of an environment.
    """
    held: Counter[EnvironmentKey] = Counter(loaded.key for loaded in fleet.documents.instances.values())
    cut: Counter[EnvironmentKey] = Counter(loaded.key for loaded in going)
    return tuple(f"{key} {count}" for key, count in sorted(cut.items()) if count > FREE_DELETIONS or count == held[key])
