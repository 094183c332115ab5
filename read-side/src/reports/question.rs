//! What a report of attainment is asked for, and how much of it sums answer.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use platform::rows::Cut;

use super::figures::Period;
use super::filter::{Grouping, MeasureFilter, ReportRange};
use super::periods::Periods;
use super::sums::{Stretch, stretches};
use super::tickets_now::TicketsNow;
use crate::tickets::TicketFilter;

/// A report of attainment as it is asked for.
#[derive(Debug, Clone)]
pub struct AttainmentQuestion {
    pub(super) filter: MeasureFilter,
    pub(super) groups: Vec<Grouping>,
    pub(super) periods: Option<Periods>,
}

/// What sums tell of a question: the days that its range has whole. The rest is counted wait by wait.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summed {
    pub(super) stretches: Vec<Stretch>,
    pub(super) rest: Vec<ReportRange>,
}

impl AttainmentQuestion {
    /// The waits that fit, by these groups and periods.
    #[must_use]
    pub fn new(filter: MeasureFilter, mut groups: Vec<Grouping>, periods: Option<Periods>) -> Self {
        groups.sort_unstable();
        groups.dedup();
        Self {
            filter,
            groups,
            periods,
        }
    }

    /// The same without groups: the total.
    pub(super) fn whole(&self) -> Self {
        Self::new(self.filter.clone(), Vec::new(), None)
    }

    /// What sums, which are of days of the organization's own zone, tell of it; none where they tell nothing.
    pub(super) fn summed(&self, own_zone: Zone) -> Option<Summed> {
        let is_of_own_days = |periods: &Periods| periods.zone() == own_zone;
        let is_of_now = self.filter.as_of.is_none() && self.filter.outcomes.is_empty();
        if !self.periods.as_ref().is_none_or(is_of_own_days) || !is_of_now {
            return None;
        }
        let cut = self.cut()?;
        let (first, last) = whole_days(self.filter.counted, own_zone)?;
        let (begin, end) = (own_zone.first_instant(first), own_zone.first_instant(last));
        let (from, to) = (self.filter.counted.from(), self.filter.counted.to());
        let between = |from: DateTime<Utc>, to: DateTime<Utc>| ReportRange::new(from, to).ok();
        Some(Summed {
            stretches: stretches(cut, Some(first), last),
            rest: [between(from, begin), between(end, to)]
                .into_iter()
                .flatten()
                .collect(),
        })
    }

    /// The cut that knows everything that is asked for at once, if there is one.
    fn cut(&self) -> Option<Cut> {
        let filter = &self.filter;
        let channels = &filter.tickets.tickets.channels;
        let of_channels = TicketsNow {
            tickets: TicketFilter {
                channels: channels.clone(),
                ..TicketFilter::default()
            },
        };
        if filter.tickets != of_channels || self.groups.contains(&Grouping::Tag) {
            return None;
        }
        let is_by = |grouping| self.groups.contains(&grouping);
        let is_by_team = is_by(Grouping::Team) || filter.team.is_some();
        let is_by_agent = is_by(Grouping::Agent) || filter.agent.is_some();
        let is_by_rule = [Grouping::Policy, Grouping::Priority, Grouping::Channel]
            .into_iter()
            .any(is_by)
            || filter.policy.is_some()
            || !filter.priorities.is_empty()
            || !channels.is_empty();
        let kind = self.periods.as_ref().map(Periods::kind);
        match (is_by_rule, is_by_team, is_by_agent) {
            (_, false, false) => Some(Cut::Policy),
            (false, true, false) => Some(Cut::Team),
            (false, false, true) if matches!(kind, None | Some(Period::Month)) => {
                Some(Cut::AgentByMonth)
            }
            (false, _, true) => Some(Cut::Agent),
            _ => None,
        }
    }
}

