"""One operation on a stack, resource after resource over simulated time: making, changing, rolling back, deleting.

Slower than AWS, which works on several resources at once; in the same order of dependencies, with the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from molthub.simulator.cloudformation.calling import CallFailedError, NotYetError
from molthub.simulator.cloudformation.expressions import PSEUDO, dependencies, in_order, resolve
from molthub.simulator.cloudformation.kinds.kind import Wanted
from molthub.simulator.cloudformation.kinds.table import kind_of
from molthub.simulator.cloudformation.state import Json, Place, Resource, Stack

if TYPE_CHECKING:
    from molthub.simulator.cloudformation.engine import Formation

STACK = "AWS::CloudFormation::Stack"
DELETE_SECONDS = 2.0
LOOK_AGAIN = 5.0

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. word: CREATE, UPDATE or DELETE, for the events."""

    word: str
    name: str
    kind: str
    physical: str
    seconds: float
    work: Work


class StepFailedError(Exception):
    """A resource could not be made, changed or deleted; in AWS's words."""


class Run:
    """What all operations share: events, steps by the clock, values of a template."""

    def __init__(self, formation: Formation, place: Place, stack: Stack) -> None:
        self.formation = formation
        self.place = place
        self.stack = stack
        self.call = formation.caller(place)

    # -- telling -----------------------------------------------------------------------------------------------

    def turn(self, status: str, reason: str = "") -> None:
        """The stack itself gets another status."""
        self.stack.status, self.stack.reason = status, reason
        self.formation.tell(self.stack, self.stack.name, STACK, physical=self.stack.id, status=status, reason=reason)

    def tell(self, step: Step, status: str, reason: str = "") -> None:
        held = self.stack.resources.get(step.name)
        physical = held.id if held is not None and step.word == "CREATE" else step.physical
        self.formation.tell(self.stack, step.name, step.kind, physical=physical, status=status, reason=reason)

    # -- doing -------------------------------------------------------------------------------------------------

    def walk(self, steps: list[Step], *, done: Work, failed: Callable[[Step, str], bool]) -> None:
        """One step after the other. failed: told of a step that went wrong; gives whether to go on."""
        if not steps:
            done()
            return
        step, *rest = steps
        self.tell(step, f"{step.word}_IN_PROGRESS")
        agenda = self.formation.agenda

        def finish() -> None:
            try:
                reason = self._attempt(step)
            except NotYetError:
                agenda.after(LOOK_AGAIN, finish)
                return
            if reason is None:
                self.tell(step, f"{step.word}_COMPLETE")
            else:
                self.tell(step, f"{step.word}_FAILED", reason)
                if not failed(step, reason):
                    return
            self.walk(rest, done=done, failed=failed)

        agenda.after(step.seconds, finish)

    def _attempt(self, step: Step) -> str | None:
        """None, or why it went wrong."""
        try:
            step.work()
        except CallFailedError as error:
            return f'Resource handler returned message: "{error}" (HandlerErrorCode: GeneralServiceException)'
        except NotYetError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of a kind's own must be loud
            self.formation.broken(step.kind, f"{type(error).__name__}: {error}")
            return f"the simulator could not make it: {error}"
        return None

    def delete_step(self, held: Resource) -> Step:
        def work() -> None:
            if self.template_of(held).get("DeletionPolicy") != "Retain":
                kind_of(held.kind).delete(self.call, held)
            if self.stack.resources.get(held.name) is held:
                del self.stack.resources[held.name]

        return Step("DELETE", held.name, held.kind, held.id, DELETE_SECONDS, work)

    def template_of(self, held: Resource) -> Json:
        return held.declared

    # -- values ------------------------------------------------------------------------------------------------

    def value(self, expression: Any) -> Any:
        """An expression with what exists by now."""
        zones = [f"{self.place.region}{letter}" for letter in "abcd"]
        return resolve(expression, self._look_up, zones=zones)

    def _look_up(self, name: str, attribute: str | None) -> Any:
        if name.startswith(PSEUDO):
            return self.pseudo()[name]
        held = self.stack.resources[name]
        return held.id if attribute is None else held.attributes[attribute]

    def pseudo(self) -> Mapping[str, str]:
        return {
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack.name,
            "AWS::StackId": self.stack.id,
        }


