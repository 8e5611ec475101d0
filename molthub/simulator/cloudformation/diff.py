"""What a change set says: the stack's template beside the new one, resource by resource, property by property."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.cloudformation.expressions import references
from molthub.simulator.cloudformation.kinds.table import kind_of
from molthub.simulator.cloudformation.state import Change, Json, Stack

Details = tuple[tuple[str, str, str, str], ...]


def changes_of(stack: Stack, template: Json, tags: Mapping[str, str]) -> tuple[Change, ...]:
    """Every change, sorted by name within what is added, modified and removed."""
    wanted: dict[str, Json] = template["Resources"]
    held = stack.resources
    added = [Change("Add", name, wanted[name]["Type"]) for name in sorted(wanted.keys() - held.keys())]
    removed = [Change("Remove", name, held[name].kind, held[name].id) for name in sorted(held.keys() - wanted.keys())]
    return (*added, *_modified(stack, wanted, tags_differ=dict(tags) != stack.tags), *removed)


def _modified(stack: Stack, wanted: Mapping[str, Json], *, tags_differ: bool) -> list[Change]:
    both = sorted(wanted.keys() & stack.resources.keys())
    details = {name: _differing(stack.resources[name].declared, wanted[name]) for name in both}
    if tags_differ:
        details = {name: (*found, ("Tags", "", "Never", "Static")) for name, found in details.items()}
    replaced = {name for name in both if _replacement(details[name]) == "True"}
    news = set(wanted) - stack.resources.keys() | replaced
    grown = True
    while grown:  # what refers to something replaced changes, too
        grown = False
        for name in both:
            more = _following(wanted[name], news, details[name])
            if more:
                details[name] += more
                grown = True
                if _replacement(details[name]) != "False":
                    news.add(name)
    return [
        Change("Modify", name, wanted[name]["Type"], stack.resources[name].id, _replacement(found), found)
        for name, found in details.items()
        if found
    ]


def _differing(before: Json, after: Json) -> Details:
    old, new = before.get("Properties", {}), after.get("Properties", {})
    kind = kind_of(after["Type"])
    if before["Type"] != after["Type"]:
        return (("Properties", "Type", "Always", "Static"),)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(("Properties", name, _recreation(name in kind.fixed), "Static") for name in names)


def _following(wanted: Json, replaced: set[str], known: Details) -> Details:
    """Properties that refer to something that will be another one, as far as not known to change anyway."""
    seen = {name for _, name, _, _ in known}
    kind = kind_of(wanted["Type"])
    return tuple(
        ("Properties", name, _recreation(name in kind.fixed), "Dynamic")
        for name, value in sorted(wanted.get("Properties", {}).items())
        if name not in seen and references(value) & replaced
    )


def _recreation(fixed: bool) -> str:  # noqa: FBT001 - one word from one fact
    return "Always" if fixed else "Never"


def _replacement(details: Details) -> str:
    always = {evaluation for _, _, recreation, evaluation in details if recreation == "Always"}
    if "Static" in always:
        return "True"
    return "Conditional" if always else "False"
