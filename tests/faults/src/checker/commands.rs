//! What the ledger says against what the log holds, command by command.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::log::{Log, Made};
use super::tables::Tables;
use super::{Findings, Rule, Terms, Violation};
use crate::ledger::{Answered, Intent, Line, Outcome, Sent, Status};

/// A command with all its attempts.
struct Command<'a> {
    sent: &'a Sent,
    sent_at: BTreeMap<u32, DateTime<Utc>>,
    answers: BTreeMap<u32, &'a Outcome>,
}

pub(super) fn check(
    ledger: &[Line],
    log: &Log,
    tables: &Tables,
    terms: Terms,
    findings: &mut Findings,
) {
    let commands = gather(ledger);
    for (key, command) in &commands {
        let place = (command.sent.organization, (*key).to_owned());
        let made = log.made.get(&place).map_or(&[][..], Vec::as_slice);
        let verdict = Verdict {
            command,
            key,
            made,
            log,
            is_stored: tables.results.contains(&place),
        };
        verdict.count(findings);
        verdict.check(terms, &mut findings.violations);
        check_answers(key, command, &mut findings.violations);
    }
    for (_, key) in log.made.keys() {
        if !commands.contains_key(key.as_str()) {
            let detail = format!("key {key} is in no ledger");
            findings
                .violations
                .push(Violation::new(Rule::Asked, detail));
        }
    }
}

fn gather(ledger: &[Line]) -> HashMap<&str, Command<'_>> {
    let mut commands: HashMap<&str, Command<'_>> = HashMap::new();
    for line in ledger {
        match line {
            Line::Sent(sent) => {
                let command = commands.entry(&sent.key).or_insert_with(|| Command {
                    sent,
                    sent_at: BTreeMap::new(),
                    answers: BTreeMap::new(),
                });
                command.sent_at.insert(sent.attempt, sent.at);
            }
            Line::Answered(Answered {
                key,
                attempt,
                outcome,
                ..
            }) => {
                if let Some(command) = commands.get_mut(key.as_str()) {
                    command.answers.insert(*attempt, outcome);
                }
            }
            Line::Seen(_) => {}
        }
    }
    commands
}

/// 503 says when to come back, and a fault of the server is never an answer.
fn check_answers(key: &str, command: &Command<'_>, violations: &mut Vec<Violation>) {
    for (attempt, outcome) in &command.answers {
        let Outcome::Unknown {
            status: Some(status),
            retry_after,
            why,
        } = outcome
        else {
            continue;
        };
        if *status != 503 || !retry_after {
            let detail =
                format!("key {key}, attempt {attempt}: {status}, Retry-After {retry_after}: {why}");
            violations.push(Violation::new(Rule::Answers, detail));
        }
    }
}

/// One command before the judge.
struct Verdict<'a> {
    command: &'a Command<'a>,
    key: &'a str,
    made: &'a [Made],
    log: &'a Log,
    is_stored: bool,
}

