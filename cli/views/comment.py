"""A plan as the comment of a pull request: GitHub Markdown, of bounded length, safe whatever the manifests say.

    marker          hidden; a workflow finds its own comment by it and writes it anew
    summary         counts, and what was compared with what
    findings        errors and warnings of the change
    instances       one line each, the graver first, so that nothing grave is what a cut leaves out
    details         each resource and attribute, folded away, as far as there is room

Every value goes through `markdown.code`. Lines are whole: a cut falls between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from molthub.cli.views.markdown import code
from molthub.cli.views.plan import remarks, told_attributes, what
from molthub.cli.views.text import plural
from molthub.cli.views.values import differences, show
from molthub.errors import Diagnostic, Severity
from molthub.planning.types import Action, Change, InstancePlan, Plan
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, Step

if TYPE_CHECKING:
    from molthub.cli.published import WritersWord
    from molthub.pipeline.compare.types import Base

MARKER = "<!-- molthub:plan -->"
LONGEST = 65_536
"""What GitHub takes of a comment, in characters; counted here in bytes, which are never fewer."""

WITHOUT_AWS = (
    "AWS was not asked: what the base asks for counts as running. Versions of secrets, rollouts that failed before, "
    "and what only the stack of an environment knows are left out; the deletion guard counts by the manifests."
)

_FOLD = ("", "<details><summary>What changes, attribute by attribute</summary>", "")
_END = ("", "</details>")
_RESERVE = 600
"""For what is said after a cut, and for the lines between the parts."""


class Gravity(Enum):
    """What happens to an instance as a whole: symbol and words. The order is that of the comment."""

    DELETED = ("-", "**will be deleted**")
    REPLACED = ("-/+", "**will be replaced**: taken away and made anew")
    INVALID = ("!", "is **Invalid**: nothing is done to it")
    BLOCKED = ("!", "is **Blocked**: nothing is done to it until that is mended")
    UNKNOWN = ("?", "is not known: what would be done cannot be told")
    STOPPED = ("~", "**will be stopped**: it is paused")
    RESTARTED = ("~", "will be updated, and **restarts**")
    CREATED = ("+", "will be created")
    UPDATED = ("~", "will be updated without a restart")
    PAUSED = (" ", "is paused, and stays as it is")
    UNCHANGED = (" ", "stays as it is")


@dataclass(frozen=True, slots=True)
class Comment:
    """What a comment is made of.

    base      what was compared with; None for a plan against AWS itself
    findings  new errors and warnings, and notices
    known     how many findings there were before, elsewhere
    words     what the environments' controllers say; empty when nobody was asked
    """

    plan: Plan
    base: Base | None = None
    findings: tuple[Diagnostic, ...] = ()
    known: int = 0
    words: tuple[WritersWord, ...] = ()


def markdown(comment: Comment, *, longest: int = LONGEST) -> str:
    """The comment's text, at most `longest` bytes."""
    page = _Page(longest - _RESERVE)
    page.add(_head(comment))
    page.add(_part("Findings", list(_findings(comment))), share=0.4, noun="line")
    instances = sorted(comment.plan.instances, key=lambda plan: (_ORDER[gravity(plan)], plan.identity))
    telling = [plan for plan in instances if gravity(plan) not in (Gravity.UNCHANGED, Gravity.PAUSED)]
    page.add(_part("Instances", [_instance(plan) for plan in telling]), share=0.6, noun="instance")
    quiet = len(instances) - len(telling)
    if quiet:
        verb = "stays" if quiet == 1 else "stay"
        page.add(
            [f"- {plural(quiet, 'instance')} whose manifest changed {verb} as {'it is' if quiet == 1 else 'they are'}"]
        )
    page.add(
        _part("What the controllers say", [line for word in comment.words for line in _word(word, telling)]), share=0.8
    )
    details = [line for plan in telling for line in _details(plan)]
    if details:
        page.add([*_FOLD, *details], share=1.0, noun="line", end=_END)
    return page.text


_ORDER = {gravity: number for number, gravity in enumerate(Gravity)}


