"""`PATH=VALUE` as people type it on a command line: which field of a manifest, and what goes there.

runtime.cpu=2048                        typed by the model; `spec.` may be left out
metadata.labels[app.example.com/tier]=web   a key with dots, in brackets
secrets[SLACK_BOT_TOKEN].key=a/b#c      an item of a list by its name, or by its number from 0
skills.allowlist=github,notion          a list: with commas, or as `[github, notion]`
skills.allowlist+=github                adds to a list what it lacks; `-=` takes away
model={primary: anthropic/x}            a mapping, as YAML on one line
channels.webhook-                       takes the field away, so that its default counts
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from molthub.errors import StallingError
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.ordering import models_in
from molthub.manifest.wording import nearest
from molthub.manifest.yaml_events import Path, parse
from molthub.manifest.yaml_text import YamlRefusedError

_PART = re.compile(r"\[([^\[\]]*)\]|\.?([^.\[\]=+]+)")
_SHAPE = re.compile(r"(?P<path>(?:\[[^\[\]]*\]|[^=\[\]])+?)(?:(?P<sign>\+=|-=|=)(?P<value>.*)|(?P<unset>-))", re.DOTALL)
_ROOTS = ("spec", "metadata")
_WORDS = {"true": True, "false": False}


class Operation(StrEnum):
    """What is done at the path."""

    SET = "="
    ADD = "+="
    TAKE = "-="
    UNSET = "-"


@dataclass(frozen=True, slots=True)
class Assignment:
    """path: from the document's root, list items by number or by name; value: plain, None for UNSET."""

    path: Path
    operation: Operation
    value: Any
    text: str


def is_assignment(text: str) -> bool:
    """Whether an argument assigns: no instance's name holds an `=` or ends in a hyphen."""
    return "=" in text or text.endswith("-")


def read_assignment(text: str, *, as_json: bool = False) -> Assignment:
    """One assignment, typed by the manifest's model.

    as_json: every value is JSON, so that `"12"` is text and `12` a number.
    Raises MH-ACT-002 for a path that no manifest has, -004 for one of the identity, -005 for a value of no use.
    """
    found = _SHAPE.fullmatch(text)
    parts = tuple(_parts(found["path"])) if found else ()
    if found is None or not parts:
        raise StallingError("MH-ACT-005", f"{text!r} is not PATH=VALUE", fix="Write it as spec.runtime.cpu=2048")
    operation = Operation(found["sign"] or found["unset"])
    path, annotation = _resolved(parts)
    _check_allowed(path)
    if operation is Operation.UNSET:
        return Assignment(path, operation, None, text)
    if operation is not Operation.SET and not _is_list(annotation):
        raise StallingError(
            "MH-ACT-005", f"{shown(path)} is no list, so {operation} has no meaning", fix=f"Write {shown(path)}=VALUE"
        )
    value = _read(found["value"], annotation, path, as_json=as_json)
    return Assignment(path, operation, value, text)


def shown(path: Path) -> str:
    """A path as people write it."""
    text = ""
    for part in path:
        plain = isinstance(part, str) and re.fullmatch(r"[^.\[\]=+]+", part)
        text += (f".{part}" if text else str(part)) if plain else f"[{part}]"
    return text


def assign(document: MutableMapping[str, Any], assignment: Assignment) -> None:
    """Carry it out on a manifest's plain document, in place. Raises MH-ACT-006 for a list item that is not there."""
    *around, last = assignment.path
    if assignment.operation is Operation.UNSET:
        _take_away(document, tuple(around), last)
        return
    here = _reach(document, tuple(around))
    if isinstance(here, list):
        last = _index(here, last, assignment.path)
    if assignment.operation is Operation.SET:
        here[last] = assignment.value
        return
    held = list(here.get(last) or []) if isinstance(here, dict) else list(here[last] or [])
    if assignment.operation is Operation.ADD:
        here[last] = [*held, *(item for item in assignment.value if item not in held)]
    elif (left := [item for item in held if item not in assignment.value]) != held:
        here[last] = left


def _reach(document: Any, path: Path) -> Any:
    """The mapping or list at a path; mappings that are missing on the way are made."""
    here = document
    for depth, part in enumerate(path):
        if isinstance(here, list):
            here = here[_index(here, part, path[: depth + 1])]
        else:
            if here.get(part) is None:
                here[part] = {}
            here = here[part]
    return here


def _take_away(document: Any, around: Path, last: str | int) -> None:
    """Remove what is at the path, and the mappings around it that it leaves empty."""
    trail = [document]
    for part in around:
        here = trail[-1]
        if isinstance(here, list):
            found = _find(here, part)
            inner = None if found is None else here[found]
        else:
            inner = here.get(part)
        if inner is None:
            return
        trail.append(inner)
    here = trail[-1]
    if isinstance(here, list):
        found = _find(here, last)
        if found is not None:
            del here[found]
        return
    if last not in here:
        return
    del here[last]
    for depth in range(len(around) - 1, 0, -1):  # the sections themselves stay
        if trail[depth + 1] == {} and isinstance(trail[depth], dict):
            del trail[depth][around[depth]]


def _find(items: list[Any], part: str | int) -> int | None:
    if isinstance(part, int):
        return part if part < len(items) else None
    named = (index for index, item in enumerate(items) if isinstance(item, dict) and item.get("name") == part)
    return next(named, None)


def _index(items: list[Any], part: str | int, path: Path) -> int:
    found = _find(items, part)
    if found is None:
        raise StallingError(
            "MH-ACT-006",
            f"{shown(path[:-1])} has no item {path[-1]}",
            fix=f"Add one with {shown(path[:-1])}+=…",
        )
    return found


