//! Signing in by a code from a mail: for customers, who need no password.

use std::time::Duration;

use credentials::SecretHash;
use credentials::code::{CodePlace, OneTimeCode};
use domain::actor::Role;
use domain::ids::{OrganizationId, UserId};
use domain::security::event::SignInFailed;
use domain::security::words::{SignInFailure, SignInMethod};
use domain::text::Email;
use platform::mail::Letter;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

use super::accounts::{self, Account, Membership};
use super::challenges::{self, NewChallenge, Purpose};
use super::error::IdentityError;
use super::record;
use super::sign_in::SignIn;
use super::{Identity, Origin};

/// The answer takes this long, whether or not somebody has the address: the rest is waited for.
const ANSWER_AFTER: Duration = Duration::from_millis(300);
/// Codes that may be tried. After them a new one has to be asked for.
const TRIES_MAX: i16 = 5;
/// Binds the hash of a code to what it is for.
const PLACE: &str = "email code";

#[derive(Serialize, Deserialize)]
struct Asked {
    user_id: UserId,
}

impl Identity {
    /// Mails a code to a customer of an organization. Nobody learns whether there is one.
    ///
    /// # Errors
    /// When the database or the log cannot be reached.
    pub async fn ask_for_code(&self, email: &str, organization: &str) -> Result<(), IdentityError> {
        let answer_at = Instant::now() + ANSWER_AFTER;
        if let Ok(email) = Email::parse(email)
            && let Some((organization_id, user_id)) = self.customer(&email, organization).await?
        {
            self.mail_code(&email, organization_id, user_id).await?;
        }
        tokio::time::sleep_until(answer_at).await;
        Ok(())
    }

    /// The active customer of an organization with this address.
    async fn customer(
        &self,
        email: &Email,
        organization: &str,
    ) -> Result<Option<(OrganizationId, UserId)>, IdentityError> {
        let dispatcher = &self.inner.dispatcher;
        let Some(organization_id) = self.organization_of(organization).await? else {
            return Ok(None);
        };
        let Some(user_id) = dispatcher.holder_of(organization_id, email).await? else {
            return Ok(None);
        };
        let person = dispatcher.person(organization_id, user_id).await?;
        let is_customer =
            person.is_some_and(|person| person.user.active && person.user.role == Role::Customer);
        Ok(is_customer.then_some((organization_id, user_id)))
    }

    async fn mail_code(
        &self,
        email: &Email,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<(), IdentityError> {
        let code = OneTimeCode::generate().map_err(super::internal)?;
        let id = Uuid::now_v7();
        let place = CodePlace {
            challenge: id,
            purpose: PLACE,
        };
        let new = NewChallenge {
            id,
            purpose: Purpose::EmailCode,
            hash: code.hash(&self.inner.code_keys, place),
            subject: &subject(organization_id, email),
            data: &Asked { user_id },
        };
        let letter = Letter::OneTimeCode {
            code: code.as_str().to_owned(),
            valid_minutes: Purpose::EmailCode.valid_minutes(),
        };
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        challenges::create(&tx, new, self.now()).await?;
        self.post(&tx, email, letter, vec![user_id.0]).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(())
    }

    /// Signs a customer in by the code that was mailed to them.
    ///
    /// # Errors
    /// [`IdentityError::InvalidCode`] for every reason that the person is at fault for. It takes as long for all of them.
    pub async fn sign_in_by_code(
        &self,
        email: &str,
        organization: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let refuse_at = Instant::now() + ANSWER_AFTER;
        let account = self.account_by_code(email, organization, code, origin);
        match account.await {
            Ok(account) => {
                let first = SignInMethod::EmailCode;
                self.admit_first(account, first, Some(organization), origin)
                    .await
            }
            Err(refused) => {
                tokio::time::sleep_until(refuse_at).await;
                Err(refused)
            }
        }
    }

    /// The account of an address, by the newest code that was mailed to it, which is used up.
    async fn account_by_code(
        &self,
        email: &str,
        organization: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<Account, IdentityError> {
        let wrong = || IdentityError::InvalidCode;
        let email = Email::parse(email).map_err(|_| wrong())?;
        let code = OneTimeCode::parse(code).ok_or_else(wrong)?;
        let customer = self.customer(&email, organization).await?;
        let (organization_id, user_id) = customer.ok_or_else(wrong)?;
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        let (subject, now) = (subject(organization_id, &email), self.now());
        let mut client = self.client().await?;
        let newest =
            challenges::newest::<Asked>(&client, Purpose::EmailCode, &subject, TRIES_MAX, now);
        let (id, stored, asked) = newest.await?.ok_or_else(wrong)?;
        // Counted before the code is compared: those who guess at the same moment share the tries.
        let tried = challenges::take_try(&client, Purpose::EmailCode, id, TRIES_MAX, now).await;
        tried.map_err(|_| wrong())?;
        let stored = SecretHash::from_stored(&stored).map_err(super::internal)?;
        let place = CodePlace {
            challenge: id,
            purpose: PLACE,
        };
        if asked.user_id != user_id || !code.is_right(&self.inner.code_keys, place, &stored) {
            let failed = SignInFailed {
                user_id,
                method: SignInMethod::EmailCode,
                reason: SignInFailure::WrongCode,
            };
            record::write(&**client, &self.by_service(origin), organization_id, failed).await?;
            self.wake_recorder();
            return Err(wrong());
        }
        let tx = client.transaction().await?;
        let spent = challenges::spend(&tx, Purpose::EmailCode, id, now).await;
        spent.map_err(|_| wrong())?;
        let account = accounts::ensure(&tx, &email, None, now).await?;
        let membership = Membership {
            organization_id,
            partition,
            user_id,
        };
        accounts::join(&tx, account.id, membership, now).await?;
        tx.commit().await?;
        Ok(account)
    }
}

fn subject(organization_id: OrganizationId, email: &Email) -> String {
    format!("{organization_id}:{email}")
}
