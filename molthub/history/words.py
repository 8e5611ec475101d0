"""A changed field → the phrase a person would say: "image 2026.6.11 → 2026.9.6", "label team added".

Two trees (document.tree of a whole document) are walked side by side. Where a place has a phrase of its own, its teller
says everything below it; elsewhere a field is called by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from molthub.history.document import Path, leaves, spelled
from molthub.history.grants import bindings, group, person, statements
from molthub.history.hiding import shown_path
from molthub.history.saying import say

Teller = Callable[[Path, Any, Any], Iterator[str]]
"""Path, value before, value after; None is "not there"."""


def words_of(before: Any, after: Any) -> tuple[str, ...]:
    """Phrases for everything that differs between two trees; None is "there was none"."""
    if before is None or after is None:
        return ("created" + _what(after),) if after is not None else ("deleted",) if before is not None else ()
    return tuple(_walk((), before, after))


def _what(tree: Any) -> str:
    """Of a whole instance what people ask first: which image, and where one talks to it."""
    if not isinstance(tree, dict) or tree.get("kind") != "MoltbotInstance":
        return ""
    spec = tree.get("spec", {})
    image, channels = spec.get("runtime", {}).get("image"), ", ".join(spec.get("channels", {}))
    return (f" with image {say(image)}" if image else "") + (f", channels {channels}" if channels else "")


def _walk(path: Path, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    teller = next((tell for pattern, tell in TELLERS if _matches(pattern, path)), None)
    if teller is not None:
        yield from teller(path, before, after)
    elif (isinstance(before, dict) and isinstance(after, dict)) or _is_told_below(path):
        old, new = before or {}, after or {}
        for key in {**old, **new}:
            yield from _walk((*path, key), old.get(key), new.get(key))
    else:
        yield _change(called(path), before, after, path)


def _is_told_below(path: Path) -> bool:
    """Whether a part of it has phrases of its own, so that nobody says just that the whole came or went."""
    return any(_matches(".".join(pattern.split(".")[: len(path)]), path) for pattern, _ in TELLERS if path)


def _matches(pattern: str, path: Path) -> bool:
    parts = pattern.split(".")
    return len(parts) == len(path) and all(want in ("*", part) for want, part in zip(parts, path, strict=True))


def called(path: Path) -> str:
    """What people call a field: `cpu` for spec.runtime.cpu."""
    name = NAMES.get(".".join(path))
    return name or spelled(shown_path(path[1:] if path[:1] in (("spec",), ("metadata",)) else path))


def _change(name: str, before: Any, after: Any, path: Path) -> str:
    if isinstance(before, bool) or isinstance(after, bool):
        return f"{name} turned {'on' if after else 'off'}"
    if after is None:
        return f"{name} removed"
    if isinstance(after, dict):
        return f"{name} {'added' if before is None else 'changed'}"
    if before is None:
        return f"{name} set to {say(after, path)}"
    old, new = say(before, path), say(after, path)
    return f"{name} {old} → {new}" if old != new else f"{name} changed"


# -- Places with phrases of their own ----------------------------------------------------------------------


def _renamed(_path: Path, before: Any, after: Any) -> Iterator[str]:
    yield f"renamed {say(before)} → {say(after)}"


def _label(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entry("label", path, before, after)


def _variable(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entry("env", path, before, after)


def _entry(noun: str, path: Path, before: Any, after: Any) -> Iterator[str]:
    """An entry of a mapping whose keys people choose."""
    name = f"{noun} {shown_path(path)[-1]}"
    if before is None:
        yield f"{name}={say(after, path)} added"
    elif after is None:
        yield f"{name} removed"
    else:
        yield _change(name, before, after, path)


def _entries(_path: Path, before: Any, after: Any, *, each: Teller) -> Iterator[str]:
    """A whole mapping that came, went or changed, entry by entry."""
    old, new = before or {}, after or {}
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield from each((*_path, key), old.get(key), new.get(key))


def _labels(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entries(path, before, after, each=_label)


def _env(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entries(path, before, after, each=_variable)


def _image(path: Path, before: Any, after: Any) -> Iterator[str]:
    """Only the tag where the repository stays."""
    old, new = _split_image(before), _split_image(after)
    if old[0] == new[0] and old[1] and new[1]:
        yield f"image {say(old[1])} → {say(new[1])}"
    else:
        yield _change("image", before, after, path)


def _split_image(image: Any) -> tuple[str, str]:
    """`host:5000/name:tag@sha256:…` → (host:5000/name, tag@sha256:…)."""
    text = image if isinstance(image, str) else ""
    name, at, digest = text.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    return repository, tag + at + digest if at else tag


def _secrets(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entries(path, before, after, each=_secret)


def _secret(path: Path, before: Any, after: Any) -> Iterator[str]:
    name = f"secret {_item(path)}"
    if before is None or after is None:
        yield f"{name} {'added' if before is None else 'removed'}"
    else:
        yield f"{name} from {say(before.get('key'))} → {say(after.get('key'))}"


def _skills(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entries(path, before, after, each=_skill)


def _skill(path: Path, before: Any, _after: Any) -> Iterator[str]:
    yield f"skill {_item(path)} {'allowed' if before is None else 'no longer allowed'}"


def _channels(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entries(path, before, after, each=_channel)


def _channel(path: Path, before: Any, after: Any) -> Iterator[str]:
    if before is None or after is None:
        yield f"channel {path[-1]} {'added' if before is None else 'removed'}"
        return
    old, new = dict(leaves(before)), dict(leaves(after))
    for below in {**old, **new}:
        if old.get(below) != new.get(below):
            name = f"channel {path[-1]}: {spelled(tuple(part for part in below if part != 'secret'))}"
            yield _change(name, old.get(below), new.get(below), (*path, *below))


def _paused(_path: Path, before: Any, after: Any) -> Iterator[str]:
    if after is None:
        yield "resumed"
        return
    until = f" until {_minute(after['until'])}" if after.get("until") else ""
    verb = "paused by" if before is None else "pause changed: by"
    yield f"{verb} {say(after.get('by'))}{until}: {say(after.get('reason'))}"


def _minute(moment: Any) -> str:
    """`2027-01-07T08:00:00Z` → `2027-01-07 08:00Z`."""
    text = say(moment)
    return f"{text[:10]} {text[11:16]}Z" if text.endswith("Z") else text


def _restarted(_path: Path, _before: Any, after: Any) -> Iterator[str]:
    yield f"restart asked for at {_minute(after)}" if after is not None else "restartedAt removed"


def _waivers(path: Path, before: Any, after: Any) -> Iterator[str]:
    yield from _entries(path, before, after, each=_waiver)


def _waiver(path: Path, before: Any, after: Any) -> Iterator[str]:
    if after is None:
        yield f"waiver of {_item(path)} removed"
    else:
        until = f" until {say(after.get('until'))}" if after.get("until") else ""
        yield f"waiver of {_item(path)}{until} {'added' if before is None else 'changed'}: {say(after.get('reason'))}"


def _persistent(_path: Path, _before: Any, after: Any) -> Iterator[str]:
    yield "state made persistent" if after else "state no longer persistent"


def _item(path: Path) -> str:
    return shown_path(path)[-1].removeprefix("[").removesuffix("]")


TELLERS: tuple[tuple[str, Teller], ...] = (
    ("metadata.name", _renamed),
    ("metadata.labels", _labels),
    ("spec.runtime.image", _image),
    ("spec.runtime.env", _env),
    ("spec.secrets", _secrets),
    ("spec.channels", _channels),
    ("spec.skills.allowlist", _skills),
    ("spec.state.persistent", _persistent),
    ("spec.lifecycle.paused", _paused),
    ("spec.lifecycle.restartedAt", _restarted),
    ("spec.policies.waivers", _waivers),
    ("spec.taskRole.statements", statements),
    ("spec.people.*", person),
    ("spec.groups.*", group),
    ("spec.bindings", bindings),
)
"""Which place is told by whom."""

NAMES = {
    "spec.runtime.cpu": "cpu",
    "spec.runtime.memory": "memory",
    "spec.runtime.replicas": "replicas",
    "spec.runtime.architecture": "architecture",
    "spec.runtime.command": "command",
    "spec.model.primary": "model",
    "spec.model.fallbacks": "fallback models",
    "spec.model.apiKey.secret": "model key",
    "spec.skills.remoteInstall": "remote skill install",
    "spec.network.inbound": "inbound",
    "spec.network.egressPreset": "egress",
    "spec.observability.logLevel": "log level",
    "spec.observability.tracing": "tracing",
    "spec.observability.tracing.endpoint": "tracing endpoint",
    "spec.state.backupBeforeUpgrade": "backup before upgrade",
    "spec.lifecycle.deletionProtection": "deletion protection",
    "spec.policies.forbidPublicAdmin": "forbidPublicAdmin",
    "spec.policies.requireSecretManager": "requireSecretManager",
    "spec.aws.accountId": "AWS account",
    "spec.aws.region": "region",
    "spec.rollout.maxConcurrent": "rollouts at once",
    "spec.rollout.stopAfterFailures": "failures before rollouts stop",
    "spec.logs.retentionDays": "log retention in days",
}
"""What people call a field; every other is called by its path without `spec`."""
