//! How many may follow the feed at a time: of a server, of an organization, of a person or key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::UserId;
use event_store::OrgId;
use metrics::gauge;

use crate::viewer::Viewer;

/// How many streams and waits there may be at a time.
#[derive(Debug, Clone, Copy)]
pub struct SeatLimits {
    /// Of a server. Each holds a socket, and a wait one of the requests in flight.
    pub server: usize,
    /// Of an organization on a server.
    pub organization: usize,
    /// Of a person or key on a server.
    pub person: usize,
}

impl Default for SeatLimits {
    fn default() -> Self {
        Self {
            server: 512,
            organization: 128,
            person: 8,
        }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    /// The server has as many as it takes.
    #[error("this server has as many followers of the feed as it takes: retry later")]
    Server,
    /// The organization has.
    #[error(
        "the organization has as many followers of the feed as it may: end one, or retry later"
    )]
    Organization,
    /// The person or key has.
    #[error("you have as many followers of the feed as you may: end one, or retry later")]
    Person,
}

#[derive(Debug)]
pub(super) struct Seats {
    limits: SeatLimits,
    // A std mutex: the critical sections are some look-ups and never wait.
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    organizations: HashMap<OrgId, usize>,
    people: HashMap<(OrgId, UserId), usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    person: (OrgId, UserId),
}

impl Seats {
    pub(super) fn new(limits: SeatLimits) -> Self {
        Self {
            limits,
            taken: Mutex::default(),
        }
    }
}

pub(super) fn take(seats: &Arc<Seats>, viewer: &Viewer) -> Result<Seat, NoSeat> {
    let (org_id, user_id) = (viewer.tenant.org_id, viewer.user_id);
    // A panic elsewhere cannot leave the counts half-changed, so a poisoned lock is still good.
    let mut taken = seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
    let count = |of: Option<&usize>| of.copied().unwrap_or_default();
    if count(taken.people.get(&(org_id, user_id))) >= seats.limits.person {
        return Err(NoSeat::Person);
    }
    if count(taken.organizations.get(&org_id)) >= seats.limits.organization {
        return Err(NoSeat::Organization);
    }
    if taken.total >= seats.limits.server {
        return Err(NoSeat::Server);
    }
    taken.total += 1;
    *taken.organizations.entry(org_id).or_default() += 1;
    *taken.people.entry((org_id, user_id)).or_default() += 1;
    gauge!("insightdesk_feed_followers").set(taken.total as f64);
    Ok(Seat {
        seats: Arc::clone(seats),
        person: (org_id, user_id),
    })
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        leave(&mut taken.organizations, self.person.0);
        leave(&mut taken.people, self.person);
        gauge!("insightdesk_feed_followers").set(taken.total as f64);
    }
}

/// Whoever has none left is forgotten.
fn leave<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::viewer::Tenant;
    use domain::actor::Role;
    use event_store::Partition;
    use uuid::Uuid;

    fn viewer(org: u128, person: u128) -> Viewer {
        let tenant = Tenant {
            partition: Partition::new(1).unwrap(),
            org_id: OrgId(Uuid::from_u128(org)),
        };
        Viewer {
            tenant,
            user_id: UserId(Uuid::from_u128(person)),
            role: Role::Agent,
        }
    }

    #[test]
    fn each_bound_holds_by_itself_and_a_place_that_is_left_is_free() {
        let seats = Arc::new(Seats::new(SeatLimits {
            server: 4,
            organization: 3,
            person: 2,
        }));
        let first = take(&seats, &viewer(1, 1)).unwrap();
        let _second = take(&seats, &viewer(1, 1)).unwrap();
        assert_eq!(take(&seats, &viewer(1, 1)).unwrap_err(), NoSeat::Person);
        let _third = take(&seats, &viewer(1, 2)).unwrap();
        assert_eq!(
            take(&seats, &viewer(1, 3)).unwrap_err(),
            NoSeat::Organization
        );
        let _fourth = take(&seats, &viewer(2, 1)).unwrap();
        assert_eq!(take(&seats, &viewer(2, 2)).unwrap_err(), NoSeat::Server);
        drop(first);
        take(&seats, &viewer(1, 1)).unwrap();
    }
}
