"""A template: parameters, and the instance that comes of them, as people write it (conventions: models.py).

How placeholders are replaced: placeholders.py. What a template must keep beyond this model: template_checks.py.
"""
# ruff: noqa: N815 -- fields are named as people write them, so that no alias can drift from its name

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from molthub.manifest.fields import PARAMETER_PATTERN, Model, SlugName

Scalar = str | int | bool
"""What a parameter's value may be."""

GIVEN = ("name", "id", "workspace", "environment")
"""Names that every template may use without declaring them: the identity of the instance that is made."""


def _read_scalar(value: Any) -> Any:
    """Text, a whole number, or true and false."""
    if isinstance(value, Scalar):
        return value
    raise PydanticCustomError("molthub_scalar", "not a single value")


AnyScalar = Annotated[
    Any, BeforeValidator(_read_scalar), WithJsonSchema({"anyOf": [{"type": ["string", "integer", "boolean"]}]})
]


class TemplateMetadata(Model):
    name: SlugName = Field(
        description="What `--template` says; one of a built-in's name takes its place.", examples=["slack-bot"]
    )
    title: str = Field(min_length=1, max_length=80, description="Its name for people.", examples=["Slack bot"])
    description: str = Field(
        default="", max_length=1000, description="What it is for and what it needs, in a sentence or two."
    )


class ParameterType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105 -- the word for a type


class Parameter(Model):
    name: str = Field(
        pattern=PARAMETER_PATTERN,
        min_length=1,
        max_length=40,
        description="What `${NAME}` and `--set NAME=VALUE` say.",
        examples=["model"],
    )
    type: ParameterType = Field(
        strict=False,
        description="What its value is. `secret`: a place in the secret store, never a value; used as the `key` of an "
        "entry of `spec.secrets`.",
    )
    description: str = Field(min_length=1, max_length=500, description="What it decides, for whoever is asked.")
    default: AnyScalar = Field(
        default=None,
        description="What it is when nothing is said. That of a `secret` may use `${workspace}`, `${environment}`, "
        "`${name}` and `${id}`, and is the instance's own place where it is left out.",
    )
    required: bool = Field(
        default=False,
        description="Must be given. One that need not be and has no default leaves its field out when nothing is said.",
    )
    example: AnyScalar = Field(
        default=None,
        description="A value that would do; needed where there is no default, for the template is tried with it.",
    )
    choices: list[AnyScalar] | None = Field(
        default=None, min_length=1, max_length=50, description="The values of a `choice`, text or whole numbers."
    )
    pattern: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="A regular expression (RE2: no look-around) that the whole of a `string` must match.",
        examples=["[a-z]+/.+"],
    )
    min: int | None = Field(default=None, description="The least an `integer` may be, or the least length of a text.")
    max: int | None = Field(default=None, description="The most an `integer` may be, or the greatest length of a text.")


class BodyMetadata(Model):
    labels: dict[str, str] = Field(default_factory=dict, max_length=40, description="Labels of the instance.")


class TemplateBody(Model):
    metadata: BodyMetadata = Field(
        default_factory=BodyMetadata, description="Only labels: the identity comes from whoever creates."
    )
    spec: dict[str, Any] = Field(
        min_length=1,
        description="A MoltbotInstance's `spec`. `${NAME}` stands for a parameter: alone it keeps its type, inside a "
        "text it becomes text; `$${` is a plain `${`.",
    )


class TemplateSpec(Model):
    enables: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list,
        max_length=20,
        description="What one gets, in words; what the instance itself says (channels, network, secrets, size) is "
        "told beside it.",
    )
    parameters: list[Parameter] = Field(
        default_factory=list, max_length=50, description="What may be chosen, in the order it is asked."
    )
    instance: TemplateBody = Field(description="The instance that is made, with placeholders.")


class MoltbotTemplate(Model):
    """A Moltbot with some choices left open; `molthub create` makes an instance of it."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["MoltbotTemplate"] = Field(description="Always `MoltbotTemplate`.")
    metadata: TemplateMetadata = Field(description="Which template it is.")
    spec: TemplateSpec = Field(description="What is asked, and what comes of it.")

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """By name; of two with one name, which is an error, the first."""
        return {item.name: item for item in reversed(self.spec.parameters)}
