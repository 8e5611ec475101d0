"""Templates: intrinsic functions, what refers to what, and the order that follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from molthub.simulator.refusals import MalformedRequestError

Json = dict[str, Any]

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
PSEUDO = "AWS::"


class Unresolvable(Exception):  # noqa: N818 - it is no error of anybody's: a value that only exists later
    """An attribute or reference that there is none of (yet)."""


Lookup = Callable[[str, str | None], Any]
"""(logical id, attribute or None for Ref) → its value."""


def resolve(value: Any, lookup: Lookup, *, zones: list[str]) -> Any:
    """The value with every function carried out. AWS::NoValue takes its property away."""
    if isinstance(value, list):
        return [resolve(item, lookup, zones=zones) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, argument) = next(iter(value.items()))
        function = _FUNCTIONS.get(name)
        if function is not None:
            return function(argument, lambda inner: resolve(inner, lookup, zones=zones), lookup, zones)
        if name.startswith("Fn::"):
            raise MalformedRequestError("ValidationError", f"the simulator does not know {name}", ref="MH-SIM-003")
    return {key: resolve(item, lookup, zones=zones) for key, item in value.items()}


Inner = Callable[[Any], Any]


def _get_att(argument: Any, _inner: Inner, lookup: Lookup, _zones: list[str]) -> Any:
    name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
    return lookup(name, attribute)


def _sub(argument: Any, inner: Inner, lookup: Lookup, _zones: list[str]) -> str:
    text, own = argument if isinstance(argument, list) else (argument, {})

    def fill(match: re.Match[str]) -> str:
        literal, name = match[1], match[2]
        if literal:
            return f"${{{name}}}"
        if name in own:
            return str(inner(own[name]))
        logical, dot, attribute = name.partition(".")
        return str(lookup(logical, attribute if dot else None))

    return _PLACEHOLDER.sub(fill, text)


def _select(argument: Any, inner: Inner, _lookup: Lookup, _zones: list[str]) -> Any:
    index, items = inner(argument[0]), inner(argument[1])
    if int(index) >= len(items):
        raise MalformedRequestError("ValidationError", f"Template error: Fn::Select cannot select index {index}")
    return items[int(index)]


_FUNCTIONS: Mapping[str, Callable[[Any, Inner, Lookup, list[str]], Any]] = {
    "Ref": lambda argument, _inner, lookup, _zones: lookup(argument, None),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Select": _select,
    "Fn::Join": lambda argument, inner, _lookup, _zones: argument[0].join(str(item) for item in inner(argument[1])),
    "Fn::Split": lambda argument, inner, _lookup, _zones: inner(argument[1]).split(argument[0]),
    "Fn::GetAZs": lambda _argument, _inner, _lookup, zones: list(zones),
}


def references(value: Any) -> set[str]:
    """Logical ids that a value refers to, pseudo parameters left out."""
    found: set[str] = set()

    def note(name: str, _attribute: str | None) -> str:
        if not name.startswith(PSEUDO):
            found.add(name)
        return ""

    _walk(value, note)
    return found


def _walk(value: Any, note: Lookup) -> None:
    if isinstance(value, list):
        for item in value:
            _walk(item, note)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name in {"Ref", "Fn::GetAtt", "Fn::Sub"} and len(value) == 1:
                _FUNCTIONS[name](argument, lambda inner: _walk(inner, note), note, [])
            else:
                _walk(argument, note)


def dependencies(declared: Json) -> set[str]:
    """What must be there before this resource."""
    after = declared.get("DependsOn", [])
    return references(declared.get("Properties", {})) | ({after} if isinstance(after, str) else set(after))


def in_order(resources: Mapping[str, Json]) -> list[str]:
    """Logical ids, each after what it depends on. Raises ValidationError for a circle or a name that is not there."""
    ordered: list[str] = []
    waiting = {name: dependencies(item) for name, item in resources.items()}
    for name, needed in waiting.items():
        missing = sorted(needed - resources.keys())
        if missing:
            message = f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in {name}"
            raise MalformedRequestError("ValidationError", message)
    while waiting:
        ready = [name for name, needed in waiting.items() if needed <= set(ordered)]
        if not ready:
            message = f"Circular dependency between resources: [{', '.join(sorted(waiting))}]"
            raise MalformedRequestError("ValidationError", message)
        ordered += ready
        for name in ready:
            del waiting[name]
    return ordered
