"""A bare full mirror of a fleet repository in the cache directory, which heals itself.

Made aside and renamed, so that a half-made one is never seen. One process writes at a time (flock). Whatever is found
damaged is thrown away and cloned again: a mirror holds nothing that its origin does not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from molthub.errors import StallingError, TransientError
from molthub.source.locations import Location
from molthub.source.network import Remote
from molthub.source.objects import CorruptRepositoryError, ObjectReader
from molthub.source.process import Git

LOCK_TIMEOUT = 960.0
"""Seconds to wait for another process's clone: a little more than a fetch may take."""

_LOCK_PAUSE = 0.1

_MIRROR_CONFIG = (
    # The history of a rewritten branch stays, so that a rewrite can still be compared with what was deployed.
    ("gc.pruneExpire", "never"),
    ("gc.reflogExpire", "never"),
    # Serving a local repository of another owner is refused by git since 2.45; naming it as fleet is the trust.
    ("remote.origin.uploadpack", "git -c safe.directory='*' upload-pack"),
)


@dataclass(frozen=True, slots=True)
class Mirror:
    """location: whose mirror; cache_dir: where mirrors lie, made with mode 0700."""

    location: Location
    cache_dir: Path

    @property
    def path(self) -> Path:
        return self.cache_dir / f"{self.location.key}.git"

    @property
    def reader(self) -> ObjectReader:
        return ObjectReader(git=Git(git_dir=self.path, secrets=self.location.secrets), label=self.location.label)

    @property
    def remote(self) -> Remote:
        return Remote(location=self.location, git=self._online(None))

    def exists(self) -> bool:
        return self.path.is_dir()

    def ensure(self) -> None:
        """Clone it unless it is there."""
        if not self.exists():
            with self._lock():
                if not self.exists():
                    self._clone()

    def update(self) -> None:
        """Fetch, or clone where there is none or a damaged one."""
        with self._lock():
            if not self.exists():
                self._clone()
                return
            try:
                self.remote.fetch(self._online(self.path))
            except CorruptRepositoryError:
                self._clone()

    def replace(self) -> None:
        """Throw it away and clone it again."""
        with self._lock():
            self._clone()

    def _clone(self) -> None:
        for leftover in self.cache_dir.glob(f"{self.location.key}.tmp-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self.location.key}.tmp-", dir=self.cache_dir))
        try:
            Git().run("init", "--quiet", "--bare", "--template=", "--end-of-options", str(fresh))
            self.remote.fetch(self._online(fresh))
            if self.exists():
                self.path.rename(fresh.with_name(f"{fresh.name}-old"))
            fresh.rename(self.path)
        finally:
            for leftover in self.cache_dir.glob(f"{self.location.key}.tmp-*"):
                shutil.rmtree(leftover, ignore_errors=True)

    def _online(self, git_dir: Path | None) -> Git:
        """git with the location as its remote `origin`, given in the environment: in no file and no `ps`."""
        config = (*_MIRROR_CONFIG, ("remote.origin.url", self.location.target))
        return Git(git_dir=git_dir, config=config, protocols=self.location.protocols, secrets=self.location.secrets)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the mirror alone; let go when the block ends or the process dies."""
        self._make_cache_dir()
        descriptor = os.open(self.cache_dir / f"{self.location.key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait_for(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TransientError(
                        "MH-GIT-013", f"another process holds the mirror of {self.location.label}"
                    ) from None
                time.sleep(_LOCK_PAUSE)
            else:
                return

    def _make_cache_dir(self) -> None:
        try:
            self.cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            writable = os.access(self.cache_dir, os.W_OK | os.X_OK)
        except OSError:
            writable = False
        if not writable:
            raise StallingError(
                "MH-GIT-017",
                f"the cache directory {self.cache_dir} cannot be written",
                fix="Set MOLTHUB_CACHE_DIR to another, or make it writable",
            )
