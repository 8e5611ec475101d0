"""Which secrets an instance uses, and the symbolic forms they take before their ARNs are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from molthub.desired.profiles.types import RuntimeProfile
from molthub.manifest.checks import secret_references
from molthub.manifest.models import InstanceSpec
from molthub.resources.identity import Identity, gateway_version_id, names_of

CHANNEL_ROLES = frozenset({"slack.botToken", "slack.appToken", "slack.signingSecret", "telegram.botToken"})


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A manifest's `key`, taken apart. source: a secret's name or its full ARN. json_key: None for the whole."""

    source: str
    json_key: str | None

    @property
    def arn(self) -> str:
        """The full ARN where the manifest gives it, else the symbolic `${secret:NAME}`."""
        return self.source if self.source.startswith("arn:") else f"${{secret:{self.source}}}"

    @property
    def value_from(self) -> str:
        """ECS's `valueFrom`: the ARN, and `:jsonKey::` for one key of a JSON secret."""
        return f"{self.arn}:{self.json_key}::" if self.json_key else self.arn


def parse_key(key: str) -> SecretKey:
    """Take `path#jsonKey` apart; path may be a full ARN."""
    source, _, json_key = key.partition("#")
    return SecretKey(source=source, json_key=json_key or None)


def linked_sources(spec: InstanceSpec) -> frozenset[str]:
    """Names and full ARNs of the secrets the manifest links."""
    return frozenset(parse_key(entry.key).source for entry in spec.secrets)


def injected(spec: InstanceSpec, profile: RuntimeProfile, gateway_secret: str) -> dict[str, SecretKey]:
    """Environment variable → secret, of everything the gateway is given.

    Each entry under its own name; again under the name the Moltbot reads where a channel or the model refers to an
    entry of another name; and the gateway token, which nothing may replace. A channel's variable is left out where
    the manifest does not have that channel: its mere presence switches the channel on (seen in 2026.9.6).
    """
    by_name = {entry.name: parse_key(entry.key) for entry in spec.secrets}
    roles = _roles(spec)
    unused = {name for role, name in profile.native_secrets.items() if role in CHANNEL_ROLES and role not in roles}
    own = {name: key for name, key in by_name.items() if name not in unused and name not in _only_of_the_gate(spec)}
    native = {
        profile.native_secrets[role]: by_name[name]
        for role, name in roles.items()
        if role in profile.native_secrets and name in by_name
    }
    return own | native | {profile.gateway_token: SecretKey(gateway_secret, None)}


def _only_of_the_gate(spec: InstanceSpec) -> set[str]:
    """Entries that the gateway has no use for: the webhook's key from before."""
    webhook = spec.channels.webhook
    if webhook is None or webhook.previousToken is None:
        return set()
    name = webhook.previousToken.secret
    users = [path for path, used in secret_references(spec) if used == name]
    return {name} if len(users) == 1 else set()


def _roles(spec: InstanceSpec) -> dict[str, str]:
    roles: dict[str, str] = {}
    if spec.channels.slack is not None:
        roles["slack.botToken"] = spec.channels.slack.botToken.secret
        if spec.channels.slack.appToken is not None:
            roles["slack.appToken"] = spec.channels.slack.appToken.secret
        if spec.channels.slack.signingSecret is not None:
            roles["slack.signingSecret"] = spec.channels.slack.signingSecret.secret
    if spec.channels.telegram is not None:
        roles["telegram.botToken"] = spec.channels.telegram.botToken.secret
    if spec.model is not None and spec.model.apiKey is not None:
        roles[f"provider:{spec.model.primary.partition('/')[0]}"] = spec.model.apiKey.secret
    return roles


def versions(identity: Identity, spec: InstanceSpec, known: Mapping[str, str | None]) -> dict[str, str | None]:
    """The version ids of all its secrets, by name or full ARN; None where one has no value.

    The gateway token's defaults to the one Molthub makes it with. No value of a secret is involved.
    """
    gateway = names_of(identity).gateway_secret
    linked = {source: known.get(source) for source in linked_sources(spec)}
    return {**linked, gateway: known.get(gateway) or gateway_version_id(identity)}
