"""What the `secret` commands ask of a cloud's secret store: the one door that a secret's value goes through.

The reconciler never opens it: a `SecretStore` works with the credentials of the person at the keyboard. Contract for
every method: it raises only MolthubErrors, and no message, log or repr ever holds a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from molthub.provider.protocols import Location
from molthub.resources.types import Pairs


@dataclass(frozen=True, slots=True)
class SecretText:
    """A value on its way. Its repr does not show it, so no traceback, log or assertion does."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretRecord:
    """One secret as the store describes it, without its value.

    version_id   of the current version; None when it has no value
    changed_at   when it was last written
    deletion_at  when it goes for good, while it waits for its deletion; None otherwise
    kms_key      ARN of a customer key, or of its alias; None for the cloud's own key
    """

    name: str
    arn: str
    version_id: str | None
    changed_at: datetime | None = None
    deletion_at: datetime | None = None
    kms_key: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version with its value."""

    version_id: str
    value: SecretText


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What a secret is created with, beside its value. kms_key: ARN, id or alias; None for the cloud's own key."""

    name: str
    description: str
    tags: Pairs
    kms_key: str | None = None


class SecretStore(Protocol):
    """The secrets of one account and region. `source` is a secret's name or its full ARN."""

    def describe(self, source: str) -> SecretRecord | None:
        """One secret, None when there is none; one that waits for its deletion has a `deletion_at`."""
        ...

    def describe_all(self, sources: Iterable[str]) -> Mapping[str, SecretRecord]:
        """Those of these that exist, by source as given."""
        ...

    def tagged(self, tags: Mapping[str, str]) -> tuple[SecretRecord, ...]:
        """Every secret that carries all of these tags, by name; those that wait for their deletion too."""
        ...

    def read(self, source: str) -> SecretVersion:
        """The current version. Raises StallingError when there is none, or when it is not text."""
        ...

    def create(self, wanted: NewSecret, value: SecretText) -> str:
        """Make it; the version's id."""
        ...

    def put(self, source: str, value: SecretText, *, replacing: str | None) -> str:
        """Make a new version the current one; its id.

        replacing  the version that is current now, None when there is none. Raises TransientError MH-SCRT-005 and
                   leaves the current version alone when it is another one by now.
        """
        ...

    def rekey(self, source: str, kms_key: str) -> None:
        """Encrypt it with this key (ARN, id or alias) from now on."""
        ...

    def restore(self, source: str) -> None:
        """Take it back from its scheduled deletion."""
        ...

    def delete(self, source: str, *, recovery_days: int) -> datetime:
        """Schedule its deletion; when it goes. recovery_days: 7 to 30, in which `restore` takes it back."""
        ...


SecretStoreFactory = Callable[[Location], SecretStore]
"""Chosen by the composition root. The location's role is not assumed: the person's own credentials are used."""
