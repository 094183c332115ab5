//! What would have happened: with the rules that were in force, exactly what did happen, whatever that was; with others, what
//! they say.

use crate::scenario::{AGENT, MESSAGE, OTHER_AGENT, TEAM, TICKET, agent, at, customer};
use crate::ticket::open_command;
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Actor;
use domain::calendar::definition::{CalendarDefinition, Holidays, WeeklyHours, WeeklyInterval};
use domain::calendar::event::{CalendarChanged, CalendarCreated};
use domain::calendar::zone::Zone;
use domain::command::Issued;
use domain::event::DomainEvent;
use domain::ids::{CalendarId, PolicyId};
use domain::organization::event::{OrganizationCreated, OrganizationSettingsChanged};
use domain::organization::settings::Settings;
use domain::service_levels::event::{SlaPolicyChanged, SlaPolicyCreated, SlaPolicyDeleted};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::sla::policy::{
    Condition, Conditions, Policy, PolicyDefinition, PolicyRef, Presence, Target,
};
use domain::sla::simulation::{Draft, Range, Replay, RuleEvent, Rules, Tally, Timeline, Waits};
use domain::sla::targets::{TargetTable, Targets};
use domain::text::{Name, Slug, Tag};
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::decide::decide;
use domain::ticket::event::TicketEvent;
use domain::ticket::evolve::evolve;
use domain::ticket::state::{Assignment, ExternalReference, Priority, Status, Ticket};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

const OFFICE: CalendarId = CalendarId(Uuid::from_u128(0xca));
const REPLY: TicketCommand = TicketCommand::Reply {
    message_id: MESSAGE,
};

fn office(zone: &str, from_hour: u32, to_hour: u32) -> CalendarDefinition {
    let day = |day: u32| WeeklyInterval {
        start_s: day * 86_400 + from_hour * 3_600,
        end_s: day * 86_400 + to_hour * 3_600,
    };
    CalendarDefinition {
        zone: Zone::parse(zone).unwrap(),
        weekly: WeeklyHours::parse(&(0..5).map(day).collect::<Vec<_>>()).unwrap(),
        holidays: Holidays::default(),
    }
}

/// For tickets with the tag, or all: so many minutes for each of the metrics, by the office's hours where `working`.
fn policy(id: u128, tag: Option<&str>, minutes: u32, working: bool, metrics: &[Metric]) -> Policy {
    let tagged = |tag| Condition::Tag(Presence::IsOneOf(vec![Tag::parse(tag).unwrap()]));
    let target = |metric, priority, part| Target {
        priority,
        metric,
        seconds: minutes * 60 / part,
        calendar_id: working.then_some(OFFICE),
        warnings: Vec::new(),
    };
    let targets = metrics.iter().flat_map(|metric| {
        [
            target(*metric, Priority::Normal, 1),
            target(*metric, Priority::Urgent, 4),
        ]
    });
    Policy {
        reference: PolicyRef {
            id: PolicyId(Uuid::from_u128(id)),
            version: 1,
        },
        definition: PolicyDefinition {
            name: Name::parse(&format!("Policy {id}")).unwrap(),
            conditions: Conditions {
                all: tag.map(tagged).into_iter().collect(),
                any: Vec::new(),
            },
            targets: targets.collect(),
        },
    }
}

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Command(Actor, Box<TicketCommand>),
    /// The timer of the earliest deadline fires when it is due, if that is before now.
    TimersFire,
    PolicyChanges {
        minutes: u32,
        working: bool,
        all: bool,
    },
    PolicyGoes,
    CalendarChanges {
        from_hour: u32,
    },
    SettingsChange {
        minutes: u32,
    },
    Recompute,
}

