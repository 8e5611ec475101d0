"""Versions, blame and differences, for people and as `molthub.dev/{history,blame,diff}/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from molthub.access.signature import Signed
from molthub.cli.looking_back import Running
from molthub.cli.views.text import columns, paint, plural, safe
from molthub.history.action import told
from molthub.history.entries import CommitRecord, Entry, Outcome
from molthub.history.saying import say
from molthub.history.versions import FieldOrigin, Version
from molthub.pipeline.past.between import Between, unified
from molthub.pipeline.past.reading import Known
from molthub.pipeline.past.signers import SignedBy

HISTORY_FORMAT = "molthub.dev/history/v1"
BLAME_FORMAT = "molthub.dev/blame/v1"
DIFF_FORMAT = "molthub.dev/diff/v1"
SYMBOLS = {Outcome.CREATED: ("+", "green"), Outcome.DELETED: ("-", "red"), Outcome.INVALID: ("!", "red")}


@dataclass(frozen=True, slots=True)
class History:
    """One instance's versions as they are shown. omitted: how many commits without a change of meaning are not."""

    fleet: str
    head: str
    known: Known
    versions: tuple[Version, ...]
    omitted: int
    signed: Mapping[str, SignedBy]
    running: Running
    runs: Version | None


@dataclass(frozen=True, slots=True)
class Blame:
    """One instance's fields as they are shown."""

    fleet: str
    head: str
    known: Known
    origins: tuple[FieldOrigin, ...]
    signed: Mapping[str, SignedBy]


# -- Parts that all of them share --------------------------------------------------------------------------


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def signature_words(signed: SignedBy | None) -> str:
    """`ana`, for a verified signer; else in words why there is none."""
    if signed is None:
        return "-"
    one = signed.signature
    if one.good:
        return signed.who or one.fingerprint or "verified"
    if one.kind is Signed.NONE:
        return "unsigned"
    return {
        Signed.BAD: "BAD signature",
        Signed.UNKNOWN_KEY: "unknown key",
        Signed.UNCHECKED: "not checked",
    }[one.kind]


def signature_data(signed: SignedBy | None) -> dict[str, Any] | None:
    """The same for machines."""
    if signed is None:
        return None
    one = signed.signature
    return {
        "state": one.kind.value,
        "verified": signed.verified,
        "signer": signed.who,
        "scheme": one.scheme.value if one.scheme else None,
        "fingerprint": one.fingerprint,
        "reason": one.reason,
    }


def commit_data(record: CommitRecord) -> dict[str, Any]:
    """A commit for machines: who it claims made it."""
    return {
        "commit": record.sha,
        "author": record.author,
        "email": record.email,
        "at": record.at.isoformat(),
        "subject": record.subject,
    }


def _heading(known: Known, *, colour: bool) -> str:
    """Its name, its id where that is another word, what it was called before, and whether it is there."""
    head = f"# {known.display_name}"
    if known.resource.id != known.names[0]:
        head += f" (id {known.resource.id})"
    if earlier := known.names[1:]:
        head += f", earlier {', '.join(earlier)}"
    return paint(safe(head + ("" if known.alive else ", deleted")), "bold", on=colour)


def _instance_data(known: Known, fleet: str) -> dict[str, Any]:
    return {
        "fleet": fleet,
        "workspace": known.resource.workspace,
        "environment": known.resource.environment,
        "id": known.resource.id,
        "name": known.names[0],
        "formerNames": list(known.names[1:]),
        "exists": known.alive,
    }


# -- history -----------------------------------------------------------------------------------------------


def human(found: History, *, colour: bool) -> str:
    """A line for each version, the newest first, and which one runs."""
    rows = [_row(one, found) for one in found.versions]
    table = columns([("VERSION", "COMMIT", "WHEN", "AUTHOR", "SIGNED", "ACTION", "WHAT CHANGED"), *rows])
    lines = [_heading(found.known, colour=colour), paint(table[0], "bold", on=colour), *table[1:], "", _runs(found)]
    if found.omitted:
        lines.append(f"{plural(found.omitted, 'commit')} without a change of meaning left out; --all shows them.")
    return "\n".join(lines)


def _row(one: Version, found: History) -> tuple[str, ...]:
    mark = " *" if one is found.runs else ""
    return (
        (f"v{one.number}" if one.number else "-") + mark,
        one.record.sha[:12],
        moment(one.record.at),
        safe(one.record.author),
        safe(signature_words(found.signed.get(one.record.sha))),
        safe(told(one.entry.action, one.record.trailers)),
        safe("; ".join(one.entry.words)) + _brought(one),
    )


def _brought(one: Version) -> str:
    if not one.brought:
        return ""
    listed = ", ".join(f"{record.sha[:12]} by {safe(record.author)}" for record, _ in one.brought[:3])
    more = f" and {len(one.brought) - 3} more" if len(one.brought) > 3 else ""  # noqa: PLR2004 - those shown
    return f" (merges {listed}{more})"


