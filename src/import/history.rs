//! What an incident's rows mean as commands to one ticket.

use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::ids::{OrganizationId, TicketId};
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::state::{Assignment, ExternalReference, Status};

use super::SOURCE;
use super::external_id::derive;
use super::incidents::Incident;
use super::reference::Reference;
use super::row::Row;

const TICKET: &str = "ticket";

/// A command as it was given in the other system.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCommand {
    /// When.
    pub at: DateTime<Utc>,
    /// Through whom: the import, on behalf of whoever the log names.
    pub actor: Actor,
    /// What.
    pub command: TicketCommand,
}

/// A ticket's whole past.
#[derive(Debug)]
pub struct History {
    /// The ticket that it becomes.
    pub ticket_id: TicketId,
    /// Its number in the log.
    pub number: Box<str>,
    /// When it was opened there.
    pub opened_at: DateTime<Utc>,
    /// How many good rows it has.
    pub rows: u64,
    /// The lines of those rows in the file.
    pub lines: Vec<u64>,
    /// The opening, then the differences from row to row.
    pub commands: Vec<PastCommand>,
    /// The people and teams that the commands name.
    pub references: Vec<Reference>,
    /// Moves from resolved or closed to any other status.
    pub reopenings: u64,
    /// Moves from one priority to another.
    pub priority_changes: u64,
    /// Changes of the caller, for which there is no command: the first caller stays the requester.
    pub caller_changes: u64,
}

impl History {
    /// Reads the rows of an incident. None when it has none.
    #[must_use]
    pub fn of(incident: &Incident, organization: OrganizationId) -> Option<Self> {
        let first = incident.rows.first()?;
        let id = derive(organization, SOURCE, TICKET, &first.number, first.opened_at);
        let mut history = Self {
            ticket_id: TicketId(id),
            number: first.number.clone(),
            opened_at: first.opened_at,
            rows: incident.rows.len() as u64,
            lines: incident.rows.iter().map(|row| row.line).collect(),
            commands: Vec::with_capacity(incident.rows.len() + 2),
            references: vec![first.caller.clone()],
            reopenings: 0,
            priority_changes: 0,
            caller_changes: 0,
        };
        history.open(first, organization);
        let mut status = Status::New;
        history.assign(None, first, organization);
        history.move_status(&mut status, first);
        for pair in incident.rows.windows(2) {
            if let [before, after] = pair {
                history.update(before, after, &mut status, organization);
            }
        }
        Some(history)
    }

    fn open(&mut self, row: &Row, organization: OrganizationId) {
        let open = OpenTicket {
            subject: row.subject.clone(),
            requester_id: row.caller.user_id(organization),
            priority: row.priority,
            channel: row.channel,
            message_id: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
            assignment: Assignment::default(),
            follow_up_of: None,
            external: Some(ExternalReference {
                source: SOURCE.to_owned(),
                id: row.number.to_string(),
            }),
        };
        self.push(row.opened_at, row, TicketCommand::Open(open));
    }

    fn update(
        &mut self,
        before: &Row,
        after: &Row,
        status: &mut Status,
        organization: OrganizationId,
    ) {
        if before.caller != after.caller {
            self.caller_changes += 1;
        }
        if before.subject != after.subject {
            self.push(
                after.updated_at,
                after,
                TicketCommand::ChangeSubject(after.subject.clone()),
            );
        }
        if before.priority != after.priority {
            self.priority_changes += 1;
            self.push(
                after.updated_at,
                after,
                TicketCommand::ChangePriority(after.priority),
            );
        }
        self.assign(Some(before), after, organization);
        self.move_status(status, after);
    }

    fn assign(&mut self, before: Option<&Row>, after: &Row, organization: OrganizationId) {
        let unchanged = match before {
            Some(before) => before.agent == after.agent && before.team == after.team,
            None => after.agent.is_none() && after.team.is_none(),
        };
        if unchanged {
            return;
        }
        let assignment = Assignment {
            agent_id: after
                .agent
                .as_ref()
                .map(|agent| agent.user_id(organization)),
            team_id: after.team.as_ref().map(|team| team.team_id(organization)),
        };
        self.references.extend(after.agent.clone());
        self.references.extend(after.team.clone());
        self.push(after.updated_at, after, TicketCommand::Assign(assignment));
    }

    fn move_status(&mut self, status: &mut Status, row: &Row) {
        let Some(next) = row.status.filter(|next| next != status) else {
            return;
        };
        if status.is_done() && !next.is_done() {
            self.reopenings += 1;
        }
        *status = next;
        self.push(row.updated_at, row, TicketCommand::ImportStatus(next));
    }

    fn push(&mut self, at: DateTime<Utc>, row: &Row, command: TicketCommand) {
        let by = row.updated_by.as_deref().map(str::to_owned);
        let actor = Actor::Import {
            source: SOURCE.to_owned(),
            by,
        };
        self.commands.push(PastCommand { at, actor, command });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use csv::ByteRecord;
    use domain::ticket::state::{Channel, Priority};
    use uuid::Uuid;

    use super::super::log_file::LogFile;
    use super::*;

    const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(3));

