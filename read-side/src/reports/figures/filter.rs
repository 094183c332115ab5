//! Which tickets a report counts.

use chrono::{Datelike, NaiveDate, TimeDelta};
use domain::ticket::state::{Channel, Priority};
use platform::cursor::Moment;
use platform::rows::{Cut, Figure};
use serde::Serialize;
use std::ops::RangeInclusive;
use uuid::Uuid;

use super::periods::Period;
use crate::conditions::id_in_sums;
use crate::reports::{RangeError, ReportRange};
use crate::tickets::{Terms, TicketFilter, TimeRange};

/// Those that instants may be of, too; PostgreSQL knows no date long before.
const YEARS: RangeInclusive<i32> = 0..=9999;

/// Local days of the organization, from the first to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayRange {
    from: NaiveDate,
    to: NaiveDate,
}

impl DayRange {
    /// No day: of what is counted at a moment.
    pub const NONE: Self = Self {
        from: NaiveDate::MIN,
        to: NaiveDate::MIN,
    };

    /// The days from one to before another.
    ///
    /// # Errors
    /// When there are none, or too many.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, RangeError> {
        if to <= from {
            return Err(RangeError::Empty);
        }
        if to - from > TimeDelta::days(ReportRange::MAX_DAYS) {
            return Err(RangeError::TooLong);
        }
        if !YEARS.contains(&from.year()) || !YEARS.contains(&to.year()) {
            return Err(RangeError::Unknown);
        }
        Ok(Self { from, to })
    }

    /// The first day.
    #[must_use]
    pub fn from(self) -> NaiveDate {
        self.from
    }

    /// The day after the last.
    #[must_use]
    pub fn to(self) -> NaiveDate {
        self.to
    }
}

/// Conditions that a ticket fulfils all of, as it is, or as it was at `as_of`. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureFilter {
    /// Counted on one of these days.
    pub days: DayRange,
    /// What the log knew at this moment; what it knows now when absent.
    pub as_of: Option<Moment>,
    /// The conditions that lists have, too.
    pub tickets: TicketFilter,
}

impl FigureFilter {
    /// The same conditions in one spelling, so that a cursor fits however the client ordered them.
    pub(super) fn normalized(mut self) -> Self {
        self.tickets = self.tickets.normalized();
        self
    }

    /// With the terms of a query as conditions more, in one spelling.
    #[must_use]
    pub fn narrowed(mut self, terms: Option<&Terms>) -> Self {
        if let Some(terms) = terms {
            self.tickets = terms.narrow(self.tickets);
        }
        self.normalized()
    }

    /// Whether a figure can be told by these conditions. What was changed last, and what is due, is known of tickets as they
    /// are: not of those of a moment, nor of those that were open at the end of a day.
    #[must_use]
    pub fn is_told(&self, figure: Figure) -> bool {
        let is_of_past = self.as_of.is_some() || figure == Figure::Backlog;
        !(is_of_past && self.tickets.is_of_now())
    }

    /// The keys in a cut that fit; none where every key does.
    pub(super) fn keys(&self, cut: Cut) -> Option<Vec<Uuid>> {
        let listed = |keys: Vec<Uuid>| (!keys.is_empty()).then_some(keys);
        match cut {
            Cut::PriorityAndChannel => {
                let is_any = self.tickets.priorities.is_empty() && self.tickets.channels.is_empty();
                (!is_any).then(|| self.priorities_with_channels())
            }
            Cut::Priority => {
                let priorities = self.tickets.priorities.iter();
                listed(priorities.map(|it| Cut::of_priority(*it)).collect())
            }
            Cut::Channel => {
                let channels = self.tickets.channels.iter();
                listed(channels.map(|it| Cut::of_channel(*it)).collect())
            }
            // Without any where nobody is there by such an id.
            Cut::Agent | Cut::AgentByMonth => {
                let agent = self.tickets.assignee.map(|it| it.map(|id| id.0));
                agent.map(|agent| id_in_sums(agent).into_iter().collect())
            }
            Cut::Tag | Cut::TagByMonth => {
                let tags = self.tickets.tags.iter();
                listed(tags.map(|tag| Cut::of_tag(tag.as_str())).collect())
            }
            Cut::Hour | Cut::HourOfAll | Cut::Team | Cut::Policy => None,
        }
    }

