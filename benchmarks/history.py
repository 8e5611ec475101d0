"""How long the history of 10,000 commits takes to open: `python -m benchmarks.history [COMMITS [INSTANCES]]`.

The first time everything is read and indexed; the second time nothing; after one more commit only that one. Counts the
git processes and the blobs that each opening reads, and exits 1 when the second opening reads any blob, or the third
more than the two of the new commit.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molthub.pipeline.past.indexing import bring_up
from molthub.pipeline.past.reading import Past
from molthub.source.process import Git
from molthub.source.repository import open_repository
from molthub.state.commit_index import open_cached_index
from tests.builders import instance_dict, to_yaml, tree
from tests.fakes.past import Made, fast_import

TEMPLATE = to_yaml(instance_dict(metadata={"name": "bot-0"}, spec={"runtime": {"cpu": 256}}))


@dataclass(slots=True)
class Counts:
    """What one opening asked of Git."""

    processes: int = 0
    blobs: int = 0


def manifest(number: int, cpu: int) -> dict[str, bytes]:
    content = TEMPLATE.replace(b"bot-0", b"bot-%d" % number).replace(b"cpu: 256", b"cpu: %d" % (256 + cpu))
    return {f"instances/acme/prod/bot-{number}.yaml": content}


def make(path: Path, commits: int, instances: int) -> None:
    """All instances at once, then one changed by each commit."""
    first = tree() | {name: text for number in range(instances) for name, text in manifest(number, 0).items()}
    changes = [Made(f"Change {at}", manifest(at % instances, at)) for at in range(1, commits)]
    fast_import(path, [Made("Start", first), *changes])


def counted(repository: Path, cache: Path, counts: Counts) -> Any:
    """The repository, with everything that it asks of Git counted."""
    source = open_repository(str(repository), ref=None, cache_dir=cache)
    stream, contents = Git.stream, type(source).contents

    def counting_stream(self: Git, *arguments: str, **more: Any) -> Any:
        counts.processes += 1
        return stream(self, *arguments, **more)

    def counting_contents(self: Any, oids: Collection[str]) -> Mapping[str, bytes | None]:
        counts.blobs += len(oids)
        return contents(self, oids)

    Git.stream, type(source).contents = counting_stream, counting_contents  # type: ignore[method-assign,assignment]
    return source, lambda: (setattr(Git, "stream", stream), setattr(type(source), "contents", contents))


def opening(repository: Path, cache: Path, title: str) -> Counts:
    """Open the history of one instance as `molthub history` does; what it cost."""
    counts = Counts()
    source, restore = counted(repository, cache, counts)
    try:
        begun = time.perf_counter()
        index = open_cached_index(cache / "history.db")
        head = source.fetch()
        read = bring_up(source, index, head)
        past = Past(index, head)
        found = past.versions(past.find("bot-0").resource)
        seconds = time.perf_counter() - begun
        index.close()
    finally:
        restore()
    print(
        f"{title:28} {seconds:7.2f} s   {read:6} commits read   {counts.blobs:6} blobs   {counts.processes:3} git "
        f"processes   {len(found)} versions"
    )
    return counts


def main(arguments: list[str]) -> int:
    commits, instances = (int(text) for text in [*arguments, "10000", "100"][:2]) if len(arguments) != 1 else (
        int(arguments[0]), 100)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        repository, cache = Path(folder) / "fleet.git", Path(folder) / "cache"
        make(repository, commits, instances)
        opening(repository, cache, "first")
        second = opening(repository, cache, "again")
        make(repository, commits + 1, instances)
        third = opening(repository, cache, "after one more commit")
    return int(second.blobs > 0 or third.blobs > 2)  # noqa: PLR2004 - before and after


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
