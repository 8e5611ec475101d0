"""The judgement of a whole history: what of it counts, for each document.

The story, in the order of the code:

1. The policy's chain of trust (`versions.py`) says which versions count.
2. Every commit is judged by the newest version that did not yet hold it when it was made: what an OWNER built a version
   upon is settled, and a branch that was begun under an older version is judged by the one it is merged under. What all
   versions hold (all that lies before the first) is not judged at all.
3. Each document has a state: what it says, what was last allowed to be said, and who changed it without being allowed
   to. A change is judged from what was *allowed* last, not from what was there: so nobody's change covers up another's.
   It is allowed again when it says what was last allowed, whoever brings that back; or when somebody who may make the
   whole of the change says so by name: `Molthub-Approve: SHA`, in a commit of their own.
4. A merge that takes over what one side changed does nothing itself. Whatever else it makes of a document is the change
   of who signed the merge.

The answer depends on the commits, their signatures and the root keys, on nothing else: no clock, no order of arrival,
no first parent, no cloud. Two Molthubs always agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from molthub.access.content import CommitView, Content, Subject, after, touched
from molthub.access.needs import APPROVE, Need, needs_of, needs_of_trailers
from molthub.access.record import Record
from molthub.access.refusals import Refusal, refused_change, refused_trailer
from molthub.access.signature import Keyring, Signature
from molthub.access.versions import Chain, Roots, Version
from molthub.manifest.access import AccessMode


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a document was allowed to say once: a chain, so that a long history is not copied at every step."""

    contents: tuple[Content, ...]
    before: tuple[Past, ...] = ()

    def __iter__(self) -> Iterator[Content]:
        seen, waiting = set[int](), [self]
        while waiting:
            one = waiting.pop()
            if id(one) not in seen:
                seen.add(id(one))
                yield from one.contents
                waiting.extend(one.before)


NOTHING = Past(())


@dataclass(frozen=True, slots=True)
class State:
    """One document in one commit.

    current  what it says; allowed: what it was last allowed to say (two, where two sides of a merge were)
    refused  the changes since then that nobody allowed, oldest first
    changed  the commits that changed it last
    earlier  what it was allowed to say before
    """

    current: Content
    allowed: tuple[Content, ...]
    refused: tuple[Refusal, ...] = ()
    changed: frozenset[str] = frozenset()
    earlier: Past = NOTHING

    @property
    def blocked(self) -> bool:
        return bool(self.refused)


ABSENT = State((), ((),))

States = dict[Subject, State]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The judgement of the history of one head.

    versions  those in force, one but where two stand side by side; none: access is open
    states    every document that is or was there since the first version
    refusals  commit → what it may not do, whether that was approved or undone since or not
    trailers  (commit, trailer) that do not count
    chain     of the policy
    """

    head: str
    roots: Roots
    versions: tuple[Version, ...] = ()
    states: Mapping[Subject, State] = field(default_factory=dict)
    refusals: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    trailers: frozenset[tuple[str, str]] = frozenset()
    chain: Chain | None = None

    @property
    def mode(self) -> str:
        """`open`, `signatures` or `claimed-author`; `unrooted` where nobody said who may sign the first version, and
        `invalid` where nobody stands for it."""
        if not self.versions:
            return AccessMode.OPEN.value
        if any(one.policy is None for one in self.versions):
            return "invalid"
        modes = {one.policy.mode for one in self.versions if one.policy}
        if self.roots.keys is None and AccessMode.SIGNATURES in modes:
            return "unrooted"
        order = (AccessMode.SIGNATURES, AccessMode.CLAIMED_AUTHOR, AccessMode.OPEN)
        return next(mode.value for mode in order if mode in modes)

    def state(self, subject: Subject) -> State:
        return self.states.get(subject, ABSENT)

    def counts(self, commit: str, trailer: str) -> bool:
        """Whether a trailer of a commit is to be believed."""
        return (commit, trailer) not in self.trailers


def evaluate(record: Record, head: str, roots: Roots) -> Evaluation:
    """Judge the history of a head. Raises the record's MolthubErrors."""
    chain = Chain(record, roots)
    versions = chain.newest([head])
    if not versions:
        return Evaluation(head, roots, chain=chain)
    return _Course(record, head, chain).run(versions, roots)


