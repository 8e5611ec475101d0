"""Which load balancer each webhook instance is put on: it stays, it fills in order, and everybody places it alike."""

from __future__ import annotations

from molthub.planning.listeners import Wanted, place
from molthub.resources.foundation import Listener
from tests.fakes.resource_sets import bot


def listener(number: int) -> Listener:
    return Listener(number, f"arn-{number}", f"lb-{number}", f"lb-{number}.example.com", "Z1")


LISTENERS = (listener(1), listener(2))


def wanted(*names: str, **present: str) -> list[Wanted]:
    return [Wanted(bot(name), f"{name}.example.com", present.get(name)) for name in names]


def placed(items: list[Wanted], routes: dict[str, tuple[str, ...]], most: int = 2) -> dict[str, int]:
    return {identity.id: found.number for identity, found in place(items, LISTENERS, routes, most=most).items()}


def test_they_fill_the_load_balancers_in_order_and_the_rest_finds_no_room() -> None:
    assert placed(wanted("e", "d", "c", "b", "a"), {}) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_each_stays_where_its_rule_is_even_over_the_limit() -> None:
    routes = {"arn-1": ("x.example.com", "y.example.com", "a.example.com"), "arn-2": ("b.example.com",)}
    assert placed(wanted("a", "b", "c", a="arn-1"), routes) == {"a": 1, "b": 2, "c": 2}


def test_rules_of_others_take_room_too() -> None:
    assert placed(wanted("a"), {"arn-1": ("", "theirs.example.com")}) == {"a": 2}
    assert placed(wanted("a"), {"arn-1": ("", "theirs.example.com"), "arn-2": ("x", "y")}) == {}


def test_a_plan_of_one_and_a_plan_of_all_agree_while_the_others_are_being_made() -> None:
    everybody = wanted("a", "b", "c", "d")
    first = placed(everybody, {})
    for made in ("c", "a", "d", "b"):
        routes = {f"arn-{first[made]}": (f"{made}.example.com",)}
        assert placed(everybody, routes)[made] == first[made]
    assert placed(everybody, {"arn-1": ("a.example.com",)}) == first


def test_a_listener_that_is_gone_does_not_count() -> None:
    assert placed(wanted("a", a="arn-9"), {"arn-9": ("a.example.com",)}) == {"a": 1}


def test_a_host_with_a_rule_on_both_is_on_the_first() -> None:
    """A move that died between the two rules: whoever asks, and whichever is read first, it ends on the same one."""
    routes = {"arn-2": ("a.example.com",), "arn-1": ("a.example.com",)}
    assert placed(wanted("a"), routes) == {"a": 1}
    assert placed(wanted("a", a="arn-2"), routes) == {"a": 2}, "its own rule, where that is known"


def test_without_a_load_balancer_nobody_is_placed() -> None:
    assert place(wanted("a"), (), {}) == {}
