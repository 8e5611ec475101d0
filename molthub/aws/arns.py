"""Names ↔ ARNs and ids. Pure: what exists is handed in as tables.

Our types speak of roles, groups and secrets by name. AWS wants a role's ARN (which follows from its name), a
group's id and a secret's ARN (which only AWS knows).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from molthub.aws.errors import no_file_system, no_group, no_secret, no_target_group

SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+")
SYMBOL = re.compile(r"\$\{secret:([^}]+)\}")
FILE_SYSTEM_ARN = re.compile(r"arn:aws[a-z-]*:elasticfilesystem:[a-z0-9-]+:[0-9]{12}:file-system/(fs-[0-9a-f]+)")
FILE_SYSTEM_SYMBOL = re.compile(r"\$\{file-system:([^}]+)\}")


def is_arn(text: str) -> bool:
    return text.startswith("arn:")


def secret_names(text: str) -> set[str]:
    """Names that `${secret:NAME}` stands for in a text."""
    return set(SYMBOL.findall(text))


def file_system_names(text: str) -> set[str]:
    """Names that `${file-system:NAME}` stands for in a text."""
    return set(FILE_SYSTEM_SYMBOL.findall(text))


def secret_arns(text: str) -> set[str]:
    """Secret ARNs in a text, without what follows them (`:jsonKey::`)."""
    return set(SECRET_ARN.findall(text))


def belongs_to(arn: str, account: str, region: str) -> bool:
    """Whether a secret's ARN is of this account and region."""
    return f":secretsmanager:{region}:{account}:" in arn


@dataclass(frozen=True, slots=True)
class Account:
    """What ARNs are made of."""

    partition: str
    account_id: str
    region: str

    def role_arn(self, path: str, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:role{path}{name}"

    def role_name(self, arn: str, path: str) -> str:
        """The role's name when it is of this account and path, else the ARN as it is."""
        prefix = self.role_arn(path, "")
        name = arn.removeprefix(prefix)
        return name if arn.startswith(prefix) and "/" not in name else arn

    def log_group_arn(self, name: str) -> str:
        return f"arn:{self.partition}:logs:{self.region}:{self.account_id}:log-group:{name}"

    def file_system_arn(self, file_system_id: str) -> str:
        return f"arn:{self.partition}:elasticfilesystem:{self.region}:{self.account_id}:file-system/{file_system_id}"


@dataclass(frozen=True, slots=True)
class Store:
    """An active file system: its id, and its access points, name → id."""

    id: str
    access_points: Mapping[str, str] = field(default_factory=dict)

    def access_point(self, point_id: str) -> str:
        """The access point's name, or its id when it is none of this one's."""
        return next((name for name, known in self.access_points.items() if known == point_id), point_id)


@dataclass(frozen=True, slots=True)
class Names:
    """From AWS's ids to names.

    groups   security group id → name
    secrets  ARN of a secret that exists now → its name
    targets  ARN of a target group that exists now → its name
    pinned   ARNs that manifests link as such: they stay ARNs
    stores   name of an active file system → what it is
    past     the name that stands for whatever file system a revision names: for revisions that rolled out once,
             whose file system may have been retired or deleted since
    """

    account: Account
    role_path: str
    groups: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    targets: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)
    past: str | None = None

    def target_group(self, arn: str) -> str:
        """The target group's name, or its ARN when it is none of ours or was made again since."""
        return self.targets.get(arn, arn)

    def store(self, file_system_id: str) -> tuple[str, Store | None]:
        """(name, store) of an active file system; (id, None) of any other."""
        found = next(((name, item) for name, item in self.stores.items() if item.id == file_system_id), None)
        return found or (file_system_id, None)

    def group(self, group_id: str) -> str:
        """The group's name, or its id when it is none of ours."""
        return self.groups.get(group_id, group_id)

    def role(self, arn: str) -> str:
        return self.account.role_name(arn, self.role_path)

    def symbolise(self, text: str) -> str:
        """ARNs of secrets that exist become `${secret:NAME}`; every other ARN, also of a re-created one, stays."""

        def name(found: re.Match[str]) -> str:
            arn = found.group(0)
            known = None if arn in self.pinned else self.secrets.get(arn)
            return arn if known is None else f"${{secret:{known}}}"

        def file_system(found: re.Match[str]) -> str:
            known, store = self.store(found.group(1))
            return found.group(0) if store is None else f"${{file-system:{known}}}"

        return FILE_SYSTEM_ARN.sub(file_system, SECRET_ARN.sub(name, text))


@dataclass(frozen=True, slots=True)
class Ids:
    """From names to AWS's ids, for writing.

    groups   security group name → id
    secrets  secret name → ARN
    targets  target group name → ARN
    stores   file system name → the active one
    """

    account: Account
    role_path: str
    groups: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)

    def target_group(self, name: str) -> str:
        """The target group's ARN. Raises TransientError when it is not there."""
        if is_arn(name):
            return name
        if name not in self.targets:
            raise no_target_group(name)
        return self.targets[name]

    def store(self, name: str) -> Store:
        """The active file system. Raises TransientError when there is none."""
        if name not in self.stores:
            raise no_file_system(name)
        return self.stores[name]

    def group(self, name: str) -> str:
        """The group's id. A raw id stays one. Raises TransientError when it is not there."""
        if name.startswith("sg-"):
            return name
        if name not in self.groups:
            raise no_group(name)
        return self.groups[name]

    def role(self, name: str) -> str:
        return name if is_arn(name) else self.account.role_arn(self.role_path, name)

    def resolve(self, text: str) -> str:
        """`${secret:NAME}` and `${file-system:NAME}` become ARNs. Raises StallingError for a secret that is missing."""

        def arn(found: re.Match[str]) -> str:
            name = found.group(1)
            if name not in self.secrets:
                raise no_secret(name)
            return self.secrets[name]

        def file_system(found: re.Match[str]) -> str:
            return self.account.file_system_arn(self.store(found.group(1)).id)

        return FILE_SYSTEM_SYMBOL.sub(file_system, SYMBOL.sub(arn, text))