impl Verdict<'_> {
    fn last(&self) -> Option<(u32, &Outcome)> {
        let (attempt, outcome) = self.command.answers.last_key_value()?;
        Some((*attempt, *outcome))
    }

    fn count(&self, findings: &mut Findings) {
        let first = self.command.answers.get(&1);
        if !matches!(
            first,
            Some(Outcome::Acknowledged { .. } | Outcome::Refused { .. })
        ) {
            findings.unknown += 1;
            if let Some((_, Outcome::Acknowledged { replayed: true, .. })) = self.last() {
                findings.unknown_carried_out += 1;
            }
        }
        match self.last() {
            Some((_, Outcome::Acknowledged { .. })) => findings.acknowledged += 1,
            Some((_, Outcome::Refused { .. })) => findings.refused += 1,
            _ => {}
        }
    }

    fn check(&self, terms: Terms, violations: &mut Vec<Violation>) {
        let mut broken = |rule, how: String| {
            let detail = format!("key {}, {:?}: {how}", self.key, self.command.sent.intent);
            violations.push(Violation::new(rule, detail));
        };
        match self.last() {
            Some((attempt, Outcome::Acknowledged { .. })) => {
                if let Err((rule, how)) = self.check_acknowledged(attempt, terms) {
                    broken(rule, how);
                }
            }
            Some((_, Outcome::Refused { status })) => {
                if !self.made.is_empty() || self.is_stored {
                    broken(
                        Rule::RefusedIsAbsent,
                        format!("refused with {status}, but there: {}", self.types()),
                    );
                }
            }
            Some((attempt, Outcome::Unknown { why, .. })) => broken(
                Rule::UnknownIsResolved,
                format!("attempt {attempt} has no answer yet: {why}"),
            ),
            None => broken(Rule::UnknownIsResolved, "no attempt has ended".to_owned()),
        }
    }

    fn check_acknowledged(&self, attempt: u32, terms: Terms) -> Result<(), (Rule, String)> {
        let Some(&Outcome::Acknowledged {
            ticket,
            version,
            position,
            replayed,
        }) = self.command.answers.get(&attempt).copied()
        else {
            return Ok(());
        };
        if !self.is_stored {
            return Err((Rule::AcknowledgedIsThere, "no stored answer".to_owned()));
        }
        // Where nothing had to change, a server that lost the answer of PostgreSQL finds nothing but the stored one.
        if replayed && attempt == 1 && !self.made.is_empty() {
            return Err((
                Rule::Once,
                "the first attempt is told as a repetition".to_owned(),
            ));
        }
        let Some(held) = self.log.tickets.get(&ticket).and_then(|t| t.at(version)) else {
            let how = format!("ticket {ticket} has no version {version}");
            return Err((Rule::AcknowledgedIsThere, how));
        };
        self.check_events()?;
        if !reached(&self.command.sent.intent, held) {
            let how = format!("not so at version {version}: {held:?}");
            return Err((Rule::AsMeant, how));
        }
        let Some(last) = self.made.last() else {
            return Ok(());
        };
        let stream_version = self
            .made
            .iter()
            .rev()
            .find(|made| made.stream_id == ticket)
            .map(|made| made.version);
        if last.position != position || stream_version != Some(version) {
            let how = format!(
                "told as version {version} at {position}, but is {stream_version:?} at {}",
                last.position
            );
            return Err((Rule::AsMeant, how));
        }
        let sent_at = self.command.sent_at.get(&attempt);
        let was_there = sent_at.is_some_and(|sent_at| last.recorded_at < *sent_at);
        if terms.clocks_are_steady && !replayed && was_there {
            let how = format!("attempt {attempt} is told as new, but was there before");
            return Err((Rule::Once, how));
        }
        Ok(())
    }

    /// All events that the command means, in one append, and nothing else; none where nothing had to change.
    fn check_events(&self) -> Result<(), (Rule, String)> {
        let expected = Expected::of(&self.command.sent.intent, self.made);
        if self.made.is_empty() {
            return if expected.may_change_nothing {
                Ok(())
            } else {
                Err((Rule::AcknowledgedIsThere, "no event".to_owned()))
            };
        }
        for required in &expected.required {
            match self
                .made
                .iter()
                .filter(|m| m.event_type == *required)
                .count()
            {
                0 => {
                    let how = format!("{required} is missing: {}", self.types());
                    return Err((Rule::AcknowledgedIsThere, how));
                }
                1 => {}
                _ => return Err((Rule::Once, format!("{required} twice: {}", self.types()))),
            }
        }
        let extra = self.made.iter().find(|made| {
            let name = made.event_type.as_str();
            !expected.required.contains(&name) && !expected.optional.contains(&name)
        });
        if let Some(extra) = extra {
            return Err((Rule::AsMeant, format!("{} was not meant", extra.event_type)));
        }
        let in_one = self
            .made
            .windows(2)
            .all(|pair| pair[1].position == pair[0].position + 1);
        if !in_one {
            return Err((Rule::Once, format!("not in one append: {}", self.types())));
        }
        match self
            .made
            .iter()
            .find(|made| !fits(&self.command.sent.intent, made))
        {
            Some(made) => Err((Rule::AsMeant, format!("{}: {}", made.event_type, made.data))),
            None => Ok(()),
        }
    }

    fn types(&self) -> String {
        let types = self.made.iter().map(|made| made.event_type.as_str());
        types.collect::<Vec<_>>().join(", ")
    }
}

/// The events of a command.
struct Expected {
    required: Vec<&'static str>,
    optional: Vec<&'static str>,
    may_change_nothing: bool,
}

