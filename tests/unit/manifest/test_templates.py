"""Templates as documents: what one that is wrong stops, and what a value can and cannot do to a body."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molthub.manifest.composing import composed
from molthub.manifest.loader import load_files
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.parameters import compiled, misfit, value_of
from molthub.manifest.placeholders import LEFT_OUT, escaped, filled, uses
from molthub.manifest.template import Parameter
from molthub.manifest.template_checks import SAMPLE, instance_document, samples
from molthub.manifest.yaml_events import parse
from molthub.manifest.yaml_text import unwanted_character
from tests.builders import instance_dict, template_dict, to_yaml, tree


def parameter(kind: str, **more: Any) -> Parameter:
    return Parameter.model_validate({"name": "x", "type": kind, "description": "x", **more})


def test_a_template_is_among_the_documents() -> None:
    loaded = load_files(tree(instance_dict(), template_dict()))
    assert loaded.diagnostics == ()
    assert [(name, item.path) for name, item in loaded.templates.items()] == [("chat-bot", "templates/chat-bot.yaml")]
    assert len(loaded.instances) == 1


def test_a_broken_template_stops_nothing_but_itself() -> None:
    broken = template_dict(spec={"parameters": []})
    loaded = load_files({**tree(instance_dict()), "templates/chat-bot.yaml": to_yaml(broken)})
    assert loaded.templates == {}
    assert {item.ref for item in loaded.diagnostics} == {"MH-TMPL-001"}
    assert len(loaded.instances) == 1
    assert loaded.is_valid_for_deletion


def test_a_broken_template_is_no_instance_whatever_it_claims() -> None:
    claims = {"name": "support-bot", "workspace": "acme", "environment": "prod", "id": "support-bot", "title": "x"}
    loaded = load_files({**tree(instance_dict()), "x.yaml": to_yaml(template_dict(metadata=claims))})
    (file,) = loaded.invalid
    assert (file.kind, file.name) == ("MoltbotTemplate", "support-bot")
    assert (file.workspace, file.environment, file.id) == (None, None, None)


def test_a_template_that_is_not_read_to_its_end_may_have_been_an_instance() -> None:
    both = to_yaml(template_dict()) + b"---\n" + to_yaml(instance_dict())
    loaded = load_files({**tree(template_dict()), "x.yaml": both})
    assert [item.ref for item in loaded.diagnostics] == ["MH-YAML-012"]
    assert not loaded.is_valid_for_deletion


def test_two_templates_of_one_name_stop_each_other() -> None:
    files = {**tree(template_dict()), "more/copy.yaml": to_yaml(template_dict())}
    loaded = load_files(files)
    assert loaded.templates == {}
    said = [f"{item.location}: {item.ref} {item.message}" for item in loaded.diagnostics]
    assert said == [
        "more/copy.yaml:4:9: MH-TMPL-007 the template chat-bot is also written in templates/chat-bot.yaml:4:9",
        "templates/chat-bot.yaml:4:9: MH-TMPL-007 the template chat-bot is also written in more/copy.yaml:4:9",
    ]
    assert loaded.is_valid_for_deletion


@pytest.mark.parametrize(
    "value",
    [
        'x"}, cpu: 8192, z: {a: "',
        "x\n  cpu: 8192",
        "${token}",
        "$${token}",
        "!!python/object:os.system x",
        "*alias",
        "- a\n- b",
        "null",
        "true",
        "8192",
    ],
)
def test_a_value_cannot_change_the_structure(value: str) -> None:
    body = {"a": "${x}", "b": ["in ${x} and $${x}", 1], "c": {"d": True}}
    done = filled(body, {"x": value})
    assert done == {"a": value, "b": [f"in {value} and ${{x}}", 1], "c": {"d": True}}


def test_a_placeholder_alone_keeps_its_type() -> None:
    values = {"n": 5, "yes": True, "gone": LEFT_OUT}
    body = {"n": "${n}", "text": "${n}-${yes}", "yes": "${yes}", "out": {"inner": {"x": "${gone}"}}, "kept": {}}
    assert filled(body, values) == {"n": 5, "text": "5-true", "yes": True, "kept": {}}


TEXTS = st.text(max_size=40).filter(lambda text: unwanted_character(text) is None)
KEYS = TEXTS.filter(lambda text: text != "<<")
TREES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers(-(10**15), 10**15), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4), TEXTS)
def test_what_is_composed_reads_back_as_it_was_meant(document: dict[str, Any], words: str) -> None:
    """composed() says so itself; here whatever somebody may write, beside whatever comments."""
    text = composed(document, head=[words], notes={(key,): words for key in document})
    assert parse(text.encode()) == document
    assert filled(escaped(document), {}) == document


@pytest.mark.parametrize("text", ["${x}", "$${x}", "a $$${b", "$", "${", "plain", "$${$${"])
def test_escaping_gives_the_text_back(text: str) -> None:
    quoted = escaped({"a": [text]})
    assert list(uses(quoted)) == []
    assert filled(quoted, {}) == {"a": [text]}


def test_the_samples_make_a_valid_instance() -> None:
    model = load_files(tree(template_dict())).templates["chat-bot"].model
    document = instance_document(model, {**SAMPLE, **samples(model)})
    made = MoltbotInstance.model_validate(document)
    assert (made.metadata.labels, made.spec.runtime.cpu) == ({"team": "sample"}, 1024)


@pytest.mark.parametrize(
    ("kind", "more", "text", "value"),
    [
        ("integer", {}, "-12", -12),
        ("integer", {}, "012x", None),
        ("integer", {}, "1_000", None),
        ("boolean", {}, "true", True),
        ("boolean", {}, "True", None),
        ("boolean", {}, "yes", None),
        ("choice", {"choices": [1, "1x"]}, "1", 1),
        ("choice", {"choices": [1, "1x"]}, "1x", "1x"),
        ("choice", {"choices": ["a"]}, "b", None),
        ("string", {}, "5", "5"),
    ],
)
def test_what_a_text_means(kind: str, more: dict[str, Any], text: str, value: object) -> None:
    found = value_of(parameter(kind, **more), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "more", "value", "why"),
    [
        ("integer", {"min": 1, "max": 3}, 4, "a whole number of 1 to 3"),
        ("integer", {"min": 1}, 0, "a whole number of at least 1"),
        ("integer", {}, True, "a whole number"),
        ("integer", {}, 3, None),
        ("boolean", {}, 1, "true or false"),
        ("boolean", {}, False, None),
        ("choice", {"choices": [1, "a"]}, True, "one of 1, a"),
        ("choice", {"choices": [1, "a"]}, "a", None),
        ("string", {"max": 2}, "abc", "text of at most 2 characters"),
        ("string", {"pattern": "a+"}, "aab", "text of the form a+"),
        ("string", {"pattern": "a+|b"}, "aa", None),
        ("string", {"pattern": "a+"}, "a\n", "text of the form a+"),
        ("string", {}, "a\x1b[2J", "text of at most 4096 characters, none of them a control character"),
        ("secret", {}, "acme/prod/x#key", None),
        ("secret", {}, "a value!", "a place in the secret store: PATH#KEY, or an ARN"),
    ],
)
def test_whether_a_value_fits(kind: str, more: dict[str, Any], value: object, why: str | None) -> None:
    assert misfit(parameter(kind, **more), value) == why


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    """In Python's own engine this one would stand still until the end of days."""
    evil = parameter("string", pattern="(([a-z])+.)+[A-Z]([a-z])+")
    assert misfit(evil, "a" * 4000) == "text of the form (([a-z])+.)+[A-Z]([a-z])+"
    assert compiled("(a{1000}){1000}{1000}") is None
    assert compiled("(?=a)") is None
