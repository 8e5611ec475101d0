"""JSON Patch (RFC 6902) on a rendered instance: what people change that a template has no parameter for. Pure.

A patch is data from a file that anybody may have written: every way in which one can be wrong is a sentence, and no
sentence repeats a value.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from molthub.errors import StallingError
from molthub.manifest.yaml_events import Value, parse
from molthub.manifest.yaml_text import MAX_BYTES, YamlRefusedError

OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
MOST_OPERATIONS = 200
_FROZEN = ("apiVersion", "kind")
_IDENTITY = ("id", "name", "workspace", "environment")


@dataclass(frozen=True, slots=True)
class Patch:
    """Operations as RFC 6902 writes them. source: the file, for messages."""

    source: str
    operations: tuple[dict[str, Any], ...]


def read_patch(source: str, content: bytes) -> Patch:
    """A patch from JSON or YAML. Raises MH-TMPL-011 for what is none."""
    try:
        found = parse(content)
    except YamlRefusedError as refusal:
        raise _no_patch(source, f"{refusal.message} (line {refusal.mark.line})") from None
    if not isinstance(found, list):
        raise _no_patch(source, "it is not a list of operations")
    if len(found) > MOST_OPERATIONS:
        raise _no_patch(source, f"it has more than {MOST_OPERATIONS} operations")
    for number, operation in enumerate(found, start=1):
        why = _why_not(operation)
        if why is not None:
            raise _no_patch(source, f"operation {number} {why}")
    return Patch(source, tuple(item for item in found if isinstance(item, dict)))


def patched(document: dict[str, Any], patch: Patch) -> dict[str, Any]:
    """The instance with a patch applied; the given one stays as it is. Raises MH-TMPL-012.

    The identity cannot be changed: it is the command line's.
    """
    now: Any = copy.deepcopy(document)
    for number, operation in enumerate(patch.operations, start=1):
        try:
            now = jsonpatch.JsonPatch([operation]).apply(now)
        except (
            jsonpatch.JsonPatchException,
            JsonPointerException,
            TypeError,
            KeyError,
            IndexError,
            ValueError,
        ) as error:
            raise _refused(patch, number, _reason(operation, error)) from None
        if not isinstance(now, dict) or _fixed(now) != _fixed(document):
            raise _refused(patch, number, "it changes the identity: name, id, workspace, environment, kind")
        if operation["op"] == "copy" and len(json.dumps(now)) > MAX_BYTES:  # copies double
            raise _refused(patch, number, "the manifest becomes too large")
    result: dict[str, Any] = now
    try:
        parse(json.dumps(result, ensure_ascii=False).encode())
    except YamlRefusedError as refusal:  # nested too deeply, most likely
        message = f"what comes of {patch.source} is no manifest: {refusal.message}"
        raise StallingError("MH-TMPL-012", message, fix="Look over its operations") from None
    return result


def _why_not(operation: Value) -> str | None:
    if not isinstance(operation, dict) or operation.get("op") not in OPERATIONS:
        return f"is none: `op` must be one of {', '.join(OPERATIONS)}"
    if not _is_pointer(operation.get("path")):
        return "has no `path` such as /spec/runtime/cpu"
    if operation["op"] in ("move", "copy") and not _is_pointer(operation.get("from")):
        return "has no `from` such as /spec/runtime/cpu"
    if operation["op"] in ("add", "replace", "test") and "value" not in operation:
        return "has no `value`"
    return None


def _is_pointer(value: Value) -> bool:
    return isinstance(value, str) and (value == "" or value.startswith("/"))


def _fixed(document: Any) -> tuple[Any, ...]:
    """What a patch may not touch."""
    meta = document.get("metadata") if isinstance(document, dict) else None
    parts = meta if isinstance(meta, dict) else {}
    return (*(document.get(key) for key in _FROZEN), *(parts.get(key) for key in _IDENTITY))


def _reason(operation: dict[str, Any], error: Exception) -> str:
    if isinstance(error, jsonpatch.JsonPatchTestFailed):
        return "its test does not hold"
    path = operation["path"] if operation["op"] not in ("move", "copy") else operation["from"]
    return f"there is nothing at {path[:200]!a} that it could be done to"


def _no_patch(source: str, why: str) -> StallingError:
    return StallingError(
        "MH-TMPL-011",
        f"{source} is no JSON Patch: {why}",
        fix='Write a list such as [{"op": "replace", "path": "/spec/runtime/cpu", "value": 2048}]',
    )


def _refused(patch: Patch, number: int, why: str) -> StallingError:
    operation = patch.operations[number - 1]
    message = f"operation {number} ({operation['op']}) of {patch.source} cannot be done: {why}"
    return StallingError("MH-TMPL-012", message, fix="`molthub template render` shows what there is to change")
