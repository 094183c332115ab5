//! The report of messages.

use std::collections::BTreeMap;

use domain::ids::{TeamId, UserId};
use platform::rows::MessageKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filter::{MessageFilter, MessageSplit};
use super::statement;
use crate::answers::Answer;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::reports::Named;
use crate::reports::attainment::{TEAM_NAMES, USER_NAMES};
use crate::reports::figures::{Frame, Key, PARTS_MAX};
use crate::viewer::Viewer;

/// How many messages of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MessageNumbers {
    /// Of the staff to whoever can read the ticket.
    pub public_replies: i64,
    /// Of customers.
    pub customer_messages: i64,
    /// Of the staff to each other.
    pub internal_notes: i64,
}

impl MessageNumbers {
    fn add(&mut self, other: Self) {
        self.public_replies += other.public_replies;
        self.customer_messages += other.customer_messages;
        self.internal_notes += other.internal_notes;
    }
}

/// Some messages of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageGroup {
    /// The place of the period in the frame.
    pub period: usize,
    /// What they have in common, where the report is split.
    pub key: Option<Key>,
    /// How many they are.
    pub numbers: MessageNumbers,
}

/// A report of messages.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageReport {
    /// Its periods.
    pub frame: Frame,
    /// The numbers of everything.
    pub total: MessageNumbers,
    /// The groups by period, then by key. Where nothing is split, a period without messages is there, too.
    pub groups: Vec<MessageGroup>,
}

/// What came of the question.
#[derive(Debug, Clone, PartialEq)]
pub enum MessagesReported {
    /// The numbers.
    Report(MessageReport),
    /// More groups than a report has.
    TooManyGroups {
        /// The most that it has.
        max: i64,
    },
}

/// What is kept of a report: the numbers of everything, and the groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Told {
    total: MessageNumbers,
    groups: Vec<MessageGroup>,
}

/// None where there are too many groups.
impl Answer for Option<Told> {
    const KIND: &'static str = "report_messages";

    fn len(&self) -> usize {
        self.as_ref().map_or(0, |told| told.groups.len())
    }
}

type Groups = BTreeMap<(usize, Option<Uuid>), MessageNumbers>;

impl ReadModels {
    /// How many messages were written, without those that are hidden from the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn message_report(
        &self,
        viewer: &Viewer,
        filter: &MessageFilter,
        split: Option<MessageSplit>,
        frame: Frame,
    ) -> Result<MessagesReported, ReadError> {
        let question = (filter, split, frame.period(), frame.zone);
        let make = {
            let (filter, frame) = (filter.clone(), frame.clone());
            move |models: Self, viewer: Viewer| async move {
                let report = models.new_message_report(&viewer, &filter, split, &frame);
                report.await
            }
        };
        let told = self.answered(&self.near_message_reports, viewer, &question, make);
        Ok(match told.await? {
            Some(Told { total, groups }) => MessagesReported::Report(MessageReport {
                frame,
                total,
                groups,
            }),
            None => MessagesReported::TooManyGroups { max: PARTS_MAX },
        })
    }

    async fn new_message_report(
        &self,
        viewer: &Viewer,
        filter: &MessageFilter,
        split: Option<MessageSplit>,
        frame: &Frame,
    ) -> Result<Option<Told>, ReadError> {
        let groups = self.message_groups(viewer, filter, split, frame).await?;
        let Some(groups) = groups else {
            return Ok(None);
        };
        let mut total = MessageNumbers::default();
        for numbers in groups.values() {
            total.add(*numbers);
        }
        let ids = groups.keys().filter_map(|(_, key)| *key).collect();
        let names = match split {
            None => Default::default(),
            Some(MessageSplit::Team) => self.names(viewer.tenant, TEAM_NAMES, ids).await?,
            Some(MessageSplit::Agent) => self.names(viewer.tenant, USER_NAMES, ids).await?,
        };
        let named = |split, id: Option<Uuid>| {
            let name = id.and_then(|id| names.get(&id).cloned());
            match split {
                MessageSplit::Team => Key::Team(id.map(TeamId).map(|id| Named { id, name })),
                MessageSplit::Agent => Key::Agent(id.map(UserId).map(|id| Named { id, name })),
            }
        };
        let groups = groups.into_iter();
        let groups = groups.map(|((period, id), numbers)| MessageGroup {
            period,
            key: split.map(|split| named(split, id)),
            numbers,
        });
        Ok(Some(Told {
            total,
            groups: groups.collect(),
        }))
    }

    /// The numbers of each period and key; none where there are more than a report has. Sums know no more than the team that a
    /// ticket had: they are not read for whom the one that it has now may hide it, nor where tickets have conditions.
    pub(in crate::reports) async fn message_groups(
        &self,
        viewer: &Viewer,
        filter: &MessageFilter,
        split: Option<MessageSplit>,
        frame: &Frame,
    ) -> Result<Option<Groups>, ReadError> {
        let hides = self.hides_any_team(viewer).await?;
        let statement = match hides || filter.as_of.is_some() || !filter.tickets.is_any() {
            true => statement::of_facts(viewer, filter, split, frame),
            false => statement::of_cells(viewer, filter, split, frame),
        };
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        // What is too much was cut: nothing of it is told.
        if i64::try_from(rows.len()).is_ok_and(|count| count > PARTS_MAX) {
            return Ok(None);
        }
        let mut groups = Groups::new();
        if split.is_none() {
            let periods = 0..frame.len();
            groups.extend(periods.map(|period| ((period, None), MessageNumbers::default())));
        }
        for row in rows {
            let period: i32 = row.try_get("period")?;
            let period = usize::try_from(period - 1).unwrap_or_default();
            let key: Option<Uuid> = row.try_get("key")?;
            let group = groups.entry((period, key.filter(|key| !key.is_nil())));
            group.or_default().add(numbers(row.try_get("counts")?));
        }
        Ok(Some(groups))
    }
}

/// What a row counts, in the order of [`MessageKind::ALL`].
fn numbers(counts: Vec<i64>) -> MessageNumbers {
    let mut numbers = MessageNumbers::default();
    for (kind, count) in MessageKind::ALL.into_iter().zip(counts) {
        *match kind {
            MessageKind::PublicReply => &mut numbers.public_replies,
            MessageKind::CustomerMessage => &mut numbers.customer_messages,
            MessageKind::InternalNote => &mut numbers.internal_notes,
        } = count;
    }
    numbers
}
