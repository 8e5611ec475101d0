"""Safe parsing: what plain values mean, what is refused where, and that nothing crashes or takes long."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from molthub.manifest.yaml_events import parse, read_places
from molthub.manifest.yaml_text import Mark, YamlRefusedError

LOADERS = [yaml.CSafeLoader, yaml.SafeLoader]


def refusal(content: bytes, loader: Any = yaml.CSafeLoader) -> tuple[str, Mark]:
    with pytest.raises(YamlRefusedError) as caught:
        parse(content, loader=loader)
    return caught.value.ref, caught.value.mark


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("1.10", 1.1),
        ("2e3", 2000.0),
        ("9" * 18, 10**18 - 1),
    ],
)
def test_plain_scalars_that_are_not_text(loader: Any, written: str, value: object) -> None:
    document = parse(f"a: {written}\n".encode(), loader=loader)
    assert document == {"a": value}
    assert isinstance(document, dict)
    assert type(document["a"]) is type(value)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "written",
    [
        "NO",
        "yes",
        "on",
        "True",
        "Null",
        "017",
        "0x1F",
        "1_000",
        "+5",
        "12:30:45",
        "2026-01-31",
        ".inf",
        ".5",
        "1.",
        "-",
    ],
)
def test_everything_else_is_text_as_written(loader: Any, written: str) -> None:
    assert parse(f"a: [{written}]\n".encode(), loader=loader) == {"a": [written]}


def test_quoted_and_block_scalars_are_text() -> None:
    assert parse(b"a: '12'\nb: \"true\"\nc: |\n  null\nd: >-\n  1\n  2\n") == {
        "a": "12",
        "b": "true",
        "c": "null\n",
        "d": "1 2",
    }


def test_keys_are_always_text() -> None:
    assert parse(b"1: a\ntrue: b\n1.10: c\n") == {"1": "a", "true": "b", "1.10": "c"}


def test_a_utf8_byte_order_mark_is_stripped() -> None:
    assert parse(b"\xef\xbb\xbfa: b\n") == {"a": "b"}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("content", "ref", "mark"),
    [
        (b"a: \x00", "MH-YAML-004", Mark(1, 4)),
        (b"a: b\nc: \x1b[31m", "MH-YAML-004", Mark(2, 4)),
        ("a: b\u202ec".encode(), "MH-YAML-004", Mark(1, 5)),
        ("a: b\u2028c: d".encode(), "MH-YAML-004", Mark(1, 5)),
        ("a: b\nc: \ufeffd".encode(), "MH-YAML-004", Mark(2, 4)),
        (b'a: "\\0"', "MH-YAML-004", Mark(1, 4)),
        ("a: é\nb: ü".encode("latin-1"), "MH-YAML-002", Mark(1, 4)),
        ("a: b".encode("utf-16"), "MH-YAML-002", Mark(1, 1)),
        ("a: b".encode("utf-32"), "MH-YAML-002", Mark(1, 1)),
        ("a: b".encode("utf-16-le"), "MH-YAML-004", Mark(1, 2)),
        ("a: \ud800".encode("utf-8", "surrogatepass"), "MH-YAML-002", Mark(1, 4)),
        (b"a: b\n" + b"#" * 262_144, "MH-YAML-001", Mark(1, 1)),
        (b"a: " + b"9" * 5_000, "MH-YAML-013", Mark(1, 4)),
        (b"a: {b: c, b: d}", "MH-YAML-010", Mark(1, 11)),
        (b"a: b\n'a': c", "MH-YAML-010", Mark(2, 1)),
        (b"a: ! b", "MH-YAML-009", Mark(1, 4)),
        (b"!!map {a: b}", "MH-YAML-009", Mark(1, 1)),
        (b"&x a: b", "MH-YAML-007", Mark(1, 1)),
        (b"a: b\n---\n", "MH-YAML-012", Mark(2, 1)),
        (b"? {a: b}\n: c", "MH-YAML-011", Mark(1, 3)),
        (b"# nothing\n", "MH-YAML-014", Mark(1, 1)),
    ],
)
def test_what_a_manifest_may_not_hold(loader: Any, content: bytes, ref: str, mark: Mark) -> None:
    assert refusal(content, loader) == (ref, mark)


@pytest.mark.parametrize(
    "content",
    [b"[" * 200_000, b"a: " + b"[" * 200_000, b"{a: " * 60_000, b"- " * 130_000, b"[\n" * 130_000, b"{" * 200_000],
    ids=["list", "value", "mapping", "block", "lines", "unclosed"],
)
def test_two_hundred_thousand_levels_are_refused_at_once(content: bytes) -> None:
    started = time.perf_counter()
    ref, _ = refusal(content)
    assert ref in ("MH-YAML-006", "MH-YAML-011")
    assert time.perf_counter() - started < 2


def test_thirty_two_levels_are_enough_and_thirty_three_too_many() -> None:
    assert parse(b"[" * 32 + b"]" * 32) is not None
    assert refusal(b"[" * 33 + b"]" * 33) == ("MH-YAML-006", Mark(1, 33))


def test_a_hundred_thousand_keys_take_no_time() -> None:
    content = b"a: {" + b"".join(b"%x: 1," % number for number in range(30_000)) + b"}"
    assert len(content) < 262_144
    started = time.perf_counter()
    parse(content)
    assert time.perf_counter() - started < 5


def test_what_was_complete_before_the_refusal_is_kept() -> None:
    with pytest.raises(YamlRefusedError) as caught:
        parse(b"kind: Fleet\nmetadata: {name: x}\nspec: {a: &b c}\n")
    assert caught.value.partial == {"kind": "Fleet", "metadata": {"name": "x"}}


def test_of_a_key_written_twice_neither_is_kept() -> None:
    with pytest.raises(YamlRefusedError) as caught:
        parse(b"kind: Fleet\nmetadata: {name: x}\nmetadata: {name: y}\n")
    assert caught.value.partial == {"kind": "Fleet"}


def test_keys_and_values_have_places() -> None:
    places = read_places("ключ: wert\nlist:\n  - a\n  - b: c\n".encode())
    assert places.keys[("ключ",)] == Mark(1, 1)
    assert places.values[("ключ",)] == Mark(1, 7)
    assert places.values[("list", 0)] == Mark(3, 5)
    assert places.keys[("list", 1, "b")] == Mark(4, 5)
    assert places.values[("list", 1, "b")] == Mark(4, 8)


def test_places_of_a_broken_document_end_where_it_breaks() -> None:
    assert read_places(b"a: b\nc: *d\n").values == {(): Mark(1, 1), ("a",): Mark(1, 4)}
