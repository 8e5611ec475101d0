"""Names ↔ ARNs and ids. Pure: what exists is handed in as tables.

Our types speak of roles, groups and secrets by name. AWS wants a role's ARN (which follows from its name), a
group's id and a secret's ARN (which only AWS knows).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from molthub.aws.errors import no_group, no_secret, no_target_group

SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+")
SYMBOL = re.compile(r"\$\{secret:([^}]+)\}")


def is_arn(text: str) -> bool:
    return text.startswith("arn:")


def secret_names(text: str) -> set[str]:
    """Names that `${secret:NAME}` stands for in a text."""
    return set(SYMBOL.findall(text))


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


@dataclass(frozen=True, slots=True)
class Names:
    """From AWS's ids to names.

    groups   security group id → name
    secrets  ARN of a secret that exists now → its name
    targets  ARN of a target group that exists now → its name
    pinned   ARNs that manifests link as such: they stay ARNs
    """

    account: Account
    role_path: str
    groups: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    targets: Mapping[str, str] = field(default_factory=dict)

    def target_group(self, arn: str) -> str:
        """The target group's name, or its ARN when it is none of ours or was made again since."""
        return self.targets.get(arn, arn)

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

        return SECRET_ARN.sub(name, text)


@dataclass(frozen=True, slots=True)
class Ids:
    """From names to AWS's ids, for writing.

    groups   security group name → id
    secrets  secret name → ARN
    targets  target group name → ARN
    """

    account: Account
    role_path: str
    groups: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)

    def target_group(self, name: str) -> str:
        """The target group's ARN. Raises TransientError when it is not there."""
        if is_arn(name):
            return name
        if name not in self.targets:
            raise no_target_group(name)
        return self.targets[name]

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
        """`${secret:NAME}` becomes the secret's ARN. Raises StallingError when there is no such secret."""

        def arn(found: re.Match[str]) -> str:
            name = found.group(1)
            if name not in self.secrets:
                raise no_secret(name)
            return self.secrets[name]

        return SYMBOL.sub(arn, text)
