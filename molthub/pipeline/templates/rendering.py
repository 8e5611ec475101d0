"""A template, what was chosen and a patch → an instance's manifest, and what is to be said of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from molthub.errors import Diagnostic, StallingError
from molthub.manifest.composing import Path, composed
from molthub.manifest.documents import FleetDocuments, LoadedInstance
from molthub.manifest.fields import MAX_NAME, NAME_PATTERN, PATTERN_WORDS
from molthub.manifest.loader import load_files, load_loose
from molthub.manifest.placeholders import LEFT_OUT, chosen, text_of
from molthub.manifest.reading import FLEET_PATH
from molthub.manifest.template import ParameterType, Scalar
from molthub.manifest.template_checks import instance_document
from molthub.manifest.yaml_text import YamlRefusedError
from molthub.pipeline.engine import judge
from molthub.pipeline.templates.catalogue import Entry
from molthub.pipeline.templates.choosing import Choices
from molthub.pipeline.templates.patching import Patch, patched
from molthub.pipeline.types import CheckedFleet, Rules
from molthub.resources.identity import Identity

SCHEMA_LINE = "yaml-language-server: $schema="
_NAME = re.compile(NAME_PATTERN, re.ASCII)
IDENTITY_NOTE = "its identity for ever: keep it when you rename"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants of a template.

    name    what the instance is called; its id is among the choices
    labels  added to the template's, in place of those of the same key
    schema  point editors at the schema that `init` writes
    """

    entry: Entry
    choices: Choices
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    patch: Patch | None = None
    schema: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What is said of one manifest. loaded: None when it is not valid."""

    loaded: LoadedInstance | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(item for item in self.diagnostics if item.severity.value == "error")


def path_for(workspace: str, environment: str, name: str) -> str:
    """Where an instance's manifest is put."""
    return f"instances/{workspace}/{environment}/{name}.yaml"


def identity_of(name: str, environment: str, *, id_: str | None = None, fleet: str = "") -> Identity:
    """Who an instance of that name in WORKSPACE/NAME will be. Raises MH-TMPL-010 for what no identity has."""
    workspace, _, within = environment.partition("/")
    for what, text in (("--environment", workspace), ("--environment", within), ("NAME", name), ("--id", id_ or name)):
        if not _NAME.fullmatch(text) or len(text) > MAX_NAME:
            form = "WORKSPACE/NAME" if what == "--environment" else "a name"
            fix = f"Use {PATTERN_WORDS[NAME_PATTERN]}, at most {MAX_NAME} of them"
            raise StallingError("MH-TMPL-010", f"{what} must be {form}, and {text!a} is none", fix=fix)
    return Identity(fleet, workspace, within, id_ or name)


def document_of(order: Order) -> dict[str, Any]:
    """The instance as plain data. Raises MH-TMPL-012 for a patch that cannot be applied."""
    document = instance_document(order.entry.model, {**order.choices.values, "name": order.name})
    if order.labels:
        document["metadata"]["labels"] = {**document["metadata"].get("labels", {}), **order.labels}
    return patched(document, order.patch) if order.patch else document


def manifest_of(order: Order) -> str:
    """The instance as YAML, with comments that say what was chosen. Raises MH-TMPL-010 for what YAML cannot hold."""
    document = document_of(order)
    first = schema_line(path_for(**_place(document))) if order.schema else None
    try:
        return composed(document, first=first, head=_head(order), notes=_notes(order, document))
    except (YamlRefusedError, UnicodeEncodeError) as error:  # only labels come here without having been looked at
        why = error.message if isinstance(error, YamlRefusedError) else "it is not UTF-8"
        message = f"no manifest can hold one of the labels: {why}"
        raise StallingError("MH-TMPL-010", message, fix="Look over what was given with --label") from None


def schema_line(path: str) -> str:
    """What points an editor from a file of the fleet at the schema that `init` writes."""
    return f"{SCHEMA_LINE}{'../' * path.count('/')}.molthub/molthub.schema.json"


def findings(path: str, content: bytes, *, around: CheckedFleet | None, rules: Rules, now: datetime) -> Findings:
    """What the loader and the guardrails say of a manifest, as part of a fleet or by itself."""
    if around is not None and around.documents.fleet is not None:
        files = {name: entry.content for name, entry in around.snapshot.files.items()}
        documents = load_files({**files, path: content})
    else:
        documents = load_loose({path: content})
    found = [item for item in documents.diagnostics if item.location and item.location.path == path]
    loaded = next((item for item in documents.instances.values() if item.path == path), None)
    if loaded is not None:
        verdicts = judge(loaded, _without_tree(documents), rules=rules, now=now)
        found += [*verdicts.errors, *verdicts.notices]
    return Findings(loaded, tuple(found))


def _without_tree(documents: FleetDocuments) -> FleetDocuments:
    return replace(documents, invalid=(), diagnostics=())


def points_at_schema(around: CheckedFleet | None) -> bool:
    """Whether this fleet's files point editors at the schema."""
    entry = around.snapshot.files.get(FLEET_PATH) if around else None
    return entry is not None and entry.content.removeprefix(b"\xef\xbb\xbf").startswith(f"# {SCHEMA_LINE}".encode())


def _head(order: Order) -> Iterator[str]:
    model = order.entry.model
    origin = order.entry.path or "built in"
    yield f"{model.metadata.title}, made from the template {model.metadata.name} ({origin})."
    said = [
        f"{name}={text_of(value)}"
        for name, value in order.choices.values.items()
        if name in order.choices.given and isinstance(value, Scalar)
    ]
    if said:
        yield f"Chosen: {', '.join(said)}. The rest is the template's default."
    if order.patch is not None:
        count = len(order.patch.operations)
        yield f"Changed by {count} operation{'' if count == 1 else 's'} of a JSON Patch."


def _place(document: dict[str, Any]) -> dict[str, str]:
    return {key: document["metadata"][key] for key in ("workspace", "environment", "name")}


def _notes(order: Order, document: dict[str, Any]) -> dict[Path, str]:
    """Comments: at the id, and at every value that is a parameter's, what that decides."""
    notes: dict[Path, str] = {("metadata", "id"): IDENTITY_NOTE}
    model, values = order.entry.model, order.choices.values
    body = {"metadata": {"labels": model.spec.instance.metadata.labels}, "spec": model.spec.instance.spec}
    for path, name in chosen(body):
        parameter = model.parameters.get(name)
        if parameter is None or parameter.type is ParameterType.SECRET:
            continue
        if _at(document, path) == values[name]:
            notes[path] = parameter.description
    return notes


def _at(document: Any, path: Path) -> Any:
    """What a path holds; LEFT_OUT where it leads nowhere."""
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return LEFT_OUT
    return document
