//! A walk over open tickets: which ones, how far it is, and where it ends. Pure.

use domain::ids::{CalendarId, OrganizationId, UserId};
use domain::sla::rule::Rule;
use event_store::Position;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Whose tickets a change may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::saga) enum Scope {
    /// Those of the whole organization.
    Organization,
    /// Those of one requester.
    Requester(UserId),
}

/// A walk, by its organization: there is at most one of a scope.
pub(in crate::saga) type WalkKey = (OrganizationId, Scope);

/// Which tickets of a scope may be touched, by what is promised to them now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::saga) struct Touches {
    /// Every one: another policy may match.
    pub(in crate::saga) all: bool,
    /// Those under the organization's settings.
    pub(in crate::saga) settings: bool,
    /// Those that count by one of these calendars.
    pub(in crate::saga) calendars: BTreeSet<CalendarId>,
}

impl Touches {
    pub(in crate::saga) fn all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    pub(in crate::saga) fn settings() -> Self {
        Self {
            settings: true,
            ..Self::default()
        }
    }

    pub(in crate::saga) fn calendar(id: CalendarId) -> Self {
        Self {
            calendars: BTreeSet::from([id]),
            ..Self::default()
        }
    }

    /// Both together.
    pub(in crate::saga) fn add(&mut self, other: &Self) {
        self.all |= other.all;
        self.settings |= other.settings;
        self.calendars.extend(&other.calendars);
    }

    /// Whether a ticket to which `rule` is promised may be touched.
    pub(super) fn may_touch(&self, rule: &Rule) -> bool {
        let mut calendars = rule.targets.iter().filter_map(|target| target.calendar);
        self.all
            || (self.settings && rule.policy.is_none())
            || calendars.any(|reference| self.calendars.contains(&reference.id))
    }
}

/// The newest change that a walk carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::saga) struct Cause {
    pub(in crate::saga) event_id: Uuid,
    pub(in crate::saga) correlation_id: Uuid,
    pub(in crate::saga) position: Position,
}

/// A walk over the open tickets of a scope in the order of their ids. A change that comes in half-way makes it go on to the
/// end and then from the beginning to where it was: each ticket is looked at after the change, and no row of changes keeps
/// the last tickets waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walk {
    pub(super) key: WalkKey,
    pub(super) touches: Touches,
    pub(super) cause: Cause,
    /// The last ticket that was looked at.
    pub(super) after: Option<Uuid>,
    /// Where the second lap ends, if there is one.
    pub(super) until: Option<Uuid>,
    pub(super) is_second_lap: bool,
}

/// The tickets that come next: after the first id, up to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) after: Uuid,
    pub(super) until: Uuid,
}

impl Walk {
    pub(super) fn bounds(&self) -> Bounds {
        let until = self.until.filter(|_| self.is_second_lap);
        Bounds {
            after: self.after.unwrap_or(Uuid::nil()),
            until: until.unwrap_or(Uuid::max()),
        }
    }

    /// Whether it has looked at tickets.
    pub(super) fn has_begun(&self) -> bool {
        self.after.is_some()
    }

    /// Goes all the way round from here, as if a change had come in now. `is_at_end`: from the beginning.
    pub(super) fn turn_round_here(&mut self, is_at_end: bool) {
        self.after = self.after.filter(|_| !is_at_end);
        (self.until, self.is_second_lap) = (self.after, false);
    }

