//! The machines of API keys join, change and leave with their keys.

use super::UserAnswer;
use crate::dispatch::{CommandError, UseCase, Work};
use domain::actor::Role;
use domain::ids::UserId;
use domain::text::Name;
use domain::user::command::UserCommand;
use domain::user::state::User;

/// Makes the machine of a key.
#[derive(Debug, Clone)]
pub struct CreateMachine {
    /// Its id: that of the key.
    pub user_id: UserId,
    /// What people read.
    pub name: Name,
    /// What rules see that know no scopes.
    pub role: Role,
}

impl UseCase for CreateMachine {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.create::<User>(self.user_id.0);
        let command = UserCommand::CreateMachine {
            name: self.name.clone(),
            role: self.role,
        };
        work.issue::<User>(self.user_id, command).await?;
        UserAnswer::of(work, self.user_id).await
    }
}

/// Gives the machine of a key what the key says now.
#[derive(Debug, Clone)]
pub struct ChangeMachine {
    /// Its id.
    pub user_id: UserId,
    /// What people read.
    pub name: Name,
    /// What rules see that know no scopes.
    pub role: Role,
}

impl UseCase for ChangeMachine {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.address(self.user_id.0);
        let command = UserCommand::ChangeMachine {
            name: self.name.clone(),
            role: self.role,
        };
        work.issue::<User>(self.user_id, command).await?;
        UserAnswer::of(work, self.user_id).await
    }
}

/// Lets the machine of a key act no more.
#[derive(Debug, Clone)]
pub struct RetireMachine {
    /// Its id.
    pub user_id: UserId,
}

impl UseCase for RetireMachine {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.address(self.user_id.0);
        work.issue::<User>(self.user_id, UserCommand::RetireMachine)
            .await?;
        UserAnswer::of(work, self.user_id).await
    }
}
