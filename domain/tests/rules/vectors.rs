//! Worked examples of other products and our own, one row each of `vectors/table.tsv`: where it comes from, what is given,
//! what its source expects, and what our rules say. Where the two differ, the row says why. Minutes throughout.
//!
//! Columns: `calendar` is a zone, days, windows and holidays, or `none` for all time; `promise` has targets in minutes;
//! `story` has steps with their times; `asked` is the question. The step `rules resolution=60 by none` promises something
//! else, by another calendar, and has it applied.

use crate::scenario::{MESSAGE, Scenario, agent, customer};
use crate::ticket::{open_command, ticket};
use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{
    CalendarDefinition, CalendarRef, Holiday, HolidayDays, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::zone::Zone;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::Metric;
use domain::sla::clocks::Clocks;
use domain::sla::policy::{Conditions, Policy, PolicyDefinition, PolicyRef, Target};
use domain::sla::terms::{CalendarBook, Terms};
use domain::text::Name;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::{Priority, Status, Ticket};
use std::sync::Arc;
use uuid::Uuid;

const TABLE: &str = include_str!("vectors/table.tsv");
const CALENDAR: CalendarId = CalendarId(Uuid::from_u128(0xca));

struct Vector<'a> {
    id: &'a str,
    calendar: &'a str,
    promise: &'a str,
    story: &'a str,
    asked: &'a str,
    theirs: &'a str,
    ours: &'a str,
    note: &'a str,
}

fn vectors() -> impl Iterator<Item = Vector<'static>> {
    TABLE.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [
            id,
            _source,
            calendar,
            promise,
            story,
            asked,
            theirs,
            ours,
            note,
        ] = fields[..]
        else {
            panic!("a row has nine columns: {line}")
        };
        Vector {
            id,
            calendar,
            promise,
            story,
            asked,
            theirs,
            ours,
            note,
        }
    })
}

