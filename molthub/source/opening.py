"""Opens the place where an action commits: a clone, or a repository by URL."""

from __future__ import annotations

from pathlib import Path

from molthub.errors import StallingError
from molthub.source.clone import clone_target
from molthub.source.locations import check_ref, parse_location
from molthub.source.mirror import Mirror
from molthub.source.process import Git, require_git
from molthub.source.protocol import FleetSource
from molthub.source.remote import RemoteTarget
from molthub.source.repository import MirroredRepository, discover, open_repository
from molthub.source.target import PastTarget


def open_target(location: str, *, branch: str | None, push: bool, cache_dir: Path) -> PastTarget:
    """Where an action commits: the clone at a path, or the repository at a URL (or a bare one), through its mirror.

    branch  another branch than the one checked out, or than the default one
    push    False: the commit stays in the clone
    Raises what open_repository raises, and MH-ACT-016 or -018 for what does not go together.
    """
    place = parse_location(location)
    require_git()
    if branch is not None:
        check_ref(branch)
    if place.path is not None:
        git_dir, root = discover(place.path, trusted=False)
        if root is not None:
            return clone_target(Git(git_dir=git_dir, work_tree=root), root, branch=branch, push=push)
    if not push:
        raise StallingError(
            "MH-ACT-018",
            f"{place.label} has no working tree here, so a commit that is not pushed would be nowhere",
            fix="Leave out --no-push, or run it in a clone",
        )
    mirrored = MirroredRepository(mirror=Mirror(location=place, cache_dir=cache_dir), ref=None)
    return RemoteTarget(repository=mirrored, named=branch)


def open_built(location: str, *, cache_dir: Path) -> FleetSource:
    """The repository in which the commits of `open_target` are built, to look at one before it is pushed: the clone,
    or the mirror. Raises what open_repository raises.
    """
    place = parse_location(location)
    bare = place.path is not None and discover(place.path, trusted=False)[1] is None
    return open_repository(location, ref=None, cache_dir=cache_dir, mirror=bare)
