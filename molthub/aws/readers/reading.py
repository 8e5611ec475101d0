"""What one read of a kind brought: objects by name, and which of them could not be read.

A failure is kept beside what was found, never in place of it: absence is concluded only from an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from molthub.errors import MolthubError
from molthub.resources.observation import ReadFailure
from molthub.resources.types import Kind

Raw = Mapping[str, Any]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class KindRead:
    """Objects of one kind.

    found    raw answer by name
    tags     its tags by name
    failed   names that could not be read, each with its error
    failure  the whole kind could not be read
    retired  of file systems: those of the same name that are not in use
    """

    found: dict[str, Raw] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: dict[str, MolthubError] = field(default_factory=dict)
    failure: MolthubError | None = None
    retired: dict[str, list[Raw]] = field(default_factory=dict)

    def error(self, name: str) -> MolthubError | None:
        """Why this name is Unknown, or None when absence would mean absence."""
        return self.failure or self.failed.get(name)

    def add(self, found: Mapping[str, Raw], tags_of: Callable[[Raw], dict[str, str]]) -> None:
        for name, raw in found.items():
            self.found[name] = raw
            self.tags[name] = tags_of(raw)

    @property
    def is_whole(self) -> bool:
        return self.failure is None and not self.failed


def guarded(read: Callable[[], KindRead]) -> KindRead:
    """The read, or a KindRead that says the whole kind failed."""
    try:
        return read()
    except MolthubError as error:
        return KindRead(failure=error)


def each(pool: Executor, keys: Iterable[K], read: Callable[[K], V]) -> tuple[dict[K, V], dict[K, MolthubError]]:
    """Reads all keys concurrently: what came back, and the error of each that failed.

    Anything else, Ctrl-C first, ends it: what has not begun is not read any more.
    """
    futures = {key: pool.submit(read, key) for key in keys}
    done: dict[K, V] = {}
    failed: dict[K, MolthubError] = {}
    try:
        for key, future in futures.items():
            try:
                done[key] = future.result()
            except MolthubError as error:
                failed[key] = error
    except BaseException:
        for future in futures.values():
            future.cancel()
        raise
    return done, failed


def as_failure(error: MolthubError, kind: Kind | None) -> ReadFailure:
    return ReadFailure(kind, error.ref, error.diagnostic.message)