fn commands() -> impl Strategy<Value = Step> {
    let staff = |command| Step::Command(agent(), Box::new(command));
    let assign = |(first, team): (bool, bool)| {
        TicketCommand::Assign(Assignment {
            agent_id: Some(if first { AGENT } else { OTHER_AGENT }),
            team_id: team.then_some(TEAM),
        })
    };
    let statuses = prop::sample::select(vec![Status::Open, Status::Pending, Status::OnHold]);
    let priorities = prop::sample::select(vec![Priority::Normal, Priority::Urgent, Priority::Low]);
    let tag = || Tag::parse("vip").unwrap();
    prop_oneof![
        5 => Just(staff(REPLY)),
        5 => Just(Step::Command(customer(), Box::new(REPLY))),
        4 => statuses.prop_map(move |status| staff(TicketCommand::SetStatus(status))),
        3 => priorities.prop_map(move |priority| staff(TicketCommand::ChangePriority(priority))),
        2 => any::<(bool, bool)>().prop_map(move |to| staff(assign(to))),
        2 => Just(staff(TicketCommand::Tag(tag()))),
        2 => Just(staff(TicketCommand::Untag(tag()))),
        3 => Just(staff(TicketCommand::Resolve)),
        2 => Just(staff(TicketCommand::Reopen { reason: None })),
        1 => Just(staff(TicketCommand::Close)),
        3 => Just(Step::TimersFire),
        1 => (20..900_u32, any::<bool>(), any::<bool>())
            .prop_map(|(minutes, working, all)| Step::PolicyChanges { minutes, working, all }),
        1 => Just(Step::PolicyGoes),
        1 => (6..12_u32).prop_map(|from_hour| Step::CalendarChanges { from_hour }),
        1 => (20..900_u32).prop_map(|minutes| Step::SettingsChange { minutes }),
        3 => Just(Step::Recompute),
    ]
}

/// The log of an organization with one ticket.
struct World {
    now: DateTime<Utc>,
    log: Vec<(DateTime<Utc>, Uuid, i64, DomainEvent)>,
    ticket: Ticket,
    /// The request, and the place in the log, of each event of the ticket.
    told: Vec<(i64, Uuid, DateTime<Utc>, TicketEvent)>,
    requests: u128,
    policy_version: u32,
    calendar_version: i64,
    /// Those of the end of the log.
    rules: Arc<Rules>,
}

impl World {
    fn new(policies: &[Policy]) -> Self {
        let mut world = Self {
            now: at(0),
            log: Vec::new(),
            ticket: Ticket::default(),
            told: Vec::new(),
            requests: 0,
            policy_version: 1,
            calendar_version: 1,
            rules: Arc::default(),
        };
        let created = OrganizationCreated {
            name: Name::parse("Acme").unwrap(),
            slug: Slug::parse("acme").unwrap(),
            settings: Settings::default(),
        };
        world.log(Uuid::nil(), 1, DomainEvent::Organization(created.into()));
        let created = CalendarCreated {
            name: Name::parse("Office").unwrap(),
            definition: office("Europe/Berlin", 9, 17),
        };
        world.log(OFFICE.0, 1, DomainEvent::Calendar(created.into()));
        for policy in policies {
            let created = SlaPolicyCreated {
                policy_id: policy.reference.id,
                definition: policy.definition.clone(),
            };
            world.log(Uuid::nil(), 1, DomainEvent::ServiceLevels(created.into()));
        }
        world
    }

    fn log(&mut self, stream: Uuid, version: i64, event: DomainEvent) {
        self.log.push((self.now, stream, version, event));
        self.rules = Arc::clone(self.timeline(&Draft::default()).last());
    }

    fn timeline(&self, draft: &Draft) -> Timeline {
        let events = self.log.iter().zip(1..);
        let events = events.map(|((at, stream, version, body), position)| RuleEvent {
            position,
            stream_id: *stream,
            version: *version,
            occurred_at: *at,
            body,
        });
        Timeline::of(events, draft)
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }

