"""Progress in a run's log: a line each tenth of the way, and to whoever else listens."""

from dagster import DagsterLogManager

from ppc_pipeline.progress import Progress


def logged(log: DagsterLogManager, also: Progress) -> Progress:
    """Return a progress that writes to a run's log as well."""
    told: dict[str, int] = {}

    def tell(stage: str, done: int, total: int) -> None:
        also(stage, done, total)
        tenth = done * 10 // total if total else 10
        if told.get(stage) != tenth:
            told[stage] = tenth
            log.info(f"{stage}: {done} of {total} done")

    return tell
