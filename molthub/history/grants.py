"""What somebody may do now that they might not before: the words for access policies and task roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from molthub.history.document import Path
from molthub.history.hiding import shown_path
from molthub.history.saying import say
from molthub.manifest.pgpkeys import primary_fingerprints
from molthub.manifest.sshkeys import MalformedKeyError, fingerprint, normal_key

WHOLE = "the whole fleet"


def bindings(_path: Path, before: Any, after: Any) -> Iterator[str]:
    """Role by role and person by person, wherever in the list it is written."""
    old, new = _grants(before), _grants(after)
    for role, subject, scope in (*new, *old):
        given = (role, subject, scope)
        if given in new and given not in old:
            yield f"{say(subject)} made {say(role)} of {say(scope)}"
        elif given in old and given not in new:
            yield f"{say(subject)} no longer {say(role)} of {say(scope)}"


def _grants(listed: Any) -> list[tuple[str, str, str]]:
    found = {
        (str(one.get("role")), str(subject), str(scope)): None
        for one in (listed or {}).values()
        for subject in one.get("subjects") or ()
        for scope in one.get("scope") or (WHOLE,)
    }
    return list(found)


def person(path: Path, before: Any, after: Any) -> Iterator[str]:
    """Who came and went, and by which keys and addresses somebody is known."""
    name = _item(path)
    if before is None or after is None:
        yield f"person {name} {'added' if before is None else 'removed'}"
    old, new = before or {}, after or {}
    if after is not None:
        yield from _several(f"key of {name}", _keys(old), _keys(new))
        yield from _several(f"address of {name}", _said(old.get("emails")), _said(new.get("emails")))


def group(path: Path, before: Any, after: Any) -> Iterator[str]:
    """Who joined and left."""
    name = _item(path)
    if before is None or after is None:
        yield f"group {name} {'added' if before is None else 'removed'}"
    old, new = (_said((side or {}).get("members")) for side in (before, after))
    yield from _several(f"member of {name}", old, new)


def statements(_path: Path, before: Any, after: Any) -> Iterator[str]:
    """What a Moltbot's own role may do, statement by statement."""
    old, new = (list((listed or {}).values()) for listed in (before, after))
    for one in [one for one in new if one not in old]:
        yield f"task role may {_statement(one)}"
    for one in [one for one in old if one not in new]:
        yield f"task role may no longer {_statement(one)}"


def _statement(one: Any) -> str:
    return f"{_joined(one.get('actions'))} on {_joined(one.get('resources'))}"


def _joined(named: Any) -> str:
    """A list without an order is a mapping by its texts (document.tree)."""
    return say([str(text) for text in (named or {}).values()])


def _several(noun: str, before: Any, after: Any) -> Iterator[str]:
    for one in after:
        if one not in before:
            yield f"{noun} {one} added"
    for one in before:
        if one not in after:
            yield f"{noun} {one} removed"


def _said(texts: Any) -> list[str]:
    return [say(str(text)) for text in texts or ()]


def _keys(holder: Any) -> list[str]:
    """Keys by what people compare: their fingerprints."""
    found: list[str] = []
    for key in holder.get("keys") or ():
        try:
            prints = primary_fingerprints(key) if key.lstrip().startswith("-----") else (fingerprint(normal_key(key)),)
        except MalformedKeyError:
            prints = ("that is malformed",)
        found.extend(prints)
    return found


def _item(path: Path) -> str:
    return shown_path(path)[-1].removeprefix("[").removesuffix("]")