fn time(text: &str) -> DateTime<Utc> {
    let has_seconds = text.matches(':').count() == 2;
    let with_seconds = text.replace('Z', if has_seconds { "Z" } else { ":00Z" });
    with_seconds.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn told(at: Option<DateTime<Utc>>) -> String {
    at.map_or("none".to_owned(), |at| {
        let text = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        text.replace(":00Z", "Z")
    })
}

/// `Europe/Berlin Mon-Fri 09:00-12:00,13:30-18:00 -2015-09-22`.
fn calendar(text: &str) -> Option<Calendar> {
    if text == "none" {
        return None;
    }
    let parts: Vec<&str> = text.split(' ').collect();
    let day = |name: &str| {
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        u32::try_from(days.iter().position(|day| *day == name).unwrap()).unwrap()
    };
    let (first, last) = parts[1].split_once('-').unwrap();
    let seconds = |clock: &str| {
        let (hours, minutes) = clock.split_once(':').unwrap();
        hours.parse::<u32>().unwrap() * 3_600 + minutes.parse::<u32>().unwrap() * 60
    };
    let mut weekly = Vec::new();
    for day in day(first)..=day(last) {
        for window in parts[2].split(',') {
            let (from, to) = window.split_once('-').unwrap();
            weekly.push(WeeklyInterval {
                start_s: day * 86_400 + seconds(from),
                end_s: day * 86_400 + seconds(to),
            });
        }
    }
    let holiday = |date: &&str| Holiday {
        name: Name::parse("Holiday").unwrap(),
        days: HolidayDays::Date {
            date: date.strip_prefix('-').unwrap().parse().unwrap(),
        },
    };
    Some(Calendar::new(&CalendarDefinition {
        zone: Zone::parse(parts[0]).unwrap(),
        weekly: WeeklyHours::parse(&weekly).unwrap(),
        holidays: Holidays::parse(parts[3..].iter().map(holiday).collect()).unwrap(),
    }))
}

fn metric(name: &str) -> Metric {
    let mut metrics = Metric::ALL.into_iter();
    let found = metrics.find(|metric| metric.as_str() == name);
    found.unwrap_or_else(|| panic!("{name} is no metric"))
}

/// The terms of a version of the one policy and its one calendar; `book` has the calendars of the versions before.
fn terms(promise: &str, hours: &str, version: u32, mut book: CalendarBook) -> Terms {
    let calendar = calendar(hours);
    let target = |promise: &str| {
        let (name, minutes) = promise.split_once('=').unwrap();
        Target {
            priority: Priority::Normal,
            metric: metric(name),
            seconds: minutes.parse::<u32>().unwrap() * 60,
            calendar_id: calendar.as_ref().map(|_| CALENDAR),
            warnings: Vec::new(),
        }
    };
    let policy = Policy {
        reference: PolicyRef {
            id: PolicyId(Uuid::from_u128(0x90)),
            version,
        },
        definition: PolicyDefinition {
            name: Name::parse("All").unwrap(),
            conditions: Conditions::default(),
            targets: promise.split_whitespace().map(target).collect(),
        },
    };
    if let Some(calendar) = calendar.clone() {
        let reference = CalendarRef {
            id: CALENDAR,
            version: i64::from(version),
        };
        book.add(reference, Arc::new(calendar));
    }
    Terms {
        levels: Arc::new(ServiceLevels {
            policies: vec![policy],
            ..ServiceLevels::default()
        }),
        calendars: book,
        ..Terms::default()
    }
}

/// The ticket after the steps up to and with `until`.
fn told_story(
    vector: &Vector<'_>,
    until: Option<DateTime<Utc>>,
) -> (Scenario<TicketAggregate>, CalendarBook) {
    let book = CalendarBook::default();
    let mut terms = terms(vector.promise, vector.calendar, 1, book);
    let mut version = 1;
    let mut ticket = ticket().with_terms(terms.clone());
    let reply = TicketCommand::Reply {
        message_id: MESSAGE,
    };
    for step in vector.story.split("; ") {
        let (at, word) = step.split_once(' ').unwrap();
        let at = time(at);
        if until.is_some_and(|until| at > until) {
            break;
        }
        let set = TicketCommand::SetStatus;
        if let Some((promise, hours)) = word
            .strip_prefix("rules ")
            .and_then(|rules| rules.split_once(" by "))
        {
            version += 1;
            terms = self::terms(promise, hours, version, terms.calendars);
            ticket = ticket.with_terms(terms.clone()).given_command_at(
                at,
                Actor::Timer,
                TicketCommand::ReapplySla,
            );
            continue;
        }
        let (actor, command): (Actor, _) = match word {
            "agent-opens" => (agent(), TicketCommand::Open(open_command())),
            "open" => (customer(), TicketCommand::Open(open_command())),
            "customer" => (customer(), reply.clone()),
            "agent" => (agent(), reply.clone()),
            "machine" => {
                ticket = ticket.with_terms(Terms {
                    is_machine: true,
                    ..terms.clone()
                });
                (agent(), reply.clone())
            }
            "note" => (
                agent(),
                TicketCommand::AddNote {
                    message_id: MESSAGE,
                },
            ),
            "pending" => (agent(), set(Status::Pending)),
            "hold" => (agent(), set(Status::OnHold)),
            "set-open" => (agent(), set(Status::Open)),
            "resolve" => (agent(), TicketCommand::Resolve),
            "reopen" => (agent(), TicketCommand::Reopen { reason: None }),
            _ => panic!("{word} is no step"),
        };
        ticket = ticket
            .given_command_at(at, actor, command)
            .with_terms(terms.clone());
    }
    (ticket, terms.calendars)
}

fn clocks(ticket: &Scenario<TicketAggregate>) -> &Clocks {
    match ticket.state() {
        Ticket::Present(ticket) => &ticket.clocks,
        Ticket::Absent => panic!("the ticket exists"),
    }
}

fn used_minutes(vector: &Vector<'_>, name: &str, at: &str) -> i64 {
    let at = time(at);
    let (ticket, book) = told_story(vector, Some(at));
    let clock = clocks(&ticket).of(metric(name)).expect("a clock");
    clock.used_at_ms(at, &book) / 60_000
}

fn answer(vector: &Vector<'_>) -> String {
    let (ticket, book) = told_story(vector, None);
    let of = |name| clocks(&ticket).of(metric(name));
    let words: Vec<&str> = vector.asked.split(' ').collect();
    let hours = || calendar(vector.calendar).expect("a calendar");
    match words[..] {
        ["next"] => told(clocks(&ticket).next_deadline(&book)),
        ["due", name] => told(of(name).and_then(|clock| clock.due_at(&book))),
        ["breached", name] => told(of(name).and_then(|clock| clock.breached_at)),
        ["used", name, at] => used_minutes(vector, name, at).to_string(),
        ["used-since", name, from, at] => {
            (used_minutes(vector, name, at) - used_minutes(vector, name, from)).to_string()
        }
        ["left", name, at] => {
            let target_ms = of(name).unwrap().target.unwrap().target_ms;
            (target_ms / 60_000 - used_minutes(vector, name, at)).to_string()
        }
        ["after", from, minutes] => {
            let minutes: i64 = minutes.parse().unwrap();
            told(Some(hours().after(time(from), minutes * 60_000)))
        }
        ["working", from, until] => {
            (hours().working_ms(time(from), time(until)) / 60_000).to_string()
        }
        _ => panic!("{} is no question", vector.asked),
    }
}

#[test]
fn every_row_of_the_table_comes_out_as_our_rules_say() {
    let mut wrong = String::new();
    for vector in vectors() {
        let answer = answer(&vector);
        if answer != vector.ours {
            wrong += &format!("{}: {} and not {}\n", vector.id, answer, vector.ours);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn where_a_source_expects_something_else_the_row_says_why() {
    for vector in vectors().filter(|vector| vector.theirs != vector.ours) {
        assert!(!vector.note.is_empty(), "{}", vector.id);
    }
}
