"""What a plan has to say of persistent state: what forbids it, and what people should know before it is applied."""

from __future__ import annotations

from molthub.errors import Diagnostic, Severity
from molthub.planning.types import Action, Change
from molthub.resources.foundation import Foundation
from molthub.resources.types import FINAL, Backup, Kind, ResourceSet, Restore

NO_FOUNDATION = "MH-BACK-001"
NO_VAULT = "MH-BACK-002"
REPLACED = "MH-BACK-004"
DOWNTIME = "MH-BACK-010"
SQLITE = "MH-BACK-011"
GIVEN_UP = "MH-BACK-012"
GOING_BACK = "MH-BACK-013"

_MADE_BY = "`molthub bootstrap` makes what is missing"


def missing_foundation(foundation: Foundation | None, name: str) -> Diagnostic | None:
    """Persistent state needs groups, key, vault and role of the environment."""
    parts = {
        "security groups": foundation and foundation.state_clients and foundation.state_servers,
        "KMS key": foundation and foundation.kms_key,
        "backup vault": foundation and foundation.backup_vault,
        "backup role": foundation and foundation.backup_role,
    }
    missing = [part for part, there in parts.items() if not there]
    if not missing:
        return None
    return Diagnostic(
        NO_FOUNDATION,
        f"{name} keeps its state, but its environment has no {' and no '.join(missing)} for that",
        fix=f"{_MADE_BY}; or set spec.state.persistent: false",
        subject=name,
    )


def no_vault(name: str) -> Diagnostic:
    """The state of a deleted instance cannot be backed up."""
    return Diagnostic(
        NO_VAULT,
        f"the file system of {name} cannot be backed up before it is deleted: the environment has no backup vault",
        fix=f"{_MADE_BY}; or, if nothing in it is needed, delete the file system in AWS by hand",
        subject=name,
    )


def obstacles(changes: tuple[Change, ...], name: str, *, backed_up: bool) -> tuple[Diagnostic, ...]:
    """A file system that would be made anew loses what it holds; one that goes is backed up before.

    backed_up: there is a vault, so that the changes hold the backup, or it is there already.
    """
    found = []
    of_file_system = [change for change in changes if change.kind is Kind.FILE_SYSTEM]
    if any(change.action is Action.REPLACE for change in of_file_system):
        paths = sorted({a.path for change in of_file_system for a in change.attributes if a.forces_replacement})
        found.append(
            Diagnostic(
                REPLACED,
                f"the file system of {name} would have to be made anew ({', '.join(paths)} cannot be changed)",
                fix="Put the setting back; a file system under another key is made by `molthub restore`",
                subject=name,
            )
        )
    goes = any(change.action is Action.DELETE for change in of_file_system)
    if goes and not backed_up:
        found.append(no_vault(name))
    return tuple(found)


def notices(desired: ResourceSet | None, changes: tuple[Change, ...], name: str) -> tuple[Diagnostic, ...]:
    """Loud words: the downtime of a backup, what SQLite risks on EFS, and a state that is given up."""
    found = []
    backups = [change.after for change in changes if isinstance(change.after, Backup)]
    of_file_system = {change.action for change in changes if change.kind is Kind.FILE_SYSTEM}
    if any(item.before != FINAL for item in backups):
        found.append(
            _notice(
                DOWNTIME,
                f"{name} is stopped while it is backed up: minutes, more the more it holds",
                "Apply when that suits; spec.state.backupBeforeUpgrade says whether an upgrade waits for a backup",
                name,
            )
        )
    if Action.CREATE in of_file_system:
        found.append(
            _notice(
                SQLITE,
                f"{name} keeps SQLite databases on EFS: slower than a disk, one writer, and a backup of a running "
                "Moltbot is as if its power had failed",
                "Read docs/state.md; back up with `molthub backup` while it is paused where that matters",
                name,
            )
        )
    if Action.DELETE in of_file_system and desired is not None:
        found.append(
            _notice(
                GIVEN_UP,
                f"{name} GIVES UP ITS STATE: the file system and everything in it is deleted after a last backup",
                "Set spec.state.persistent: true again to keep it",
                name,
            )
        )
    if any(isinstance(change.after, Restore) for change in changes):
        found.append(
            _notice(
                GOING_BACK,
                f"the upgrade of {name} failed: it goes back to the version and the state before",
                "Nothing to do; the version that failed is not tried again until its manifest changes",
                name,
            )
        )
    return tuple(found)


def _notice(ref: str, message: str, fix: str, name: str) -> Diagnostic:
    return Diagnostic(ref, message, fix=fix, severity=Severity.WARNING, subject=name)
