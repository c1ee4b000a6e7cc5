"""How often to look at a report, and how many may be in flight.

Here: the numbers. Not here: who waits (``lifecycle``), or cool-downs after a 429 (``throttling``).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, in seconds.

    Attributes:
        poll_first: Before the first poll of a report.
        poll_most: Between two polls, at most; in between the wait grows with the report's age.
        patient_after: Age from which a report is no longer expected soon, and the wait may grow further.
        watch: Between two looks at a report another process works on, or for a place among the reports in flight.
        in_flight: Reports of one account and ad product that Amazon may work on at once; a number, not seconds.
    """

    poll_first: float = 5.0
    poll_most: float = 60.0
    patient_after: float = 4 * 3600.0
    watch: float = 2.0
    in_flight: int = 1000

    def next_poll(self, age_seconds: float) -> float:
        """Return the wait before the next poll: a quarter of the age, so that a late look is late by no more."""
        if age_seconds > self.patient_after:
            return max(self.poll_most, min(3600.0, age_seconds / 16))
        return min(self.poll_most, max(self.poll_first, age_seconds / 4))
