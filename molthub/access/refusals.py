"""Why something is not allowed, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.access.content import ACCESS, CommitView, Subject
from molthub.access.needs import Need
from molthub.access.policy import Maker, Policy
from molthub.access.signature import UNSIGNED, Signature
from molthub.access.versions import Version
from molthub.errors import Diagnostic
from molthub.manifest.access import AccessMode, Role

NOT_ALLOWED = "MH-ACCESS-001"
UNFOUNDED = "MH-ACCESS-012"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a commit may not do.

    subject  the document; None for a trailer
    need     the role that is missing
    maker    words for whoever made the commit
    why      which role is missing, and who has which
    """

    commit: str
    subject: Subject | None
    need: Need
    maker: str
    ref: str
    message: str
    fix: str
    why: str = ""

    def diagnostic(self, name: str | None = None) -> Diagnostic:
        """As people read it; name: the instance it stops."""
        return Diagnostic(self.ref, self.message, fix=self.fix, subject=name)


def refused_change(
    view: CommitView, subject: Subject, needs: tuple[Need, ...], version: Version, signature: Signature | None
) -> Refusal | None:
    """The first of the needs that a version of the policy does not grant to whoever made the commit; None: all fine."""
    if subject.kind == ACCESS:  # judged by the chain of trust
        return None
    for need in needs:
        found = _lacks(view, need, version, signature)
        if found is not None:
            maker, ref, why = found
            message = f"commit {view.sha[:12]} may not {need.what} {subject}: {why}"
            return Refusal(view.sha, subject, need, maker.words, ref, message, _remedy(view, need), why)
    return None


def refused_trailer(
    view: CommitView, trailer: str, need: Need, version: Version, signature: Signature | None
) -> Refusal | None:
    """Why a trailer does not count; None when it does."""
    found = _lacks(view, need, version, signature)
    if found is None:
        return None
    maker, _, why = found
    shown = "-".join(part.capitalize() for part in trailer.split("-"))
    message = f"the trailer {shown} of commit {view.sha[:12]} does not count: {why}"
    fix = f"Have {need.whom} push a signed commit with that trailer"
    return Refusal(view.sha, None, need, maker.words, "MH-ACCESS-016", message, fix, why)


def _lacks(
    view: CommitView, need: Need, version: Version, signature: Signature | None
) -> tuple[Maker, str, str] | None:
    """Who lacks what: the maker, the reference and the reason."""
    policy = version.policy
    if policy is None:
        return Maker(None), UNFOUNDED, "the access policy does not count yet, and until it does nothing may change"
    if policy.mode is AccessMode.OPEN:
        return None
    maker = policy.maker(view.email, signature or UNSIGNED)
    if maker.person is None:
        return maker, maker.ref, f"it needs {need.whom}, and the commit {maker.why}"
    role = policy.role(maker.person, need.where)
    if role is not None and role.covers(need.role):
        return None
    return maker, NOT_ALLOWED, f"it needs {need.whom}, and {maker.words} {_has(role, policy, maker.person)}"


def _has(role: Role | None, policy: Policy, person: str) -> str:
    if role is not None:
        return f"is {role} there"
    elsewhere = any(grant.person == person for grant in policy.grants)
    return "has no role there" if elsewhere else "has no role at all"


def _remedy(view: CommitView, need: Need) -> str:
    trailer = f"Molthub-Approve: {view.sha}"
    return f"Put back what was there before, or have {need.whom} push a signed commit with the trailer '{trailer}'"
