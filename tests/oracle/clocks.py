"""The seven clocks of a ticket, by the table of metrics in docs/API.md.

Written from that table and from docs/adr/0012, 0018 and 0040, not from the product's code.
The ticket is played forward event by event: between two events every clock that runs is moved on by the working time in
between, and a deadline that lies in between is missed at its own instant.
"""

from worktime import AllTime

METRICS = (
    "first_reply",
    "next_reply",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "resolution",
)
REPLIES = ("first_reply", "next_reply")
UPDATES = ("periodic_update", "pausable_update")
WORK = ("requester_wait", "agent_work", "resolution")
PAUSED_BY = {
    "pausable_update": ("pending",),
    "requester_wait": ("pending",),
    "agent_work": ("pending", "on_hold"),
}
DONE = ("resolved", "closed")


class Clock:
    """One metric: what is going on (`wait`), what is promised of it (`target_ms`), and what it has used."""

    def __init__(self, metric):
        self.metric = metric
        self.wait = "idle"
        self.paused = False
        self.used_ms = 0
        self.target_ms = None
        self.calendar = None
        self.instance = 0
        self.started_ms = None
        self.ended_ms = None
        self.breached_ms = None
        # Where it warns, and of which thresholds it has since it began.
        self.thresholds, self.warned = [], set()
        # Since when it does what it does, by the rule that holds, and what it had used then.
        self.since_ms = None
        self.used_before_ms = 0

    def shown(self):
        """What people see of it; nothing where nothing began, or nothing is promised."""
        if self.target_ms is None or self.wait == "idle":
            return None
        return "paused" if self.wait == "running" and self.paused else self.wait

    def counts(self):
        return self.wait == "running" and not self.paused and self.target_ms is not None

    def start(self, at_ms):
        self.wait = "running"
        self.instance += 1
        self.used_ms = 0
        self.started_ms, self.ended_ms, self.breached_ms = at_ms, None, None
        self.warned = set()
        self.mark(at_ms)

    def mark(self, at_ms):
        """From here on it runs, or runs by another rule."""
        self.since_ms, self.used_before_ms = at_ms, self.used_ms

    def end(self, how, at_ms):
        """What ends while nothing is promised of it is not told of."""
        if self.wait == "running":
            self.wait, self.ended_ms = ("idle", None) if self.target_ms is None else (how, at_ms)

    def go_on(self, at_ms):
        if self.wait != "running":
            self.wait, self.ended_ms = "running", None
            self.mark(at_ms)


