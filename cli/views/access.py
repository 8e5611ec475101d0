"""What `molthub access` prints: for people, and `molthub.dev/access-check/v1` and `molthub.dev/access/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from molthub.access.evaluate import Evaluation
from molthub.access.policy import Policy
from molthub.access.signature import Signature, described
from molthub.cli.views import diagnostics
from molthub.cli.views.access_mode import header, policy_data
from molthub.cli.views.text import columns, paint, plural, safe
from molthub.errors import Diagnostic
from molthub.manifest.access import Role
from molthub.pipeline.access import Access
from molthub.pipeline.access_report import MAY, Granted, Made, Refused

CHECK_FORMAT = "molthub.dev/access-check/v1"
ACCESS_FORMAT = "molthub.dev/access/v1"

# -- check ------------------------------------------------------------------------------------------------


def check(found: Sequence[Refused], access: Access, *, colour: bool) -> str:
    lines = [header(access)]
    lines += [
        line for item in access.notices if not _told(item, found) for line in diagnostics.lines(item, colour=colour)
    ]
    for item in found:
        title = (
            f"{item.commit[:12]} {safe(item.info.subject)} ({safe(item.info.email)})" if item.info else item.commit[:12]
        )
        lines += ["", title]
        lines += diagnostics.lines(item.diagnostic, colour=colour, indent="  ")
        if not item.stands:
            lines.append("  approved or undone since")
    standing = sum(item.stands for item in found)
    summary = f"{plural(standing, 'refusal')} to mend." if standing else "Nothing is refused."
    return "\n".join([*lines, "", paint(summary, "red" if standing else "green", on=colour)])


def _told(notice: Diagnostic, found: Sequence[Refused]) -> bool:
    return any(item.diagnostic.message == notice.message for item in found)


def check_data(found: Sequence[Refused], access: Access) -> dict[str, Any]:
    return {
        "format": CHECK_FORMAT,
        **policy_data(access),
        "notices": [diagnostics.data(item) for item in access.notices],
        "refused": [_refused(item) for item in found],
    }


def _refused(item: Refused) -> dict[str, Any]:
    return {"commit": item.commit, "stands": item.stands, **diagnostics.data(item.diagnostic)}


# -- explain ----------------------------------------------------------------------------------------------


def overview(access: Access, granted: Sequence[Granted], *, colour: bool) -> str:
    """The policy in force, and every role."""
    lines = [header(access)]
    versions = access.evaluation.versions if access.evaluation is not None else ()
    lines += [f"policy: of commit {version.commit[:12]}" for version in versions if version.policy is not None]
    lines += [line for item in access.notices for line in diagnostics.lines(item, colour=colour)]
    if granted:
        rows = [("PERSON", "ROLE", "WHERE"), *((g.person, g.role.value, ", ".join(g.where)) for g in granted)]
        table = columns(rows)
        lines += ["", paint(table[0], "bold", on=colour), *table[1:]]
    return "\n".join([*lines, "", *(f"{role}: may {words}" for role, words in MAY.items())])


def person(name: str, granted: Sequence[Granted]) -> str:
    lines = [f"{name} may {MAY[item.role]}: {item.role} of {', '.join(item.where)}" for item in granted]
    return "\n".join(lines or [f"{name} has no role, and may change nothing"])


def instance(name: str, may: Mapping[Role, Sequence[str]], reasons: Sequence[Diagnostic], *, colour: bool) -> str:
    lines = [f"{safe(name)}:", *(f"  {role}: {', '.join(people)}" for role, people in may.items())]
    if not reasons:
        return "\n".join([*lines, "", "Everything that it says was allowed."])
    return "\n".join([*lines, "", *(line for item in reasons for line in diagnostics.lines(item, colour=colour))])


def commit(found: Made, *, colour: bool) -> str:
    info = found.info
    lines = [
        f"commit {info.sha[:12]} {safe(info.subject)}",
        f"author: {safe(info.author)} <{safe(info.email)}>, as claimed",
    ]
    lines.append(f"signature: {safe(described(found.signature))}")
    if found.maker is not None:
        lines.append(f"made by: {found.maker.words}")
    if not found.refused:
        return "\n".join([*lines, "", "Nothing that it does is refused."])
    for item in found.refused:
        lines += ["", *diagnostics.lines(item.diagnostic, colour=colour)]
        if not item.stands:
            lines.append("approved or undone since")
    return "\n".join(lines)


def explain_data(access: Access, policy: Policy | None, granted: Sequence[Granted], **more: Any) -> dict[str, Any]:
    return {
        "format": ACCESS_FORMAT,
        **policy_data(access),
        "notices": [diagnostics.data(item) for item in access.notices],
        "hosts": sorted({host.name for host in policy.hosts.values()}) if policy else [],
        "grants": [{"person": g.person, "role": g.role.value, "where": list(g.where)} for g in granted],
        **more,
    }


def commit_data(found: Made) -> dict[str, Any]:
    return {
        "commit": {
            "sha": found.info.sha,
            "author": {"name": found.info.author, "email": found.info.email},
            "signature": _signature(found.signature),
            "maker": found.maker.person if found.maker else None,
            "refused": [_refused(item) for item in found.refused],
        }
    }


def _signature(found: Signature) -> dict[str, Any]:
    scheme = found.scheme.value if found.scheme else None
    return {"kind": found.kind.value, "scheme": scheme, "fingerprint": found.fingerprint, "reason": found.reason}


def instance_data(name: str, may: Mapping[Role, Sequence[str]], reasons: Sequence[Diagnostic]) -> dict[str, Any]:
    return {
        "instance": {
            "name": name,
            "may": {role.value: list(people) for role, people in may.items()},
            "reasons": [diagnostics.data(item) for item in reasons],
        }
    }


def policies_of(evaluation: Evaluation) -> list[Policy]:
    """Those in force."""
    return [version.policy for version in evaluation.versions if version.policy is not None]
