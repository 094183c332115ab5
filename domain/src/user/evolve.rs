//! What a user's events mean, and those of an e-mail address.

use super::event::{EmailClaimEvent, UserEvent};
use super::state::{EmailClaim, PresentUser, User};
use crate::actor::Role;
use crate::text::Name;
use chrono::{DateTime, Utc};

/// The state after an event. An event that its stream cannot begin with leaves an absent user absent.
#[must_use]
pub fn evolve(state: User, event: &UserEvent, _at: DateTime<Utc>) -> User {
    let mut user = match (state, event) {
        (_, UserEvent::Created(e)) => PresentUser {
            name: e.name.clone(),
            email: e.email.clone(),
            role: e.role,
            role_id: None,
            kind: e.kind,
            company_id: None,
            active: true,
            erased: false,
        },
        (User::Absent, _) => return User::Absent,
        (User::Present(user), _) => user,
    };
    match event {
        UserEvent::Created(_) => {}
        UserEvent::Renamed(e) => user.name = e.to.clone(),
        UserEvent::EmailChanged(e) => user.email = e.to.clone(),
        UserEvent::RoleChanged(e) => {
            user.role = e.to;
            user.role_id = e.to_role_id;
            user.company_id = user.company_id.filter(|_| e.to == Role::Customer);
        }
        UserEvent::CompanySet(e) => user.company_id = e.to,
        UserEvent::Deactivated(_) => user.active = false,
        UserEvent::Reactivated(_) => user.active = true,
        UserEvent::Erased(_) => {
            user.name = Name::erased();
            user.email = None;
            user.company_id = None;
            user.role_id = None;
            user.active = false;
            user.erased = true;
        }
    }
    User::Present(user)
}

/// Who holds an address after an event.
#[must_use]
pub fn evolve_claim(_state: EmailClaim, event: &EmailClaimEvent) -> EmailClaim {
    match event {
        EmailClaimEvent::Claimed(e) => EmailClaim {
            held_by: Some(e.user_id),
        },
        EmailClaimEvent::Released(_) => EmailClaim { held_by: None },
    }
}