def _runs(found: History) -> str:
    commit, source = found.running.commit, found.running.source
    if commit is None:
        if source:
            return f"Running: nothing that has a commit, {source}."
        return "Running: not known without asking; --running asks AWS."
    if found.runs is None:
        return f"Running: commit {safe(commit[:12])}, {source}, which this history does not hold."
    number = f"v{found.runs.number}" if found.runs.number else found.runs.record.sha[:12]
    return f"Running: {number} (*), last written by commit {safe(commit[:12])}, {source}."


def data(found: History) -> dict[str, Any]:
    """The same for machines."""
    running = found.running
    return {
        "format": HISTORY_FORMAT,
        "head": found.head,
        "instance": _instance_data(found.known, found.fleet),
        "running": {
            "commit": running.commit,
            "version": found.runs.number if found.runs else None,
            "versionCommit": found.runs.record.sha if found.runs else None,
            "source": running.source or None,
        },
        "versions": [_version_data(one, found) for one in found.versions],
    }


def _version_data(one: Version, found: History) -> dict[str, Any]:
    entry = one.entry
    return {
        "version": one.number,
        **commit_data(one.record),
        "action": told(entry.action, one.record.trailers),
        "outcome": entry.outcome.value,
        "name": entry.name,
        "path": entry.path,
        "formerPath": entry.former,
        "words": list(entry.words),
        "patch": list(entry.patch),
        "problem": entry.problem or None,
        "runs": one is found.runs,
        "signature": signature_data(found.signed.get(one.record.sha)),
        "merged": [commit_data(record) for record, _ in one.brought],
    }


# -- blame -------------------------------------------------------------------------------------------------


def blame_human(found: Blame, *, colour: bool) -> str:
    """A line for each field, in the order of the document."""
    rows = [
        (
            safe(one.field),
            safe(say(one.value)),
            safe(one.record.author),
            safe(signature_words(found.signed.get(one.record.sha))),
            moment(one.record.at),
            one.record.sha[:12] + (f" (merged by {one.through.sha[:12]})" if one.through else ""),
        )
        for one in found.origins
    ]
    table = columns([("FIELD", "VALUE", "AUTHOR", "SIGNED", "WHEN", "COMMIT"), *rows])
    return "\n".join([_heading(found.known, colour=colour), paint(table[0], "bold", on=colour), *table[1:]])


def blame_data(found: Blame) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": BLAME_FORMAT,
        "head": found.head,
        "instance": _instance_data(found.known, found.fleet),
        "fields": [
            {
                "field": one.field,
                "value": one.value,
                "version": one.version,
                **commit_data(one.record),
                "mergedBy": one.through.sha if one.through else None,
                "signature": signature_data(found.signed.get(one.record.sha)),
            }
            for one in found.origins
        ],
    }


# -- diff --------------------------------------------------------------------------------------------------


def diff_human(found: Between, *, colour: bool) -> str:
    """A line for each resource, and below it what differs, in words."""
    if not found.entries:
        return f"Nothing differs in meaning between {found.before[:12]} and {found.after[:12]}."
    lines = []
    for entry in found.entries:
        symbol, tint = SYMBOLS.get(entry.outcome, ("~", "yellow"))
        lines.append(f"{paint(symbol, tint, on=colour)} {paint(_called(entry), 'bold', on=colour)}")
        lines += [f"    {safe(word)}" for word in entry.words]
    return "\n".join([*lines, "", f"{plural(len(found.entries), 'resource')} differ{_s(found.entries)}."])


def _s(entries: Sequence[Entry]) -> str:
    return "s" if len(entries) == 1 else ""


def _called(entry: Entry) -> str:
    """`MoltbotInstance acme/prod/support-bot (now helper)`."""
    name = "" if entry.name in ("", entry.resource.id, entry.resource.environment) else f" (called {entry.name})"
    return safe(f"{entry.resource.kind or 'unreadable file'} {entry.resource}{name}")


def diff_unified(found: Between, *, colour: bool) -> str:
    """The documents as unified diffs, in meaning."""
    lines = [line for entry in found.entries for line in unified(found, entry)]
    return "\n".join(_painted(safe(line), colour=colour) for line in lines)


def _painted(line: str, *, colour: bool) -> str:
    tint = "bold" if line.startswith(("---", "+++")) else {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
    return paint(line, tint, on=colour)


def diff_data(found: Between) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": DIFF_FORMAT,
        "before": found.before,
        "after": found.after,
        "differs": bool(found.entries),
        "resources": [
            {
                "kind": entry.resource.kind or None,
                "resource": str(entry.resource),
                "name": entry.name,
                "outcome": entry.outcome.value,
                "action": entry.action,
                "path": entry.path,
                "formerPath": entry.former,
                "words": list(entry.words),
                "patch": list(entry.patch),
                "problem": entry.problem or None,
            }
            for entry in found.entries
        ],
    }
