"""Edits of a manifest that touch only the lines they are about: comments, quotes and order stay as they are.

Done by splicing text at the marks of the parsed document. A round trip through a YAML writer would reformat lines that
nobody asked to change, and the diff is what people review.
"""

from __future__ import annotations

import json
import re

import yaml

from molthub.manifest.yaml_text import decode

Node = yaml.nodes.Node
BLOCK_STYLES = ("|", ">")


def with_secret(content: bytes, *, name: str, key: str) -> bytes:
    """The manifest with `spec.secrets` holding {name, key}: its key replaced where the name is there, added otherwise.

    content must be a valid MoltbotInstance; the result is one again, with as few lines changed as can be.
    """
    bom = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    text = decode(content)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode), "the caller has a valid manifest"
    spec = _value(root, "spec")
    assert isinstance(spec, yaml.MappingNode), "a valid manifest has a spec"
    secrets = _value(spec, "secrets")
    if isinstance(secrets, yaml.SequenceNode):
        held = _key_of(secrets, name)
        changed = _replaced(text, held, json.dumps(key)) if held is not None else _appended(text, secrets, name, key)
    else:
        changed = _begun(text, spec, secrets, name=name, key=key)
    return bom + changed.encode()


def _value(mapping: yaml.MappingNode, name: str) -> Node | None:
    return next((value for key, value in mapping.value if key.value == name), None)


def _key_of(secrets: yaml.SequenceNode, name: str) -> Node | None:
    """The node of an entry's `key`, None when no entry has the name."""
    for item in secrets.value:
        if isinstance(item, yaml.MappingNode):
            own = _value(item, "name")
            if own is not None and own.value == name:
                return _value(item, "key")
    return None


def _replaced(text: str, node: Node, by: str) -> str:
    end = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in BLOCK_STYLES:
        end = len(text[:end].rstrip())  # a block text's mark is at the beginning of the next line
    return text[: node.start_mark.index] + by + text[end:]


def _appended(text: str, secrets: yaml.SequenceNode, name: str, key: str) -> str:
    """Another item at the end of the list, in the style of the one before it."""
    if secrets.flow_style:
        return _into_brackets(text, secrets, _flow(name, key))
    last = secrets.value[-1]
    indent = " " * secrets.start_mark.column
    if last.flow_style:
        return _line_after(text, last, f"{indent}- {_flow(name, key)}")
    inner = " " * last.start_mark.column
    dash = "-" + " " * (last.start_mark.column - secrets.start_mark.column - 1)
    return _line_after(text, last, f"{indent}{dash}name: {name}\n{inner}key: {json.dumps(key)}")


def _begun(text: str, spec: yaml.MappingNode, secrets: Node | None, *, name: str, key: str) -> str:
    """The first entry of a manifest that has no list of secrets. secrets: the null where it says `secrets:`."""
    entry = _flow(name, key)
    if spec.flow_style:
        return _into_brackets(text, spec, f"secrets: [{entry}]")
    indent = " " * spec.start_mark.column
    if secrets is None:
        return _line_after(text, spec, f"{indent}secrets:\n{indent}  - {entry}")
    if secrets.value:  # a null that is written: `~` or `null`
        return _replaced(text, secrets, f"[{entry}]")
    said = next(name_node for name_node, value in spec.value if value is secrets)
    return _line_after(text, said, f"{indent}  - {entry}")


def _flow(name: str, key: str) -> str:
    return f"{{name: {name}, key: {json.dumps(key)}}}"


def _into_brackets(text: str, node: Node, item: str) -> str:
    """An item at the end of a flow collection, whose parts all have exact marks."""
    assert isinstance(node, yaml.CollectionNode)
    if not node.value:
        at = node.end_mark.index - 1
        return text[:at] + item + text[at:]
    last = node.value[-1]
    at = (last[1] if isinstance(last, tuple) else last).end_mark.index
    comma = re.match(r"\s*,", text[at:])
    if comma:
        at += comma.end()
        return f"{text[:at]} {item}{text[at:]}"
    return f"{text[:at]}, {item}{text[at:]}"


def _line_after(text: str, node: Node, lines: str) -> str:
    """New lines below the line that the node's last word stands on; a comment on that line stays there."""
    last = _last_leaf(node)
    ends = last.end_mark.index
    if isinstance(last, yaml.ScalarNode) and last.style in BLOCK_STYLES:
        at = ends  # a block text ends at the beginning of the next line
    else:
        at = text.find("\n", ends) + 1 or len(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if at == 0 or text[at - 1] == "\n" else newline
    return text[:at] + before + lines.replace("\n", newline) + newline + text[at:]


def _last_leaf(node: Node) -> Node:
    """The last thing written inside a node: a block collection's own mark is only at the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (last, last)
        if isinstance(value, yaml.ScalarNode) and value.value == "" and value.style is None:
            return key  # type: ignore[no-any-return]  # nothing is written: the null after a key
        return _last_leaf(value)
    return node
