"""pydantic's findings as diagnostics: our words, a place, a fix, and never the value that was written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from molthub.errors import Diagnostic, Location
from molthub.manifest.fields import PATTERN_WORDS
from molthub.manifest.models import SecretRef
from molthub.manifest.places import Place
from molthub.manifest.shown import shown_key, shown_path

MAX_DIAGNOSTICS = 20

Path = tuple[str | int, ...]
Words = tuple[str, str, str]
"""Reference, message, fix."""

_SHAPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "enum": "one of the allowed words",
    "molthub_scalar": "text, a whole number, or true or false",
}
_SHAPE_FIXES = {
    "a whole number": "Write digits alone: no quotes, no leading zero, no fraction, no unit",
    "a list": "Write each item on a line that begins with `- `",
    "a mapping": "Write `key: value` lines below it, indented",
    "text": "Write text",
}


def model_diagnostics(
    error: ValidationError, *, model: type[BaseModel], place: Place, subject: str | None
) -> tuple[Diagnostic, ...]:
    """One diagnostic for each finding, in the order of the file; after MAX_DIAGNOSTICS only their number."""
    details = error.errors(include_url=False, include_context=True)
    found = [
        Diagnostic(ref, message, _location(item, place), fix, subject=subject)
        for item in details[:MAX_DIAGNOSTICS]
        for ref, message, fix in [_words(item, model)]
    ]
    found.sort(key=lambda item: (_order(item.location), item.ref, item.message))
    if len(details) > MAX_DIAGNOSTICS:
        more = f"{len(details) - MAX_DIAGNOSTICS} further errors in this file are not shown"
        found.append(Diagnostic("MH-MAN-023", more, found[-1].location, "Mend the ones above first", subject=subject))
    return tuple(found)


def nearest(word: str, candidates: list[str]) -> str | None:
    """The candidate a person most likely meant, letter case aside, or None when nothing is near."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word[:64].lower(), list(by_lower), n=1, cutoff=0.7)
    return by_lower[matches[0]] if matches else None


def _order(location: Location | None) -> tuple[int, int]:
    return (location.line or 0, location.column or 0) if location else (0, 0)


def _location(item: ErrorDetails, place: Place) -> Location:
    path = _path(item)
    if item["type"] == "extra_forbidden" or item["loc"][-1:] == ("[key]",):
        return place.key(path)
    return place(path[:-1] if item["type"] == "missing" else path)


def _path(item: ErrorDetails) -> Path:
    """pydantic's loc without its own `[key]` mark."""
    loc = item["loc"]
    return loc[:-1] if loc[-1:] == ("[key]",) else loc


