"""Which secret is meant, where a new one goes, and which instances use it. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from molthub.desired.secrets import SecretKey, parse_key
from molthub.errors import Diagnostic, Location, StallingError
from molthub.manifest.documents import FleetDocuments, InvalidFile, LoadedEnvironment
from molthub.manifest.fields import ENV_NAME_PATTERN, SECRET_KEY_PATTERN
from molthub.manifest.yaml_events import parse
from molthub.manifest.yaml_text import YamlRefusedError
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import EnvironmentKey, Identity, names_of

_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
"""A name that ends so cannot be told from the end of an ARN (Secrets Manager, CreateSecret)."""


@dataclass(frozen=True, slots=True)
class Use:
    """One entry of one manifest. name: the environment variable; instance: `workspace/environment/name`."""

    instance: str
    name: str
    place: SecretKey

    def __str__(self) -> str:
        return f"{self.instance} ({self.name})"


@dataclass(frozen=True, slots=True)
class Holder:
    """An instance as far as its secrets go; its manifest may be Invalid for other reasons.

    path     of the manifest, from the repository's root
    entries  of `spec.secrets`: name → key
    """

    identity: Identity
    name: str
    path: str
    entries: Mapping[str, str]

    @property
    def key(self) -> EnvironmentKey:
        return self.identity.key


@dataclass(frozen=True, slots=True)
class Target:
    """A secret somebody means.

    environment  whose account and region it is in
    holder       the instance it is of; None for one that is named by its path
    name         the environment variable; "" for one that is named by its path, and for a gateway token
    has_entry    the manifest says already where it is
    """

    environment: LoadedEnvironment
    place: SecretKey
    holder: Holder | None = None
    name: str = ""
    has_entry: bool = False

    @property
    def key(self) -> str:
        """As a manifest writes it: `path#jsonKey`."""
        return written(self.place)

    @property
    def whose(self) -> str:
        """In words: the variable and its instance, or the place where it is nobody's."""
        return f"{self.name or 'gateway token'} of {self.holder.name}" if self.holder else self.key


def written(place: SecretKey) -> str:
    """A place as a manifest writes it."""
    return f"{place.source}#{place.json_key}" if place.json_key else place.source


def holders(checked_fleet: CheckedFleet, fleet: str) -> tuple[Holder, ...]:
    """Every instance whose secrets can be told, those with an Invalid manifest included: it may lack just a secret."""
    documents = checked_fleet.documents
    found = [
        Holder(
            loaded.identity(fleet),
            loaded.display_name,
            loaded.path,
            {entry.name: entry.key for entry in loaded.model.spec.secrets},
        )
        for loaded in documents.instances.values()
    ]
    found += [
        Holder(
            Identity(fleet, file.workspace, file.environment, file.id),
            f"{file.workspace}/{file.environment}/{file.name}",
            file.path,
            entries,
        )
        for file in documents.invalid
        if file.kind == "MoltbotInstance" and file.workspace and file.environment and file.name and file.id
        if (entries := _entries(checked_fleet.snapshot.files[file.path].content)) is not None
    ]
    return tuple(sorted(found, key=lambda holder: holder.identity))


def _entries(content: bytes) -> dict[str, str] | None:
    """The entries of a manifest that parses as YAML; None for one that does not, or whose `spec` is none."""
    try:
        document = parse(content)
    except YamlRefusedError:
        return None
    spec = document.get("spec") if isinstance(document, dict) else None
    if not isinstance(spec, dict):
        return None
    listed = spec.get("secrets")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return {str(item.get("name")): str(item.get("key")) for item in items}


