"""The table of permissions: which role a change needs, by what it changes.

| Role | May |
|---|---|
| VIEWER | nothing that a commit does |
| OPERATOR | pause, resume, restart, retry; labels; go back to an earlier allowed version; ask for a look; trails |
| ADMIN | create, rename, change and delete instances; turn deletion protection on; take waivers away; templates |
| OWNER | environments, fleet, access policy; waivers and switched-off guardrails; turn deletion protection off; |
| | confirm large deletions, accept a rewritten history |

A waiver is an exception from a guardrail that protects the fleet from whoever writes manifests: so it is not for those
who write them to give, and needs an OWNER of the environment. The same for `forbidPublicAdmin` and
`requireSecretManager`, and for lifting deletion protection, if only by deleting a protected manifest (which could come
back without). Making any of them stricter needs an ADMIN.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from molthub.access.content import ENVIRONMENT, INSTANCE, TEMPLATE, Content, Fact, Subject
from molthub.history.document import leaves, spelled, tree, whole
from molthub.manifest.access import Role
from molthub.resources.identity import EnvironmentKey

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """A role that something needs. where: None for the whole fleet; what: for people, the subject follows."""

    role: Role
    where: EnvironmentKey | None
    what: str

    @property
    def whom(self) -> str:
        """`an ADMIN of acme/prod`."""
        article = "an" if self.role.value[0] in "AEIO" else "a"
        return f"{article} {self.role.value} of {self.where or 'the whole fleet'}"


REMEMBERED = 65536
"""Changes whose needs are kept: a history is judged anew for each head, and most of it is as it was."""
FEW = 256
"""Documents whose fields are kept, which are large."""

LABELS: Path = ("metadata", "labels")
NAME: Path = ("metadata", "name")
PAUSED: Path = ("spec", "lifecycle", "paused")
RESTARTED: Path = ("spec", "lifecycle", "restartedAt")
PROTECTION: Path = ("spec", "lifecycle", "deletionProtection")
POLICIES: Path = ("spec", "policies")
IMAGE: Path = ("spec", "runtime", "image")

OPERATED: Mapping[Path, str] = {
    LABELS: "change the labels of",
    PAUSED: "pause or resume",
    RESTARTED: "restart",
}
"""Fields that an OPERATOR may change."""

GUARDED = (PROTECTION, POLICIES)
"""Fields whose direction matters, and which no rollback brings back."""


def needs_of(subject: Subject, before: Content, after: Content, *, earlier: Iterable[Content] = ()) -> tuple[Need, ...]:
    """What turning one content of a subject into another needs. earlier: contents of it that were allowed once."""
    if before == after:
        return ()
    if subject.kind == INSTANCE:
        fixed, rest = _instance(subject, before, after)
        if rest and _is_rollback(after, earlier):
            rest = (Need(Role.OPERATOR, subject.where, "roll back"),)
        return tuple(dict.fromkeys((*fixed, *rest)))
    if subject.kind == TEMPLATE:
        return (Need(Role.ADMIN, None, "change"),)
    where = subject.where if subject.kind == ENVIRONMENT else None
    return (Need(Role.OWNER, where, "change"),)


@functools.lru_cache(maxsize=REMEMBERED)
def _instance(subject: Subject, before: Content, after: Content) -> tuple[tuple[Need, ...], tuple[Need, ...]]:
    """What a change of an instance needs in any case, and what it needs unless it is a rollback."""
    fixed, rest = list[Need](), list[Need]()
    for path, need in _needs(subject, before, after):
        (fixed if path is None else rest).append(need)
    return tuple(fixed), tuple(rest)


def _needs(subject: Subject, before: Content, after: Content) -> Iterator[tuple[Path | None, Need]]:
    """Each need, with the path of a field that a rollback may bring back."""
    old, new = _fields(before), _fields(after)
    if not before or not after or old is None or new is None:
        words = "delete" if not after else "create" if not before else "change the unreadable manifest of"
        yield None, Need(Role.ADMIN, subject.where, words)
        if new is not None:
            yield from ((None, need) for need in _guarded(subject, {} if old is None else old, new))
        elif old is not None and old.get(PROTECTION):
            yield None, Need(Role.OWNER, subject.where, "turn off the deletion protection of")
        return
    yield from ((None, need) for need in _guarded(subject, old, new))
    changed = [path for path in {**old, **new} if old.get(path) != new.get(path) and not _below(path, GUARDED)]
    for path in changed:
        found = next((words for start, words in OPERATED.items() if _below(path, (start,))), None)
        if found:
            yield None, Need(Role.OPERATOR, subject.where, found)
        elif path == NAME:
            yield None, Need(Role.ADMIN, subject.where, "rename")
        else:
            yield path, Need(Role.ADMIN, subject.where, _words(path))


def _words(path: Path) -> str:
    return "change the image of" if path == IMAGE else f"change {spelled(path)} of"


def _is_rollback(new: Content, earlier: Iterable[Content]) -> bool:
    return any(len(content) == 1 and _body(content[0]) == _body(new[0]) for content in earlier)


@functools.lru_cache(maxsize=REMEMBERED)
def _body(fact: Fact) -> str | None:
    """A digest of what a rollback brings back: not the name, what an OPERATOR may change anyway, what is guarded."""
    fields = _fields_of(fact)
    if fields is None:
        return None
    kept = sorted((path, value) for path, value in fields.items() if not _below(path, (NAME, *OPERATED, *GUARDED)))
    return hashlib.sha256(json.dumps(kept, default=str).encode()).hexdigest()


def _guarded(subject: Subject, old: Mapping[Path, Any], new: Mapping[Path, Any]) -> Iterator[Need]:
    """Guardrails and protection: loosening needs an OWNER, tightening an ADMIN."""
    where = subject.where
    for path in {**old, **new}:
        if old.get(path) == new.get(path):
            continue
        if path == PROTECTION and (old or new.get(path)):
            off = bool(old.get(path)) and not new.get(path)
            words = "turn off the deletion protection of" if off else "turn on the deletion protection of"
            yield Need(Role.OWNER if off else Role.ADMIN, where, words)
        elif _below(path, ((*POLICIES, "waivers"),)):
            taken_away = path not in new and not any(other[:4] == path[:4] for other in new)
            yield Need(Role.ADMIN if taken_away else Role.OWNER, where, "change the waivers of")
        elif _below(path, (POLICIES,)) and (old or new.get(path) is False):
            looser = new.get(path) is False
            yield Need(Role.OWNER if looser else Role.ADMIN, where, f"switch {'off' if looser else 'on'} {path[-1]} of")


def _fields(content: Content) -> dict[Path, Any] | None:
    """Every field of a subject's one document; None where there is none, or not one that can be read."""
    return _fields_of(content[0]) if len(content) == 1 else None


