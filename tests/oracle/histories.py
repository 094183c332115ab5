"""Plays a ticket's history, and says where the product's answers differ.

A history is a list of commands with the events that each yielded. Between them the product was asked for its clocks.
What the product derived (`ticket.sla_applied`, `sla.breached`, the clocks) is compared, never read.
"""

from clocks import METRICS, Clocks
from policies import threshold_of
from worktime import instant, text

# What may make another policy match, and what brings a ticket back; another team does, too.
MATCHED_AGAIN_BY = (
    "ticket.priority_changed",
    "ticket.tagged",
    "ticket.untagged",
    "ticket.custom_field_set",
    "ticket.reopened",
)
DONE = ("resolved", "closed")


class History:
    """A ticket on its way through time."""

    def __init__(self, world, company):
        self.world = world
        self.clocks = Clocks(world)
        self.ticket = {"company": company, "team": None, "tags": set(), "custom_fields": {}}
        self.status = None
        self.rule = None
        self.told_breaches = []
        self.told_warnings = []
        self.differences = []
        self.compared = 0

    def play(self, entries):
        for entry in entries:
            at_ms = instant(entry["at"])
            self.clocks.play_to(at_ms)
            if "clocks" in entry:
                self.compare_clocks(entry)
            else:
                self.command(entry, at_ms)
        self.compare_breaches()
        return self

    # ---- what happened -----------------------------------------------------------------------------------------

    def command(self, entry, at_ms):
        applied, team, seen, steps = None, self.ticket["team"], self.clocks.seen(), []
        for event in entry["events"]:
            if event["type"] == "ticket.sla_applied":
                applied = event["data"]
            elif event["type"] == "sla.breached":
                self.told_breaches.append((event["data"]["metric"], instant(event["data"]["due_at"])))
            elif event["type"] == "sla.warned":
                self.warned(event)
            else:
                self.event(event["type"], event["data"], event["actor"])
                steps += self.clocks.steps_since(seen)
                seen = self.clocks.seen()
        kinds = [event["type"] for event in entry["events"]]
        changed = self.ticket["team"] != team or any(kind in MATCHED_AGAIN_BY for kind in kinds)
        # Background work asks of open tickets only: of work that is done nothing new is promised.
        reapplied = entry["command"] == "reapply" and self.status not in DONE
        if "ticket.opened" in kinds or changed or reapplied:
            self.match_again(at_ms, "ticket.priority_changed" in kinds)
        steps += self.clocks.steps_since(seen)
        told = [(step["metric"], step["change"], step["used_ms"]) for event in entry["events"] for step in event["steps"]]
        self.differ(entry["at"], "steps", steps, told)
        if applied is not None:
            self.compare_applied(applied, at_ms)
            if applied["cause"] == "time_told":
                self.clocks.mark()

    def warned(self, event):
        data = event["data"]
        due_ms = instant(data["due_at"])
        self.differ(event["occurred_at"], "early warning", False, instant(event["occurred_at"]) < due_ms)
        self.told_warnings.append((data["metric"], *threshold_of(data), due_ms, instant(data["deadline_at"])))

    def event(self, kind, data, actor):
        imported = actor == "import"
        if kind == "ticket.opened":
            self.ticket.update(priority=data["priority"], channel=data["channel"], imported=imported)
            self.clocks.opened()
            self.move("new")
        elif kind == "ticket.agent_replied":
            if not imported and not data.get("machine"):
                self.clocks.agent_replied(self.status)
        elif kind == "ticket.customer_replied":
            if self.status not in DONE:
                self.clocks.customer_replied()
        elif kind == "ticket.assigned":
            self.ticket["team"] = data["to"].get("team_id")
        elif kind == "ticket.priority_changed":
            self.ticket["priority"] = data["to"]
        elif kind == "ticket.tagged":
            self.ticket["tags"].add(data["tag"])
        elif kind == "ticket.untagged":
            self.ticket["tags"].discard(data["tag"])
        elif kind == "ticket.custom_field_set":
            value = data.get("to")
            self.ticket["custom_fields"][data["key"]] = value and value["value"]
        elif kind == "ticket.status_changed":
            self.move(data["to"])
        elif kind == "ticket.resolved":
            self.clocks.done()
            self.move("resolved")
        elif kind == "ticket.closed":
            self.clocks.done()
            self.move("closed")
        elif kind == "ticket.reopened":
            self.clocks.reopened()
            if data["cause"]["kind"] == "reply":
                self.clocks.customer_replied()
            self.move(data["to"])

    def move(self, status):
        self.status = status
        self.clocks.moved_to(status)

    def match_again(self, at_ms, is_reprioritized):
        """Nothing is ever promised of an imported ticket. Where the settings hold, only another priority takes new ones."""
        if self.ticket["imported"]:
            return
        rule = self.world.rule_for(self.ticket, at_ms)
        by_settings = self.rule is not None and self.rule.policy is None and rule.policy is None
        if by_settings and not is_reprioritized or rule == self.rule:
            return
        self.rule = rule
        self.clocks.promise(rule)

    # ---- what the product said ---------------------------------------------------------------------------------

    def differ(self, where, what, expected, told):
        self.compared += 1
        if expected != told:
            self.differences.append(f"{where}: {what}: expected {expected}, told {told}")

    def compare_applied(self, told, at_ms):
        """The rule of `ticket.sla_applied`, and what the clocks had used."""
        where = f"{text(at_ms)} ticket.sla_applied"
        policy = told.get("policy")
        self.differ(where, "policy", self.rule and self.rule.policy, policy and (policy["id"], policy["version"]))
        targets = {target["metric"]: (target["target_ms"], reference(target)) for target in told["targets"]}
        self.differ(where, "targets", self.rule and self.rule.targets, targets)
        for used in told.get("used", []):
            clock = self.clocks.by_metric[used["metric"]]
            self.differ(where, f"{clock.metric} used_ms", clock.used_ms, used["used_ms"])

    def compare_clocks(self, entry):
        """Every clock at an instant, by every figure of it."""
        policy = self.rule and self.rule.policy
        self.differ(entry["at"], "policy", policy and f"{policy[0]} {policy[1]}", entry["policy"])
        self.differ(entry["at"], "next deadline", text(self.clocks.next_deadline_ms()), normal(entry["next_deadline_at"]))
        for metric in METRICS:
            expected, told = self.expected(metric), entry["clocks"].get(metric)
            where = f"{entry['at']} {metric}"
            if told is None or expected is None:
                self.differ(where, "clock", expected, told)
                continue
            for figure, value in expected.items():
                self.differ(where, figure, value, normal(told[figure]) if figure.endswith("_at") else told[figure])

    def expected(self, metric):
        """The figures of a clock of which something is promised, and that began."""
        clock = self.clocks.by_metric[metric]
        if clock.shown() is None:
            return None
        return {
            "state": clock.shown(),
            "calendar": clock.calendar and f"{clock.calendar[0]} {clock.calendar[1]}",
            "target_ms": clock.target_ms,
            "used_ms": clock.used_ms,
            "left_ms": clock.target_ms - clock.used_ms,
            "due_at": text(self.clocks.due_ms(clock)),
            "breached_at": text(clock.breached_ms),
            "ended_at": text(clock.ended_ms),
        }

    def compare_breaches(self):
        """Each threshold and each deadline that was missed is told once, by its own time."""
        self.differ("all", "warnings", sorted(self.clocks.warnings), sorted(self.told_warnings))
        expected = sorted((metric, at_ms) for metric, _, at_ms in self.clocks.breaches)
        self.differ("all", "breaches", *(
            [f"{metric} {text(at_ms)}" for metric, at_ms in breaches]
            for breaches in (expected, sorted(self.told_breaches))
        ))


def reference(target):
    calendar = target.get("calendar")
    return (calendar["id"], calendar["version"]) if calendar else None


def normal(told):
    """A moment in the form in which it is expected."""
    return told and text(instant(told))
