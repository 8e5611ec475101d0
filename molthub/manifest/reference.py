"""The manifest reference as Markdown, made from the same JSON Schemas that editors use, so neither can drift."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from molthub.manifest.fields import PATTERN_WORDS
from molthub.manifest.models import KINDS
from molthub.manifest.schema import schema_for

Schema = dict[str, Any]

_HEADER = """\
<!-- Generated from molthub/manifest by docs/generate.py. Do not edit. -->

# Manifest reference

A fleet repository holds YAML files with `apiVersion: molthub/v1`, one document a file. `kind` says what a file is;
where it lies is free, but for `molthub.yaml` at the root. Unknown fields are errors. Editors that read JSON Schema
complete and check these files; the schemas are in `docs/schema/`, and `molthub schema` prints them.

Plain values mean what they mean in JSON: `true` and `false` are the only booleans, decimal digits the only numbers,
and everything else is text as written. Text that looks like a number (`1.10`) must be quoted. Times carry a zone.
Anchors, aliases, merge keys, tags, duplicate keys, tabs and more than 32 levels are refused.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_HEADER, *(_section(kind) for kind in KINDS)])


def _section(kind: str) -> str:
    schema: Schema = json.loads(schema_for(kind))
    lines = [
        f"## {kind}",
        "",
        schema["description"],
        "",
        "| Field | Type | Default | What it is |",
        "|---|---|---|---|",
        *_rows(schema, schema.get("$defs", {}), prefix=""),
        "",
    ]
    return "\n".join(lines)


def _rows(schema: Schema, defs: Schema, *, prefix: str) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        shape = _resolved(field, defs)
        yield f"| `{path}` | {_type(shape, defs)} | {_default(field, name in required)} | {_description(field)} |"
        yield from _rows(shape, defs, prefix=f"{path}.")
        if shape.get("type") == "array":
            yield from _rows(_resolved(shape["items"], defs), defs, prefix=f"{path}[].")


def _resolved(schema: Schema, defs: Schema) -> Schema:
    """What a field holds, without the reference to it and without `null`, which only means "left out"."""
    if "anyOf" in schema:
        schema = next(option for option in schema["anyOf"] if option.get("type") != "null")
    if "$ref" in schema:
        resolved: Schema = defs[schema["$ref"].rsplit("/", 1)[-1]]
        return resolved
    return schema


def _type(shape: Schema, defs: Schema) -> str:
    if "const" in shape:
        return f"`{shape['const']}`"
    if "enum" in shape:
        return "one of " + ", ".join(f"`{value}`" for value in shape["enum"])
    kind = shape.get("type")
    if kind == "array":
        item = _type(_resolved(shape["items"], defs), defs)
        return f"list of {item}{_range(shape, 'Items', 'items')}"
    if kind == "object":
        entries = _range(shape, "Properties", "entries")
        of_text = shape.get("additionalProperties") != {"type": "string"} and "patternProperties" not in shape
        return "mapping" if "properties" in shape or of_text else f"mapping of text to text{entries}"
    if kind == "integer":
        return f"whole number{_range(shape, 'imum', '')}"
    return "`true` or `false`" if kind == "boolean" else _text(shape)


def _text(shape: Schema) -> str:
    if isinstance(shape.get("type"), list):
        return "text, whole number, or `true` or `false`"
    if "format" in shape:
        return {"date-time": "time with a zone", "date": "day"}[shape["format"]]
    words = PATTERN_WORDS.get(shape.get("pattern", ""))
    return ("text: " + words if words else "text") + _range(shape, "Length", "characters")


def _range(shape: Schema, limit: str, unit: str) -> str:
    low, high = shape.get(f"min{limit}"), shape.get(f"max{limit}")
    low = None if low == 1 and limit == "Length" else low
    if low is None and high is None:
        return ""
    words = f"{low} to {high}" if low is not None and high is not None else f"at most {high}" if high else f"from {low}"
    return f" ({words} {unit})" if unit else f" ({words})"


def _default(field: Schema, required: bool) -> str:  # noqa: FBT001 -- read from the schema, one caller
    if required:
        return "**required**"
    default = field.get("default")
    return "" if default is None else f"`{json.dumps(default)}`"


def _description(field: Schema) -> str:
    examples = ", ".join(f"`{_flow(example)}`" for example in field.get("examples", []))
    text = field.get("description", "")
    return f"{text} Example: {examples}." if examples else str(text)


def _flow(value: Any) -> str:
    """A value in YAML's flow style."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
