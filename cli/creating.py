"""What `molthub create` does beside the commit: values into the secret store before it, and what happens next after it.

The values go first. A commit that fails then leaves nothing running and nothing asked for twice: the values lie at the
new instance's own places, where nobody else looks, and the same command again finds them there and makes the commit.
The other way round the controller would meet a Moltbot without its secrets, and its rollout would fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from molthub.cli import context
from molthub.cli.terminal import Terminal
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.pipeline.actions.run import Outcome, Proposal
    from molthub.pipeline.templates.needed import Needed
    from molthub.provider.secrets import SecretText

GENERATE = "generate"


@dataclass(slots=True)
class Sender:
    """Values on their way. stored: variables that the store holds now; changed: places that got a new value."""

    roots: context.Roots
    term: Terminal
    values: Mapping[str, SecretText]
    stored: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def __call__(self, proposal: Proposal) -> None:
        """Put every value into the store. Raises what the store raises; the commit is not made then."""
        for item in needs_of(proposal):
            if item.variable in self.values and item.variable not in self.stored:
                self._send(item)

    def _send(self, item: Needed) -> None:
        from molthub.cli.commands.secret.common import default_key
        from molthub.pipeline.places import location_of
        from molthub.pipeline.secrets.places import written
        from molthub.pipeline.secrets.values import set_value

        target = item.target
        assert target.holder is not None
        fleet, place = target.holder.identity.fleet, written(target.place)
        store = self.roots.secrets()(location_of(target.environment, fleet=fleet))
        record = store.describe(target.place.source)
        key = default_key(self.roots, target.environment, fleet=fleet) if record is None else None
        value = self.values[item.variable]
        done = set_value(store, target, value, fleet=fleet, record=record, kms_key=key).done
        self.stored.append(item.variable)
        if done != "unchanged":
            self.changed.append(place)
        self.term.say(f"{item.variable}: {place} {'held this value already' if done == 'unchanged' else 'is set'}.")


def needs_of(proposal: Proposal) -> tuple[Needed, ...]:
    """The secrets of the one instance that a proposal is about, as the fleet will be."""
    from molthub.pipeline.templates.needed import needed

    (identity,) = proposal.edit.instances
    loaded = proposal.after.documents.instances.get(identity)
    return needed(proposal.after, loaded, identity.fleet) if loaded else ()


def given_values(texts: Mapping[str, str], term: Terminal) -> dict[str, SecretText]:
    """`NAME=@FILE`, `NAME=-` (piped in, or asked for) and `NAME=generate` as values, none of them ever an argument.

    Raises MH-TMPL-010, which repeats nothing of what may have been a value.
    """
    from molthub.cli.secret_values import generated, read_value

    found: dict[str, SecretText] = {}
    if list(texts.values()).count("-") > 1:
        raise StallingError("MH-TMPL-010", "two secrets cannot both come from stdin", fix="Name files for the others")
    for name, source in texts.items():
        if source == GENERATE:
            found[name] = generated()
        elif source == "-":
            found[name] = read_value(term, what=name, from_file=None)
        elif source.startswith("@") and len(source) > 1:
            found[name] = read_value(term, what=name, from_file=Path(source[1:]))
        else:
            raise StallingError(
                "MH-TMPL-010",
                f"--secret {name[:40]!a} takes no value as an argument, for others see those",
                fix="Write NAME=@FILE, NAME=- for what is piped in, or NAME=generate",
            )
    return found


def left_to_set(outcome: Outcome, sender: Sender) -> list[str]:
    """Variables whose value this run neither stored nor could leave to other instances that use the same place."""
    return [
        item.variable
        for item in needs_of(outcome.proposal)
        if not item.shared_with and item.variable not in sender.stored
    ]


def next_steps(outcome: Outcome, missing: list[str], *, branch: str | None, no_push: bool) -> list[str]:
    """What a person does next, as commands with what they are for."""
    (identity,) = outcome.proposal.edit.instances
    name = outcome.proposal.name_of(identity)
    steps = [f"molthub secret set {name} {variable}" for variable in missing]
    if branch is not None:
        return [*steps, f"git push origin {branch}   # then propose it" if no_push else f"merge {branch} to make it so"]
    steps += ["git push"] if no_push else []
    return [*steps, f"molthub wait {name} --for healthy", f"molthub status {name}"]