class Applying(Run):
    """Creating a stack, or updating it."""

    def __init__(self, formation: Formation, place: Place, stack: Stack, template: Json, tags: dict[str, str]) -> None:
        super().__init__(formation, place, stack)
        self.word = "UPDATE" if stack.resources or stack.status != "REVIEW_IN_PROGRESS" else "CREATE"
        self.before = (stack.template, stack.tags)
        self.template, self.tags = template, tags
        self.undo: list[Step] = []
        self.surplus: list[Resource] = []

    def start(self) -> None:
        self.turn(f"{self.word}_IN_PROGRESS", "User Initiated")
        self.stack.template, self.stack.tags = self.template, self.tags
        self._next(in_order(self.template["Resources"]))

    def _next(self, names: list[str]) -> None:
        """The next resource that is not as it should be; what a step made may change what is."""
        while names:
            step = self._step(names[0])
            names = names[1:]
            if step is not None:
                self.walk([step], done=lambda rest=names: self._next(rest), failed=self._failed)  # type: ignore[misc]
                return
        self._complete()

    def _step(self, name: str) -> Step | None:
        declared = self.template["Resources"][name]
        kind = kind_of(declared["Type"])
        wanted = self._wanted(name, declared)
        held = self.stack.resources.get(name)
        if held is None:
            return Step("CREATE", name, declared["Type"], "", kind.seconds, lambda: self._create(wanted, declared))
        changed = {
            key
            for key in held.properties.keys() | wanted.properties.keys()
            if held.properties.get(key) != wanted.properties.get(key)
        }
        if not changed and self.before[1] == self.tags:
            held.declared = declared
            return None
        if changed & kind.fixed or held.kind != declared["Type"]:
            return Step("UPDATE", name, held.kind, held.id, kind.seconds, lambda: self._replace(wanted, declared, held))
        return Step("UPDATE", name, held.kind, held.id, kind.seconds, lambda: self._update(wanted, declared, held))

    def _wanted(self, name: str, declared: Json) -> Wanted:
        properties = self.value(declared.get("Properties", {}))
        own = properties.pop("Tags", [])
        tags = {**self.tags, **{tag["Key"]: tag["Value"] for tag in own}} if isinstance(own, list) else self.tags
        return Wanted(name, self.stack.name, properties, tags)

    def _create(self, wanted: Wanted, declared: Json) -> None:
        kind = kind_of(declared["Type"])
        physical, attributes = kind.create(self.call, wanted)
        made = Resource(
            wanted.name,
            declared["Type"],
            physical,
            declared,
            wanted.properties,
            attributes,
            "CREATE_COMPLETE",
            self.formation.now,
        )
        self.stack.resources[wanted.name] = made
        self.undo.append(self.delete_step(made))

    def _replace(self, wanted: Wanted, declared: Json, held: Resource) -> None:
        self._create(wanted, declared)
        undo = self.undo.pop()

        def work() -> None:
            undo.work()
            self.stack.resources[held.name] = held

        self.undo.append(replace(undo, work=work))
        self.surplus.append(held)

    def _update(self, wanted: Wanted, declared: Json, held: Resource) -> None:
        kind = kind_of(held.kind)
        if kind.update is None and wanted.properties != held.properties:
            raise ValueError(f"the simulator cannot change {held.kind}")
        before = replace(held)
        if kind.update is not None:
            held.attributes |= kind.update(self.call, held, wanted) or {}
        held.properties, held.declared, held.changed_at = wanted.properties, declared, self.formation.now

        def back() -> None:
            if kind.update is not None:
                old = Wanted(held.name, self.stack.name, before.properties, self.before[1])
                kind.update(self.call, held, old)
            held.properties, held.declared = before.properties, before.declared

        self.undo.append(Step("UPDATE", held.name, held.kind, held.id, kind.seconds, back))

    # -- the end -----------------------------------------------------------------------------------------------

    def _complete(self) -> None:
        outputs = self.template.get("Outputs", {})
        self.stack.outputs = {key: str(self.value(item["Value"])) for key, item in outputs.items()}
        if self.word == "CREATE":
            self.turn("CREATE_COMPLETE")
            return
        gone = [held for name, held in self.stack.resources.items() if name not in self.template["Resources"]]
        self.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self.stack.updated_at = self.formation.now
        steps = [self.delete_step(held) for held in [*self.surplus, *_last_first(gone)]]
        self.walk(steps, done=lambda: self.turn("UPDATE_COMPLETE"), failed=lambda _step, _why: True)

    def _failed(self, step: Step, _reason: str) -> bool:
        verb = "create" if step.word == "CREATE" else "update"
        prefix = "ROLLBACK" if self.word == "CREATE" else "UPDATE_ROLLBACK"
        why = f"The following resource(s) failed to {verb}: [{step.name}]. "
        self.turn(f"{prefix}_IN_PROGRESS", why + ("Rollback requested by user." if self.word == "CREATE" else ""))
        if self.word == "UPDATE":  # a first creation that failed still says whose it was
            self.stack.template, self.stack.tags = self.before

        def stuck(failed: Step, _why: str) -> bool:
            self.turn(f"{prefix}_FAILED", f"The following resource(s) failed to roll back: [{failed.name}].")
            return False

        self.walk(list(reversed(self.undo)), done=lambda: self.turn(f"{prefix}_COMPLETE"), failed=stuck)
        return False


class Deleting(Run):
    """Deleting a stack; what something undeletable depends on stays, too."""

    def __init__(self, formation: Formation, place: Place, stack: Stack, keep: frozenset[str]) -> None:
        super().__init__(formation, place, stack)
        self.keep = keep
        self.failures: list[str] = []

    def start(self) -> None:
        self.turn("DELETE_IN_PROGRESS", "User Initiated")
        for name in self.keep:
            self.stack.resources.pop(name, None)
        self._next([held.name for held in _last_first(list(self.stack.resources.values()))])

    def _next(self, names: list[str]) -> None:
        while names:
            held, names = self.stack.resources[names[0]], names[1:]
            if not self._is_held(held.name):
                step = self.delete_step(held)
                self.walk([step], done=lambda rest=names: self._next(rest), failed=self._note)  # type: ignore[misc]
                return
        self._over()

    def _is_held(self, name: str) -> bool:
        return any(name in dependencies(self.stack.resources[other].declared) for other in self.failures)

    def _note(self, step: Step, _reason: str) -> bool:
        self.failures.append(step.name)
        return True

    def _over(self) -> None:
        if self.failures:
            names = ", ".join(sorted(self.failures))
            self.turn("DELETE_FAILED", f"The following resource(s) failed to delete: [{names}]. ")
            return
        self.stack.deleted_at = self.formation.now
        self.turn("DELETE_COMPLETE")


def _last_first(held: list[Resource]) -> list[Resource]:
    """In the order of deletion: nothing before what depends on it."""
    by_name = {item.name: item for item in held}
    known = {
        name: {**item.declared, "DependsOn": sorted(dependencies(item.declared) & by_name.keys()), "Properties": {}}
        for name, item in by_name.items()
    }
    return [by_name[name] for name in reversed(in_order(known))]
