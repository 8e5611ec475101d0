"""The audit: a table, `molthub.dev/audit/v1`, and CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from molthub.cli.views.history import moment, signature_data, signature_words
from molthub.cli.views.text import columns, paint, safe
from molthub.pipeline.past.audit import GIT, AuditLine

AUDIT_FORMAT = "molthub.dev/audit/v1"
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes spreadsheets calculate a cell, wide forms included (owasp.org, CSV injection)."""

HEADINGS = ("TIME", "ACTOR", "SIGNED", "ACTION", "RESOURCE", "COMMIT", "SUMMARY")
CSV_HEADINGS = (
    *("time", "source", "actor", "email", "verified", "signer", "signature", "fingerprint"),
    *("action", "kind", "resource", "summary", "commit"),
)
LONGEST = 160


def human(found: Sequence[AuditLine], *, colour: bool) -> str:
    """A line for each, newest first, times in UTC."""
    if not found:
        return "There is nothing."
    rows = [
        (
            moment(line.at),
            safe(line.actor),
            safe(signature_words(line.signed)) if line.source == GIT else "-",
            safe(line.action),
            safe(line.resource) or "-",
            (line.commit or "-")[:12],
            _short(safe(line.summary)),
        )
        for line in found
    ]
    table = columns([HEADINGS, *rows])
    return "\n".join([paint(table[0], "bold", on=colour), *table[1:]])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def csv_text(found: Sequence[AuditLine]) -> str:
    """RFC 4180, one line each; what a spreadsheet would calculate begins with an apostrophe."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(CSV_HEADINGS)
    for line in found:
        signature = signature_data(line.signed) or {}
        cells = (
            line.at.isoformat(),
            line.source,
            line.actor,
            line.email,
            str(bool(signature.get("verified"))).lower(),
            signature.get("signer") or "",
            signature.get("state") or "",
            signature.get("fingerprint") or "",
            line.action,
            line.kind,
            line.resource,
            line.summary,
            line.commit or "",
        )
        writer.writerow([cell(text) for text in cells])
    return target.getvalue()


def cell(text: str) -> str:
    """A text as one cell: on one line, without what a terminal obeys, and never a formula."""
    shown = safe(text)
    return f"'{shown}" if shown.lstrip(" '").startswith(FORMULA) else shown


def data(found: Sequence[AuditLine], *, fleet: str, head: str, whole: bool) -> dict[str, Any]:
    """The same for machines. whole: False when a limit left older lines out."""
    return {
        "format": AUDIT_FORMAT,
        "fleet": fleet,
        "head": head,
        "complete": whole,
        "entries": [
            {
                "at": line.at.isoformat(),
                "source": line.source,
                "actor": line.actor,
                "email": line.email or None,
                "action": line.action,
                "effect": line.effect or None,
                "resources": [{"kind": one.kind or None, "name": str(one)} for one in line.about],
                "summary": line.summary,
                "commit": line.commit,
                "signature": signature_data(line.signed),
            }
            for line in found
        ],
    }
