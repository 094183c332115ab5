#!/usr/bin/env python3
"""A second implementation of the service levels, which says whether the product's clocks are right.

Reads histories, one JSON object an organization and line: its calendars, policies and settings over time, and its tickets
with their events and what the product said of their clocks. Plays them by the rules that the documents say, and compares
every figure. Ends with 1 when one differs.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter

import mutants
from histories import History
from policies import World

SHOWN_DIFFERENCES = 20


def main():
    options = arguments()
    if options.mutant:
        mutants.ALL[options.mutant]()
    if not options.program:
        return judge(sys.stdin)
    command = [options.program, "--tickets", str(options.tickets), "--seed", str(options.seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as program:
        status = judge(program.stdout)
    return status or program.returncode


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=10_000, help="how many at least")
    parser.add_argument("--seed", type=int, default=1, help="chooses everything")
    parser.add_argument("--mutant", choices=sorted(mutants.ALL), help="be wrong on purpose, to see that it is noticed")
    parser.add_argument("--program", help="what writes the histories; the standard input has them unless given")
    return parser.parse_args()


def judge(lines):
    """Plays every history; 1 when one differs, or there is none."""
    seen, wrong = Counter(), 0
    for line in lines:
        organization = json.loads(line)
        world = World(organization["facts"])
        seen["organizations"] += 1
        for ticket in organization["tickets"]:
            history = History(world, ticket["company"]).play(ticket["entries"])
            count(seen, ticket, history)
            if history.differences:
                wrong += 1
                if wrong <= SHOWN_DIFFERENCES:
                    print(f"ticket {ticket['name']}:", *history.differences[:5], sep="\n  ")
    print(", ".join(f"{number:,} {what}" for what, number in seen.items()))
    if not seen["tickets"]:
        print("there was no ticket to compare")
        return 1
    print(f"{wrong:,} tickets differ")
    return 1 if wrong else 0


def count(seen, ticket, history):
    seen["tickets"] += 1
    seen["events"] += sum(len(entry.get("events", [])) for entry in ticket["entries"])
    seen["instants asked"] += sum("clocks" in entry for entry in ticket["entries"])
    seen["figures compared"] += history.compared
    seen["warnings"] += len(history.clocks.warnings)
    seen["breaches"] += len(history.clocks.breaches)


if __name__ == "__main__":
    sys.exit(main())