    /// The keys of every priority that fits with every channel that fits.
    fn priorities_with_channels(&self) -> Vec<Uuid> {
        let fitting = |priority: &Priority| {
            let listed = &self.tickets.priorities;
            listed.is_empty() || listed.contains(priority)
        };
        let priorities = Priority::ALL.into_iter().filter(fitting);
        let is_listed = |channel: &Channel| {
            self.tickets.channels.is_empty() || self.tickets.channels.contains(channel)
        };
        let with_channels = |priority| {
            let channels = Channel::ALL.into_iter().filter(is_listed);
            channels.map(move |channel| Cut::of_priority_and_channel(priority, channel))
        };
        priorities.flat_map(with_channels).collect()
    }
}

/// What the numbers of a report are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Split {
    /// The team.
    Team,
    /// The agent.
    Agent,
    /// Each tag.
    Tag,
    /// The channel.
    Channel,
    /// The priority.
    Priority,
}

impl Split {
    fn cut(self) -> Option<Cut> {
        match self {
            Self::Team => None,
            Self::Agent => Some(Cut::Agent),
            Self::Tag => Some(Cut::Tag),
            Self::Channel => Some(Cut::Channel),
            Self::Priority => Some(Cut::Priority),
        }
    }
}

/// What a report is asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureQuery {
    /// What is counted.
    pub figure: Figure,
    /// Of which tickets.
    pub filter: FigureFilter,
    /// In which steps; one number when absent.
    pub period: Option<Period>,
    /// Split by what.
    pub split: Option<Split>,
}

impl FigureQuery {
    /// The cuts whose sums answer for the hours of it, the one with the fewest rows first.
    pub(super) fn cuts_by_hour(&self) -> Vec<Cut> {
        let by_key = Cut::ALL
            .into_iter()
            .any(|cut| self.filter.keys(cut).is_some());
        if self.figure != Figure::Opened || by_key || self.cut_of_days().is_none() {
            return Vec::new();
        }
        let of_all = (!self.is_by_team()).then_some(Cut::HourOfAll);
        of_all.into_iter().chain([Cut::Hour]).collect()
    }

    /// The cuts whose sums answer it, the one with the fewest rows first; none where only the facts can.
    pub(super) fn cuts(&self) -> Vec<Cut> {
        let of_days = self.cut_of_days();
        let of_all = self.cut_of_all_teams(of_days);
        of_all.into_iter().chain(of_days).collect()
    }

    /// The cut that answers it with fewer rows, without telling teams apart.
    fn cut_of_all_teams(&self, of_days: Option<Cut>) -> Option<Cut> {
        if self.is_by_team() || !self.is_summed() {
            return None;
        }
        let is_by_month = matches!(self.period, None | Some(Period::Month));
        match of_days {
            Some(Cut::Agent) if is_by_month => Some(Cut::AgentByMonth),
            Some(Cut::Tag) if is_by_month && !self.figure.is_timed() => Some(Cut::TagByMonth),
            Some(Cut::Priority | Cut::Channel | Cut::Team) => Some(Cut::PriorityAndChannel),
            // A priority and a channel at once.
            None if self
                .asked()
                .all(|cut| matches!(cut, Cut::Priority | Cut::Channel)) =>
            {
                Some(Cut::PriorityAndChannel)
            }
            _ => None,
        }
    }

    fn is_by_team(&self) -> bool {
        self.filter.tickets.team.is_some() || self.split == Some(Split::Team)
    }

    /// Whether sums know everything that is asked for, each by itself.
    fn is_summed(&self) -> bool {
        let (filter, tickets) = (&self.filter, &self.filter.tickets);
        filter.as_of.is_none()
            && tickets.statuses.is_empty()
            && tickets.requester.is_none()
            && tickets.tags.len() <= 1
            && tickets.created == TimeRange::default()
            && tickets.updated == TimeRange::default()
            && tickets.clauses.is_empty()
    }

