//! Saved views are made, changed and taken away. How many an owner has is said by a stream of its own, in the same append.

use super::answers::ERASED;
use crate::dispatch::{CommandError, Refusal, StoredAnswer, UseCase, Work};
use domain::ids::{UserId, ViewId};
use domain::view::command::{ViewChange, ViewCommand};
use domain::view::definition::{ViewDefinition, ViewOwner};
use domain::view::event::ViewShelfEvent;
use domain::view::shelf;
use domain::view::state::{PresentView, View, ViewShelf};
use platform::permission::Permission;
use sealing::AnswerPart;
use serde::{Deserialize, Serialize};

const NOT_FOUND: Refusal = Refusal::NotFound { what: "view" };

/// A view after a command; one that was taken away, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewAnswer {
    /// Its id.
    pub id: ViewId,
    /// The version of its stream.
    pub version: i64,
    /// Whose it is.
    pub owner: ViewOwner,
    /// What it says.
    pub definition: ViewDefinition,
}

impl StoredAnswer for ViewAnswer {
    const PERSONAL: &'static [AnswerPart] = &[AnswerPart {
        within: Some("definition"),
        fields: &[("name", ERASED), ("query", ERASED)],
    }];

    fn owners(&self) -> Vec<UserId> {
        match self.owner {
            ViewOwner::Person { user_id } => vec![user_id],
            // What a team or the organization keeps is about nobody.
            ViewOwner::Team { .. } | ViewOwner::Organization => Vec::new(),
        }
    }
}

impl ViewAnswer {
    async fn of(work: &mut Work<'_>, id: ViewId) -> Result<Self, CommandError> {
        let view = present(work, id).await?;
        Ok(Self::new(work, id, view))
    }

    fn new(work: &Work<'_>, id: ViewId, view: PresentView) -> Self {
        Self {
            id,
            version: work.version(id.0).get(),
            owner: view.owner,
            definition: view.definition,
        }
    }
}

/// Makes a view.
#[derive(Debug, Clone)]
pub struct CreateView {
    /// Its id, fresh.
    pub view_id: ViewId,
    /// Whose it is.
    pub owner: ViewOwner,
    /// What it says.
    pub definition: ViewDefinition,
}

impl UseCase for CreateView {
    type Answer = ViewAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<ViewAnswer, CommandError> {
        if let ViewOwner::Team { team_id } = self.owner {
            work.check_team(team_id, "/team_id").await?;
        }
        check_rights(work, self.owner)?;
        work.create::<View>(self.view_id.0);
        let command = ViewCommand::Create {
            owner: self.owner,
            definition: self.definition.clone(),
        };
        work.issue::<View>(self.view_id, command).await?;
        let on_shelf =
            |state: &ViewShelf| shelf::add(state, self.owner, self.view_id).map_err(Refusal::from);
        shelve(work, self.owner, on_shelf).await?;
        ViewAnswer::of(work, self.view_id).await
    }
}

/// Changes what is given of a view.
#[derive(Debug, Clone)]
pub struct ChangeView {
    /// The view.
    pub view_id: ViewId,
    /// What changes.
    pub change: ViewChange,
}

impl UseCase for ChangeView {
    type Answer = ViewAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<ViewAnswer, CommandError> {
        work.address(self.view_id.0);
        let command = ViewCommand::Change(self.change.clone());
        work.issue::<View>(self.view_id, command).await?;
        let answer = ViewAnswer::of(work, self.view_id).await?;
        check_rights(work, answer.owner)?;
        Ok(answer)
    }
}

/// Takes a view away.
#[derive(Debug, Clone, Copy)]
pub struct DeleteView {
    /// The view.
    pub view_id: ViewId,
}

impl UseCase for DeleteView {
    type Answer = ViewAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<ViewAnswer, CommandError> {
        work.address(self.view_id.0);
        let view = present(work, self.view_id).await;
        work.issue::<View>(self.view_id, ViewCommand::Delete)
            .await?;
        let view = view?;
        check_rights(work, view.owner)?;
        let off_shelf = |state: &ViewShelf| Ok(shelf::remove(state, self.view_id));
        shelve(work, view.owner, off_shelf).await?;
        Ok(ViewAnswer::new(work, self.view_id, view))
    }
}

/// Roles of the organization's own and keys may have less than the role that the view looks at.
fn check_rights(work: &Work<'_>, owner: ViewOwner) -> Result<(), CommandError> {
    let needed = match owner {
        ViewOwner::Person { .. } => return Ok(()),
        ViewOwner::Team { .. } => Permission::ManageTeams,
        ViewOwner::Organization => Permission::ManageOrganization,
    };
    if work.rights().has(needed) {
        return Ok(());
    }
    let detail = format!("this needs the permission {}", needed.as_str());
    Err(Refusal::Forbidden(detail).into())
}

async fn present(work: &mut Work<'_>, id: ViewId) -> Result<PresentView, CommandError> {
    match work.state::<View>(id.0).await? {
        View::Present(view) => Ok(view.clone()),
        View::Absent | View::Deleted(_) => Err(NOT_FOUND.into()),
    }
}

/// Notes with the owner's shelf what became of a view.
async fn shelve(
    work: &mut Work<'_>,
    owner: ViewOwner,
    decide: impl FnOnce(&ViewShelf) -> Result<Option<ViewShelfEvent>, Refusal>,
) -> Result<(), CommandError> {
    let id = owner.shelf_id(work.organization_id());
    let event = decide(work.state::<ViewShelf>(id).await?)?;
    work.record::<ViewShelf>(id, event.into_iter().collect())
}
