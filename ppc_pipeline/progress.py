"""How long work tells how far it is, whoever listens: a progress bar in the terminal, log lines in Dagster."""

from typing import Protocol


class Progress(Protocol):
    """Told about a stage of the work: its name, what is done and how much there is."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of it."""


def silent(stage: str, done: int, total: int) -> None:
    """Take no note of it."""
