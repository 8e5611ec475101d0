"""One file → one model, or the reasons why not, with what could be salvaged of its identity.

Which files are Molthub's: those whose apiVersion begins with `molthub`, or nearly does; those of a kind that
nobody else has; and `molthub.yaml`. Other YAML is left alone, however odd it is, with one exception: a file that
cannot be read at all may have been one of ours, and is Invalid rather than absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from molthub.errors import Diagnostic, Severity
from molthub.manifest.access import AccessPolicy
from molthub.manifest.access_checks import access_diagnostics
from molthub.manifest.checks import document_diagnostics
from molthub.manifest.documents import InvalidFile
from molthub.manifest.fields import API_VERSION, MAX_NAME, NAME_PATTERN
from molthub.manifest.models import KINDS, Document
from molthub.manifest.places import Place
from molthub.manifest.template import MoltbotTemplate
from molthub.manifest.template_checks import template_diagnostics
from molthub.manifest.wording import model_diagnostics, nearest
from molthub.manifest.yaml_events import parse
from molthub.manifest.yaml_text import YamlRefusedError
from molthub.resources.identity import EnvironmentKey

FLEET_PATH = "molthub.yaml"
ACCESS_PATH = "access.yaml"
TEMPLATE = "MoltbotTemplate"
OWN_KINDS = ("MoltbotInstance", TEMPLATE)
"""Kinds that nobody else has."""

# What a file that was not read to its end must show to count as ours.
_CLAIM = re.compile(rb"apiVersion[^\n]*molthub|kind[^\n]*Moltbot(?:Instance|Template)", re.IGNORECASE)
_NAME = re.compile(NAME_PATTERN.removeprefix("^").removesuffix("$"), re.ASCII)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One file of ours: a model and its warnings, or None and its errors. partial: the root's readable entries."""

    path: str
    model: Document | None
    place: Place
    diagnostics: tuple[Diagnostic, ...]
    partial: dict[str, Any]

    def as_invalid(self, more: tuple[Diagnostic, ...] = ()) -> InvalidFile:
        """The file as one that cannot be used, for its own errors or for those that other files bring (`more`)."""
        return InvalidFile(self.path, (*self.diagnostics, *more), **salvage(self.partial))

    @property
    def environment_key(self) -> EnvironmentKey | None:
        """Which environment the file is, or would be if it were valid."""
        parts = salvage(self.partial)
        workspace, name = parts["workspace"], parts["environment"]
        if parts["kind"] != "Environment" or workspace is None or name is None:
            return None
        return EnvironmentKey(workspace, name)


def read_file(path: str, content: bytes, *, expected: bool = False) -> ReadFile | None:
    """None when the file is not Molthub's. expected: somebody named this very file, so it must be one."""
    place = Place(path, content)
    expected = expected or path == FLEET_PATH
    try:
        document = parse(content)
    except YamlRefusedError as refusal:
        if not (expected or refusal.unreadable or _CLAIM.search(content)):
            return None
        location = place.at(refusal.mark)
        found = Diagnostic(refusal.ref, refusal.message, location, refusal.fix, subject=_subject(refusal.partial))
        return ReadFile(path, None, place, (found,), refusal.partial)
    if not isinstance(document, dict):
        if isinstance(document, list) and not (expected or _CLAIM.search(content)):
            return None
        message = "the document is not a mapping"
        fix = f"A manifest begins with `apiVersion: {API_VERSION}`"
        return ReadFile(path, None, place, (Diagnostic("MH-MAN-015", message, place(()), fix),), {})
    if not (expected or _is_ours(document)):
        return None
    return _read_model(document, place)


def salvage(document: dict[str, Any]) -> dict[str, str | None]:
    """Kind and identity as far as they can be trusted: a part that is malformed or was not read is None.

    An Environment's own name counts as its environment; an id that is left out is the name. A template has only a
    name: whatever else it says, it is no instance.
    """
    kind, meta = document.get("kind"), document.get("metadata")
    parts: dict[str, str | None] = dict.fromkeys(("workspace", "environment", "name", "id"))
    if isinstance(meta, dict):
        parts = {part: _name(meta.get(part)) for part in parts}
        if kind == "Environment":
            parts["environment"] = parts["name"]
        if "id" not in meta:
            parts["id"] = parts["name"]
        if kind == TEMPLATE:
            parts.update(workspace=None, environment=None, id=None)
    return {"kind": kind if isinstance(kind, str) and kind in KINDS else None, **parts}


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= MAX_NAME and _NAME.fullmatch(value) else None


def _subject(document: dict[str, Any]) -> str | None:
    parts = salvage(document)
    workspace, environment, name = parts["workspace"], parts["environment"], parts["name"]
    if parts["kind"] != "MoltbotInstance" or not (workspace and environment and name):
        return None
    return f"{workspace}/{environment}/{name}"


def _is_ours(document: dict[str, Any]) -> bool:
    version, kind = document.get("apiVersion"), document.get("kind")
    if kind in OWN_KINDS:
        return True
    if isinstance(version, str):
        return version.lower().startswith("molthub") or nearest(version, [API_VERSION]) is not None
    # Without a version, a kind of ours with our metadata is a manifest that lost its first line.
    return version is None and kind in KINDS and isinstance(document.get("metadata"), dict)


def _read_model(document: dict[str, Any], place: Place) -> ReadFile:
    subject = _subject(document)
    found = _header(document, place, subject)
    if found:
        return ReadFile(place.path, None, place, tuple(found), document)
    kind = KINDS[document["kind"]]
    try:
        model = kind.model_validate(document)
    except ValidationError as error:
        found = list(model_diagnostics(error, model=kind, place=place, subject=subject))
        return ReadFile(place.path, None, place, tuple(found), document)
    if isinstance(model, MoltbotTemplate):
        found = template_diagnostics(model, place)
    elif isinstance(model, AccessPolicy):
        found = access_diagnostics(model, place)
    else:
        found = document_diagnostics(model, place)
    wrong = any(item.severity is Severity.ERROR for item in found)
    return ReadFile(place.path, None if wrong else model, place, tuple(found), document)


def _header(document: dict[str, Any], place: Place, subject: str | None) -> list[Diagnostic]:
    """What is wrong with apiVersion and kind; nothing else can be judged before they are right."""
    found: list[Diagnostic] = []
    version, kind = document.get("apiVersion"), document.get("kind")
    if version != API_VERSION:
        message = "`apiVersion` is " + ("missing" if version is None else "not one that this Molthub reads")
        fix = f"Write `apiVersion: {API_VERSION}`"
        found.append(Diagnostic("MH-MAN-014", message, place(("apiVersion",)), fix, subject=subject))
    if not isinstance(kind, str) or kind not in KINDS:
        message = "`kind` is not one that Molthub knows" if kind is not None else "`kind` is missing"
        meant = nearest(kind, list(KINDS)) if isinstance(kind, str) else None
        fix = f"Did you mean {meant}?" if meant else f"Write one of {', '.join(KINDS)}"
        found.append(Diagnostic("MH-MAN-013", message, place(("kind",)), fix))
    return found
