//! Signing up: an organization with its first admin, once the admin's address is shown to be theirs.

use std::time::Duration;

use credentials::password::{OwnNames, Strength};
use credentials::token::{Token, TokenKind};
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, UserId};
use domain::security::event::EmailVerified;
use domain::text::{Email, Name, Slug};
use platform::mail::Letter;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

use super::accounts::{self, Membership};
use super::challenges::{self, NewChallenge, Purpose};
use super::error::IdentityError;
use super::record;
use super::{Identity, Origin};
use crate::commands::CreateUser;
use crate::dispatch::{CommandContext, CommandError, Refusal};

/// Answers to those who give an address take this long, whether or not there is an account: the rest is waited for.
const ANSWER_AFTER: Duration = Duration::from_millis(400);

/// What somebody signs up with.
pub struct SignUp {
    /// The name of their organization.
    pub organization_name: Name,
    /// Its short name.
    pub organization_slug: Slug,
    /// Their own name.
    pub name: Name,
    /// Their address.
    pub email: Email,
    /// The password that they choose.
    pub password: String,
}

/// An organization that waits for the address of its first admin to be shown.
#[derive(Serialize, Deserialize)]
struct Application {
    organization_name: Name,
    organization_slug: Slug,
    name: Name,
    email: Email,
    password: String,
    user_id: UserId,
}

impl Identity {
    /// Takes an application and mails a link to its maker; who has an account already is told so by mail, and goes on with
    /// their own password. Nobody else learns which.
    ///
    /// # Errors
    /// When the short name is taken, or the password too weak.
    pub async fn sign_up(&self, wish: SignUp) -> Result<(), IdentityError> {
        let answer_at = Instant::now() + ANSWER_AFTER;
        let slug = wish.organization_slug.as_str();
        let taken = self.inner.dispatcher.store().placement_by_slug(slug).await;
        if taken.map_err(CommandError::from)?.is_some() {
            return Err(slug_taken());
        }
        let names = OwnNames {
            person: wish.name.as_str(),
            email: wish.email.as_str(),
            organizations: &[wish.organization_name.as_str(), slug],
        };
        let password = self
            .hash_new("/password", &wish.password, Strength::Alone, names)
            .await?;
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let account = accounts::by_email(&tx, &wish.email).await?;
        let user_id = UserId(Uuid::now_v7());
        let token = Token::generate(TokenKind::VerifyAddress).map_err(super::internal)?;
        let new = NewChallenge {
            id: Uuid::now_v7(),
            purpose: Purpose::SignUp,
            hash: token.hash(),
            subject: wish.email.as_str(),
            data: &Application {
                organization_name: wish.organization_name.clone(),
                organization_slug: wish.organization_slug,
                name: wish.name,
                email: wish.email.clone(),
                password: password.as_str().to_owned(),
                user_id,
            },
        };
        challenges::create(&tx, new, self.now()).await?;
        let (token, valid_minutes) = (token.as_str().to_owned(), Purpose::SignUp.valid_minutes());
        let letter = if account.is_some() {
            Letter::AnotherOrganization {
                organization: wish.organization_name.to_string(),
                token,
                valid_minutes,
            }
        } else {
            Letter::VerifyAddress {
                token,
                valid_minutes,
            }
        };
        let about = account.map(|account| account.id).into_iter();
        let about = about.chain([user_id.0]).collect();
        self.post(&tx, &wish.email, letter, about).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        tokio::time::sleep_until(answer_at).await;
        Ok(())
    }

    /// Makes the organization of an application whose address was shown. May be repeated until it succeeds.
    ///
    /// # Errors
    /// [`IdentityError::Spent`] when the link is not good; a conflict when the short name was taken meanwhile.
    pub async fn verify_address(
        &self,
        token: &str,
        origin: &Origin,
    ) -> Result<OrganizationId, IdentityError> {
        let token = Token::parse(TokenKind::VerifyAddress, token);
        let hash = token.ok_or(IdentityError::Spent("link"))?.hash();
        let client = self.client().await?;
        let found = challenges::find::<Application>(&client, Purpose::SignUp, &hash, self.now());
        let (challenge, application) = found.await?;
        drop(client);
        // The id of the challenge, so that a repetition finds what a former one made.
        let fresh = OrganizationId(challenge);
        let (name, slug) = (
            application.organization_name.clone(),
            application.organization_slug.clone(),
        );
        let dispatcher = &self.inner.dispatcher;
        let organization_id = dispatcher.create_organization_as(fresh, name, slug).await?;
        if organization_id != fresh {
            return Err(slug_taken());
        }
        let create = CreateUser {
            user_id: application.user_id,
            name: application.name.clone(),
            email: Some(application.email.clone()),
            role: Role::Admin,
        };
        let context = CommandContext::new(organization_id, Actor::Operator);
        match dispatcher.dispatch(context, create).await {
            // Made by a former try.
            Ok(_) | Err(CommandError::Refused(Refusal::Conflict { .. })) => {}
            Err(error) => return Err(error.into()),
        }
        self.open_account(challenge, &application, organization_id, origin)
            .await?;
        Ok(organization_id)
    }

    async fn open_account(
        &self,
        challenge: Uuid,
        application: &Application,
        organization_id: OrganizationId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        let now = self.now();
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        challenges::spend(&tx, Purpose::SignUp, challenge, now).await?;
        let password = Some(application.password.as_str());
        let account = accounts::ensure(&tx, &application.email, password, now).await?;
        let membership = Membership {
            organization_id,
            partition,
            user_id: application.user_id,
        };
        accounts::join(&tx, account.id, membership, now).await?;
        let verified = EmailVerified {
            user_id: application.user_id,
        };
        record::write(&*tx, &self.by_service(origin), organization_id, verified).await?;
        tx.commit().await?;
        self.wake_recorder();
        Ok(())
    }
}

fn slug_taken() -> IdentityError {
    IdentityError::Conflict {
        detail: "another organization has this short name: choose another".to_owned(),
        pointer: Some("/organization_slug"),
    }
}
