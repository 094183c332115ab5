"""What is promised of a ticket: the policies of an organization over time, and which of them matches.

Written from docs/API.md and docs/EVENTS.md, not from the product's code.
"""

from worktime import Calendar, instant

ANY_LIST = ("is_one_of", "is_none_of")


class World:
    """The calendars, policies and settings of an organization, at every instant."""

    def __init__(self, facts):
        self.settings = []
        self.calendars = {}
        self.newest_calendars = []
        self.lists = []
        policies, order, newest, said = {}, [], {}, {}
        for fact in facts:
            at_ms = instant(fact["occurred_at"])
            kind, data = fact["type"], fact["data"]
            if kind == "organization.settings_changed":
                self.settings.append((at_ms, data["settings"]["sla_targets"]))
                continue
            if kind in ("calendar.created", "calendar.changed"):
                # Another name alone is no other definition.
                definition = {**data, "name": None}
                if said.get(fact["stream_id"]) != definition:
                    said[fact["stream_id"]] = definition
                    self.calendars[fact["stream_id"], fact["version"]] = Calendar(data)
                    newest = {**newest, fact["stream_id"]: fact["version"]}
                    self.newest_calendars.append((at_ms, newest))
                continue
            if kind == "sla_policy.created":
                policies[data["policy_id"]] = {**data, "version": 1}
                order.append(data["policy_id"])
            elif kind == "sla_policy.changed":
                policies[data["policy_id"]] = data
            elif kind == "sla_policy.deleted":
                order.remove(data["policy_id"])
            elif kind == "sla_policies.reordered":
                order = list(data["order"])
            self.lists.append((at_ms, [policies[policy] for policy in order]))

    def rule_for(self, ticket, at_ms):
        """The first policy that matches, with its targets for the ticket's priority."""
        newest = last_before(self.newest_calendars, at_ms, {})
        for policy in last_before(self.lists, at_ms, []):
            if matches(policy.get("conditions", {}), ticket):
                targets = [target for target in policy["targets"] if target["priority"] == ticket["priority"]]
                return Rule((policy["policy_id"], policy["version"]), {
                    target["metric"]: (
                        target["seconds"] * 1000,
                        (target["calendar_id"], newest[target["calendar_id"]]) if "calendar_id" in target else None,
                    )
                    for target in targets
                }, {
                    target["metric"]: [threshold_of(warning) for warning in target.get("warnings", [])]
                    for target in targets
                })
        return self.settings_rule(ticket["priority"], at_ms)

    def settings_rule(self, priority, at_ms):
        """What holds below the last policy, in calendar time."""
        minutes = last_before(self.settings, at_ms, None)[priority]
        return Rule(None, {
            "first_reply": (minutes["first_response_minutes"] * 60_000, None),
            "agent_work": (minutes["resolution_minutes"] * 60_000, None),
        })


class Rule:
    """What is promised: by metric the time in milliseconds and the version of a calendar, and where to warn."""

    def __init__(self, policy, targets, thresholds=None):
        self.policy = policy
        self.targets = targets
        self.thresholds = thresholds or {}

    def __eq__(self, other):
        return other is not None and (self.policy, self.targets) == (other.policy, other.targets)


def last_before(history, at_ms, before_all):
    held = before_all
    for since_ms, value in history:
        if since_ms > at_ms:
            break
        held = value
    return held


def matches(conditions, ticket):
    every, some = conditions.get("all", []), conditions.get("any", [])
    return all(holds(one, ticket) for one in every) and (not some or any(holds(one, ticket) for one in some))


def holds(condition, ticket):
    values = values_of(ticket, condition)
    operator = condition["operator"]
    if operator == "is_set":
        return bool(values)
    if operator == "is_not_set":
        return not values
    assert operator in ANY_LIST, operator
    wanted = {exact(value) for value in condition["values"]}
    among = any(exact(value) in wanted for value in values)
    return among if operator == "is_one_of" else not among


def values_of(ticket, condition):
    """What the ticket has in the field; nothing where it lacks it."""
    field = condition["field"]
    if field == "tag":
        return list(ticket["tags"])
    if field == "custom_field":
        value = ticket["custom_fields"].get(condition["key"])
    else:
        value = ticket[field]
    return [] if value is None else [value]


def exact(value):
    """True is not 1 in a custom field."""
    return (type(value) is bool, value)


def threshold_of(warning):
    """Such as `("percent", 80)`: a threshold is known by its value."""
    ((kind, value),) = warning["threshold"].items()
    return kind, value
