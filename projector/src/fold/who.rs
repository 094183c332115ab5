//! Who did something, as people read it.

use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, UserId};
use platform::rows::ActorKind;

use crate::state::State;

/// What InsightDesk itself is called.
const SYSTEM_NAME: &str = "InsightDesk";
/// What the operator is called.
const OPERATOR_NAME: &str = "Operator";

/// An originator.
pub(super) struct Who {
    pub(super) kind: ActorKind,
    pub(super) person: Option<(UserId, Role)>,
    pub(super) name: String,
}

impl Who {
    pub(super) fn of(state: &State, org: OrganizationId, actor: &Actor) -> Self {
        let (kind, person, name) = match actor {
            Actor::User { id, role } => (
                state.actor_kind(org, *id),
                Some((*id, *role)),
                state.user_name(org, *id),
            ),
            Actor::Timer => (ActorKind::Timer, None, SYSTEM_NAME.to_owned()),
            Actor::Identity => (ActorKind::Identity, None, SYSTEM_NAME.to_owned()),
            Actor::Import { source, by } => (
                ActorKind::Import,
                None,
                by.as_ref().unwrap_or(source).clone(),
            ),
            Actor::Operator => (ActorKind::Operator, None, OPERATOR_NAME.to_owned()),
        };
        Self { kind, person, name }
    }
}
