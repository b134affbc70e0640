"""Journal of a run: its outcome as lists while it is being written."""

from __future__ import annotations

from typing import Any

import numpy as np

from flowsim.engine.outcome import Outcome


class Journal:
    """Outcome as lists, which Python reads and writes faster than arrays."""

    def __init__(self, outcome: Outcome) -> None:
        """Open the journal with an outcome."""
        self.arrival, self.start, self.lane = (
            outcome.arrival.tolist(),
            outcome.start.tolist(),
            outcome.lane.tolist(),
        )
        self.crowded, self.decision = outcome.crowded.tolist(), outcome.decision.tolist()
        self.exam_start, self.exam_end = outcome.exam_start.tolist(), outcome.exam_end.tolist()
        self.bay, self.alarm = outcome.bay.tolist(), outcome.alarm.tolist()
        self.departure, self.fate, self.end = (
            outcome.departure.tolist(),
            outcome.fate.tolist(),
            outcome.end.tolist(),
        )

    def close(self) -> Outcome:
        """Outcome in the journal."""
        numbers = ("lane", "crowded", "decision", "bay", "alarm", "fate")
        times = ("arrival", "start", "exam_start", "exam_end", "departure", "end")
        columns: dict[str, Any] = {name: np.array(getattr(self, name), dtype=np.int64) for name in numbers}
        columns |= {name: np.array(getattr(self, name), dtype=np.float64) for name in times}
        return Outcome(**columns)
