"""Histories by chance: an ADMIN's line of changes, and what somebody without a role commits and merges around it."""

from __future__ import annotations

import random

import pytest

from tests.fakes.access_history import BOT, SUBJECT, FakeHistory, bot

CONTENTS = [bot(), *(bot(spec={"runtime": {"image": f"ghcr.io/openclaw/openclaw:2026.9.{n}"}}) for n in (7, 8)), None]


@pytest.mark.parametrize("batch", range(3))
def test_nobody_without_a_role_gets_anything_but_the_admins_last_word(batch: int) -> None:
    """And an OWNER who stands for all that is refused always gets the instance going again."""
    for seed in range(batch * 60, (batch + 1) * 60):
        chance = random.Random(seed)
        history = FakeHistory.founded()
        line, commits = [history.head], [history.head]
        for _ in range(chance.randint(3, 7)):
            if chance.random() < 0.3:
                line.append(history.commit({BOT: chance.choice(CONTENTS)}, on=line[-1:], by="adam"))
            else:
                parents = chance.sample(commits, min(chance.choice([1, 1, 2, 2, 3]), len(commits)))
                history.commit({BOT: chance.choice(CONTENTS)}, on=parents, by=chance.choice([None, "vera"]))
            commits.append(history.head)
            if history.ancestry.holds(history.head, line[-1]) and not history.judged().state(SUBJECT).blocked:
                assert history.trees[history.head].get(BOT) == history.trees[line[-1]].get(BOT), f"seed {seed}"
        refused = history.judged().state(SUBJECT).refused
        history.commit(by="olivia", Molthub_Approve=" ".join(item.commit for item in refused))
        assert not history.judged().state(SUBJECT).blocked, f"seed {seed}"
