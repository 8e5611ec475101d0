"""MH-RUN-005: the image holds the plugins that the manifest's model and tracing need."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.registry import profile_for
from molthub.errors import Severity
from molthub.guard.engine import Finding, Subject
from molthub.manifest.models import InstanceSpec
from molthub.policies.support.quote import quoted

PROVIDER_PLUGINS = {"amazon-bedrock": ("amazon-bedrock", "bedrock")}
"""Model provider → its plugin, and the word for it in an image's name. The npm packages of 2026.6.11 and 2026.9.6 hold
the other common providers (anthropic, openai, google, openrouter) themselves, this one not."""
TRACING_PLUGIN = ("diagnostics-otel", "otel")


class PluginsInImage:
    """Waivable: what an image holds is only known by its name. Missing traces are a warning."""

    ref = "MH-RUN-005"
    title = "The image holds the plugins it needs"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        profile = profile_for(spec.runtime.image)
        if profile is None:
            return  # MH-RUN-003 has the word
        image = f"the image {quoted(spec.runtime.image)}"
        for path, model in _models(spec):
            provider = model.partition("/")[0]
            plugin, word = PROVIDER_PLUGINS.get(provider, ("", ""))
            if plugin and plugin not in profile.plugins:
                yield Finding(f"{image} does not hold the model provider {provider}", path, _fix(word))
        plugin, word = TRACING_PLUGIN
        if spec.observability.tracing and plugin not in profile.plugins:
            place = ("spec", "observability", "tracing")
            message = f"{image} does not hold {plugin}, so no trace is sent"
            yield Finding(message, place, _fix(word), Severity.WARNING)


def _models(spec: InstanceSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if spec.model is None:
        return
    yield ("spec", "model", "primary"), spec.model.primary
    for index, model in enumerate(spec.model.fallbacks):
        yield ("spec", "model", "fallbacks", index), model


def _fix(word: str) -> str:
    return f"Use an image that holds it, named for it: …/openclaw-{word}:VERSION or …:VERSION-{word}"
