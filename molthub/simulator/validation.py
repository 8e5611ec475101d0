"""Every request against botocore's model: members, types, required, enums, lengths, ranges, patterns.

boto3 checks only part of this before it sends, and other clients nothing. Messages name the place, never the
value: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from molthub.simulator.wire import Call

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
    "timestamp": (str, int, float),
    "blob": (str, bytes),
}


def problems_of(call: Call) -> list[str]:
    """What is wrong with a request, a line each; [] when nothing is."""
    found = [f"{path}: no such member" for path in call.unknown]
    shape = call.model.input_shape
    if shape is None:
        return found + [f"{name}: no such member" for name in call.params]
    return found + list(_check(shape, call.params, ""))


def _check(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not _has_type(shape.type_name, value):
        yield f"{path or 'request'}: must be a {shape.type_name}"
        return
    match shape.type_name:
        case "structure":
            yield from _check_structure(shape, value, path)
        case "list":
            yield from _check_size(shape.metadata, len(value), "items", path)
            for index, item in enumerate(value):
                yield from _check(shape.member, item, f"{path}[{index}]")
        case "map":
            yield from _check_size(shape.metadata, len(value), "entries", path)
            for key, item in value.items():
                yield from _check(shape.key, key, f"{path} key")
                yield from _check(shape.value, item, f"{path}.{key}")
        case "string":
            yield from _check_text(shape, value, path)
        case "integer" | "long":
            yield from _check_size(shape.metadata, value, "", path)


def _has_type(name: str, value: Any) -> bool:
    if isinstance(value, bool) and name != "boolean":
        return False
    if name in {"float", "double"} and isinstance(value, str):
        return re.fullmatch(r"-?[\d.]+(e-?\d+)?", value) is not None  # query protocols send text
    return isinstance(value, _TYPES.get(name, (object,)))


def _check_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if name not in value:
            yield f"{prefix}{name}: required"
    for name, item in value.items():
        if name not in shape.members:
            yield f"{prefix}{name}: no such member"
        else:
            yield from _check(shape.members[name], item, f"{prefix}{name}")


def _check_text(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: must be one of {', '.join(shape.enum)}"
    yield from _check_size(shape.metadata, len(value), "characters", path)
    pattern = shape.metadata.get("pattern")
    if pattern and compile_pattern(pattern).fullmatch(value) is None:
        yield f"{path}: does not match {pattern}"


def _check_size(metadata: dict[str, Any], size: int, unit: str, path: str) -> Iterator[str]:
    low, high = metadata.get("min"), metadata.get("max")
    unit = f" {unit}" if unit else ""
    if low is not None and size < low:
        yield f"{path}: at least {low}{unit}"
    if high is not None and size > high:
        yield f"{path}: at most {high}{unit}"


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A Java pattern as Python has it. `\\w` and `\\d` are ASCII there, and `\\p{L}` and its like unknown here."""
    pattern = pattern.replace("\\w-_", "\\w\\-_")  # a hyphen after a class is itself, in Java only
    if "\\p{" not in pattern:
        return re.compile(pattern, re.ASCII)
    text = pattern.replace("\\p{L}", "\\w").replace("\\p{N}", "\\w").replace("\\p{Z}", "\\s")
    text = text.replace("\\p{ASCII}", "[\\x00-\\x7f]")
    return re.compile(text)