@functools.lru_cache(maxsize=FEW)
def _fields_of(fact: Fact) -> dict[Path, Any] | None:
    """Path → value, with defaults filled in; an item of a list is `[its name]`. None for what cannot be read."""
    return dict(leaves(tree(whole(fact.model)))) if fact.model is not None else None


def _below(path: Path, starts: Iterable[Path]) -> bool:
    return any(path[: len(start)] == start for start in starts)


CONFIRM_DELETE, ACCEPT_REWRITE, APPROVE = "molthub-confirm-delete", "molthub-accept-rewrite", "molthub-approve"
ACTION, ON = "molthub-action", "molthub-instance"
OWNER_TRAILERS = ("molthub-bootstrap",)
OPERATOR_TRAILERS = ("molthub-secret", "molthub-backup", "molthub-restore")


def needs_of_trailers(trailers: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, Need], ...]:
    """Trailer → what saying it needs. Trailers that grant nothing need nothing."""
    found: list[tuple[str, Need]] = []
    for value in trailers.get(CONFIRM_DELETE, ()):
        where = _environment(value.split(" ")[0])
        found.append((CONFIRM_DELETE, Need(Role.OWNER, where, "confirm a large deletion")))
    found += [
        (ACCEPT_REWRITE, Need(Role.OWNER, None, "accept a rewritten history")) for _ in trailers.get(ACCEPT_REWRITE, ())
    ]
    places = {_environment(value) for value in trailers.get(ON, ())} or {None}
    for name, role in [*((n, Role.OWNER) for n in OWNER_TRAILERS), *((n, Role.OPERATOR) for n in OPERATOR_TRAILERS)]:
        for value in trailers.get(name, ()):
            where = _environment(value.split(" ")[-1]) or _environment(value.split(" ")[0])
            found += [(name, Need(role, place, "say so in a trailer")) for place in ({where} if where else places)]
    if "reconcile" in trailers.get(ACTION, ()):
        found += [(ACTION, Need(Role.OPERATOR, place, "ask for a look")) for place in places]
    return tuple(dict.fromkeys(found))


def _environment(text: str) -> EnvironmentKey | None:
    """`acme/prod` and `acme/prod/support-bot` → the environment."""
    parts = text.strip().split("/")
    return EnvironmentKey(parts[0], parts[1]) if len(parts) > 1 and all(parts[:2]) else None
