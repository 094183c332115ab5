//! Organizations whose offices are in different zones, with the time in which each is open.

use super::{END_S, at};
use chrono::{Datelike, Timelike};
use chrono_tz::Tz;
use domain::actor::{Actor, Role};
use domain::calendar::command::CalendarCommand;
use domain::calendar::definition::{CalendarDefinition, Holidays, WeeklyHours, WeeklyInterval};
use domain::calendar::state::BusinessCalendar;
use domain::calendar::zone::Zone;
use domain::ids::{CalendarId, OrganizationId, PolicyId, UserId};
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use domain::sla::Metric;
use domain::sla::policy::{Conditions, PolicyDefinition, Target};
use domain::text::{Name, Slug};
use domain::ticket::state::Priority;
use uuid::Uuid;
use write_side::commands::CreateUser;
use write_side::dispatch::{CommandContext, CommandError, Dispatcher, UseCase, Work};

/// New York sets its clocks on 8 March, Berlin on the 29th, Sydney, the other way, on 5 April.
pub const OFFICES: [Hours; 3] = [
    Hours {
        slug: "new-york",
        zone: "America/New_York",
        days: 5,
        from_hour: 8,
        until_hour: 18,
    },
    Hours {
        slug: "berlin",
        zone: "Europe/Berlin",
        days: 5,
        from_hour: 9,
        until_hour: 17,
    },
    // To the next morning, also in the night in which the clocks are set.
    Hours {
        slug: "sydney",
        zone: "Australia/Sydney",
        days: 6,
        from_hour: 22,
        until_hour: 30,
    },
];

/// The hours of an office on so many days from Monday on; beyond 24 they are those of the next morning.
#[derive(Clone, Copy)]
pub struct Hours {
    pub slug: &'static str,
    pub zone: &'static str,
    pub days: u32,
    pub from_hour: u32,
    pub until_hour: u32,
}

/// An organization with an office.
pub struct Office {
    pub organization_id: OrganizationId,
    pub agent: Actor,
    pub customer_id: UserId,
    pub calendar: CalendarDefinition,
    pub minutes: OpenMinutes,
}

/// The working time of an office, minute by minute from the beginning: whether it is open, and the second at which that ends.
pub struct OpenMinutes(Vec<(bool, i64)>);

impl OpenMinutes {
    pub fn of(hours: Hours) -> Self {
        let zone: Tz = hours.zone.parse().unwrap();
        let open = hours.from_hour..hours.until_hour;
        let is_open = |minute: i64| {
            let local = at(minute * 60).with_timezone(&zone);
            let weekday = local.weekday().num_days_from_monday();
            let hour = local.hour();
            let is_of_today = weekday < hours.days && open.contains(&hour);
            let yesterday = (weekday + 6) % 7;
            is_of_today || yesterday < hours.days && open.contains(&(hour + 24))
        };
        let mut minutes: Vec<(bool, i64)> = (0..END_S / 60)
            .map(|minute| (is_open(minute), (minute + 1) * 60))
            .collect();
        for minute in (1..minutes.len()).rev() {
            if minutes[minute - 1].0 == minutes[minute].0 {
                minutes[minute - 1].1 = minutes[minute].1;
            }
        }
        Self(minutes)
    }

    /// Whether a second is open, and the first one of which that is not so any more.
    pub fn stretch(&self, second: i64) -> (bool, i64) {
        self.0[usize::try_from(second / 60).unwrap()]
    }
}

pub fn calendar(hours: Hours) -> CalendarDefinition {
    let day = |day: u32| WeeklyInterval {
        start_s: day * 86_400 + hours.from_hour * 3_600,
        end_s: day * 86_400 + hours.until_hour * 3_600,
    };
    CalendarDefinition {
        zone: Zone::parse(hours.zone).unwrap(),
        weekly: WeeklyHours::parse(&(0..hours.days).map(day).collect::<Vec<_>>()).unwrap(),
        holidays: Holidays::default(),
    }
}

/// What each metric may use, in seconds of the time that it counts.
pub fn target_s(metric: Metric, priority: Priority) -> i64 {
    let hours = match priority {
        Priority::Urgent => 4,
        Priority::High => 9,
        Priority::Normal => 20,
        Priority::Low => 45,
    };
    hours
        * match metric {
            Metric::FirstReply => 900,
            Metric::NextReply => 1_100,
            Metric::PeriodicUpdate => 5_000,
            Metric::PausableUpdate => 1_300,
            Metric::RequesterWait => 4_000,
            Metric::AgentWork => 3_600,
            Metric::Resolution => 9_000,
        }
}

/// Two count all time, the others the time in which the office is open.
pub fn counts_all_time(metric: Metric) -> bool {
    matches!(metric, Metric::PeriodicUpdate | Metric::Resolution)
}

/// Sets an organization's rules up.
pub struct SetUp {
    pub calendar: CalendarDefinition,
}

impl UseCase for SetUp {
    type Answer = i64;

    async fn decide(&self, work: &mut Work<'_>) -> Result<i64, CommandError> {
        let levels = stream_id(work.organization_id());
        let calendar_id = CalendarId(Uuid::now_v7());
        let create = CalendarCommand::Create {
            name: Name::parse("Office").unwrap(),
            definition: self.calendar.clone(),
        };
        work.issue::<BusinessCalendar>(calendar_id, create).await?;
        let add = ServiceLevelsCommand::AddCalendar { calendar_id };
        work.issue::<ServiceLevels>(levels, add).await?;
        let targets = Priority::ALL.into_iter().flat_map(|priority| {
            Metric::ALL.map(|metric| Target {
                priority,
                metric,
                seconds: u32::try_from(target_s(metric, priority)).unwrap(),
                calendar_id: (!counts_all_time(metric)).then_some(calendar_id),
                warnings: Vec::new(),
            })
        });
        let create = ServiceLevelsCommand::CreatePolicy {
            policy_id: PolicyId(Uuid::now_v7()),
            definition: PolicyDefinition {
                name: Name::parse("Everybody").unwrap(),
                conditions: Conditions::default(),
                targets: targets.collect(),
            },
        };
        work.issue::<ServiceLevels>(levels, create).await?;
        Ok(0)
    }
}

pub async fn office(dispatcher: &Dispatcher, hours: Hours) -> Office {
    let (name, slug) = (Name::parse(hours.slug), Slug::parse(hours.slug));
    let organization_id = dispatcher
        .create_organization(name.unwrap(), slug.unwrap())
        .await
        .unwrap();
    let by_operator = || CommandContext::new(organization_id, Actor::Operator);
    let (agent_id, customer_id) = (UserId(Uuid::now_v7()), UserId(Uuid::now_v7()));
    for (user_id, role) in [(agent_id, Role::Agent), (customer_id, Role::Customer)] {
        let create = CreateUser {
            user_id,
            name: Name::parse("Somebody").unwrap(),
            email: None,
            role,
        };
        dispatcher.dispatch(by_operator(), create).await.unwrap();
    }
    let set_up = SetUp {
        calendar: calendar(hours),
    };
    dispatcher.dispatch(by_operator(), set_up).await.unwrap();
    Office {
        organization_id,
        agent: Actor::User {
            id: agent_id,
            role: Role::Agent,
        },
        customer_id,
        calendar: calendar(hours),
        minutes: OpenMinutes::of(hours),
    }
}
