"""What `molthub access` tells: which commits are refused, and who may do what. From a judged history; no cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from molthub.access.evaluate import Evaluation, blocked_subjects
from molthub.access.policy import Maker, Policy
from molthub.access.refusals import Refusal
from molthub.access.signature import Keyring, Signature
from molthub.errors import Diagnostic, StallingError
from molthub.manifest.access import Role
from molthub.manifest.access_checks import key_fingerprints
from molthub.manifest.sshkeys import MalformedKeyError
from molthub.pipeline.access import Access
from molthub.resources.identity import EnvironmentKey
from molthub.source.protocol import FleetSource
from molthub.source.signatures import SignatureChecker
from molthub.source.types import CommitInfo

MAY: dict[Role, str] = {
    Role.VIEWER: "change nothing",
    Role.OPERATOR: "pause, resume, restart, retry, label, roll back to an earlier allowed version",
    Role.ADMIN: "what an OPERATOR may; create, change, rename and delete instances; templates (in the whole fleet)",
    Role.OWNER: "everything there; in the whole fleet also its environments, its name and this policy",
}
"""What each role may do, in words. The table itself is molthub/access/needs.py."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that a commit may not do. stands: it is neither approved nor undone, so it stops something now."""

    commit: str
    diagnostic: Diagnostic
    stands: bool
    info: CommitInfo | None = None


def evaluation_of(access: Access) -> Evaluation:
    """The judgement. Raises MH-ACCESS-014 where there is none."""
    if access.evaluation is None:
        assert access.problem is not None
        raise StallingError(access.problem.ref, access.problem.message, fix=access.problem.fix)
    return access.evaluation


def refused(access: Access, source: FleetSource, *, base: str | None, head: str) -> tuple[Refused, ...]:
    """What is refused in the commits of a head that a base does not hold, newest first; of the whole history when None.

    Without a base only what stands: the rest is settled. Raises MH-ACCESS-014, and the source's errors.
    """
    evaluation = evaluation_of(access)
    infos = {info.sha: info for info in source.commits_between(base, head)} if base is not None else {}
    found = list(_refused(evaluation, access))
    if base is not None:
        found = [item for item in found if item.commit in infos]
        order = {sha: number for number, sha in enumerate(infos)}
        found.sort(key=lambda item: order[item.commit])
        return tuple(Refused(i.commit, i.diagnostic, i.stands, infos[i.commit]) for i in found)
    standing = [item for item in found if item.stands]
    told = {info.sha: info for info in source.commit_infos(list(dict.fromkeys(item.commit for item in standing)))}
    return tuple(Refused(item.commit, item.diagnostic, stands=True, info=told[item.commit]) for item in standing)


def _refused(evaluation: Evaluation, access: Access) -> Iterator[Refused]:
    standing = {item for subject in blocked_subjects(evaluation) for item in evaluation.state(subject).refused}
    for sha, items in evaluation.refusals.items():
        for item in items:
            yield Refused(sha, _named(item), item in standing or item.subject is None)
    if evaluation.chain is not None:
        told = {notice.message for notice in access.notices}
        for sha, why in evaluation.chain.ignored.items():
            yield Refused(sha, why, why.message in told)


def rehearsed(access: Access, commit: str) -> StallingError | None:
    """Why something that would leave this commit as its trail may not be done; None when it may.

    The commit was made to try it, as the real one would be made, and is on no branch.
    """
    evaluation = evaluation_of(access)
    for item in evaluation.refusals.get(commit, ()):
        message = f"the access policy does not let you do this: {item.why}".replace("the commit is", "your commits are")
        return StallingError("MH-ACCESS-017", message, fix=f"Ask {item.need.whom} to do it, or sign with your key")
    return None


def _named(item: Refusal) -> Diagnostic:
    subject = item.subject
    return item.diagnostic(subject.key if subject is not None and subject.kind == "MoltbotInstance" else None)


@dataclass(frozen=True, slots=True)
class Granted:
    """A person's role. where: `the whole fleet`, a workspace or an environment."""

    person: str
    role: Role
    where: tuple[str, ...]


def grants(policy: Policy, person: str | None = None) -> tuple[Granted, ...]:
    """Every role that is bound, of everybody or of one."""
    found = [
        Granted(grant.person, grant.role, tuple(sorted(grant.scope)) if grant.scope else ("the whole fleet",))
        for grant in policy.grants
        if person in (None, grant.person)
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda item: (-item.role.rank, item.person, item.where)))


def find_person(policy: Policy, who: str) -> str:
    """A person by name, address, fingerprint or public key. Raises MH-ACCESS-031."""
    try:
        prints: Iterable[str] = key_fingerprints(who)
    except MalformedKeyError:
        prints = (who, who.replace(" ", "").upper())
    for name in (who, policy.emails.get(who.lower()), *(policy.signers.get(print_) for print_ in prints)):
        if name is not None and name in policy.people:
            return name
    host = next((policy.hosts[print_].name for print_ in prints if print_ in policy.hosts), None)
    if host is not None:
        raise StallingError(
            "MH-ACCESS-031",
            f"this is a key of the host {host}, which has no role",
            fix="Name a person, an address, a key or a fingerprint",
        )
    raise StallingError(
        "MH-ACCESS-031",
        "nobody in the access policy is known by that",
        fix="See `molthub access explain` for everybody",
    )


@dataclass(frozen=True, slots=True)
class Made:
    """One commit, as access sees it. maker: None before the first policy, and where access is open."""

    info: CommitInfo
    signature: Signature
    maker: Maker | None
    refused: tuple[Refused, ...]


def made(access: Access, source: FleetSource, checker: SignatureChecker, commit: str) -> Made:
    """Who made a commit, and what it may not do. Raises MH-ACCESS-014."""
    evaluation = evaluation_of(access)
    policies = [version.policy for version in evaluation.versions if version.policy is not None]
    keys = evaluation.roots.keyring
    for policy in policies:
        keys |= policy.keyring
    info = source.commit(commit)
    signature = checker.verify(commit, keys if policies else Keyring())
    maker = policies[0].maker(info.email, signature) if policies else None
    found = tuple(item for item in _refused(evaluation, access) if item.commit == commit)
    return Made(info, signature, maker, found)


def who_may(policy: Policy, where: EnvironmentKey) -> dict[Role, tuple[str, ...]]:
    """Everybody by the highest role they have in an environment, the highest first."""
    found: dict[Role, list[str]] = {role: [] for role in reversed(Role)}
    for name in policy.people:
        role = policy.role(name, where)
        if role is not None:
            found[role].append(name)
    return {role: tuple(names) for role, names in found.items() if names}