    /// Whether the command passed.
    fn command(&mut self, actor: Actor, command: TicketCommand) -> bool {
        let rules = self.rules();
        let settings = Settings {
            sla_targets: rules.settings,
            ..Settings::default()
        };
        let issued = Issued {
            actor,
            now: self.now,
            settings: Arc::new(settings),
            terms: Arc::new(rules.terms.clone()),
            command,
        };
        let Ok(events) = decide(&self.ticket, TICKET, &issued) else {
            return false;
        };
        self.requests += 1;
        for event in events {
            let at = event.occurred_at(self.now);
            self.ticket = evolve(std::mem::take(&mut self.ticket), &event, at);
            let body = DomainEvent::Ticket(event.clone());
            self.log.push((at, TICKET.0, 0, body));
            let position = i64::try_from(self.log.len()).unwrap();
            self.told
                .push((position, Uuid::from_u128(self.requests), at, event));
        }
        true
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Command(actor, command) => {
                self.command(actor.clone(), TicketCommand::clone(command));
            }
            Step::TimersFire => self.timers_fire(),
            Step::PolicyChanges {
                minutes,
                working,
                all,
            } => {
                let tag = (!all).then_some("vip");
                let changed = policy(1, tag, *minutes, *working, &Metric::ALL);
                self.policy_version += 1;
                let changed = SlaPolicyChanged {
                    policy_id: changed.reference.id,
                    version: self.policy_version,
                    definition: changed.definition,
                };
                self.log(Uuid::nil(), 1, DomainEvent::ServiceLevels(changed.into()));
            }
            Step::PolicyGoes => {
                let gone = SlaPolicyDeleted {
                    policy_id: PolicyId(Uuid::from_u128(2)),
                    name: Name::parse("Policy 2").unwrap(),
                };
                self.log(Uuid::nil(), 1, DomainEvent::ServiceLevels(gone.into()));
            }
            Step::CalendarChanges { from_hour } => {
                self.calendar_version += 1;
                let changed = CalendarChanged {
                    name: Name::parse("Office").unwrap(),
                    definition: office("Europe/Berlin", *from_hour, 18),
                };
                let version = self.calendar_version;
                self.log(OFFICE.0, version, DomainEvent::Calendar(changed.into()));
            }
            Step::SettingsChange { minutes } => {
                let targets = Targets {
                    first_response_minutes: *minutes,
                    resolution_minutes: 4 * minutes,
                };
                let changed = OrganizationSettingsChanged {
                    settings: Settings {
                        sla_targets: TargetTable {
                            normal: targets,
                            urgent: targets,
                            ..TargetTable::default()
                        },
                        ..Settings::default()
                    },
                };
                self.log(Uuid::nil(), 1, DomainEvent::Organization(changed.into()));
            }
            Step::Recompute => {
                self.command(Actor::Timer, TicketCommand::ReapplySla);
            }
        }
    }

    /// Every deadline that passed is told, some time after it.
    fn timers_fire(&mut self) {
        let rules = self.rules();
        let Ticket::Present(ticket) = &self.ticket else {
            return;
        };
        for missed in ticket.clocks.missed(self.now, &rules.terms.calendars) {
            let breach = TicketCommand::Breach {
                metric: missed.metric,
                due_at: missed.due_at,
            };
            assert!(self.command(Actor::Timer, breach));
        }
    }

    fn simulated(&self, draft: &Draft, imported: bool) -> (Waits, Waits) {
        let timeline = self.timeline(draft);
        let mut replay = Replay::new(imported);
        for (position, request, at, event) in &self.told {
            replay.take(event, *at, *request, timeline.before(*position));
        }
        replay.end(self.now, timeline.last())
    }
}

/// What a wait is counted as, without the names of policies, which drafts do not have.
fn counted(waits: &Waits) -> Vec<impl PartialEq + std::fmt::Debug> {
    let waits = waits.values();
    waits
        .map(|wait| {
            let when = (wait.started_at, wait.counted_at, wait.ended_at);
            let what = (wait.metric, wait.round, wait.outcome, wait.used_ms);
            (what, when, wait.holder, wait.target_ms)
        })
        .collect()
}