def _words(item: ErrorDetails, model: type[BaseModel]) -> Words:
    kind, path = item["type"], _path(item)
    context = item.get("ctx", {})
    name = f"`{shown_path(path)}`"
    if kind == "extra_forbidden":
        return _unknown(path, model)
    if kind == "missing":
        return "MH-MAN-002", f"{name} is missing", "Add it; it has no default"
    if kind in ("literal_error", "enum") and isinstance(item["input"], (str, int, float)):
        return _not_allowed(name, item["input"], str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        words = PATTERN_WORDS.get(str(context.get("pattern")), "of another form")
        subject = f"a key of `{shown_path(path[:-1])}`" if item["loc"][-1:] == ("[key]",) else name
        return "MH-MAN-006", f"{subject} must be {words}", "Write it in that form"
    if kind in ("molthub_instant", "molthub_day"):
        return _time_words(kind, name)
    limit = _limit_words(kind, name, context)
    return limit or _shape_words(kind, name, item["input"], wanted=_model_at(model, path))


def _time_words(kind: str, name: str) -> Words:
    if kind == "molthub_day":
        return "MH-MAN-011", f"{name} must be a day of the calendar", "Write it as 2027-01-31"
    return "MH-MAN-011", f"{name} must be a time with a zone", "Write it as 2027-01-07T08:00:00Z"


_LIMITS: dict[str, tuple[str, str, str, str]] = {
    # pydantic's type: reference, the limit's name in its context, our words, fix
    "string_too_short": ("MH-MAN-007", "min_length", "be at least {} characters long", "Write more of it"),
    "string_too_long": ("MH-MAN-007", "max_length", "be at most {} characters long", "Shorten it"),
    "too_short": ("MH-MAN-010", "min_length", "hold at least {} items", "Add what is missing"),
    "too_long": ("MH-MAN-010", "max_length", "hold at most {} items", "Remove some"),
    "greater_than_equal": ("MH-MAN-008", "ge", "be at least {}", "Write a larger number"),
    "less_than_equal": ("MH-MAN-008", "le", "be at most {}", "Write a smaller number"),
}


def _limit_words(kind: str, name: str, context: dict[str, Any]) -> Words | None:
    if kind not in _LIMITS:
        return None
    ref, key, words, fix = _LIMITS[kind]
    if kind == "too_short" and context[key] == 1:
        return ref, f"{name} must not be empty", "Add an item, or remove the key"
    return ref, f"{name} must {words.format(context[key])}", fix


def _shape_words(kind: str, name: str, given: Any, *, wanted: type[BaseModel] | None) -> Words:
    shape = _SHAPES.get(kind, "something else")
    if given is None:
        return "MH-MAN-012", f"{name} is empty, and must be {shape}", "Write a value, or remove the key"
    if kind == "string_type" and isinstance(given, (int, float)):
        what = "true or false" if isinstance(given, bool) else "a number"
        return (
            "MH-MAN-004",
            f"{name} must be text, but reads as {what}",
            "Put it in quotes",
        )
    if kind == "model_type" and wanted is SecretRef:
        fix = "Write {secret: NAME}; the value belongs into the secret store"
        return "MH-MAN-003", f"{name} must be a reference to a secret", fix
    if kind == "bool_type":
        fix = "Write true or false without quotes; yes, no, on and off are plain text"
        return "MH-MAN-005", f"{name} must be true or false", fix
    return "MH-MAN-003", f"{name} must be {shape}", _SHAPE_FIXES.get(shape, "Write it in that form")


def _not_allowed(name: str, given: str | float, expected: str) -> Words:
    allowed = re.findall(r"'([^']*)'", expected) or re.findall(r"\d+", expected)
    message = f"{name} must be {_one_of(allowed)}"
    meant = nearest(given, allowed) if isinstance(given, str) else None
    several = f"Did you mean {meant}?" if meant else "Write one of them"
    fix = f"Write {allowed[0]}" if len(allowed) == 1 else several
    return "MH-MAN-009", message, fix


def _one_of(allowed: list[str]) -> str:
    return allowed[0] if len(allowed) == 1 else f"one of {', '.join(allowed)}"


# -- Unknown fields ----------------------------------------------------------------------------------------


def _unknown(path: Path, model: type[BaseModel]) -> Words:
    """An unknown field, with the field that was meant: beside it, or elsewhere in the same kind."""
    name, parent = str(path[-1]), path[:-1]
    where = f" in `{shown_path(parent)}`" if parent else " at the top"
    message = f"{shown_key(name)} is not a field{where}"
    at = _model_at(model, parent)
    fields = list(at.model_fields) if at else []
    homes = sorted({home for field, home in _homes(model, ()) if field == name})
    if len(homes) == 1:
        return "MH-MAN-001", message, f"It belongs in `{homes[0]}`" if homes[0] else "It belongs at the top"
    meant = nearest(name, fields)
    if meant:
        return "MH-MAN-001", message, f"Did you mean `{meant}`?"
    return "MH-MAN-001", message, f"Remove it; known here: {', '.join(fields)}" if fields else "Remove it"


def _homes(model: type[BaseModel], path: Path) -> Iterator[tuple[str, str]]:
    """Every field of a kind with the path of the mapping it lives in; lists are left out."""
    for name, field in model.model_fields.items():
        yield name, shown_path(path)
        child = _mapping_model(field.annotation)
        if child is not None:
            yield from _homes(child, (*path, name))


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    at: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        field = at.model_fields.get(part) if at else None
        at = (_mapping_model(field.annotation) or _item_model(field.annotation)) if field else None
    return at


def _mapping_model(annotation: Any) -> type[BaseModel] | None:
    """The model behind `X`, `X | None` and `Annotated[X, …]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return next((found for arg in get_args(annotation) if (found := _mapping_model(arg))), None)
    return None


def _item_model(annotation: Any) -> type[BaseModel] | None:
    """The model behind `list[X]`."""
    return _mapping_model(get_args(annotation)[0]) if get_origin(annotation) is list else None
