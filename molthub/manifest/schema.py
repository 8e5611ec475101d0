"""The JSON Schemas (2020-12) of what people write, made from the models.

An editor that knows them completes fields and underlines mistakes while one types; `molthub schema` prints them.
They say what a model can say: references between documents, guardrails and the loader's YAML rules are not theirs.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from molthub.manifest.fields import API_VERSION
from molthub.manifest.models import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMBINED = "molthub.schema.json"
"""The schema that fits any manifest, whatever its kind: the one that editors are pointed at."""


def schemas() -> dict[str, str]:
    """File name → text: one schema a kind, and COMBINED. Ends with a newline, and depends on the models alone."""
    named = {f"{kind.lower()}.schema.json": _of_kind(kind) for kind in KINDS}
    named[COMBINED] = _combined()
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in named.items()}


def schema_for(kind: str | None = None) -> str:
    """The schema of one kind, or the one for all. Raises KeyError for an unknown kind."""
    return schemas()[COMBINED if kind is None else f"{kind.lower()}.schema.json"]


def _of_kind(kind: str) -> dict[str, Any]:
    schema = _tidied(KINDS[kind].model_json_schema())
    return {"$schema": DIALECT, "title": f"Molthub {kind}", **schema}


def _combined() -> dict[str, Any]:
    _, definitions = models_json_schema([(model, "validation") for model in KINDS.values()])
    by_kind = [
        {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": {"$ref": f"#/$defs/{kind}"}}
        for kind in KINDS
    ]
    return {
        "$schema": DIALECT,
        "title": "Molthub manifest",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": list(KINDS)}},
        "allOf": by_kind,
        **_tidied(definitions),
    }


def _tidied(schema: Any) -> Any:
    """Without pydantic's titles, which repeat the names, and with maps closed to keys that their pattern refuses."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidied(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    return tidy
