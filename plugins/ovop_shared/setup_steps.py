"""What `ovop_setup` does on Saleor: each plugin's adapter registers its own steps when it is imported."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetupStep:
    """`run` is safe to repeat and returns how many rows it created or changed; a second run returns 0."""

    position: int
    title: str
    run: Callable[[], int]


_steps: dict[str, SetupStep] = {}


def register_setup_step(step: SetupStep) -> None:
    _steps[step.title] = step


def setup_steps() -> tuple[SetupStep, ...]:
    return tuple(sorted(_steps.values(), key=lambda step: (step.position, step.title)))