impl Expected {
    fn of(intent: &Intent, made: &[Made]) -> Self {
        let continues = made
            .iter()
            .any(|m| m.event_type == "ticket.follow_up_opened");
        let (required, optional, may_change_nothing): (&[_], &[_], bool) = match intent {
            Intent::Open => (&["ticket.opened", "message.posted"], &[], false),
            Intent::Reply {
                by_customer: true, ..
            } if continues => (
                &["ticket.follow_up_opened", "ticket.opened", "message.posted"],
                &[],
                false,
            ),
            Intent::Reply {
                by_customer: true, ..
            } => (
                &["ticket.customer_replied", "message.posted"],
                &["ticket.status_changed", "ticket.reopened"],
                false,
            ),
            Intent::Reply { .. } => (
                &["ticket.agent_replied", "message.posted"],
                &["ticket.status_changed"],
                false,
            ),
            Intent::Note { .. } => (&["ticket.note_added", "message.posted"], &[], false),
            Intent::Tag { .. } => (&["ticket.tagged"], &[], true),
            Intent::Untag { .. } => (&["ticket.untagged"], &[], true),
            Intent::Assign { .. } => (&["ticket.assigned"], &["ticket.status_changed"], true),
            Intent::SetStatus { .. } => (&["ticket.status_changed"], &[], true),
            Intent::SetPriority { .. } => (&["ticket.priority_changed"], &[], true),
            Intent::Resolve { .. } => (&["ticket.resolved"], &["ticket.assigned"], true),
            Intent::Reopen { .. } => (&["ticket.reopened"], &[], false),
        };
        let mut optional = optional.to_vec();
        // A command after a missed deadline tells it first.
        optional.push("sla.breached");
        if may_promise(intent) {
            optional.push("ticket.sla_applied");
        }
        Self {
            required: required.to_vec(),
            optional,
            may_change_nothing,
        }
    }
}

/// Whether the command changes what policies ask about, begins a ticket or brings one back.
fn may_promise(intent: &Intent) -> bool {
    match intent {
        Intent::Open
        | Intent::Tag { .. }
        | Intent::Untag { .. }
        | Intent::Assign { .. }
        | Intent::SetPriority { .. }
        | Intent::Reopen { .. } => true,
        Intent::Reply { by_customer, .. } => *by_customer,
        Intent::Note { .. } | Intent::SetStatus { .. } | Intent::Resolve { .. } => false,
    }
}

/// Whether an event says what the command said.
fn fits(intent: &Intent, made: &Made) -> bool {
    let says = |field: &Value, text: &str| field.as_str() == Some(text);
    match (intent, made.event_type.as_str()) {
        (Intent::Tag { tag, .. }, "ticket.tagged")
        | (Intent::Untag { tag, .. }, "ticket.untagged") => says(&made.data["tag"], tag),
        (Intent::Assign { agent, .. }, "ticket.assigned") => {
            says(&made.data["to"]["agent_id"], &agent.to_string())
        }
        (Intent::SetStatus { to, .. }, "ticket.status_changed") => {
            says(&made.data["to"], to.as_str())
        }
        (Intent::SetPriority { to, .. }, "ticket.priority_changed") => says(&made.data["to"], to),
        (Intent::Note { ticket }, "message.posted") => {
            says(&made.data["visibility"], "internal")
                && says(&made.data["ticket_id"], &ticket.to_string())
        }
        (Intent::Reply { .. }, "message.posted") => says(&made.data["visibility"], "public"),
        _ => true,
    }
}

/// Whether a ticket is as the command wanted it.
fn reached(intent: &Intent, held: &super::ticket::Snapshot) -> bool {
    let agent_is = |agent: Uuid| held.agent == Some(agent);
    match intent {
        Intent::Open | Intent::Reply { .. } | Intent::Note { .. } => true,
        Intent::Tag { tag, .. } => held.tags.contains(tag),
        Intent::Untag { tag, .. } => !held.tags.contains(tag),
        Intent::Assign { agent, .. } => agent_is(*agent),
        Intent::SetStatus { to, .. } => held.status == Status::as_str(*to),
        Intent::SetPriority { to, .. } => held.priority == *to,
        Intent::Resolve { .. } => held.status == "resolved",
        Intent::Reopen { .. } => held.status == "open",
    }
}