def find_holder(known: tuple[Holder, ...], text: str) -> Holder:
    """Whom `workspace/environment/name`, a name or an id means. Raises MH-SCRT-010 for nobody, or more than one."""
    found = [
        item for item in known if text in (item.name, str(item.identity), item.name.rsplit("/")[-1], item.identity.id)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(item.name for item in found)
        raise StallingError("MH-SCRT-010", f"{text} is not unique: {names}", fix="Say workspace/environment/name")
    short = {item.name.rsplit("/")[-1]: item.name for item in known} | {item.name: item.name for item in known}
    near = difflib.get_close_matches(text, short, n=1)
    fix = f"Did you mean {short[near[0]]}?" if near else "See `molthub status` for what there is"
    raise StallingError("MH-SCRT-010", f"there is no instance {text} in this fleet", fix=fix)


def unreadable(
    documents: FleetDocuments, known: Iterable[Holder], text: str
) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """What is wrong with manifests that are no Holder: those that are somebody's by their file's name or by what can be
    read of them; and those of which no name can be read, so that anybody may be meant."""
    paths = {holder.path for holder in known}
    files = [file for file in documents.invalid if file.path not in paths and file.kind in (None, "MoltbotInstance")]
    name = text.rsplit("/", maxsplit=1)[-1]
    its = [file for file in files if name in (file.name, file.id, PurePosixPath(file.path).stem)]
    others = [file for file in files if file.name is None]
    return _wrong_with(its), _wrong_with(others)


def _wrong_with(files: Iterable[InvalidFile]) -> tuple[Diagnostic, ...]:
    return tuple(diagnostic for file in files for diagnostic in file.diagnostics)


def of_instance(documents: FleetDocuments, holder: Holder, name: str, *, path: str | None = None) -> Target:
    """The secret behind a variable of an instance: its entry's, else `path`, else the default place.

    Raises MH-SCRT-001 for what is no variable's name, -002 for a path that is none or contradicts the entry.
    """
    if not re.fullmatch(ENV_NAME_PATTERN, name):
        raise StallingError(
            "MH-SCRT-001",
            f"{name!a} is no name of an environment variable",
            fix="Give capital letters, digits and underscores, such as SLACK_BOT_TOKEN",
        )
    said = holder.entries.get(name)
    if said is not None and path is not None and said != path:
        raise StallingError(
            "MH-SCRT-002",
            f"the manifest of {holder.name} says that {name} is in {said}",
            fix="Leave --path out, or point it elsewhere with `molthub secret link` first",
            location=Location(holder.path),
        )
    wanted = said or path
    place = checked(wanted) if wanted else default_place(holder.identity, name)
    return Target(environment_of(documents, holder.key), place, holder, name, said is not None)


def of_path(documents: FleetDocuments, key: EnvironmentKey, path: str) -> Target:
    """The secret at a path of an environment. Raises MH-SCRT-002 for no path, -003 for an unknown environment."""
    return Target(environment_of(documents, key), checked(path))


def of_gateway(documents: FleetDocuments, holder: Holder) -> Target:
    """The gateway token of an instance."""
    place = SecretKey(names_of(holder.identity).gateway_secret, None)
    return Target(environment_of(documents, holder.key), place, holder)


def environment_of(documents: FleetDocuments, key: EnvironmentKey) -> LoadedEnvironment:
    """Raises MH-SCRT-003 for one that is not there, or not usable."""
    found = documents.environments.get(key)
    if found is None:
        known = ", ".join(map(str, sorted(documents.environments))) or "none"
        raise StallingError("MH-SCRT-003", f"there is no environment {key}", fix=f"Usable ones here: {known}")
    return found


def checked(path: str) -> SecretKey:
    """`path#jsonKey` taken apart. Raises MH-SCRT-002 for what no manifest could hold or AWS would not take."""
    place = parse_key(path)
    if not re.fullmatch(SECRET_KEY_PATTERN, path) or path.endswith("#"):
        raise _no_path(path, "a path is letters, digits and / _ + = . @ -, then #jsonKey")
    if not place.source.startswith("arn:") and _SUFFIX.search(place.source):
        raise _no_path(path, "a name that ends in a hyphen and six characters cannot be told from an ARN")
    return place


def _no_path(path: str, why: str) -> StallingError:
    return StallingError("MH-SCRT-002", f"{path!a} is no place for a secret: {why}", fix="Choose another path")


def default_place(identity: Identity, name: str) -> SecretKey:
    """`WORKSPACE/ENVIRONMENT/ID#nameInCamelCase`; `…/ID/secrets` where AWS would not take the shorter name."""
    source = str(identity)
    if _SUFFIX.search(source):
        source += "/secrets"
    first, *rest = name.lower().split("_")
    return SecretKey(source, first + "".join(part.capitalize() for part in rest))


def uses(known: Iterable[Holder], key: EnvironmentKey) -> tuple[Use, ...]:
    """Every entry of every manifest of an environment, by instance and name."""
    return tuple(
        Use(holder.name, name, parse_key(said))
        for holder in known
        if holder.key == key
        for name, said in holder.entries.items()
    )


def uses_around(known: Iterable[Holder], documents: FleetDocuments, key: EnvironmentKey) -> tuple[Use, ...]:
    """Every entry that can mean a secret of an environment: its own, and those of others in its account and region.

    An ARN means the same from anywhere, and an environment that is not usable may be in that account, too.
    """
    place = _account_and_region(documents, key)
    return tuple(
        use
        for holder in known
        for use in uses([holder], holder.key)
        if use.place.source.startswith("arn:") or _account_and_region(documents, holder.key) in (place, None)
    )


def neighbours(documents: FleetDocuments, key: EnvironmentKey) -> tuple[EnvironmentKey, ...]:
    """The environments in an environment's account and region, itself included."""
    place = _account_and_region(documents, key)
    return tuple(other for other in sorted(documents.environments) if _account_and_region(documents, other) == place)


def _account_and_region(documents: FleetDocuments, key: EnvironmentKey) -> tuple[str, str] | None:
    """Where an environment's secrets are; None for one that is not usable."""
    found = documents.environments.get(key)
    return (found.model.spec.aws.accountId, found.model.spec.aws.region) if found else None


def users(found: tuple[Use, ...], place: SecretKey, *, arn: str | None = None) -> tuple[Use, ...]:
    """Who uses a place: entries of the same secret (by name, or by its ARN) whose JSON key is it or part of it.

    The whole secret is used by all its keys' users; a key is used by those of the whole, too.
    """
    same = {place.source, arn} - {None}
    return tuple(
        use
        for use in found
        if use.place.source in same and (not place.json_key or use.place.json_key in (None, place.json_key))
    )


def gateway_owner(known: Iterable[Holder], source: str) -> Holder | None:
    """The instance whose gateway token this is, None when it is none."""
    return next((holder for holder in known if names_of(holder.identity).gateway_secret == source), None)
