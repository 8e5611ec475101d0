"""Builds a commit on any base without touching a working tree, an index or a ref: the objects only.

By git itself, in an index of its own, with the person's own identity and signing setup (`commit.gpgsign`, `gpg.format`,
`user.signingkey`, `gpg.program`, `gpg.ssh.program`), read as git reads them, the machine's settings included. No hook
runs and no filter touches the content. A commit that should be signed and cannot be is not made at all.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from molthub.errors import MolthubError, StallingError
from molthub.source import trees
from molthub.source.process import Git, GitFailedError, summary_line

SIGN_TIMEOUT = 600.0
"""Seconds in which a commit must be signed: a person may have to find a key and touch it."""

_IDENTITY = tuple(f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL"))
_PERSONAL = (
    ("user.useConfigOnly", "true"),  # never a guess from the host's name
    ("i18n.commitEncoding", "UTF-8"),
)
_FILE = "100644"


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to be.

    files    path from the root → whole content, None removes it
    at       author's and committer's time; None is now
    """

    base: str
    message: str
    files: Mapping[str, bytes | None]
    at: datetime | None = None


def build(git: Git, draft: Draft) -> str:
    """Write the commit's objects; its full hash.

    git: the repository (its git_dir), bare or not. Raises MH-GIT-016 for a path that cannot be committed, MH-GIT-026
    without an identity, MH-ACT-020 when it cannot be signed.
    """
    check_identity(git)
    tree = _tree(git, draft) if draft.files else _tree_of(git, draft.base)
    return _commit(personal(git, at=draft.at), tree, draft)


def personal(git: Git, *, at: datetime | None = None) -> Git:
    """git as the person's own: identity and system settings in, everything else sealed as ever."""
    given = tuple((name, os.environ[name]) for name in _IDENTITY if os.environ.get(name))
    dates = (("GIT_AUTHOR_DATE", _date(at)), ("GIT_COMMITTER_DATE", _date(at))) if at is not None else ()
    variables = (*git.variables, *given, *dates, *_terminal(), ("GIT_CONFIG_NOSYSTEM", "0"))
    return replace(git, config=(*git.config, *_PERSONAL), variables=variables, attended=True)


def check_identity(git: Git) -> None:
    """Raise MH-GIT-026 when git does not know who commits."""
    committer_of(git)


def committer_of(git: Git) -> str:
    """The committer's e-mail address. Raises MH-GIT-026 when git does not know who commits, or who the author is."""
    own = personal(git)
    try:
        own.run("var", "GIT_AUTHOR_IDENT")
        said = own.run("var", "GIT_COMMITTER_IDENT").decode("utf-8", "replace")
    except GitFailedError as error:
        raise no_identity() from error
    return said.rpartition("<")[2].partition(">")[0]


def no_identity() -> StallingError:
    return StallingError(
        "MH-GIT-026",
        "Git does not know who you are, so nothing can be committed in your name",
        fix="Run `git config user.name` and `git config user.email`",
    )


def signs(git: Git) -> bool:
    """Whether the person has git sign their commits."""
    try:
        return personal(git).run("config", "--type=bool", "--get", "commit.gpgsign").strip() == b"true"
    except GitFailedError:  # it is not set, or is no boolean
        return False


def _tree_of(git: Git, commit: str) -> str:
    return git.run("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}").decode().strip()


def _commit(git: Git, tree: str, draft: Draft) -> str:
    signing = ("-S",) if signs(git) else ()
    arguments = ("commit-tree", *signing, "-p", draft.base, "-F", "-", tree)
    try:
        made = git.feed(draft.message.encode(), *arguments, timeout=SIGN_TIMEOUT)
    except MolthubError as error:
        if signing:
            raise _unsigned(error) from error
        raise
    return made.decode().strip()


def _unsigned(error: MolthubError) -> StallingError:
    said = summary_line(error.stderr) if isinstance(error, GitFailedError) else error.diagnostic.message
    return StallingError(
        "MH-ACT-020",
        f"the commit could not be signed, so it was not made: {said}",
        fix="Mend your signing setup (git config user.signingkey, gpg.format), or turn commit.gpgsign off",
    )