# -- paths ------------------------------------------------------------------------------------------------


def _parts(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or not (found[1] or found[2]):
            raise StallingError("MH-ACT-005", f"{text!r} is not a path", fix="Write it as spec.runtime.cpu")
        yield found[1] or found[2]
        at = found.end()


def _resolved(parts: tuple[str, ...]) -> tuple[Path, Any]:
    """The path from the document's root, and what the model says is there."""
    fields = MoltbotInstance.model_fields
    if parts[0] not in fields:
        home = next((root for root in _ROOTS if _follow(fields[root].annotation, parts[:1])), _ROOTS[0])
        parts = (home, *parts)
    found = _follow(MoltbotInstance, parts)
    if found is None:
        raise _unknown(parts)
    return found


def _follow(annotation: Any, parts: tuple[str, ...]) -> tuple[Path, Any] | None:
    path: Path = ()
    for part in parts:
        inner = _inside(annotation, part)
        if inner is None:
            return None
        step, annotation = inner
        path = (*path, step)
    return path, annotation


def _inside(annotation: Any, part: str) -> tuple[str | int, Any] | None:
    """The step that a part of a path is here, and what is there."""
    for choice in _choices(annotation):
        if get_origin(choice) is list:
            return (int(part) if part.isdecimal() else part), get_args(choice)[0]
        if get_origin(choice) is dict:
            return part, get_args(choice)[1]
        if isinstance(choice, type) and issubclass(choice, BaseModel) and part in choice.model_fields:
            return part, choice.model_fields[part].annotation
    return None


def _choices(annotation: Any) -> Iterator[Any]:
    """`X | None` and `Annotated[X, …]` as what they may be."""
    if get_origin(annotation) in (list, dict) or isinstance(annotation, type):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from _choices(inner)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(choice) is list for choice in _choices(annotation))


def _unknown(parts: tuple[str, ...]) -> StallingError:
    given = ".".join(parts)
    known = [shown(path) for path in _every(MoltbotInstance, ())]
    ends = [path for path in known if path.rsplit(".", 1)[-1] == parts[-1]]
    meant = ends[0] if len(ends) == 1 else nearest(given, known)
    fix = f"Did you mean {meant}?" if meant else "See docs/reference/manifest.md for every field"
    return StallingError("MH-ACT-002", f"a manifest has no field {given}", fix=fix)


def _every(model: type[BaseModel], path: Path) -> Iterator[Path]:
    """Every field of a model and of the models below it; lists are left out."""
    for name, field in model.model_fields.items():
        yield (*path, name)
        if not _is_list(field.annotation):
            for inner in models_in(field.annotation):
                yield from _every(inner, (*path, name))


def _check_allowed(path: Path) -> None:
    if path == ("metadata", "name"):
        raise StallingError(
            "MH-ACT-004", "the name is changed with its identity kept", fix="Run `molthub rename INSTANCE NEW`"
        )
    if path[0] in ("apiVersion", "kind") or path in (("metadata",), ("spec",)):
        raise StallingError("MH-ACT-004", f"{shown(path)} is not set", fix="Change it by hand with `molthub edit`")
    if path[0] == "metadata" and path[1] in ("id", "workspace", "environment"):
        raise StallingError(
            "MH-ACT-004",
            f"{shown(path)} is the instance's identity, which is for ever",
            fix="Delete the instance in one commit, and create the other one in the next",
        )


# -- values -----------------------------------------------------------------------------------------------


def _read(text: str, annotation: Any, path: Path, *, as_json: bool) -> Any:
    """The value that the text stands for at a path of this type."""
    if as_json:
        try:
            return json.loads(text)
        except ValueError:
            raise _not(path, "JSON") from None
    choices = list(_choices(annotation))
    if any(get_origin(choice) is list for choice in choices):
        return _list(text, annotation, path)
    if any(_is_mapping(choice) for choice in choices):
        return _mapping(text, path)
    if bool in choices:
        if text not in _WORDS:
            raise _not(path, "true or false")
        return _WORDS[text]
    if int in choices:
        if not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
            raise _not(path, "a whole number")
        return int(text)
    return text


def _is_mapping(choice: Any) -> bool:
    return get_origin(choice) is dict or (isinstance(choice, type) and issubclass(choice, BaseModel))


def _list(text: str, annotation: Any, path: Path) -> list[Any]:
    item = next(get_args(choice)[0] for choice in _choices(annotation) if get_origin(choice) is list)
    if text.lstrip().startswith(("[", "{")) or any(_is_mapping(choice) for choice in _choices(item)):
        found = _yaml(text, path, "a list such as [a, b]")
        found = [found] if isinstance(found, dict) else found
        if not isinstance(found, list):
            raise _not(path, "a list such as [a, b]")
        return found
    return [part.strip() for part in text.split(",") if part.strip()]


def _mapping(text: str, path: Path) -> dict[str, Any]:
    found = _yaml(text, path, "a mapping such as {a: 1}")
    if not isinstance(found, dict):
        raise _not(path, "a mapping such as {a: 1}")
    return found


def _yaml(text: str, path: Path, wanted: str) -> Any:
    try:
        return parse(text.encode("utf-8", "surrogateescape"))
    except YamlRefusedError:
        raise _not(path, wanted) from None


def _not(path: Path, wanted: str) -> StallingError:
    return StallingError("MH-ACT-005", f"the value for {shown(path)} is not {wanted}", fix=f"Write {wanted}")
