"""A revision's volumes as ECS tells them → names of empty ones, and FileVolumes. Pure, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from molthub.aws.arns import Ids, Names
from molthub.aws.members import unmanaged
from molthub.resources.types import FileVolume

Raw = Mapping[str, Any]
EFS_VOLUME = "efsVolumeConfiguration"


def empty_volumes(raws: Iterable[Raw]) -> tuple[str, ...]:
    """Names of the volumes that are gone with the task."""
    return tuple(raw["name"] for raw in raws if not raw.get(EFS_VOLUME))


def file_volumes(raws: Iterable[Raw], names: Names) -> tuple[FileVolume, ...]:
    """The volumes on file systems; what is not the active one's stays an id."""
    return tuple(_file_volume(raw["name"], raw[EFS_VOLUME], names) for raw in raws if raw.get(EFS_VOLUME))


def _file_volume(name: str, raw: Raw, names: Names) -> FileVolume:
    authorisation = raw.get("authorizationConfig") or {}
    point = authorisation.get("accessPointId") or None
    file_system, store = names.store(raw.get("fileSystemId") or "")
    if names.past is not None:  # access points are called as their volumes
        file_system, point = names.past, name if point else None
    elif store is not None and point is not None:
        point = store.access_point(point)
    return FileVolume(
        name=name,
        file_system=file_system,
        access_point=point,
        root_directory=raw.get("rootDirectory") or "/",
        transit_encryption=raw.get("transitEncryption") == "ENABLED",
        iam=authorisation.get("iam") == "ENABLED",
    )


def volume_settings_unmanaged(raws: Iterable[Raw]) -> Iterator[tuple[str, str]]:
    """What Molthub never sets in a volume."""
    for raw in raws:
        path = f"volumes[{raw.get('name')}]."
        yield from unmanaged("Volume", raw, path)
        yield from unmanaged("EFSVolumeConfiguration", raw.get(EFS_VOLUME), path)


def uses_file_systems(raw: Raw) -> bool:
    """Whether a revision names any file system."""
    return any(volume.get(EFS_VOLUME) for volume in raw.get("volumes") or ())


def volume_of(volume: FileVolume, ids: Ids) -> dict[str, Any]:
    """A FileVolume as RegisterTaskDefinition takes it. With an access point the root directory must be left out."""
    store = ids.store(volume.file_system)
    authorisation = {"iam": "ENABLED" if volume.iam else "DISABLED"}
    if volume.access_point is not None:
        authorisation["accessPointId"] = store.access_points.get(volume.access_point, volume.access_point)
    settings: dict[str, Any] = {
        "fileSystemId": store.id,
        "transitEncryption": "ENABLED" if volume.transit_encryption else "DISABLED",
        "authorizationConfig": authorisation,
    }
    if volume.access_point is None:
        settings["rootDirectory"] = volume.root_directory
    return {"name": volume.name, EFS_VOLUME: settings}
