"""What the verbs of `molthub secret` share: the fleet, the store, the trail, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.terminal import Terminal
from molthub.cli.trail import Trail, open_trail
from molthub.errors import InvalidInputError, StallingError

if TYPE_CHECKING:
    from molthub.manifest.documents import FleetDocuments, LoadedEnvironment
    from molthub.pipeline.secrets.places import Holder, Target
    from molthub.provider.secrets import SecretRecord, SecretStore

TRAILER = "Molthub-Secret"

InstanceArgument = Annotated[
    str | None,
    typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, or the name where it is unique"),
]
NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="The environment variable, as spec.secrets names it")
]
SharedOption = Annotated[
    str | None,
    typer.Option("--environment", metavar="WORKSPACE/NAME", help="The environment of a secret that several share"),
]
PathOption = Annotated[
    str | None, typer.Option("--path", metavar="PATH[#KEY]", help="Where it is in Secrets Manager, and its JSON key")
]
FileOption = Annotated[
    Path | None, typer.Option("--from-file", metavar="FILE", help="Take the value from a file instead of asking for it")
]
NoCommitOption = Annotated[
    bool, typer.Option("--no-commit", help="Leave no commit; an edited manifest is left for you to commit")
]


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a verb."""

    fleet: context.ReadFleet
    name: str
    known: tuple[Holder, ...]
    roots: context.Roots
    trail: Trail
    term: Terminal

    @property
    def documents(self) -> FleetDocuments:
        return self.fleet.checked.documents

    def store(self, environment: LoadedEnvironment) -> SecretStore:
        from molthub.pipeline.places import location_of

        return self.roots.secrets()(location_of(environment, fleet=self.name))

    def default_key(self, environment: LoadedEnvironment) -> str | None:
        """The environment's own customer key, where its foundation has one. Raises when that cannot be told."""
        return default_key(self.roots, environment, fleet=self.name)

    def target(self, instance: str | None, name: str | None, environment: str | None, path: str | None) -> Target:
        """What INSTANCE NAME, or --environment with --path, means. Raises typer.BadParameter for neither or both."""
        from molthub.pipeline.secrets.places import of_instance, of_path

        if environment is not None:
            if instance or path is None:
                raise typer.BadParameter("--environment goes with --path, and without INSTANCE NAME")
            return of_path(self.documents, context.environment_key(environment), path)
        if not instance or not name:
            raise typer.BadParameter("say INSTANCE NAME, or --environment WORKSPACE/NAME --path PATH[#KEY]")
        return of_instance(self.documents, self.holder(instance), name, path=path)

    def holder(self, instance: str) -> Holder:
        """The instance that is meant. Raises what is wrong with its manifest where that cannot be read, MH-SCRT-010
        where there is none; both where it cannot be told which."""
        from molthub.pipeline.secrets.places import find_holder, unreadable

        try:
            return find_holder(self.known, instance)
        except StallingError as error:
            its, others = unreadable(self.documents, self.known, instance)
            if its or others:
                raise InvalidInputError(its or (*others, error.diagnostic)) from None
            raise

    def manifest(self, holder: Holder) -> bytes:
        return self.fleet.checked.snapshot.files[holder.path].content

    def keep(self, subject: str, trailer: str, edited: Mapping[str, bytes], *, holder: Holder | None = None) -> None:
        """Commit the edits and the trailer (`VERB KEY`); with --no-commit only write the edits.

        holder: the instance that the command named
        """
        if self.trail.root is None and edited:
            root = self._editable()
            for path, content in edited.items():
                (root / path).write_bytes(content)
                self.term.say(f"Edited {path}; commit it to make it count.")
        action = f"secret-{trailer.partition(' ')[0]}"
        self.trail.leave(
            subject, {TRAILER: trailer}, edited, action=action, instance=holder.identity if holder else None
        )

    def check(self, edits: Holder | None, where: LoadedEnvironment) -> None:
        """Raise before anything is done when the trail, or the edit of a manifest, could not be made afterwards.

        Also when access does not let whoever commits here touch the secrets of that environment.
        """
        if edits is not None and self.trail.root is None:
            self._editable()
        self.trail.check([edits.path] if edits is not None else [])
        self.trail.allow(TRAILER, where.key)

    def _editable(self) -> Path:
        root = getattr(self.fleet.source, "root", None)
        if not isinstance(root, Path):
            raise StallingError(
                "MH-SCRT-013",
                f"the manifest has no such entry yet, and {self.fleet.source.label} cannot be edited from here",
                fix="Run it in a clone",
            )
        return root

    def check_whole(self, target: Target) -> None:
        """Raise MH-SCRT-018 when the whole of a secret is meant whose JSON keys manifests use."""
        from molthub.pipeline.secrets.places import uses_around

        around = uses_around(self.known, self.documents, target.environment.key)
        keyed = [use for use in around if use.place.source == target.place.source]
        if target.place.json_key is None and any(use.place.json_key for use in keyed):
            raise StallingError(
                "MH-SCRT-018",
                f"{target.key} is a JSON secret whose keys are used by {', '.join(map(str, keyed))}",
                fix=f"Name one key: {target.key}#KEY",
            )

    def next_steps(self, target: Target, record: SecretRecord | None) -> None:
        """Say which instances use it, and when they start anew with it."""
        from molthub.pipeline.secrets.places import users, uses_around

        around = uses_around(self.known, self.documents, target.environment.key)
        found = users(around, target.place, arn=record.arn if record else None)
        names = sorted({use.instance for use in found} | ({target.holder.name} if target.holder else set()))
        if not names:
            self.term.say("No manifest uses it yet: link it with `molthub secret link`.")
            return
        self.term.say(
            f"Used by {', '.join(names)}. What runs of that is rolled out anew, with a short downtime, when the "
            "controller sees the commit that tells of it (push it), at its next drift check, or at once with "
            "`molthub apply`."
        )


def default_key(roots: context.Roots, environment: LoadedEnvironment, *, fleet: str) -> str | None:
    """An environment's own customer key, where its foundation has one. Raises when that cannot be told."""
    from molthub.pipeline.places import location_of
    from molthub.provider.protocols import Query

    provider = roots.providers()(environment.key, location_of(environment, fleet=fleet))
    seen = provider.observe(Query(fleet=fleet, key=environment.key, only=frozenset()))
    if seen.failures:
        failure = seen.failures[0]
        raise StallingError(
            failure.ref,
            f"the environment's own key cannot be told: {failure.message}",
            fix="Name a key with --kms-key; alias/aws/secretsmanager is AWS's own",
        )
    return seen.foundation.kms_key if seen.foundation else None


def open_job(ctx: typer.Context, *, repo: str | None, no_commit: bool, term: Terminal) -> Job:
    """Read the fleet as it lies there. Raises InvalidInputError for a tree without a usable Fleet."""
    from molthub.pipeline.secrets.places import holders

    roots = context.roots_of(ctx)
    trail = open_trail(repo, no_commit=no_commit, term=term)
    fleet = context.read_fleet(roots, repo=repo, ref=None)
    documents = fleet.checked.documents
    if documents.fleet is None:
        raise InvalidInputError(fleet.checked.errors or documents.diagnostics)
    name = documents.fleet.model.metadata.name
    return Job(fleet, name, holders(fleet.checked, name), roots, trail, term)
