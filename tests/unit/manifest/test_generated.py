"""What is made from the models: schemas, the reference, the words for patterns, a page for every reference."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from molthub.errors import Severity
from molthub.manifest.fields import PATTERN_WORDS
from molthub.manifest.loader import load_loose
from molthub.manifest.models import KINDS
from molthub.manifest.reference import reference
from molthub.manifest.schema import COMBINED, schema_for, schemas
from molthub.manifest.yaml_events import parse

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "molthub" / "errors" / "pages"
CORPUS = ROOT / "tests" / "manifests"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_files_are_not_stale() -> None:
    stale = [path for path, text in generator().manifest_files().items() if (ROOT / path).read_text() != text]
    assert stale == [], "run: python docs/generate.py"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schemas()[name]))


@pytest.mark.parametrize("path", sorted((CORPUS / "valid").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_editor_accepts_what_the_loader_accepts(path: Path) -> None:
    jsonschema.validate(parse(path.read_bytes()), json.loads(schema_for()))


def test_an_editor_refuses_what_a_model_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schemas()[COMBINED]))
    named = ["unknown_field", "missing_image", "wrong_enum", "lower_case_variable", "unquoted_account", "homoglyph"]
    for name in named:
        document = parse((CORPUS / "invalid" / f"{name}.yaml").read_bytes())
        assert not validator.is_valid(document), name


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_is_described(kind: str) -> None:
    schema, page = json.loads(schema_for(kind)), reference()
    for owner in (schema, *schema.get("$defs", {}).values()):
        for name, field in owner.get("properties", {}).items():
            assert field.get("description"), f"{kind}: {name}"
            assert f"{name}`" in page


def test_every_pattern_has_words() -> None:
    patterns = set(_values_of("pattern", json.loads(schema_for())))
    patterns |= {key for group in _values_of("patternProperties", json.loads(schema_for())) for key in group}
    assert patterns == set(PATTERN_WORDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_example_of_a_field_is_valid(kind: str) -> None:
    schema = json.loads(schema_for(kind))
    for owner in (schema, *schema.get("$defs", {}).values()):
        for name, field in owner.get("properties", {}).items():
            for example in field.get("examples", []):
                jsonschema.validate(example, {**field, "$defs": schema.get("$defs", {})}), name


def test_every_reference_has_a_page() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "molthub" / "manifest").glob("*.py"))
    used = set(re.findall(r"MH-(?:YAML|MAN|FLEET)-\d{3}", sources))
    text = "".join((PAGES / f"{area}.md").read_text() for area in ("yaml", "man", "fleet"))
    assert used == set(re.findall(r"^## (MH-[A-Z]+-\d{3}) \S", text, re.MULTILINE))


def test_every_reference_of_a_single_document_is_in_the_corpus() -> None:
    text = "".join(path.read_text() for path in (CORPUS / "invalid").glob("*.txt"))
    pages = (PAGES / "man.md").read_text()
    warnings = {"MH-MAN-020", "MH-MAN-021"}
    assert set(re.findall(r"MH-MAN-\d{3}", pages)) - warnings == set(re.findall(r"MH-MAN-\d{3}", text))
    minimal = load_loose({"x.yaml": (CORPUS / "valid" / "minimal.yaml").read_bytes()})
    assert {item.ref for item in minimal.diagnostics if item.severity is Severity.WARNING} == warnings


def _values_of(key: str, schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for item in schema for found in _values_of(key, item)]
    if not isinstance(schema, dict):
        return []
    here = [schema[key]] if key in schema and (key != "pattern" or isinstance(schema[key], str)) else []
    return here + [found for item in schema.values() for found in _values_of(key, item)]
