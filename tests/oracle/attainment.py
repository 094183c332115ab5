#!/usr/bin/env python3
"""How many incidents of a ServiceNow log would have kept a policy, computed from the file alone.

    attainment.py incidents.csv.gz [--policy log_policy.json] [--product clocks.ndjson]

Prints for each metric and priority how many clocks ended in time and how many were breached, and the share of the first.
A clock counts under the priority that its incident has at the end of the log, and as breached when a deadline was missed
at any time. With the product's clocks of the same incidents (what the program `imported` writes of an export), compares
every one of them, and ends with 1 when a figure differs. The file is read as docs/OPERATIONS.md says of the import: times are UTC, rows go by `sys_mod_count`.
"""

import argparse
import csv
import gzip
import json
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

from clocks import WORK, Clocks
from policies import Rule
from worktime import EPOCH, Calendar
from worktime import instant as moment

PRIORITIES = {"1": "urgent", "2": "high", "3": "normal", "4": "low"}
STATUSES = {
    "new": "new",
    "active": "open",
    "awaiting user info": "pending",
    "awaiting evidence": "pending",
    "awaiting vendor": "on_hold",
    "awaiting problem": "on_hold",
    "resolved": "resolved",
    "closed": "closed",
}
DONE = ("resolved", "closed")
GZIP_MAGIC = b"\x1f\x8b"
CALENDAR = "the calendar"


class LogWorld:
    """A policy for every incident, by one calendar."""

    def __init__(self, policy):
        self.calendars = {CALENDAR: Calendar(policy["calendar"])}
        self.rules = {
            priority: Rule("the policy", {
                target["metric"]: (target["seconds"] * 1000, CALENDAR if target.get("calendar") else None)
                for target in policy["targets"]
                if target["priority"] == priority
            })
            for priority in PRIORITIES.values()
        }


def main():
    options = arguments()
    world = LogWorld(json.loads(options.policy.read_text()))
    incidents = {number: Incident(world, rows) for number, rows in read(options.log).items()}
    back = sum(incident.rows_back > 0 for incident in incidents.values())
    print(f"{len(incidents):,} incidents; the times of {back:,} go back from a row to the next")
    table = attainment((incident.priority, incident.ends()) for incident in incidents.values())
    for metric in WORK:
        for priority in (*PRIORITIES.values(), "all"):
            show(metric, priority, table.get((metric, priority), Counter()))
    return compare(incidents, table, options.product) if options.product else 0


def attainment(ends_of_all):
    """How the clocks ended, by metric and priority, from the priority and the ends of each incident."""
    table = defaultdict(Counter)
    for priority, ends in ends_of_all:
        for metric, (_, is_running, breached_ms) in ends.items():
            outcome = "breached" if breached_ms is not None else "running" if is_running else "met"
            table[metric, priority][outcome] += 1
            table[metric, "all"][outcome] += 1
    return table


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path, help="the log, plain or gzip")
    parser.add_argument("--policy", type=Path, default=Path(__file__).with_name("log_policy.json"))
    parser.add_argument("--product", type=Path, help="what the product says of the same incidents")
    return parser.parse_args()


def compare(incidents, table, product):
    """The attainment, and every clock of every incident, by the product and by this script. Where the times of an incident
    contradict the order of its rows there is no right figure: such are told of, and no failure."""
    told = {}
    with product.open(encoding="utf-8") as lines:
        for incident in map(json.loads, lines):
            told[incident["number"]] = (incident["priority"], {
                metric: (clock["used_ms"], clock["is_running"], clock["breached_at"] and moment(clock["breached_at"]))
                for metric, clock in incident["clocks"].items()
            })
    wrong = 0
    for number, incident in incidents.items():
        expected = (incident.priority, incident.ends())
        if told.get(number) != expected:
            wrong += not incident.rows_back
            print(f"incident {number}: expected {expected}, told {told.get(number)}, {incident.rows_back} rows go back")
    is_same = attainment(told.values()) == table
    print(f"{len(told):,} incidents of the product: {wrong:,} differ for no reason of their own")
    print(f"the attainment is {'the same in every metric and priority' if is_same else 'not the same'}")
    return 0 if is_same and not wrong and told.keys() == incidents.keys() else 1


def show(metric, priority, outcomes):
    met, breached = outcomes["met"], outcomes["breached"]
    share = f"{100 * met / (met + breached):.2f} %" if met + breached else "-"
    print(f"{metric:15} {priority:7} met {met:7,}  breached {breached:7,}  running {outcomes['running']:5,}  {share:>9}")


def read(path):
    """The good rows of each incident, in order."""
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    incidents = defaultdict(list)
    with (gzip.open if packed else open)(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        columns = {}
        for index, name in enumerate(next(reader)):
            columns.setdefault(name.strip().lower(), index)
        state = columns.get("incident_state", columns.get("ident_state"))
        for line, fields in enumerate(reader):
            of = lambda name: fields[columns[name]].strip()
            incidents[of("number")].append((
                int(of("sys_mod_count")),
                line,
                instant(of("opened_at")),
                instant(of("sys_updated_at")),
                PRIORITIES[of("priority")[0]],
                STATUSES.get(fields[state].strip().lower()),
            ))
    for rows in incidents.values():
        rows.sort()
    return incidents


def instant(text):
    return int((datetime.strptime(text, "%d/%m/%Y %H:%M") - EPOCH).total_seconds() * 1000)


class Incident:
    """An incident's clocks at the end of its rows."""

    def __init__(self, world, rows):
        self.clocks = Clocks(world)
        self.world = world
        self.status = "new"
        self.rows_back = 0
        _, _, opened_ms, _, self.priority, _ = rows[0]
        self.clocks.play_to(opened_ms)
        self.clocks.opened()
        self.clocks.promise(world.rules[self.priority])
        for _, _, _, updated_ms, priority, status in rows:
            # Time never goes back: a row that is older than the one before happened with it.
            self.rows_back += updated_ms < self.clocks.at_ms
            self.clocks.play_to(max(updated_ms, self.clocks.at_ms))
            self.update(priority, status or self.status)

    def update(self, priority, status):
        if priority != self.priority:
            self.priority = priority
            self.clocks.promise(self.world.rules[priority])
        if status == self.status:
            return
        if status in DONE:
            self.clocks.done()
        elif self.status in DONE:
            self.clocks.reopened()
        self.status = status
        self.clocks.moved_to(status)

    def ends(self):
        """Of each clock: what it used, whether it runs, and the deadline that it missed."""
        return {
            clock.metric: (clock.used_ms, clock.counts(), clock.breached_ms) for clock in self.clocks.of(*WORK)
        }


if __name__ == "__main__":
    sys.exit(main())
