"""What a document must keep within itself, beyond what its model can say."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import chain

from pydantic import BaseModel

from molthub.errors import Diagnostic, Location, Severity
from molthub.manifest.channels import channel_problems
from molthub.manifest.environment import Environment, Fleet
from molthub.manifest.fields import is_pinned
from molthub.manifest.models import MoltbotInstance, SecretRef
from molthub.manifest.places import Place
from molthub.manifest.wording import nearest
from molthub.resources.identity import RESERVED_TAG_PREFIXES

Path = tuple[str | int, ...]

_TAG_PUNCTUATION = frozenset(" _.:/=+-@")
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256


def document_diagnostics(model: Fleet | Environment | MoltbotInstance, place: Place) -> list[Diagnostic]:
    """Errors and warnings of one valid model."""
    if isinstance(model, MoltbotInstance):
        meta = model.metadata
        subject = f"{meta.workspace}/{meta.environment}/{meta.name}"
        found = chain(
            _labels(model, place), _secrets(model, place), channel_problems(model, place), _bare(model, place)
        )
        return [_with_subject(item, subject) for item in found]
    if isinstance(model, Environment):
        return [*_subnets(model, place), *_gate_image(model, place)]
    return []


def secret_references(model: BaseModel, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every `{secret: NAME}` below a model, with its path from there."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretRef):
            yield (*path, name), value.secret
        elif isinstance(value, BaseModel):
            yield from secret_references(value, (*path, name))


def _with_subject(item: Diagnostic, subject: str) -> Diagnostic:
    return Diagnostic(item.ref, item.message, item.location, item.fix, item.severity, subject)


# -- Labels, which become AWS tags ---------------------------------------------------------------------------


def _labels(model: MoltbotInstance, place: Place) -> Iterator[Diagnostic]:
    """The tag rules shared by ECS, IAM, EC2, Logs and Secrets Manager; IAM alone ignores the case of keys."""
    seen: set[str] = set()
    for key, value in model.metadata.labels.items():
        where = ("metadata", "labels", key)
        if not 1 <= len(key) <= MAX_TAG_KEY or not _is_tag_text(key):
            yield _label("this label is not a legal AWS tag key", place.key(where))
        elif key.lower().startswith(RESERVED_TAG_PREFIXES):
            prefixes = " and ".join(RESERVED_TAG_PREFIXES)
            yield _label("a label uses a reserved prefix", place.key(where), f"Labels may not begin with {prefixes}")
        elif key.lower() in seen:
            message = "this label differs from another only in letter case, which IAM ignores"
            yield _label(message, place.key(where), "Remove one of the two")
        if len(value) > MAX_TAG_VALUE or not _is_tag_text(value):
            yield _label("the value of this label is not a legal AWS tag value", place(where))
        seen.add(key.lower())


def _is_tag_text(text: str) -> bool:
    """Letters, digits, spaces and _ . : / = + - @; no space at the edges, which some services cut off."""
    return text == text.strip() and all(
        char in _TAG_PUNCTUATION or unicodedata.category(char)[0] in "LN" for char in text
    )


def _label(message: str, location: Location, fix: str = "") -> Diagnostic:
    rule = "Use letters, digits, inner spaces and _ . : / = + - @ (keys to 128, values to 256 characters)"
    return Diagnostic("MH-MAN-017", message, location, fix or rule)


# -- Secrets -------------------------------------------------------------------------------------------------


def _secrets(model: MoltbotInstance, place: Place) -> Iterator[Diagnostic]:
    names: list[str] = []
    for index, entry in enumerate(model.spec.secrets):
        where = ("spec", "secrets", index, "name")
        if entry.name in names:
            message = f"two entries of `spec.secrets` have the name {entry.name}"
            yield Diagnostic("MH-MAN-019", message, place(where), "Rename or remove one of them")
        if entry.name in model.spec.runtime.env:
            message = f"{entry.name} is in `spec.secrets` and in `spec.runtime.env`"
            yield Diagnostic("MH-MAN-022", message, place(where), "Keep only the secret")
        names.append(entry.name)
    for path, name in secret_references(model.spec, ("spec",)):
        if name not in names:
            meant = nearest(name, names)
            fix = f"Did you mean {meant}?" if meant else "Add an entry of that name, with its key"
            message = f"`spec.secrets` has no entry named {name}"
            yield Diagnostic("MH-MAN-018", message, place((*path, "secret")), fix)


def _bare(model: MoltbotInstance, place: Place) -> Iterator[Diagnostic]:
    """A Moltbot that could not do anything: allowed, and said."""
    channels = model.spec.channels
    if model.spec.model is None:
        fix = "Set `spec.model.primary` and `spec.model.apiKey`"
        yield Diagnostic("MH-MAN-020", "no model is set, so it cannot answer", place(("spec",)), fix, Severity.WARNING)
    if channels.slack is None and channels.telegram is None and channels.webhook is None:
        message, fix = "no channel is set, so nobody can reach it", "Set one in `spec.channels`"
        yield Diagnostic("MH-MAN-021", message, place(("spec",)), fix, Severity.WARNING)


# -- Environments --------------------------------------------------------------------------------------------


def _subnets(model: Environment, place: Place) -> Iterator[Diagnostic]:
    subnets = model.spec.aws.subnetIds or []
    if (model.spec.aws.vpcId is None) != (model.spec.aws.subnetIds is None):
        missing, there = ("vpcId", "subnetIds") if model.spec.aws.vpcId is None else ("subnetIds", "vpcId")
        fix = f"Add `{missing}`, or remove `{there}` too and let `molthub bootstrap` make the network"
        message = f"`{there}` is given without `{missing}`"
        yield Diagnostic("MH-MAN-025", message, place(("spec", "aws", there)), fix)
    for index, subnet in enumerate(subnets):
        if subnet in subnets[:index]:
            where = ("spec", "aws", "subnetIds", index)
            yield Diagnostic("MH-MAN-024", "a subnet is listed twice", place(where), "Remove one of the two")


def _gate_image(model: Environment, place: Place) -> Iterator[Diagnostic]:
    """The gate guards the way in: which program that is must not change by itself."""
    ingress = model.spec.ingress
    if ingress is not None and not is_pinned(ingress.gateImage):
        message = "the gate's image is not pinned, so it may be another program tomorrow"
        fix = "Write repository:1.2.3 with a whole version, best with @sha256:… behind it"
        yield Diagnostic("MH-MAN-029", message, place(("spec", "ingress", "gateImage")), fix)