/// The first of the days that a range has whole, and the day after the last; none where it has no such day.
fn whole_days(range: ReportRange, zone: Zone) -> Option<(NaiveDate, NaiveDate)> {
    let mut first = zone.day_of(range.from());
    if zone.first_instant(first) < range.from() {
        first = first.succ_opt()?;
    }
    let last = zone.day_of(range.to());
    (first < last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tickets::Holder;
    use domain::ids::UserId;
    use platform::cursor::Moment;
    use uuid::Uuid;

    fn filter(from: &str, to: &str) -> MeasureFilter {
        MeasureFilter {
            counted: ReportRange::new(from.parse().unwrap(), to.parse().unwrap()).unwrap(),
            metrics: Vec::new(),
            priorities: Vec::new(),
            outcomes: Vec::new(),
            policy: None,
            team: None,
            agent: None,
            tickets: TicketsNow::default(),
            as_of: None,
        }
    }

    fn summed(filter: MeasureFilter, groups: &[Grouping]) -> Option<Summed> {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        AttainmentQuestion::new(filter, groups.to_vec(), None).summed(zone)
    }

    #[test]
    fn whole_days_are_told_by_sums_and_what_is_cut_off_by_waits() {
        let of_day = filter("2026-03-28T12:00:00Z", "2026-03-30T23:00:00Z");
        let Summed { stretches, rest } = summed(of_day, &[Grouping::Priority]).unwrap();
        let days: Vec<_> = stretches
            .iter()
            .map(|it| (it.cut, it.from.unwrap().to_string(), it.to.to_string()))
            .collect();
        // The day on which the clock is set is as whole as any.
        let told = (
            Cut::Policy,
            "2026-03-29".to_owned(),
            "2026-03-31".to_owned(),
        );
        assert_eq!(days, [told]);
        let rest: Vec<_> = rest
            .iter()
            .map(|range| (range.from().to_string(), range.to().to_string()))
            .collect();
        let cut_off = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            rest,
            [
                cut_off("2026-03-28 12:00:00 UTC", "2026-03-28 23:00:00 UTC"),
                cut_off("2026-03-30 22:00:00 UTC", "2026-03-30 23:00:00 UTC"),
            ]
        );
    }

    #[test]
    fn a_range_of_whole_days_leaves_nothing_to_waits_and_one_without_any_everything() {
        let whole = filter("2026-03-28T23:00:00Z", "2026-03-30T22:00:00Z");
        assert_eq!(summed(whole, &[]).unwrap().rest, []);
        let part = filter("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z");
        assert_eq!(summed(part, &[]), None);
    }

    #[test]
    fn what_no_cut_knows_at_once_is_counted_wait_by_wait() {
        let year = || filter("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
        let cut_of = |filter, groups: &[Grouping]| {
            let summed = summed(filter, groups)?;
            summed
                .stretches
                .into_iter()
                .map(|it| it.cut)
                .find(|cut| *cut != Cut::Agent)
        };
        let of_then = MeasureFilter {
            as_of: Some(Moment::new(year().counted.to()).unwrap()),
            ..year()
        };
        assert_eq!(cut_of(of_then, &[]), None);
        let agent = MeasureFilter {
            agent: Some(Holder::One(UserId(Uuid::from_u128(3)))),
            ..year()
        };
        assert_eq!(cut_of(year(), &[]), Some(Cut::Policy));
        let rule = [Grouping::Policy, Grouping::Channel, Grouping::Metric];
        assert_eq!(cut_of(year(), &rule), Some(Cut::Policy));
        assert_eq!(cut_of(year(), &[Grouping::Team]), Some(Cut::Team));
        assert_eq!(cut_of(agent.clone(), &[]), Some(Cut::AgentByMonth));
        assert_eq!(cut_of(agent, &[Grouping::Priority]), None);
        assert_eq!(cut_of(year(), &[Grouping::Team, Grouping::Policy]), None);
        assert_eq!(cut_of(year(), &[Grouping::Tag]), None);
    }
}
