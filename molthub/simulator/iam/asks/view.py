"""What an asking function sees: the request, and the objects that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context
from molthub.simulator.iam.principals import request_tags, resource_tags
from molthub.simulator.wire import Call
from molthub.simulator.world import World


@dataclass(frozen=True, slots=True)
class View:
    """One request in its world."""

    world: World
    call: Call
    account: str

    @property
    def params(self) -> dict[str, Any]:
        return self.call.params

    def arn(self, service: str, rest: str, *, region: str | None = None) -> str:
        """An ARN of this account and region; region "" for the global services."""
        where = self.call.region if region is None else region
        return f"arn:aws:{service}:{where}:{self.account}:{rest}"

    def moto(self, service: str) -> Any:
        """moto's backend of a service here."""
        return self.world.moto.backend(service, self.account, self.call.region)


Asking = Callable[[View], list[Ask]]


def on_everything(action: str) -> Asking:
    """For an action that knows no resource."""
    return lambda _: [Ask(action, "*")]


def for_nothing(_: View) -> list[Ask]:
    """For an operation that needs no permission."""
    return []


def tagged(tags: dict[str, str], *prefixes: str) -> Context:
    """Context: tags that the object has. prefixes: the services' own spellings beside aws:ResourceTag."""
    return resource_tags(tags, *prefixes)


def tagging(pairs: Iterable[dict[str, Any]], key: str = "Key", value: str = "Value") -> Context:
    """Context: tags in the request, as most services spell them."""
    return request_tags({str(pair[key]): str(pair.get(value, "")) for pair in pairs})


def untagging(keys: Iterable[str]) -> Context:
    """Context: keys of tags that are to go."""
    found = tuple(keys)
    return {"aws:tagkeys": found} if found else {}
