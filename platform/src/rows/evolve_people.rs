//! How the rows of people and teams follow from the events of their streams: one fold for the projector, which keeps rows up to
//! date, and for queries of the past.

use domain::actor::Role;
use domain::ids::{TeamId, UserId};
use domain::personal::ERASED;
use domain::team::event::{TeamCreated, TeamEvent};
use domain::user::event::{UserCreated, UserEvent};

use super::{Moment, TeamRow, UserRow};

impl UserRow {
    /// The row of somebody who joined.
    #[must_use]
    pub fn joined(at: &Moment, id: UserId, created: &UserCreated) -> Self {
        Self {
            org_id: at.org_id,
            user_id: id,
            name: created.name.to_string(),
            email: created.email.as_ref().map(ToString::to_string),
            role: created.role,
            role_id: None,
            kind: created.kind,
            company_id: None,
            active: true,
            version: at.version,
            created_at: at.occurred_at,
            updated_at: at.occurred_at,
        }
    }

    /// Follows an event of their stream.
    pub fn evolve(&mut self, at: &Moment, change: &UserEvent) {
        match change {
            UserEvent::Created(_) => return,
            UserEvent::Renamed(renamed) => self.name = renamed.to.to_string(),
            UserEvent::EmailChanged(changed) => {
                self.email = changed.to.as_ref().map(ToString::to_string);
            }
            UserEvent::RoleChanged(changed) => {
                self.role = changed.to;
                self.company_id = self.company_id.filter(|_| changed.to == Role::Customer);
                self.role_id = changed.to_role_id;
            }
            UserEvent::CompanySet(set) => self.company_id = set.to,
            UserEvent::Deactivated(_) => self.active = false,
            UserEvent::Reactivated(_) => self.active = true,
            UserEvent::Erased(_) => {
                self.forget();
                self.active = false;
            }
        }
        self.version = at.version;
        self.updated_at = self.updated_at.max(at.occurred_at);
    }

    /// Takes out what tells who they are.
    pub fn forget(&mut self) {
        self.name = ERASED.to_owned();
        self.email = None;
        self.company_id = None;
        self.role_id = None;
    }
}

impl TeamRow {
    /// The row of a team that was made.
    #[must_use]
    pub fn made(at: &Moment, id: TeamId, created: &TeamCreated) -> Self {
        Self {
            org_id: at.org_id,
            team_id: id,
            name: created.name.to_string(),
            private: false,
            member_ids: Vec::new(),
            version: at.version,
            created_at: at.occurred_at,
            updated_at: at.occurred_at,
        }
    }

    /// Follows an event of its stream.
    pub fn evolve(&mut self, at: &Moment, change: &TeamEvent) {
        match change {
            TeamEvent::Created(_) => return,
            TeamEvent::Renamed(renamed) => self.name = renamed.to.to_string(),
            TeamEvent::PrivacySet(set) => self.private = set.private,
            TeamEvent::MemberAdded(added) => {
                if let Err(place) = self.member_ids.binary_search(&added.user_id) {
                    self.member_ids.insert(place, added.user_id);
                }
            }
            TeamEvent::MemberRemoved(removed) => {
                self.member_ids.retain(|member| *member != removed.user_id);
            }
        }
        self.version = at.version;
        self.updated_at = self.updated_at.max(at.occurred_at);
    }
}