fn histories() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let gap_s = prop_oneof![6 => 0..7_200_i64, 3 => 0..90_000_i64, 1 => 0..900_000_i64];
    prop::collection::vec((gap_s, commands()), 1..60)
}

fn policies() -> Vec<Policy> {
    use Metric::{AgentWork, FirstReply, NextReply, PausableUpdate, Resolution};
    vec![
        policy(
            1,
            Some("vip"),
            90,
            true,
            &[FirstReply, NextReply, Resolution],
        ),
        policy(
            2,
            None,
            240,
            true,
            &[FirstReply, NextReply, PausableUpdate, AgentWork],
        ),
    ]
}

fn lived(policies: &[Policy], opens: &OpenTicket, history: &[(i64, Step)]) -> World {
    let mut world = World::new(policies);
    assert!(world.command(customer(), TicketCommand::Open(opens.clone())));
    for (gap_s, step) in history {
        world.now += TimeDelta::seconds(*gap_s);
        world.step(step);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_rules_that_were_in_force_give_what_really_happened(
        with_policies in any::<bool>(),
        history in histories(),
    ) {
        let policies = if with_policies { policies() } else { Vec::new() };
        let world = lived(&policies, &open_command(), &history);
        let (really, draft) = world.simulated(&Draft::default(), false);
        prop_assert_eq!(&really, &draft);
    }

    #[test]
    fn a_draft_of_rules_that_never_changed_gives_what_really_happened(history in histories()) {
        let changes = |step: &Step| matches!(
            step,
            Step::PolicyChanges { .. }
                | Step::PolicyGoes
                | Step::CalendarChanges { .. }
                | Step::SettingsChange { .. }
        );
        let history: Vec<_> = history.into_iter().filter(|(_, step)| !changes(step)).collect();
        let world = lived(&policies(), &open_command(), &history);
        let draft = Draft {
            policies: Some(policies()),
            calendars: BTreeMap::from([(OFFICE, office("Europe/Berlin", 9, 17))]),
        };
        let (really, draft) = world.simulated(&draft, false);
        prop_assert_eq!(counted(&really), counted(&draft));
    }
}

fn minutes(minutes: i64, actor: Actor, command: TicketCommand) -> (i64, Step) {
    (minutes * 60, Step::Command(actor, Box::new(command)))
}

#[test]
fn a_shorter_promise_would_have_been_missed_and_the_report_of_it_says_so() {
    let history = [
        minutes(50, agent(), REPLY),
        minutes(10, agent(), TicketCommand::Resolve),
    ];
    let world = lived(&[], &open_command(), &history);
    let strict = policy(
        7,
        None,
        30,
        false,
        &[Metric::FirstReply, Metric::Resolution],
    );
    let draft = Draft {
        policies: Some(vec![strict]),
        ..Draft::default()
    };
    let (really, after) = world.simulated(&draft, false);
    let outcome = |waits: &Waits, metric| waits.get(&(metric, 0)).map(|wait| wait.outcome);
    assert_eq!(outcome(&really, Metric::FirstReply), Some(Outcome::Met));
    assert_eq!(outcome(&after, Metric::FirstReply), Some(Outcome::Breached));
    assert_eq!(outcome(&really, Metric::Resolution), None);
    assert_eq!(outcome(&after, Metric::AgentWork), None);

    let range = Range {
        from: at(0),
        to: at(600),
    };
    let mut tally = Tally::default();
    let differences = tally.add(&range, &really, &after);
    let told: Vec<_> = differences
        .iter()
        .map(|it| (it.metric, it.before, it.after))
        .collect();
    let expected = [
        (
            Metric::FirstReply,
            Some(Outcome::Met),
            Some(Outcome::Breached),
        ),
        (Metric::AgentWork, Some(Outcome::Met), None),
        (Metric::Resolution, None, Some(Outcome::Breached)),
    ];
    assert_eq!(told, expected);
    let rows = tally.rows();
    let (metric, priority, before, after) = rows[0];
    assert_eq!((metric, priority), (Metric::FirstReply, Priority::Normal));
    assert_eq!(
        (before.met, before.breached, before.p50_ms),
        (1, 0, Some(50 * 60_000))
    );
    assert_eq!(
        (after.met, after.breached, after.p99_ms),
        (0, 1, Some(50 * 60_000))
    );
}

#[test]
fn what_is_counted_at_another_time_is_of_no_report() {
    let history = [minutes(50, agent(), REPLY)];
    let world = lived(&[], &open_command(), &history);
    let (really, draft) = world.simulated(&Draft::default(), false);
    let range = Range {
        from: at(10),
        to: at(50),
    };
    let mut tally = Tally::default();
    assert_eq!(tally.add(&range, &really, &draft), []);
    assert_eq!(tally.rows(), []);
}

#[test]
fn a_draft_of_a_calendar_takes_the_place_of_every_version() {
    let history = [minutes(20 * 60, agent(), REPLY)];
    let promise = policy(1, None, 120, true, &[Metric::FirstReply]);
    let world = lived(&[promise], &open_command(), &history);
    let draft = Draft {
        policies: None,
        calendars: BTreeMap::from([(OFFICE, office("Asia/Tokyo", 9, 10))]),
    };
    let (really, after) = world.simulated(&draft, false);
    // Opened at ten in Berlin, answered on the next day at six; in Tokyo one hour of the next day had passed by then.
    let first = |waits: &Waits| waits[&(Metric::FirstReply, 0)].outcome;
    assert_eq!(
        (first(&really), first(&after)),
        (Outcome::Breached, Outcome::Met)
    );
}

#[test]
fn what_was_imported_is_promised_something_only_where_that_is_asked() {
    let imported = OpenTicket {
        external: Some(ExternalReference {
            source: "servicenow-log".to_owned(),
            id: "INC1".to_owned(),
        }),
        ..open_command()
    };
    let mut world = World::new(&[]);
    let import = crate::scenario::import();
    assert!(world.command(import.clone(), TicketCommand::Open(imported)));
    world.now += TimeDelta::hours(3);
    assert!(world.command(import, TicketCommand::ImportStatus(Status::Resolved)));
    let draft = Draft {
        policies: Some(vec![policy(1, None, 60, false, &[Metric::Resolution])]),
        ..Draft::default()
    };
    let (really, after) = world.simulated(&draft, false);
    assert!(really.is_empty() && after.is_empty());
    let (really, after) = world.simulated(&draft, true);
    assert!(really.is_empty());
    assert_eq!(after[&(Metric::Resolution, 0)].outcome, Outcome::Breached);
}

#[test]
fn what_was_resolved_at_the_instant_of_its_import_has_used_nothing() {
    let imported = OpenTicket {
        external: Some(ExternalReference {
            source: "servicenow-log".to_owned(),
            id: "INC2".to_owned(),
        }),
        ..open_command()
    };
    let mut world = World::new(&[]);
    let import = crate::scenario::import();
    assert!(world.command(import.clone(), TicketCommand::Open(imported)));
    assert!(world.command(
        import.clone(),
        TicketCommand::ImportStatus(Status::Resolved)
    ));
    world.now += TimeDelta::days(5);
    assert!(world.command(import, TicketCommand::ImportStatus(Status::Closed)));
    let draft = Draft {
        policies: Some(vec![policy(1, None, 60, false, &[Metric::Resolution])]),
        ..Draft::default()
    };
    // An import tells a whole ticket in one request.
    for (_, request, _, _) in &mut world.told {
        *request = Uuid::from_u128(1);
    }
    let (_, after) = world.simulated(&draft, true);
    let wait = &after[&(Metric::Resolution, 0)];
    assert_eq!((wait.outcome, wait.used_ms), (Outcome::Met, Some(0)));
}