    /// `rows` are: state, updated_at, caller, symptom, priority, group, agent.
    fn history(rows: &[[&str; 7]]) -> History {
        let header = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,sys_updated_by,caller_id,contact_type,category,category,u_symptom,priority,assignment_group,assigned_to";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), header).unwrap();
        let columns = LogFile::open(file.path()).unwrap().columns().clone();
        let rows = rows.iter().zip(0u64..).map(
            |([state, at, caller, symptom, priority, group, agent], count)| {
                let count_text = count.to_string();
                let fields = [
                    "0000045",
                    state,
                    &count_text,
                    "29/2/2016 01:16",
                    at,
                    "21",
                    caller,
                    "Phone",
                    "55",
                    "170",
                    symptom,
                    priority,
                    group,
                    agent,
                ];
                Row::parse(&ByteRecord::from(fields.to_vec()), &columns, count + 2).unwrap()
            },
        );
        History::of(
            &Incident {
                rows: rows.collect(),
            },
            ORGANIZATION,
        )
        .unwrap()
    }

    fn told(history: &History) -> Vec<(String, TicketCommand)> {
        let time = |at: &DateTime<Utc>| at.format("%H:%M").to_string();
        history
            .commands
            .iter()
            .skip(1)
            .map(|past| (time(&past.at), past.command.clone()))
            .collect()
    }

    #[test]
    fn the_first_row_opens_at_opened_at_and_applies_its_state_at_its_own_time() {
        let history = history(&[["Active", "29/2/2016 01:23", "2403", "72", "2", "56", "?"]]);
        let team_id = history.references[1].team_id(ORGANIZATION);
        let TicketCommand::Open(open) = &history.commands[0].command else {
            panic!("not an opening")
        };
        assert_eq!(
            history.commands[0].at.to_rfc3339(),
            "2016-02-29T01:16:00+00:00"
        );
        assert_eq!(
            (open.priority, open.channel),
            (Priority::High, Channel::Phone)
        );
        assert_eq!(open.external.as_ref().unwrap().id, "0000045");
        assert_eq!(open.assignment, Assignment::default());
        let expected = [
            (
                "01:23".to_owned(),
                TicketCommand::Assign(Assignment {
                    agent_id: None,
                    team_id: Some(team_id),
                }),
            ),
            (
                "01:23".to_owned(),
                TicketCommand::ImportStatus(Status::Open),
            ),
        ];
        assert_eq!(told(&history), expected);
    }

    #[test]
    fn each_next_row_becomes_its_differences_alone() {
        let history = history(&[
            ["New", "1/3/2016 10:00", "1", "72", "3", "?", "?"],
            ["New", "1/3/2016 11:00", "1", "72", "3", "?", "?"],
            ["New", "1/3/2016 12:00", "1", "?", "1", "?", "?"],
        ]);
        let commands: Vec<_> = told(&history);
        assert_eq!(commands.len(), 2);
        assert!(matches!(&commands[0], (at, TicketCommand::ChangeSubject(_)) if at == "12:00"));
        assert_eq!(
            commands[1],
            (
                "12:00".to_owned(),
                TicketCommand::ChangePriority(Priority::Urgent)
            )
        );
        assert_eq!(history.priority_changes, 1);
    }

    #[test]
    fn an_unknown_state_leaves_the_status_and_a_move_over_it_counts_once() {
        let history = history(&[
            ["Resolved", "1/3/2016 10:00", "1", "72", "3", "?", "?"],
            ["-100", "1/3/2016 11:00", "1", "72", "3", "?", "?"],
            ["Active", "1/3/2016 12:00", "1", "72", "3", "?", "?"],
            ["Closed", "1/3/2016 13:00", "1", "72", "3", "?", "?"],
        ]);
        let statuses: Vec<_> = told(&history)
            .into_iter()
            .map(|(_, command)| command)
            .collect();
        let moves =
            [Status::Resolved, Status::Open, Status::Closed].map(TicketCommand::ImportStatus);
        assert_eq!((statuses, history.reopenings), (moves.to_vec(), 1));
    }

    #[test]
    fn taking_the_agent_away_is_an_assignment_and_another_caller_is_only_counted() {
        let history = history(&[
            ["New", "1/3/2016 10:00", "1", "72", "3", "5", "9"],
            ["New", "1/3/2016 11:00", "2", "72", "3", "?", "?"],
        ]);
        let last = told(&history).pop().unwrap().1;
        assert_eq!(
            (last, history.caller_changes),
            (TicketCommand::Assign(Assignment::default()), 1)
        );
    }

    #[test]
    fn every_command_names_who_did_it_there() {
        let history = history(&[["Closed", "1/3/2016 10:00", "1", "72", "3", "?", "9"]]);
        let by = Actor::Import {
            source: "servicenow-log".to_owned(),
            by: Some("21".to_owned()),
        };
        assert!(history.commands.iter().all(|past| past.actor == by));
    }
}
