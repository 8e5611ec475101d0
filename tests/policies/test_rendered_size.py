"""The size of what is rendered, and the sizes Fargate runs."""

from __future__ import annotations

import pytest

from molthub.guard.engine import run
from molthub.policies.fargate_size import FARGATE_SIZES, nearest
from molthub.policies.registry import builtin_rules
from molthub.policies.task_definition_size import LIMIT, rendered_size
from tests.fakes.policies import TODAY, findings, subject, task_definition

EMPTY = rendered_size(task_definition(""))


def test_one_byte_decides() -> None:
    def said(text_bytes: int, *, without: str = "") -> list[str]:
        rules = [rule for rule in builtin_rules() if rule.ref != without]
        verdicts = run(rules, subject({}, rendered_bytes=text_bytes), today=TODAY)
        return [str(item) for item in verdicts.errors]

    assert said(LIMIT - EMPTY) == []
    (error,) = said(LIMIT - EMPTY + 1)
    assert error.endswith(
        "error: MH-SIZE-002 the rendered task definition is 60.0 KiB, over the limit of 60 KiB "
        "(Shorten env, command, or the lists of skills and model fallbacks)"
    )
    assert said(LIMIT - EMPTY + 1, without="MH-SIZE-002") == []


def test_without_a_rendered_definition_there_is_nothing_to_say() -> None:
    assert findings("MH-SIZE-002", {}) == []


def test_bytes_are_counted_and_not_characters() -> None:
    assert rendered_size(task_definition("é")) - EMPTY > 1


@pytest.mark.parametrize(
    ("wish", "size"),
    [
        ((1024, 2500), (1024, 3072)),
        ((1000, 2048), (1024, 2048)),
        ((256, 4096), (256, 2048)),
        ((1, 1), (256, 512)),
        ((99999, 999999), (16384, 122880)),
        ((8192, 20000), (8192, 20480)),
    ],
)
def test_the_nearest_possible_size(wish: tuple[int, int], size: tuple[int, int]) -> None:
    assert nearest(*wish) == size
    (finding,) = findings("MH-SIZE-001", {"spec": {"runtime": dict(zip(("cpu", "memory"), wish, strict=True))}})
    assert finding.fix == f"The nearest possible size is cpu {size[0]} with memory {size[1]}"


@pytest.mark.parametrize("cpu", FARGATE_SIZES)
def test_every_size_of_the_table_passes(cpu: int) -> None:
    for memory in FARGATE_SIZES[cpu]:
        assert findings("MH-SIZE-001", {"spec": {"runtime": {"cpu": cpu, "memory": memory}}}) == []
