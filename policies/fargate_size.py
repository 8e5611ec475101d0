"""MH-SIZE-001: cpu and memory are a pair that Fargate runs."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject

FARGATE_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
"""CPU units to the memories in MiB they go with (Amazon ECS developer guide, "Task CPU and memory")."""


class FargateSize:
    """Not waivable: ECS refuses any other pair."""

    ref = "MH-SIZE-001"
    title = "A size that Fargate runs"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        runtime = subject.instance.model.spec.runtime
        memories = FARGATE_SIZES.get(runtime.cpu)
        cpu, memory = nearest(runtime.cpu, runtime.memory)
        fix = f"The nearest possible size is cpu {cpu} with memory {memory}"
        if memories is None:
            sizes = ", ".join(map(str, FARGATE_SIZES))
            yield Finding(f"cpu {runtime.cpu} is none of Fargate's ({sizes})", ("spec", "runtime", "cpu"), fix)
        elif runtime.memory not in memories:
            message = f"memory {runtime.memory} does not go with cpu {runtime.cpu} on Fargate"
            yield Finding(message, ("spec", "runtime", "memory"), fix)


def nearest(cpu: int, memory: int) -> tuple[int, int]:
    """The possible pair closest to a wish: the cpu first, then the least memory that is enough, or the most."""
    best = min(FARGATE_SIZES, key=lambda units: (abs(units - cpu), units))
    enough = [size for size in FARGATE_SIZES[best] if size >= memory]
    return best, min(enough, default=FARGATE_SIZES[best][-1])