    /// By what it is filtered and split beside the team, as the cuts by one thing have it.
    fn asked(&self) -> impl Iterator<Item = Cut> {
        let by_one = [Cut::Priority, Cut::Channel, Cut::Agent, Cut::Tag];
        let filtered = by_one
            .into_iter()
            .filter(|cut| self.filter.keys(*cut).is_some());
        filtered.chain(self.split.and_then(Split::cut))
    }

    /// The cut by days, and by teams where it can be, whose sums answer it.
    fn cut_of_days(&self) -> Option<Cut> {
        if !self.is_summed() {
            return None;
        }
        let mut cuts: Vec<Cut> = self.asked().collect();
        cuts.dedup();
        match cuts.as_slice() {
            [Cut::Tag] if self.is_by_team() => None,
            [] => Some(Cut::Team),
            // Split by all its tags, a ticket with this tag is more than the cut knows.
            [Cut::Tag] if self.filter.tickets.tags.len() == 1 && self.split.is_some() => None,
            [cut] => Some(*cut),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tickets::Holder;
    use domain::ids::TeamId;
    use domain::text::Tag;

    fn query(figure: Figure, period: Option<Period>, split: Option<Split>) -> FigureQuery {
        let day = |day: &str| day.parse().unwrap();
        FigureQuery {
            figure,
            filter: FigureFilter {
                days: DayRange::new(day("2026-01-10"), day("2026-07-10")).unwrap(),
                as_of: None,
                tickets: TicketFilter::default(),
            },
            period,
            split,
        }
    }

    #[test]
    fn the_cut_with_the_fewest_rows_that_knows_all_is_taken_first() {
        use Figure::{Opened, Resolution};
        let (day, month) = (Some(Period::Day), Some(Period::Month));
        let of = |figure, period, split| query(figure, period, split).cuts();
        assert_eq!(of(Opened, day, None), [Cut::PriorityAndChannel, Cut::Team]);
        assert_eq!(
            of(Opened, day, Some(Split::Channel)),
            [Cut::PriorityAndChannel, Cut::Channel]
        );
        assert_eq!(of(Opened, month, Some(Split::Team)), [Cut::Team]);
        assert_eq!(of(Resolution, day, Some(Split::Agent)), [Cut::Agent]);
        assert_eq!(
            of(Resolution, None, Some(Split::Agent)),
            [Cut::AgentByMonth, Cut::Agent]
        );
        assert_eq!(
            of(Opened, month, Some(Split::Tag)),
            [Cut::TagByMonth, Cut::Tag]
        );
        // A month of a tag has no times.
        assert_eq!(of(Resolution, month, Some(Split::Tag)), [Cut::Tag]);
    }

    #[test]
    fn what_no_sum_knows_at_once_has_no_cut() {
        let narrowed = |narrow: fn(&mut FigureFilter)| {
            let mut query = query(Figure::Opened, Some(Period::Month), None);
            narrow(&mut query.filter);
            query.cuts()
        };
        let both = narrowed(|it| {
            it.tickets.priorities = vec![Priority::High];
            it.tickets.channels = vec![Channel::Email];
        });
        assert_eq!(both, [Cut::PriorityAndChannel]);
        let team = narrowed(|it| {
            it.tickets.team = Some(Holder::One(TeamId(Uuid::from_u128(3))));
            it.tickets.channels = vec![Channel::Email];
        });
        assert_eq!(team, [Cut::Channel]);
        let tag_and_team = narrowed(|it| {
            it.tickets.team = Some(Holder::Nobody);
            it.tickets.tags = vec![Tag::parse("vip").unwrap()];
        });
        assert_eq!(tag_and_team, []);
        let tag_and_priority = narrowed(|it| {
            it.tickets.priorities = vec![Priority::High];
            it.tickets.tags = vec![Tag::parse("vip").unwrap()];
        });
        assert_eq!(tag_and_priority, []);
        let then = narrowed(|it| {
            it.as_of = Some(Moment::new("2026-02-01T00:00:00Z".parse().unwrap()).unwrap());
        });
        assert_eq!(then, []);
    }
}
