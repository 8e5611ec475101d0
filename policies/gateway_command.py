"""MH-RUN-004: a command adds to the gateway's own only what the image's profile passes on."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.registry import assumed_profile
from molthub.guard.engine import Finding, Subject
from molthub.policies.public_admin import opening_arguments
from molthub.policies.support.quote import quoted


class GatewayCommand:
    """Not waivable: the renderer leaves out what it does not know, so the words would have no effect."""

    ref = "MH-RUN-004"
    title = "A command the gateway takes"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        runtime = subject.instance.model.spec.runtime
        command = runtime.command or []
        if not command or any(opening_arguments(command)):
            return  # MH-NET-001 has the word
        profile = assumed_profile(runtime.image)
        refused = profile.split_command(command)[1]
        if refused:
            start, options = " ".join(profile.start), ", ".join(sorted(profile.allowed_options))
            fix = f"Begin it with {start}; it may add {options}"
            yield Finding(_complaint(command, refused, start), ("spec", "runtime", "command"), fix)


def _complaint(command: list[str], refused: tuple[str, ...], start: str) -> str:
    """Names the options alone: what follows one may be a secret that nothing but its place gives away."""
    if refused == tuple(command):
        return f"the command does not begin with {start}"
    names = [quoted(word.partition("=")[0]) for word in refused if word.startswith("-")]
    return f"the command holds what is not passed on to the Moltbot: {', '.join(names) or 'a word that is no option'}"
