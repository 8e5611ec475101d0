"""Commits as values: `git log` in a fixed shape, parsed. Reads only; author and subject are as claimed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from molthub.source.process import Git, printable
from molthub.source.types import CommitInfo

FORMAT = "--format=tformat:%H%x00%T%x00%P%x00%an%x00%ae%x00%ct%x00%s%x00%(trailers:only=true,unfold=true)"
"""Eight fields; with `-z` each record ends by NUL too, so the answer is a flat list in eights."""

_FIELDS = 8
_TRAILER = re.compile(r"([A-Za-z0-9-]+)\s*:\s*(.*)")


def recent_commits(git: Git, commit: str, limit: int) -> tuple[CommitInfo, ...]:
    """A commit and those before it, newest first, at most `limit`. Raises GitFailedError."""
    return parse_log(git.run("log", f"--max-count={limit}", "-z", FORMAT, "--end-of-options", commit))


def parse_log(answer: bytes) -> tuple[CommitInfo, ...]:
    """The answer of `git log -z FORMAT`, in its order."""
    fields = answer.decode("utf-8", "replace").split("\0")
    return tuple(
        parse_commit(fields[start : start + _FIELDS]) for start in range(0, len(fields) - _FIELDS + 1, _FIELDS)
    )


def parse_commit(fields: list[str]) -> CommitInfo:
    """One record's eight fields."""
    sha, tree, parents, author, email, seconds, subject, trailers = fields
    return CommitInfo(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=printable(author),
        email=printable(email),
        at=_moment(seconds),
        subject=printable(subject),
        trailers=parse_trailers(trailers),
    )


def parse_trailers(text: str) -> dict[str, tuple[str, ...]]:
    """`Key: value` lines to lower-case key → values in their order."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in _lines(text):
        found[key] = (*found.get(key, ()), value)
    return found


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        if match := _TRAILER.fullmatch(line.strip()):
            yield match[1].lower(), printable(match[2].strip())


def _moment(seconds: str) -> datetime:
    """Committer time; a commit may claim any number, and one beyond what a datetime holds counts as 1970."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