    /// Goes on behind a page of tickets, and says whether that was the end. A page that is not full is the last one of a lap.
    pub(super) fn advance(&mut self, last: Option<Uuid>, is_full: bool) -> bool {
        if is_full {
            self.after = last;
            return false;
        }
        if self.is_second_lap || self.until.is_none() {
            return true;
        }
        self.is_second_lap = true;
        self.after = None;
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::calendar::definition::CalendarRef;
    use domain::ids::PolicyId;
    use domain::sla::Metric;
    use domain::sla::policy::PolicyRef;
    use domain::sla::rule::AppliedTarget;

    fn walk() -> Walk {
        Walk {
            key: (OrganizationId(Uuid::nil()), Scope::Organization),
            touches: Touches::all(),
            cause: Cause {
                event_id: Uuid::nil(),
                correlation_id: Uuid::nil(),
                position: Position::START,
            },
            after: None,
            until: None,
            is_second_lap: false,
        }
    }

    /// Walks over `tickets` by pages of two. After `change_after` pages another change comes in, as the tables note it.
    fn looked_at(tickets: &[u128], change_after: usize) -> Vec<u128> {
        let mut walk = walk();
        let mut looked_at = Vec::new();
        for page_number in 0.. {
            if page_number == change_after {
                looked_at.clear();
                (walk.until, walk.is_second_lap) = (walk.after, false);
            }
            let Bounds { after, until } = walk.bounds();
            let inside = |id: &&u128| (after.as_u128() + 1..=until.as_u128()).contains(*id);
            let page: Vec<u128> = tickets.iter().filter(inside).take(2).copied().collect();
            looked_at.extend(&page);
            let last = page.last().map(|id| Uuid::from_u128(*id));
            if walk.advance(last, page.len() == 2) {
                break;
            }
        }
        looked_at
    }

    #[test]
    fn a_walk_looks_at_each_ticket_once_in_order() {
        assert_eq!(looked_at(&[1, 2, 3, 4, 5], 0), [1, 2, 3, 4, 5]);
        assert_eq!(looked_at(&[1, 2, 3, 4], 0), [1, 2, 3, 4]);
        assert_eq!(looked_at(&[], 0), Vec::<u128>::new());
    }

    #[test]
    fn a_walk_that_turns_round_looks_at_each_ticket_once_more() {
        let mut walk = walk();
        assert!(!walk.has_begun());
        assert!(!walk.advance(Some(Uuid::from_u128(2)), true));
        walk.turn_round_here(false);
        assert!(walk.has_begun());
        // To the end, and from the beginning to where it was.
        assert!(!walk.advance(Some(Uuid::from_u128(3)), false));
        let bounds = walk.bounds();
        assert_eq!(
            (bounds.after, bounds.until),
            (Uuid::nil(), Uuid::from_u128(2))
        );
        assert!(walk.advance(Some(Uuid::from_u128(2)), false));
        walk.turn_round_here(true);
        let bounds = walk.bounds();
        assert_eq!((bounds.after, bounds.until), (Uuid::nil(), Uuid::max()));
        assert!(walk.advance(Some(Uuid::from_u128(3)), false));
    }

    #[test]
    fn after_a_change_half_way_each_ticket_is_looked_at_once_more() {
        assert_eq!(looked_at(&[1, 2, 3, 4, 5], 1), [3, 4, 5, 1, 2]);
        assert_eq!(looked_at(&[1, 2, 3, 4, 5], 2), [5, 1, 2, 3, 4]);
        assert_eq!(looked_at(&[1, 2, 3, 4], 2), [1, 2, 3, 4]);
    }

    fn rule(policy: Option<u128>, calendar: Option<u128>) -> Rule {
        Rule {
            policy: policy.map(|id| PolicyRef {
                id: PolicyId(Uuid::from_u128(id)),
                version: 1,
            }),
            warnings: Vec::new(),
            targets: vec![AppliedTarget {
                metric: Metric::AgentWork,
                target_ms: 60_000,
                calendar: calendar.map(|id| CalendarRef {
                    id: CalendarId(Uuid::from_u128(id)),
                    version: 1,
                }),
            }],
        }
    }

    #[test]
    fn a_changed_calendar_touches_who_counts_by_it_and_settings_touch_who_is_under_no_policy() {
        let calendar = Touches::calendar(CalendarId(Uuid::from_u128(7)));
        assert!(calendar.may_touch(&rule(Some(1), Some(7))));
        assert!(!calendar.may_touch(&rule(Some(1), Some(8))));
        assert!(!calendar.may_touch(&rule(None, None)));
        let mut both = Touches::settings();
        assert!(both.may_touch(&rule(None, None)));
        assert!(!both.may_touch(&rule(Some(1), Some(7))));
        both.add(&calendar);
        assert!(both.may_touch(&rule(None, None)));
        assert!(both.may_touch(&rule(Some(1), Some(7))));
        assert!(Touches::all().may_touch(&rule(Some(1), None)));
    }
}
