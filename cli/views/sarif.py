"""Findings as SARIF 2.1.0 (OASIS), as code scanning services read it: one run, a rule for each reference."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from molthub.cli.pages import Page
from molthub.cli.views.text import safe
from molthub.errors import Diagnostic, Location, Severity
from molthub.manifest.reading import FLEET_PATH

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "molthub/finding/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_PLACE = re.compile(r":\d+(:\d+)?\b")


def data(diagnostics: Sequence[Diagnostic], pages: Mapping[str, Page], *, version: str) -> dict[str, Any]:
    """The whole log. pages: what `molthub explain` prints of a reference, by it."""
    refs = sorted({item.ref for item in diagnostics})
    driver = {
        "name": "Molthub",
        "semanticVersion": version,
        "rules": [_rule(ref, pages.get(ref)) for ref in refs],
    }
    numbers = {ref: number for number, ref in enumerate(refs)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, numbers[item.ref]) for item in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(ref: str, page: Page | None) -> dict[str, Any]:
    title = page.title if page and page.title else ref
    text = page.text if page else f"Run `molthub explain {ref}`"
    return {
        "id": ref,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": text, "markdown": text},
    }


def _result(item: Diagnostic, number: int) -> dict[str, Any]:
    words = [safe(item.message), *([f"Fix: {safe(item.fix)}"] if item.fix else [])]
    return {
        "ruleId": item.ref,
        "ruleIndex": number,
        "level": _LEVELS[item.severity],
        "message": {"text": _plain(". ".join(words))},
        "locations": [{"physicalLocation": _place(item.location or Location(FLEET_PATH))}],
        "partialFingerprints": {FINGERPRINT: _fingerprint(item)},
    }


def _plain(text: str) -> str:
    """SARIF reads `[text](target)` in a message as a link, unless its brackets are escaped (§3.11.6)."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _place(location: Location) -> dict[str, Any]:
    region = {"startLine": location.line or 1}
    if location.line and location.column:
        region["startColumn"] = location.column
    path = PurePath(location.path)
    if path.is_absolute():  # it lies outside of where one stands
        return {"artifactLocation": {"uri": path.as_uri()}, "region": region}
    uri = quote(path.as_posix().encode("utf-8", "surrogateescape"), safe="/-._~")
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}


def _fingerprint(item: Diagnostic) -> str:
    """The same for the same finding when lines above it come and go, and when a place named in it moves."""
    path = item.location.path if item.location else ""
    parts = (item.ref, path, item.subject or "", _PLACE.sub("", item.message))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
