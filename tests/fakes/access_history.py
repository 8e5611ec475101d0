"""A history in memory for the judge of access: commits with whole trees, and signatures by name."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from molthub.access.ancestry import Ancestry
from molthub.access.content import CommitView, Content, Fact, FileChange, Subject, contents, fact_of
from molthub.access.evaluate import Evaluation, evaluate
from molthub.access.signature import UNSIGNED, Keyring, Scheme, Signature, Signed
from molthub.access.versions import PATH, Roots
from molthub.manifest.access import AccessPolicy
from molthub.manifest.reading import read_file
from molthub.manifest.sshkeys import fingerprint
from tests.builders import environment_dict, instance_dict, merged, to_yaml, tree


def a_key(name: str) -> str:
    """A public key of this person; nobody has the other half."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4) + kind + (32).to_bytes(4) + hashlib.sha256(name.encode()).digest()
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def good(name: str) -> Signature:
    return Signature(Signed.GOOD, Scheme.SSH, fingerprint(a_key(name)))


def unknown(name: str) -> Signature:
    return Signature(Signed.UNKNOWN_KEY, Scheme.SSH, fingerprint(a_key(name)))


def person(name: str) -> dict[str, Any]:
    return {"name": name, "emails": [f"{name}@example.com"], "keys": [a_key(name)]}


def policy_dict(**spec: Any) -> dict[str, Any]:
    """olivia owns all, adam is ADMIN of acme/prod, oscar OPERATOR of it, vera VIEWER of everything."""
    base = {
        "people": [person(name) for name in ("olivia", "adam", "oscar", "vera")],
        "hosts": [{"name": "git-example", "keys": [a_key("host")]}],
        "bindings": [
            {"role": "OWNER", "subjects": ["olivia"]},
            {"role": "ADMIN", "subjects": ["adam"], "scope": ["acme/prod"]},
            {"role": "OPERATOR", "subjects": ["oscar"], "scope": ["acme/prod"]},
            {"role": "VIEWER", "subjects": ["vera"]},
        ],
    }
    document = {"apiVersion": "molthub/v1", "kind": "AccessPolicy", "metadata": {"name": "access"}}
    return {**document, "spec": {**base, **spec}}


ROOTS = Roots(frozenset({a_key("root")}))
BOT = "instances/acme/prod/support-bot.yaml"
OTHER = "instances/acme/prod/other-bot.yaml"
SUBJECT = Subject("MoltbotInstance", "acme/prod/support-bot")
NEIGHBOUR = Subject("MoltbotInstance", "acme/prod/other-bot")


def bot(name: str = "support-bot", **overrides: Any) -> bytes:
    return to_yaml(merged(instance_dict(metadata={"name": name}), overrides))


@dataclass(slots=True)
class FakeHistory:
    """`commit` adds one on top of the last, or of named parents. A Record."""

    views_: dict[str, CommitView] = field(default_factory=dict)
    trees: dict[str, dict[str, bytes]] = field(default_factory=dict)
    signed: dict[str, Signature] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    head: str = ""
    _facts: dict[bytes, Fact | None] = field(default_factory=dict)

    @classmethod
    def founded(cls, **spec: Any) -> FakeHistory:
        """A fleet with two instances in acme/prod, and a policy that the root key signed."""
        found = cls()
        first = tree(instance_dict(), instance_dict(metadata={"name": "other-bot"}), environment_dict())
        found.commit(first)
        found.commit({PATH: to_yaml(policy_dict(**spec))}, by=good("root"))
        return found

    def commit(
        self,
        files: Mapping[str, bytes | None] | None = None,
        *,
        by: Signature | str | None = None,
        email: str = "nobody@example.com",
        on: Iterable[str] | None = None,
        **trailers: str,
    ) -> str:
        """A commit with these files changed (against its first parent). by: a signature, or who signs it well."""
        parents = tuple(on) if on is not None else ((self.head,) if self.head else ())
        before = self.trees[parents[0]] if parents else {}
        now = {path: content for path, content in {**before, **(files or {})}.items() if content is not None}
        sha = hashlib.sha1(repr((parents, sorted(now.items()), len(self.views_), trailers)).encode()).hexdigest()
        self.trees[sha] = now
        paths = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        changes = tuple(
            FileChange(self._fact(path, before.get(path)), self._fact(path, now.get(path))) for path in paths
        )
        said = {name.replace("_", "-").lower(): (text,) for name, text in trailers.items()}
        self.views_[sha] = CommitView(sha, parents, email, "change", said, changes)
        self.signed[sha] = good(by) if isinstance(by, str) else by or UNSIGNED
        self.head = sha
        return sha

    def merge(self, other: str, files: Mapping[str, bytes | None] | None = None, **more: Any) -> str:
        """Merge another head into this one. files: what the merge makes of them; else the other's changes are taken."""
        base = self.trees[self.head]
        first = next(sha for sha in self._line(other) if sha in set(self._line(self.head)))
        fork = self.trees[first]
        brought = {
            p: self.trees[other].get(p)
            for p in fork.keys() | self.trees[other].keys()
            if fork.get(p) != self.trees[other].get(p) and fork.get(p) == base.get(p)
        }
        return self.commit({**brought, **(files or {})}, on=(self.head, other), **more)

    def _line(self, sha: str) -> list[str]:
        return [sha, *(found for parent in self.views_[sha].parents[:1] for found in self._line(parent))]

    def judged(self, roots: Roots = ROOTS) -> Evaluation:
        return evaluate(self, self.head, roots)

    # -- a Record -----------------------------------------------------------------------------------------

    @property
    def ancestry(self) -> Ancestry:
        held: dict[str, tuple[str, ...]] = {}
        waiting = [self.head]
        while waiting:
            sha = waiting.pop()
            if sha not in held:
                held[sha] = self.views_[sha].parents
                waiting.extend(held[sha])
        return Ancestry(held)

    def policy_commits(self) -> tuple[str, ...]:
        held = self.ancestry.parents
        return tuple(
            sha
            for sha in held
            if any(self.trees[sha].get(PATH) != self.trees[parent].get(PATH) for parent in held[sha])
            or (not held[sha] and PATH in self.trees[sha])
        )

    def policy_at(self, sha: str) -> Fact | None:
        content = self.trees[sha].get(PATH)
        if content is None:
            return None
        found = self._fact(PATH, content)
        model = found.model if found is not None and isinstance(found.model, AccessPolicy) else None
        return Fact(Subject("AccessPolicy"), hashlib.sha1(content).hexdigest(), model)

    def views(self, shas: Iterable[str]) -> Mapping[str, CommitView]:
        return {sha: self.views_[sha] for sha in shas}

    def contents_at(self, sha: str) -> Mapping[Subject, Content]:
        return contents(self._fact(path, content) for path, content in self.trees[sha].items())

    def signatures(self, shas: Iterable[str], keys: Keyring) -> Mapping[str, Signature]:
        wanted = list(shas)
        self.asked += wanted
        trusted = {fingerprint(key) for key in keys.ssh}
        return {sha: self._among(self.signed[sha], trusted) for sha in wanted}

    def _among(self, found: Signature, trusted: set[str]) -> Signature:
        return replace(found, kind=Signed.UNKNOWN_KEY) if found.good and found.fingerprint not in trusted else found

    def _fact(self, path: str, content: bytes | None) -> Fact | None:
        if content is None:
            return None
        if content not in self._facts:
            self._facts[content] = fact_of(read_file(path, content), hashlib.sha1(content).hexdigest())
        return self._facts[content]
