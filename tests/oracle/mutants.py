"""Faults that are made on purpose, to show that the comparison notices them."""

import clocks
import worktime


def pause_ignored():
    clocks.PAUSED_BY.clear()


def breach_when_looked():
    """A deadline is told of as late as the minute in which somebody looked."""
    missed = clocks.Clocks._pass

    def late(self, clock, at_ms):
        before = clock.breached_ms
        missed(self, clock, at_ms)
        if before is None and clock.breached_ms is not None:
            clock.breached_ms = at_ms

    clocks.Clocks._pass = late


def one_second_at_dst():
    """Where a clock is set, a second is lost."""
    right = worktime.Calendar._open_on

    def wrong(self, day):
        is_set = self.clock.first_reached(worktime.midnight(day + worktime.ONE_DAY)) - self.clock.first_reached(
            worktime.midnight(day)
        ) != worktime.DAY_S * 1000
        return [(opens + 1000 * is_set, closes) for opens, closes in right(self, day)]

    worktime.Calendar._open_on = wrong


def holidays_ignored():
    worktime.Calendar.is_holiday = lambda self, day: False


def every_reply_waited_for():
    """The newest unanswered reply counts in the place of the oldest."""

    def newest(self):
        first, following = self.of(*clocks.REPLIES)
        if first.wait != "running":
            following.start(self.at_ms)

    clocks.Clocks.customer_replied = newest


def change_forgets():
    """A changed rule begins with nothing used."""
    kept = clocks.Clocks.promise

    def forgotten(self, rule):
        kept(self, rule)
        for clock in self.by_metric.values():
            if clock.counts():
                clock.used_ms = 0

    clocks.Clocks.promise = forgotten


def warned_again():
    """Another rule warns again of what was warned of."""
    kept = clocks.Clocks.promise

    def forgotten(self, rule):
        kept(self, rule)
        for clock in self.by_metric.values():
            clock.warned = set()

    clocks.Clocks.promise = forgotten


ALL = {
    "pause-ignored": pause_ignored,
    "breach-when-looked": breach_when_looked,
    "one-second-at-dst": one_second_at_dst,
    "holidays-ignored": holidays_ignored,
    "newest-reply": every_reply_waited_for,
    "change-forgets": change_forgets,
    "warned-again": warned_again,
}
