//! The rules of the calendar as an aggregate: who sets it, and that what it said stays.

use crate::scenario::{CALENDAR, Scenario, admin, agent, at, customer, import, lead, scenario};
use domain::actor::Actor;
use domain::aggregate::CalendarAggregate;
use domain::calendar::command::CalendarCommand;
use domain::calendar::definition::{
    CalendarDefinition, CalendarRef, Holiday, HolidayDays, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::error::CalendarError;
use domain::calendar::event::{CalendarChanged, CalendarCreated, CalendarRetired};
use domain::calendar::state::BusinessCalendar;
use domain::calendar::zone::Zone;
use domain::text::Name;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Open on Monday until an hour.
fn until(hour: u32) -> CalendarDefinition {
    let interval = WeeklyInterval {
        start_s: 28_800,
        end_s: hour * 3_600,
    };
    CalendarDefinition {
        zone: Zone::parse("Europe/Berlin").unwrap(),
        weekly: WeeklyHours::parse(&[interval]).unwrap(),
        holidays: Holidays::default(),
    }
}

fn created() -> CalendarCreated {
    CalendarCreated {
        name: name("Office"),
        definition: until(17),
    }
}

fn changed(to: &str, definition: CalendarDefinition) -> CalendarChanged {
    CalendarChanged {
        name: name(to),
        definition,
    }
}

fn absent() -> Scenario<CalendarAggregate> {
    scenario(CalendarAggregate, CALENDAR)
}

fn present() -> Scenario<CalendarAggregate> {
    absent().given(0, created())
}

fn create() -> CalendarCommand {
    CalendarCommand::Create {
        name: name("Office"),
        definition: until(17),
    }
}

fn say(definition: CalendarDefinition) -> CalendarCommand {
    CalendarCommand::Change {
        name: None,
        definition: Some(definition),
    }
}

fn rename(to: &str) -> CalendarCommand {
    CalendarCommand::Change {
        name: Some(name(to)),
        definition: None,
    }
}

#[test]
fn admins_set_calendars_and_nobody_else_does() {
    for actor in [admin(), Actor::Operator] {
        absent().when(0, actor, create()).yields([created().into()]);
    }
    for actor in [customer(), agent(), lead(), import(), Actor::Timer] {
        for command in [create(), say(until(18)), CalendarCommand::Retire] {
            let outcome = present().when(1, actor.clone(), command);
            outcome.refuses(CalendarError::AdminOnly);
        }
    }
    present()
        .when(1, admin(), create())
        .refuses(CalendarError::AlreadyExists);
    absent()
        .when(0, admin(), say(until(18)))
        .refuses(CalendarError::NotFound);
    absent()
        .when(0, admin(), CalendarCommand::Retire)
        .refuses(CalendarError::NotFound);
}

#[test]
fn a_change_carries_all_and_what_is_the_same_is_none() {
    present()
        .when(1, admin(), say(until(18)))
        .yields([changed("Office", until(18)).into()]);
    present()
        .when(1, admin(), rename("Head office"))
        .yields([changed("Head office", until(17)).into()]);
    present().when(1, admin(), say(until(17))).changes_nothing();
    present()
        .when(1, admin(), rename("Office"))
        .changes_nothing();
}

#[test]
fn a_retired_calendar_stays_as_it_is() {
    let retired = present().given(1, CalendarRetired {});
    retired
        .when(2, admin(), say(until(18)))
        .refuses(CalendarError::Retired);
    retired
        .when(2, admin(), CalendarCommand::Retire)
        .changes_nothing();
    present()
        .when(1, admin(), CalendarCommand::Retire)
        .yields([CalendarRetired {}.into()]);
}

#[test]
fn what_a_calendar_said_stays_by_its_version() {
    let scenario = present()
        .given(1, changed("Head office", until(17)))
        .given(2, changed("Head office", until(18)))
        .given(3, CalendarRetired {});
    let calendar = scenario.state();
    let said = |version| calendar.at(version).map(|said| said.as_ref().clone());
    assert_eq!(said(0), None);
    assert_eq!(said(1), Some(until(17)));
    assert_eq!(said(2), Some(until(17)), "another name is nothing new");
    assert_eq!(said(3), Some(until(18)));
    assert_eq!(said(4), Some(until(18)), "retired, it says what it said");
    assert_eq!(said(5), None, "of the future nothing is known");
    let (newest, _) = calendar.newest(CALENDAR).unwrap();
    assert_eq!(
        newest,
        CalendarRef {
            id: CALENDAR,
            version: 3
        }
    );
    let BusinessCalendar::Present(calendar) = calendar else {
        panic!("it is there");
    };
    let from: Vec<_> = calendar.versions().iter().map(|said| said.from).collect();
    assert_eq!(from, [at(0), at(2)]);
}

#[test]
fn what_a_calendar_ever_said_is_bounded() {
    let large = |hour| {
        let holiday = |n: u32| Holiday {
            name: name(&"x".repeat(120)),
            days: HolidayDays::Yearly {
                month: 1,
                day: n % 28 + 1,
            },
        };
        CalendarDefinition {
            holidays: Holidays::parse((0..1_000).map(holiday).collect()).unwrap(),
            ..until(hour)
        }
    };
    let full = (0..6).fold(present(), |scenario, n| {
        scenario.given(i64::from(n), changed("Office", large(17 - n)))
    });
    full.when(9, admin(), say(large(11)))
        .refuses(CalendarError::HistoryFull);
    let renamed = full.when(9, admin(), rename("Head office"));
    assert!(renamed.result.is_ok(), "another name takes no room");
}