def _tree(git: Git, draft: Draft) -> str:
    """The tree of the base with the files in it."""
    for name in draft.files:
        if trees.odd_name(name.encode("utf-8", "surrogateescape")):
            raise StallingError("MH-GIT-016", f"{name!a} is no path inside the repository", fix="Give a relative path")
    with _own_index(git) as indexed:
        indexed.run("read-tree", draft.base)
        modes = _modes(indexed, draft.files)
        try:
            indexed.feed(_entries(git, draft, modes), "update-index", "-z", "--index-info")
            return indexed.run("write-tree").decode().strip()
        except GitFailedError as error:
            raise StallingError(
                "MH-GIT-016", f"the files cannot be committed: {summary_line(error.stderr)}", fix="Check their paths"
            ) from error


@contextlib.contextmanager
def _own_index(git: Git) -> Iterator[Git]:
    with tempfile.TemporaryDirectory(prefix="molthub-index-") as folder:
        yield replace(git, variables=(*git.variables, ("GIT_INDEX_FILE", str(Path(folder) / "index"))))


def _modes(indexed: Git, files: Mapping[str, bytes | None]) -> dict[str, str]:
    """The mode of each file that is there, so that an executable one stays executable.

    Raises MH-GIT-016 where a folder would take a file's place or the other way round: git would drop what was there.
    """
    parents = {str(parent) for name in files for parent in PurePosixPath(name).parents if str(parent) != "."}
    paths = tuple(f":(literal,top){name}" for name in sorted({*files, *parents}))
    listed = trees.parse_index(indexed.run("ls-files", "--stage", "-z", "--", *paths))
    modes = {entry.path.decode("utf-8", "surrogateescape"): entry.mode for entry in listed}
    written = {name for name, content in files.items() if content is not None}
    for name in modes:
        if name in parents - files.keys() or written & {str(parent) for parent in PurePosixPath(name).parents}:
            raise StallingError(
                "MH-GIT-016", f"{name!a} is in the way of a file of that path", fix="Take another path, or remove it"
            )
    return modes


def _entries(git: Git, draft: Draft, modes: Mapping[str, str]) -> bytes:
    """Lines for `update-index --index-info`; what is removed has mode 0."""
    written = {name: content for name, content in draft.files.items() if content is not None}
    oids = _blobs(git, tuple(written.values()))
    lines = [
        f"{mode if (mode := modes.get(name, _FILE)).startswith('100') else _FILE} {oid}\t{name}\0"
        for name, oid in zip(written, oids, strict=True)
    ]
    nothing = "0" * len(draft.base)
    lines += [f"0 {nothing}\t{name}\0" for name in draft.files if name not in written]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _blobs(git: Git, contents: Sequence[bytes]) -> list[str]:
    """Store the contents, in one process however many; their ids."""
    if not contents:
        return []
    with tempfile.TemporaryDirectory(prefix="molthub-blobs-") as folder:
        places = [Path(folder) / str(number) for number in range(len(contents))]
        for place, content in zip(places, contents, strict=True):
            place.write_bytes(content)
        listing = "".join(f"{place}\n" for place in places).encode()
        answer = git.feed(listing, "hash-object", "-w", "--no-filters", "--stdin-paths")
    return answer.decode().split()


def _terminal() -> tuple[tuple[str, str], ...]:
    """Where gpg may ask for a passphrase: it looks at its standard input, which here is a message."""
    if os.environ.get("GPG_TTY"):
        return ()
    try:
        return (("GPG_TTY", os.ttyname(0)),)
    except OSError:
        return ()


def _date(at: datetime) -> str:
    return f"@{int(at.timestamp())} {at.strftime('%z') or '+0000'}"


def message_of(subject: str, body: str, trailers: Sequence[tuple[str, str]]) -> str:
    """A commit message whose last paragraph is the trailers and nothing but them."""
    lines = "\n".join(f"{name}: {_line(value)}" for name, value in trailers)
    return "\n\n".join(part for part in (_line(subject), _plain(body), lines) if part) + "\n"


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _plain(text: str) -> str:
    """A body as a person meant it: no control characters, no blank edges."""
    kept = "".join(char for char in text if char == "\n" or char.isprintable())
    return "\n".join(line.rstrip() for line in kept.strip().splitlines())
