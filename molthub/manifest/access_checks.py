"""What an access policy must keep beyond what its model can say: every name and key belongs to one, somebody owns."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import Diagnostic, Location, Severity
from molthub.manifest.access import AccessMode, AccessPolicy, Binding, Role
from molthub.manifest.pgpkeys import SECRET, primary_fingerprints
from molthub.manifest.places import Place
from molthub.manifest.sshkeys import MalformedKeyError, fingerprint, normal_key
from molthub.manifest.wording import nearest

Path = tuple[str | int, ...]


def key_fingerprints(text: str) -> tuple[str, ...]:
    """What a signature by this key is told by: one for an SSH key, one for each primary key of a GPG block.

    Raises MalformedKeyError.
    """
    if SECRET in text or "PRIVATE KEY-----" in text:
        raise MalformedKeyError("it is a private key")
    if text.lstrip().startswith("-----"):
        return primary_fingerprints(text)
    return (fingerprint(normal_key(text)),)


def access_diagnostics(model: AccessPolicy, place: Place) -> list[Diagnostic]:
    """Errors and warnings of one policy."""
    return [
        *_keys(model, place),
        *_names(model, place),
        *_emails(model, place),
        *_subjects(model, place),
        *_somebody_owns(model, place),
        *_weak(model, place),
    ]


def _keys(model: AccessPolicy, place: Place) -> Iterator[Diagnostic]:
    holders: dict[str, str] = {}
    owners: list[tuple[str, Path, list[str]]] = [
        *((one.name, ("spec", "people", index), one.keys) for index, one in enumerate(model.spec.people)),
        *((one.name, ("spec", "hosts", index), one.keys) for index, one in enumerate(model.spec.hosts)),
    ]
    for name, path, keys in owners:
        for index, text in enumerate(keys):
            where = place((*path, "keys", index))
            try:
                prints = key_fingerprints(text)
            except MalformedKeyError as error:
                yield Diagnostic("MH-ACCESS-020", f"this key of {name} cannot be used: {error}", where, _fix(error))
                continue
            for print_ in prints:
                if print_ in holders:
                    message = f"this key of {name} is also a key of {holders[print_]}"
                    yield Diagnostic("MH-ACCESS-021", message, where, "A key belongs to one: remove it from the other")
                holders[print_] = name


def _fix(error: MalformedKeyError) -> str:
    if "private" in str(error):
        return "Take it out of Git and make a new key pair: a private key that was committed is known to others"
    return "Paste the line of the .pub file, or what `gpg --armor --export` prints"


def _names(model: AccessPolicy, place: Place) -> Iterator[Diagnostic]:
    spec = model.spec
    fields = {
        "people": [one.name for one in spec.people],
        "groups": [one.name for one in spec.groups],
        "hosts": [one.name for one in spec.hosts],
    }
    seen: set[str] = set()
    for field, names in fields.items():
        for index, name in enumerate(names):
            if name in seen:
                where = place(("spec", field, index, "name"))
                fix = "People, groups and hosts need names of their own"
                yield Diagnostic("MH-ACCESS-022", f"the name {name} is used twice", where, fix)
            seen.add(name)


def _emails(model: AccessPolicy, place: Place) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for index, person in enumerate(model.spec.people):
        for number, email in enumerate(person.emails):
            key = email.lower()
            if key in seen:
                message = f"an address of {person.name} is also one of {seen[key]}"
                where = place(("spec", "people", index, "emails", number))
                yield Diagnostic("MH-ACCESS-023", message, where, "An address belongs to one: remove one of the two")
            seen[key] = person.name


def _subjects(model: AccessPolicy, place: Place) -> Iterator[Diagnostic]:
    people = [person.name for person in model.spec.people]
    known = [*people, *(group.name for group in model.spec.groups)]
    for index, group in enumerate(model.spec.groups):
        for number, name in enumerate(group.members):
            if name not in people:
                yield _nobody(name, people, place(("spec", "groups", index, "members", number)))
    for index, binding in enumerate(model.spec.bindings):
        for number, name in enumerate(binding.subjects):
            if name not in known:
                yield _nobody(name, known, place(("spec", "bindings", index, "subjects", number)))


def _nobody(name: str, known: list[str], where: Location) -> Diagnostic:
    meant = nearest(name, known)
    fix = f"Did you mean {meant}?" if meant else "Add them to `spec.people`"
    return Diagnostic("MH-ACCESS-024", f"nobody in this policy is named {name}", where, fix)


def _somebody_owns(model: AccessPolicy, place: Place) -> Iterator[Diagnostic]:
    """Without an OWNER of everything who can prove it, nobody could ever change the policy again."""
    members = {group.name: group.members for group in model.spec.groups}
    names = {
        name
        for binding in model.spec.bindings
        if _owns_all(binding)
        for subject in binding.subjects
        for name in members.get(subject, [subject])
    }
    by_claim = model.spec.mode is AccessMode.CLAIMED_AUTHOR
    owners = [person for person in model.spec.people if person.name in names]
    if not any(person.emails if by_claim else person.keys for person in owners):
        what = "an address" if by_claim else "a key"
        message = f"no OWNER of the whole fleet has {what}, so nobody could change this policy again"
        yield Diagnostic(
            "MH-ACCESS-025",
            message,
            place(("spec", "bindings")),
            f"Bind OWNER, without a scope, to somebody with {what}",
        )


def _owns_all(binding: Binding) -> bool:
    return binding.role is Role.OWNER and binding.scope is None


def _weak(model: AccessPolicy, place: Place) -> Iterator[Diagnostic]:
    if model.spec.mode is AccessMode.CLAIMED_AUTHOR:
        message = "mode `claimed-author` believes whatever a commit says of its author, and anybody can write that"
        where, fix = (place(("spec", "mode")), "Use `signatures` to know who made a commit")
        yield Diagnostic("MH-ACCESS-028", message, where, fix, Severity.WARNING)
