"""A fleet repository with real signatures: two Moltbots, a policy that a root key signed, and keys for each role."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molthub.access.versions import PATH, Roots
from molthub.manifest.sshkeys import normal_key
from molthub.pipeline.access import AccessGate
from molthub.source.protocol import FleetSource
from molthub.source.repository import open_repository
from tests.builders import instance_dict, merged, to_yaml, tree
from tests.fakes.signing import Key, Signer, ssh_key

NAMES = ("root", "olivia", "adam", "oscar", "stranger")


@dataclass(slots=True)
class SignedFleet:
    """`commit` adds a commit, signed by whoever is named."""

    repo: Signer
    keys: dict[str, Key]

    @classmethod
    def at(cls, folder: Path) -> SignedFleet:
        """olivia is OWNER of all, adam ADMIN and oscar OPERATOR of acme/prod."""
        keys = {name: ssh_key(folder, name) for name in NAMES}
        made = cls(Signer(folder / "fleet"), keys)
        made.commit(tree(instance_dict(), instance_dict(metadata={"name": "other-bot"})))
        made.commit({PATH: to_yaml(made.policy())}, by="root")
        return made

    def policy(self, **spec: Any) -> dict[str, Any]:
        people = [
            {"name": name, "emails": [f"{name}@example.com"], "keys": [self.keys[name].public]}
            for name in ("olivia", "adam", "oscar")
        ]
        bindings = [
            {"role": "OWNER", "subjects": ["olivia"]},
            {"role": "ADMIN", "subjects": ["adam"], "scope": ["acme/prod"]},
            {"role": "OPERATOR", "subjects": ["oscar"], "scope": ["acme/prod"]},
        ]
        document = {"apiVersion": "molthub/v1", "kind": "AccessPolicy", "metadata": {"name": "access"}}
        return {**document, "spec": {"people": people, "bindings": bindings, **spec}}

    def commit(
        self, files: dict[str, Any] | None = None, *, by: str | None = None, email: str = "", message: str = "Change"
    ) -> str:
        key = self.keys[by] if by else None
        return self.repo.commit(files, message, key=key, email=email or f"{by or 'nobody'}@example.com")

    def bot(self, name: str = "support-bot", **spec: Any) -> dict[str, bytes]:
        """The files of one Moltbot with this in its spec."""
        document = merged(instance_dict(metadata={"name": name}), {"spec": spec})
        return {f"instances/acme/prod/{name}.yaml": to_yaml(document)}

    @property
    def roots(self) -> Roots:
        return Roots(frozenset({normal_key(self.keys["root"].public)}))

    def source(self) -> FleetSource:
        return open_repository(str(self.repo.path), ref=None, cache_dir=self.repo.path.parent / "cache")

    def gate(self, source: FleetSource) -> AccessGate:
        return AccessGate(source, self.roots)
