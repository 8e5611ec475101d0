"""Whatever the bytes, the loader answers with diagnostics; and no diagnostic repeats a value."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from molthub.manifest.loader import load_files, load_loose
from molthub.manifest.yaml_events import parse
from molthub.manifest.yaml_text import YamlRefusedError
from tests.builders import environment_dict, instance_dict, to_yaml, tree

NEIGHBOURS = tree(instance_dict(metadata={"name": "neighbour"}))
WHOLE = to_yaml(instance_dict(metadata={"labels": {"team": "x"}}))

OTHER_ENVIRONMENT = environment_dict(metadata={"name": "other"})

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("x" * 600)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def check(content: bytes) -> None:
    loaded = load_files({**NEIGHBOURS, "file.yaml": content})
    assert any(item.path.endswith("neighbour.yaml") for item in loaded.instances.values())
    assert all(item.diagnostics for item in loaded.invalid)
    loose = load_loose({"file.yaml": content})
    assert loose.invalid or loose.instances or loose.environments or loose.fleet
    for item in (*loaded.diagnostics, *loose.diagnostics):
        assert str(item).isprintable(), item
        assert len(str(item)) < 600


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes(content: bytes) -> None:
    check(content)


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@#,? \n\t", max_size=60))
def test_random_yaml_like_text(text: str) -> None:
    check(b"apiVersion: molthub/v1\nkind: MoltbotInstance\n" + text.encode())


@settings(deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 40), st.binary(max_size=12))
def test_a_manifest_with_bytes_cut_out_and_put_in(at: int, cut: int, put: bytes) -> None:
    check(WHOLE[:at] + put + WHOLE[at + cut :])


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in _paths(item, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A manifest with some part replaced by anything, or with anything added to some mapping."""
    document = copy.deepcopy(draw(st.sampled_from([instance_dict(), OTHER_ENVIRONMENT])))
    *parents, last = draw(st.sampled_from([path for path in _paths(document) if path]))
    target: Any = document
    for part in parents:
        target = target[part]
    if isinstance(target, dict) and draw(st.booleans()):
        last = draw(st.text(max_size=6))
    target[last] = draw(values)
    return document


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_a_manifest_with_a_part_of_any_shape(document: dict[str, Any]) -> None:
    try:
        content = to_yaml(document)
    except UnicodeEncodeError:  # half a surrogate pair has no bytes
        return
    check(content)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([path for path in _paths(instance_dict()) if path]))
def test_no_value_is_ever_repeated(path: tuple[Any, ...]) -> None:
    token = "-".join(["xoxb", "123456789012", "AbCdEfGhIjKl"])
    document: Any = copy.deepcopy(instance_dict())
    target = document
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = token
    if isinstance(target, dict):
        target[token] = token
    loaded = load_files({**NEIGHBOURS, "file.yaml": to_yaml(document), "raw.yaml": f"a: '{token}\n".encode()})
    said = "\n".join(str(item) for item in loaded.diagnostics) + repr([item.name for item in loaded.invalid])
    assert token not in said


@settings(deadline=None)
@given(values)
def test_what_is_written_as_yaml_is_read_back(value: Any) -> None:
    try:
        content = to_yaml({"a": value})
        document = parse(content)
    except (UnicodeEncodeError, YamlRefusedError):
        return
    assert isinstance(document, dict)
    assert set(document) == {"a"}
