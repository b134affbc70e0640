"""Stations of the reference engine: SimPy's clock with events at absolute times, and servers with one queue."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import simpy

from flowsim.world import shifts as duty
from flowsim.world.shifts import Shift

Fits = Callable[[float], bool]
"""Whether a service that begins at a time can end before a vehicle has to leave."""


class Order(IntEnum):
    """Kinds of event in the order in which they happen at one time."""

    CALENDAR = 1
    EXAMINED = 2
    LOOKED_AT = 3
    ASSIGN = 4
    ARRIVAL = 5


class Clock(simpy.Environment):
    """SimPy's environment with events at absolute times, ordered by kind and number at equal times.

    SimPy takes delays, and adding a delay to the present may lose the last bit of a time computed elsewhere.
    """

    def at(self, time: float, order: Order, number: int) -> simpy.Event:
        """Event that happens at a time [h], after SimPy's own events of that time."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        entry: Any = (time, (order << 50) + number, next(self._eid), event)
        heapq.heappush(self._queue, entry)
        return event


class Station:
    """Numbered servers with one queue: the lanes of a group, or the bays of a checkpoint."""

    def __init__(self, clock: Clock, *, number: int, servers: int, shifts: tuple[Shift, ...] = ()) -> None:
        """Open a station with all servers idle.

        Parameters
        ----------
        clock
            Environment of the run.
        number
            Number that orders the assignments of several stations at one time.
        servers
            Number of servers.
        shifts
            Servers on duty by hour of the day.
        """
        self.clock, self.number, self.servers, self.shifts = clock, number, servers, shifts
        self.idle = list(range(servers))
        self.queue: deque[tuple[simpy.Event, Fits]] = deque()
        self.assigning = self.waking = False

    @property
    def ready(self) -> bool:
        """Whether a server is idle and on duty."""
        if not self.idle:
            return False
        return not self.shifts or self.idle[0] < duty.on_duty(self.shifts, self.servers, time=self.clock.now)

    def take(self) -> int:
        """Lowest-numbered idle server on duty, or -1 if a newcomer has to wait."""
        return heapq.heappop(self.idle) if not self.queue and self.ready else -1

    def turn(self, fits: Fits) -> simpy.Event:
        """Join the queue; the event's value is the server at the vehicle's turn, or -1 if it is too late.

        Parameters
        ----------
        fits
            Whether a service that begins at a time can end before the vehicle has to leave.
        """
        event = simpy.Event(self.clock)
        self.queue.append((event, fits))
        self.wake_later()
        return event

    def leave(self, event: simpy.Event) -> None:
        """Leave the queue unserved."""
        self.queue = deque(entry for entry in self.queue if entry[0] is not event)

    def release(self, server: int) -> None:
        """Give a server back."""
        heapq.heappush(self.idle, server)
        self.assign_later()

    def assign_later(self) -> None:
        """Assign idle servers to waiting vehicles, after the completions of this time and before its arrivals."""
        if self.queue and self.ready and not self.assigning:
            self.assigning = True
            self.clock.at(self.clock.now, Order.ASSIGN, self.number).callbacks.append(self._assign)
        self.wake_later()

    def wake_later(self) -> None:
        """Assign again at the next change of shift, if a server is idle but off duty while a vehicle waits."""
        if self.shifts and self.queue and self.idle and not self.ready and not self.waking:
            self.waking = True
            change = duty.next_change(self.shifts, time=self.clock.now)
            self.clock.at(change, Order.CALENDAR, self.number).callbacks.append(self._wake)

    def _wake(self, _: simpy.Event) -> None:
        self.waking = False
        self.assign_later()

    def _assign(self, _: simpy.Event) -> None:
        self.assigning = False
        while self.queue and self.ready:
            event, fits = self.queue.popleft()
            event.succeed(heapq.heappop(self.idle) if fits(self.clock.now) else -1)
        self.wake_later()