@dataclass(slots=True)
class _Course:
    """One walk through a history, from its oldest judged commit to the head."""

    record: Record
    head: str
    chain: Chain
    judges: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    views: Mapping[str, CommitView] = field(default_factory=dict)
    signed: Mapping[str, Signature] = field(default_factory=dict)
    states: dict[str, States] = field(default_factory=dict)
    refusals: dict[str, list[Refusal]] = field(default_factory=dict)
    trailers: set[tuple[str, str]] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)

    def run(self, versions: tuple[Version, ...], roots: Roots) -> Evaluation:
        self._sort_out()
        order = sorted(self.judges, key=self.record.ancestry.rank)
        self.views = self.record.views(order)
        keys = Keyring()
        for one in self.chain.versions:
            keys |= one.policy.keyring if one.policy else Keyring()
        self.signed = self.record.signatures([sha for sha in order if self._does_something(sha)], keys)
        self._settle(order)
        for sha in order:
            self._step(self.views[sha])
        states = self.states.get(self.head)
        return Evaluation(
            self.head,
            roots,
            versions,
            states if states is not None else _settled(self.record, self.head),
            {sha: tuple(found) for sha, found in self.refusals.items()},
            frozenset(self.trailers),
            self.chain,
        )

    def _sort_out(self) -> None:
        """Who judges which commit. Commits that every version holds are settled, and have no judge."""
        known = self.chain.versions or self.chain.unfounded
        held = self.record.ancestry.containing([one.commit for one in known])
        by_bits: dict[int, tuple[Version, ...]] = {}
        for sha, bits in held.items():
            if bits not in by_bits:
                outside = [one for bit, one in enumerate(known) if not bits >> bit & 1]
                by_bits[bits] = self.chain.latest(outside)
            if by_bits[bits]:
                self.judges[sha] = by_bits[bits]

    def _does_something(self, sha: str) -> bool:
        view = self.views[sha]
        return bool(view.changes or needs_of_trailers(view.trailers) or APPROVE in view.trailers)

    def _settle(self, order: list[str]) -> None:
        """The states at settled commits that judged ones are built upon: whatever they say is allowed."""
        for sha in order:
            self.left.update(parent for parent in self.views[sha].parents)
        edge = sorted(
            {parent for sha in order for parent in self.views[sha].parents if parent not in self.judges},
            key=self.record.ancestry.rank,
        )
        for sha in edge:
            found = _settled(self.record, sha)
            older = [one for one in edge if one != sha and one in self.states and self.record.ancestry.holds(sha, one)]
            for one in older:
                for subject, state in self.states[one].items():
                    if found.get(subject, ABSENT).current == state.current:
                        found[subject] = state  # unchanged since: the same change as there
            self.states[sha] = found

    def _take(self, sha: str) -> States:
        """A parent's states, to be changed: the last child gets them themselves."""
        self.left[sha] -= 1
        return self.states.pop(sha) if self.left[sha] == 0 and sha != self.head else dict(self.states[sha])

    def _step(self, view: CommitView) -> None:
        self._judge_trailers(view)
        if len(view.parents) > 1:
            states = self._merged(view)
        else:
            states = self._take(view.parents[0]) if view.parents else {}
            for subject, (gone, come) in touched(view.changes).items():
                state = states.get(subject, ABSENT)
                new = after(state.current, gone, come)
                if new != state.current:
                    states[subject] = self._changed(view, subject, new, (state,))
        approved = _approved(view)
        if approved:
            for subject, state in states.items():
                if state.blocked and state.changed != frozenset({view.sha}):
                    states[subject] = self._approve(view, subject, state, approved)
        self.states[view.sha] = states

    def _merged(self, view: CommitView) -> States:
        sides = [self._take(parent) for parent in view.parents]
        result = sides[0]
        changes = touched(view.changes)
        differing = {
            subject
            for side in sides[1:]
            for subject in side.keys() | result.keys()
            if side.get(subject, ABSENT) is not result.get(subject, ABSENT)
        }
        for subject in sorted(differing | changes.keys()):
            states = [side.get(subject, ABSENT) for side in sides]
            gone, come = changes.get(subject, ([], []))
            new = after(states[0].current, gone, come)
            result[subject] = self._joined(view, subject, new, states)
        return result

    def _joined(self, view: CommitView, subject: Subject, new: Content, states: list[State]) -> State:
        """One document where sides meet: the side that changed it last, or the merger's own doing."""
        fresh = [state for number, state in enumerate(states) if not self._stale(view, number, states)]
        fresh = list(dict.fromkeys(fresh)) or states
        same = [state for state in fresh if state.current == new]
        if len(same) == len(fresh):
            free = [state for state in same if not state.blocked]
            if (
                free or len({state.allowed for state in same}) == 1
            ):  # else whichever is taken loses what one side allows
                return (free or same)[0]
        return self._changed(view, subject, new, tuple(fresh))

    def _stale(self, view: CommitView, number: int, states: list[State]) -> bool:
        """Whether another side holds all that this side's document is, and went on from there."""
        mine = states[number]
        return any(
            other.changed != mine.changed
            and all(self.record.ancestry.holds(view.parents[index], sha) for sha in mine.changed)
            for index, other in enumerate(states)
            if index != number
        )

    def _changed(self, view: CommitView, subject: Subject, new: Content, bases: tuple[State, ...]) -> State:
        """A document's state after a commit's own change of it."""
        changed = frozenset({view.sha})
        allowed = tuple(dict.fromkeys(content for base in bases for content in base.allowed))
        earlier = Past(allowed, tuple(base.earlier for base in bases))
        refused = bases[0].refused
        if len(bases) > 1:
            refused = tuple(dict.fromkeys(item for base in bases for item in base.refused))
        needs = [need for content in allowed for need in needs_of(subject, content, new, earlier=earlier)]
        own = self._refuses(view, subject, tuple(dict.fromkeys(needs)))
        if own is None and len(bases) == 1 and new in allowed:  # with two allowed, going to one takes the other back
            return State(new, (new,), (), changed, bases[0].earlier)
        if own is None and (not refused or {item.commit for item in refused} <= _approved(view)):
            return State(new, (new,), (), changed, earlier)
        if own is not None:
            self.refusals.setdefault(view.sha, []).append(own)
            refused = (*refused, own)
        return State(new, allowed, refused, changed, bases[0].earlier)

    def _approve(self, view: CommitView, subject: Subject, state: State, approved: frozenset[str]) -> State:
        """Somebody stands for changes that nobody allowed: who may make all of them, of all that are named."""
        if not {item.commit for item in state.refused} <= approved:
            return state
        earlier = Past(state.allowed, (state.earlier,))
        needs = [n for content in state.allowed for n in needs_of(subject, content, state.current, earlier=earlier)]
        if self._refuses(view, subject, tuple(dict.fromkeys(needs))) is not None:
            return state
        return State(state.current, (state.current,), (), state.changed | {view.sha}, earlier)

    def _refuses(self, view: CommitView, subject: Subject, needs: tuple[Need, ...]) -> Refusal | None:
        for version in self.judges[view.sha]:
            found = refused_change(view, subject, needs, version, self.signed.get(view.sha))
            if found is not None:
                return found
        return None

    def _judge_trailers(self, view: CommitView) -> None:
        for trailer, need in needs_of_trailers(view.trailers):
            for version in self.judges[view.sha]:
                found = refused_trailer(view, trailer, need, version, self.signed.get(view.sha))
                if found is not None:
                    self.trailers.add((view.sha, trailer))
                    self.refusals.setdefault(view.sha, []).append(found)
                    break


def _approved(view: CommitView) -> frozenset[str]:
    """The commits that a commit stands for, by their full hashes."""
    return frozenset(
        word for value in view.trailers.get(APPROVE, ()) for word in value.lower().replace(",", " ").split()
    )


def _settled(record: Record, sha: str) -> States:
    return {
        subject: State(content, (content,), changed=frozenset({sha}))
        for subject, content in record.contents_at(sha).items()
    }


def blocked_subjects(evaluation: Evaluation) -> Iterable[Subject]:
    """Documents that say what nobody allowed."""
    return sorted(subject for subject, state in evaluation.states.items() if state.blocked)