class _Page:
    """Lines up to a size in bytes. A part that is cut says how much is missing."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._lines: list[str] = []

    def add(self, lines: Sequence[str], *, share: float = 1.0, noun: str = "line", end: tuple[str, ...] = ()) -> None:
        """As many of the lines as fit into so much of the whole page. Headings are no items; end always follows."""
        limit = self._room * share
        kept = 0
        for line in lines:
            size = len(line.encode("utf-8", "surrogatepass")) + 1
            if self._used + size > limit:
                break
            self._used += size
            self._lines.append(line)
            kept += 1
        missing = len(lines) - kept
        if missing:
            self._lines.append(f"- … and {plural(missing, f'more {noun}')}: `molthub plan` shows everything")
        self._lines.extend(end)

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _part(title: str, lines: list[str]) -> list[str]:
    return ["", f"#### {title}", "", *lines] if lines else []


# -- head ---------------------------------------------------------------------------------------------------


def _head(comment: Comment) -> list[str]:
    plan = comment.plan
    if plan.has_changes:
        counts = [f"{plan.count(action)} to {action.word}" for action in Action if action is not Action.NOOP]
        said = f"Resources: **{', '.join(counts)}**."
    else:
        said = "**Nothing would be written to AWS.**"
    return [MARKER, "### Molthub plan", "", said, "", _against(comment)]


def _against(comment: Comment) -> str:
    head = code(comment.plan.commit[:12]) if comment.plan.commit else "the working tree"
    if comment.base is None:
        return f"Planned {head} against what AWS has."
    base = f"{code(comment.base.commit[:12])} ({code(comment.base.ref)})"
    return f"From what the manifests say at {base} to what they say at {head}. {WITHOUT_AWS}"


def _findings(comment: Comment) -> Iterator[str]:
    for item in sorted(comment.findings, key=lambda one: one.severity is not Severity.ERROR):
        place = str(item.location) if item.location else item.subject
        where = f" at {code(place)}" if place else ""
        yield f"- **{item.severity.value}** `{item.ref}`{where}: {code(item.message)}"
        if item.fix:
            yield f"  - fix: {code(item.fix)}"
    if comment.known:
        before = plural(comment.known, "finding")
        yield f"- {before} of before, in files that did not change; `molthub validate` shows them all"


# -- instances ------------------------------------------------------------------------------------------------


def gravity(plan: InstancePlan) -> Gravity:
    """What happens to an instance as a whole."""
    by_verdict = {
        Verdict.INVALID: Gravity.INVALID,
        Verdict.UNKNOWN: Gravity.UNKNOWN,
        Verdict.BLOCKED: Gravity.BLOCKED,
        Verdict.SYNCED: Gravity.UNCHANGED,
        Verdict.SUSPENDED: Gravity.STOPPED if plan.changes else Gravity.PAUSED,
    }
    return by_verdict.get(plan.verdict) or _by_changes(plan.changes)


def _by_changes(changes: Sequence[Change]) -> Gravity:
    own = [change for change in changes if isinstance(change.kind, Kind)]
    service = [change.action for change in own if change.kind is Kind.SERVICE]
    if any(change.action is Action.REPLACE for change in own) or {Action.DELETE, Action.CREATE} <= set(service):
        return Gravity.REPLACED
    rest = [change for change in own if not _stops(change)]
    if rest and all(change.action is Action.DELETE for change in rest):
        return Gravity.DELETED
    if own and all(change.action is Action.CREATE for change in own):
        return Gravity.CREATED
    return Gravity.RESTARTED if any(change.restarts for change in changes) else Gravity.UPDATED


def _stops(change: Change) -> bool:
    """A service brought to no task in front of its backup."""
    return change.kind is Kind.SERVICE and change.action is Action.UPDATE


def _instance(plan: InstancePlan) -> str:
    found = gravity(plan)
    symbol, words = found.value
    wanted = _by_changes(plan.changes) if plan.changes and found is Gravity.BLOCKED else None
    would = f"; the change: {wanted.value[1]}" if wanted else ""
    saved = "; its state is backed up first" if any(change.kind is Step.BACKUP for change in plan.changes) else ""
    why = "".join(f"; `{ref}`" for ref in dict.fromkeys(item.ref for item in plan.reasons))
    return f"- `{symbol}` {code(plan.name)} {words}{would}{saved}{why}"


# -- details --------------------------------------------------------------------------------------------------


def _details(plan: InstancePlan) -> Iterator[str]:
    if not plan.changes and not plan.reasons and not plan.notices:
        return
    yield f"- **{code(plan.name)}**"
    for item in dict.fromkeys((*plan.reasons, *plan.notices)):
        fix = f" — fix: {code(item.fix)}" if item.fix else ""
        yield f"  - {item.severity.value} `{item.ref}`: {code(item.message)}{fix}"
    for change in plan.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    told = "".join(f" ({text})" for text in remarks(change))
    yield f"  - `{change.action.symbol}` {change.kind} {code(change.name)} {what(change)}{told}"
    if change.action is Action.DELETE:
        return
    shown, hidden = told_attributes(change)
    for attribute in shown:
        forces = " (**forces replacement**)" if attribute.forces_replacement else ""
        for path, before, after in differences(attribute.path, attribute.before, attribute.after):
            old = "" if change.action is Action.CREATE else f"{code(show(before))} → "
            yield f"    - {code(path)}: {old}{code(show(after))}{forces}"
    if hidden:
        yield f"    - {plural(hidden, 'attribute')} not shown"


# -- what runs ------------------------------------------------------------------------------------------------


def _word(word: WritersWord, instances: Iterable[InstancePlan]) -> Iterator[str]:
    """What the controller of one environment said last, and of each instance in the plan what runs."""
    if word.problem is not None:
        yield f"- {code(word.environment)}: cannot be read: {code(word.problem.message)}"
        return
    said = word.published
    if said is None:
        yield f"- {code(word.environment)}: no controller has said anything"
        return
    applied = f", last applied in full {code(said.applied[:12])}" if said.applied else ""
    when = f", said {word.published_at:%Y-%m-%d %H:%M} UTC" if word.published_at else ""
    yield f"- {code(word.environment)}: follows {code(said.head[:12])}{applied}; {said.not_well} not in sync{when}"
    wanted = {plan.identity.id for plan in instances if str(plan.identity.key) == word.environment}
    for item in said.instances:
        if item.id in wanted:
            runs = f"runs {code(item.commit[:12])}, " if item.commit else ""
            yield f"  - {code(item.name)}: {runs}{code(item.sync)}, {code(item.health)}"
