"""Where a fleet repository is: which locations and refs are taken, and how they are shown without credentials."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from molthub.errors import StallingError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHORT_HASH = re.compile(r"[0-9a-f]{4,64}")
_REVISION = re.compile(r"(.+?)((?:~[0-9]{0,6}|\^[0-9]?)+)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)?::")
_SCP_LIKE = re.compile(r"(?:(?P<user>[^@:/\s]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/@\s]+):(?P<path>.+)")
_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]*(?:@[^/@\s'\"]*)*@")
_TOKEN_LENGTH = 8  # no server gives shorter ones
_REF_LENGTH = 255  # a file name's length, as a loose ref is a file
_BAD_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/$|\.$|^/|(?:^|/)\.|\.lock(?:/|$)")


@dataclass(frozen=True, slots=True)
class Location:
    """A place that git may be pointed at.

    target     what git is given: a URL or an absolute path
    label      the same for people: no password, no token, nothing after `?`
    protocols  the only transports it needs (`GIT_ALLOW_PROTOCOL`)
    secrets    the parts of target that are never shown
    path       the directory, when it is on this machine and was given as a path
    """

    target: str
    label: str
    protocols: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    path: Path | None = None

    @property
    def key(self) -> str:
        """The mirror's name: stable, file-name safe, and no credential can be read from it."""
        return hashlib.sha256(self.target.encode()).hexdigest()[:24]


def parse_location(location: str, *, allow_local: bool = False) -> Location:
    """A path, or an https, ssh or scp-like URL; a file URL only with allow_local. Raises MH-GIT-001."""
    if not location or location.startswith("-") or _CONTROL.search(location):
        raise _refused("the location is empty, begins with '-' or holds a control character")
    if helper := _HELPER.match(location):
        raise _transport_refused(f"{helper[1] or ''}::")
    if scheme := _SCHEME.match(location):
        return _url(location, scheme[1].lower(), allow_local=allow_local)
    scp = _SCP_LIKE.fullmatch(location)
    try:
        if scp and not Path(location).exists():
            return _ssh_shorthand(location, scp)
        path = Path(location).expanduser().absolute()
        path.exists()
    except (OSError, RuntimeError) as error:  # too long a name, a folder that may not be entered; `~` of nobody
        why = error.strerror if isinstance(error, OSError) else "nobody here has that home"
        raise _refused(f"the location is no path that can be looked at: {why}") from None
    return Location(target=str(path), label=str(path), protocols=("file",), path=path)


def _url(location: str, scheme: str, *, allow_local: bool) -> Location:
    if scheme == "file":
        if not allow_local:
            raise _transport_refused("file://")
        path = Path(unquote(urlsplit(location).path))
        return Location(target=str(path), label=str(path), protocols=("file",))
    if scheme not in ("https", "ssh"):
        raise _transport_refused(f"{scheme}://")
    parts = _split(location)
    if not parts.hostname or parts.hostname.startswith("-") or (parts.username or "").startswith("-"):
        raise _refused("the host or user of the URL is missing or begins with '-'")
    if parts.query or parts.fragment:
        raise _refused("the URL has a part after '?' or '#'")
    if parts.path.lstrip("/").startswith("-") or not parts.path.strip("/"):
        raise _refused("the URL names no repository, or one that begins with '-'")
    shown_user = f"{parts.username}@" if scheme == "ssh" and parts.username else ""
    label = f"{scheme}://{shown_user}{parts.netloc.rpartition('@')[2]}{parts.path}"
    return Location(target=location, label=label, protocols=(scheme,), secrets=_secrets(parts, scheme))


def _split(location: str) -> SplitResult:
    try:
        parts = urlsplit(location)
        _ = parts.port
    except ValueError as error:
        raise _refused("the URL cannot be read") from error
    return parts


def _secrets(parts: SplitResult, scheme: str) -> tuple[str, ...]:
    """The password, and the user of an https URL when it is long enough to be a token; as written and as decoded.

    A short user (`git`) is a word that messages hold anyway; inside a URL, mask() hides it all the same.
    """
    user = parts.username or ""
    written = [parts.password or "", user if scheme == "https" and len(user) >= _TOKEN_LENGTH else ""]
    every = {form for text in written for form in (text, unquote(text)) if form}
    return tuple(sorted(every, key=len, reverse=True))


def _ssh_shorthand(location: str, scp: re.Match[str]) -> Location:
    if any((scp[part] or "").startswith("-") for part in ("user", "host", "path")):
        raise _refused("the user, host or path of the location begins with '-'")
    return Location(target=location, label=location, protocols=("ssh",))


def _refused(why: str) -> StallingError:
    return StallingError("MH-GIT-001", why, fix="Give an https or ssh URL, or the path of a repository")


def _transport_refused(transport: str) -> StallingError:
    return StallingError(
        "MH-GIT-001",
        f"the transport '{transport}' is refused",
        fix="Give an https or ssh URL, or the path of a repository",
    )


def mask(text: str, secrets: tuple[str, ...]) -> str:
    """Text in which no secret, and no user part of any URL, is left."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _USERINFO.sub("***@", text)


def check_ref(ref: str) -> str:
    """The ref itself when it can be a branch, a tag, a hash or `refs/…`. Raises MH-GIT-005.

    git-check-ref-format's rules: `-…` would be read as an option, `a..b`, `~` and `^` as a range of commits.
    """
    if not ref or ref.startswith("-") or len(ref) > _REF_LENGTH or ref == "@" or _BAD_IN_REF.search(ref):
        raise StallingError("MH-GIT-005", f"{ref[:80]!a} is not a ref", fix="Give a branch, a tag or a commit hash")
    return ref


def split_revision(revision: str) -> tuple[str, str]:
    """`HEAD~2` → ("HEAD", "~2"): a ref, and the steps back from it ("" for none). Raises MH-GIT-005 for a bad ref."""
    found = _REVISION.fullmatch(revision)
    return (check_ref(found[1]), found[2]) if found else (check_ref(revision), "")


def is_full_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def is_short_hash(text: str) -> bool:
    return _SHORT_HASH.fullmatch(text) is not None


def check_hash(commit: str) -> str:
    """The commit itself when it is a full hash. Raises MH-GIT-005."""
    if not is_full_hash(commit):
        raise StallingError("MH-GIT-005", f"{commit[:80]!a} is not a full commit hash")
    return commit