class Clocks:
    """All clocks of a ticket, as of the last event."""

    def __init__(self, world):
        self.world = world
        self.by_metric = {metric: Clock(metric) for metric in METRICS}
        self.at_ms = None
        self.breaches = []
        self.warnings = []

    def of(self, *metrics):
        return [self.by_metric[metric] for metric in metrics]

    def time_of(self, clock):
        return self.world.calendars[clock.calendar] if clock.calendar else AllTime()

    def play_to(self, at_ms):
        """Lets time pass. A deadline before `at_ms` is missed at the deadline."""
        for clock in self.by_metric.values():
            if clock.counts():
                self._pass(clock, at_ms)
        self.at_ms = at_ms

    def _pass(self, clock, at_ms):
        worked_ms = self.time_of(clock).working(self.at_ms, at_ms)
        if clock.breached_ms is None:
            self._warn(clock, worked_ms, at_ms)
        if clock.breached_ms is None and clock.used_ms + worked_ms >= clock.target_ms:
            deadline_ms = self.time_of(clock).after(self.at_ms, clock.target_ms - clock.used_ms)
            if deadline_ms < at_ms:
                clock.breached_ms = deadline_ms
                self.breaches.append((clock.metric, clock.instance, deadline_ms))
        clock.used_ms += worked_ms

    def _warn(self, clock, worked_ms, at_ms):
        """Each threshold once, at the instant at which so much was used."""
        for kind, value in clock.thresholds:
            level_ms = clock.target_ms * value // 100 if kind == "percent" else clock.target_ms - value * 1000
            if (kind, value) in clock.warned or clock.used_ms + worked_ms < level_ms:
                continue
            reached_ms = self.time_of(clock).after(self.at_ms, level_ms - clock.used_ms)
            if reached_ms < at_ms:
                clock.warned.add((kind, value))
                self.warnings.append((clock.metric, kind, value, reached_ms, self.due_ms(clock)))

    def due_ms(self, clock):
        """The deadline of a clock that runs, also once it passed. One that was overrun before it went on, or before the
        rule that holds, shows the deadline that it missed then."""
        if not clock.counts():
            return None
        left_ms = clock.target_ms - clock.used_before_ms
        if left_ms <= 0 and clock.breached_ms is not None:
            return clock.breached_ms
        return self.time_of(clock).after(clock.since_ms, left_ms)

    def next_deadline_ms(self):
        """The earliest deadline that may still be missed."""
        deadlines = [self.due_ms(clock) for clock in self.by_metric.values() if clock.breached_ms is None]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def promise(self, rule):
        """From now on another rule holds. Time used stays used. A first reply that is over keeps its promise."""
        for clock in self.by_metric.values():
            if clock.metric == "first_reply" and clock.wait != "running":
                continue
            clock.target_ms, clock.calendar = rule.targets.get(clock.metric, (None, None))
            clock.thresholds = rule.thresholds.get(clock.metric, [])
            clock.mark(self.at_ms)

    def seen(self):
        """What people see of every clock, to tell later what changed."""
        return {
            metric: (clock.shown(), clock.instance, clock.used_ms) for metric, clock in self.by_metric.items()
        }

    def steps_since(self, seen):
        """What became of each clock since it was seen: the change, and what it had used by then."""
        steps = []
        for metric, clock in self.by_metric.items():
            (was, instance, used_ms), now = seen[metric], clock.shown()
            is_anew = clock.instance != instance
            if was in ("running", "paused") and is_anew:
                steps.append((metric, "met", used_ms))
                steps.append((metric, "started", 0))
                if now == "paused":
                    steps.append((metric, "paused", 0))
            elif was == now and not is_anew or now is None:
                pass
            elif now == "running":
                goes_on = not is_anew and (was is not None or clock.used_ms > 0)
                steps.append((metric, "resumed" if goes_on else "started", clock.used_ms))
            elif now == "paused":
                steps.append((metric, "paused", clock.used_ms))
            elif was in ("running", "paused"):
                steps.append((metric, now, clock.used_ms))
        return steps

    def mark(self):
        """The same rule holds, and the time used was told: the clocks go on from there."""
        for clock in self.by_metric.values():
            clock.mark(self.at_ms)

    # ---- what happens to a ticket ------------------------------------------------------------------------------

    def opened(self):
        for clock in self.of("first_reply", *WORK):
            clock.start(self.at_ms)

    def agent_replied(self, status):
        for clock in self.of(*REPLIES):
            clock.end("met", self.at_ms)
        for clock in self.of(*UPDATES):
            clock.end("met", self.at_ms)
            if status not in DONE:
                clock.start(self.at_ms)

    def customer_replied(self):
        """The oldest reply that nobody answered is waited for, once there was a first reply or never will be."""
        first, following = self.of(*REPLIES)
        if first.wait != "running" and following.wait != "running":
            following.start(self.at_ms)

    def moved_to(self, status):
        for clock in self.by_metric.values():
            was_paused, clock.paused = clock.paused, status in PAUSED_BY.get(clock.metric, ())
            if was_paused and not clock.paused:
                clock.mark(self.at_ms)

    def done(self):
        for clock in self.of(*REPLIES, *UPDATES):
            clock.end("cancelled", self.at_ms)
        for clock in self.of(*WORK):
            clock.end("met", self.at_ms)

    def reopened(self):
        for clock in self.of(*WORK):
            clock.go_on(self.at_ms)
