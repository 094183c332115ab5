//! A new password for somebody who forgot theirs: by a link that is mailed, good once and for half an hour.

use std::time::Duration;

use credentials::token::{Token, TokenKind};
use domain::security::event::PasswordResetRequested;
use domain::security::words::PasswordChange;
use domain::text::Email;
use platform::mail::Letter;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

use super::accounts;
use super::challenges::{self, NewChallenge, Purpose};
use super::error::IdentityError;
use super::record;
use super::{Identity, Origin};

/// The answer takes this long, whether or not there is an account: the rest is waited for.
const ANSWER_AFTER: Duration = Duration::from_millis(300);

#[derive(Serialize, Deserialize)]
struct Reset {
    account_id: Uuid,
}

impl Identity {
    /// Mails a link to the owner of an account. Nobody learns whether there is one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn forgot_password(&self, email: &str, origin: &Origin) -> Result<(), IdentityError> {
        let answer_at = Instant::now() + ANSWER_AFTER;
        if let Ok(email) = Email::parse(email) {
            self.mail_reset(&email, origin).await?;
        }
        tokio::time::sleep_until(answer_at).await;
        Ok(())
    }

    async fn mail_reset(&self, email: &Email, origin: &Origin) -> Result<(), IdentityError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let Some(account) = accounts::by_email(&tx, email).await? else {
            return Ok(());
        };
        let token = Token::generate(TokenKind::PasswordReset).map_err(super::internal)?;
        let new = NewChallenge {
            id: Uuid::now_v7(),
            purpose: Purpose::ResetPassword,
            hash: token.hash(),
            subject: &account.id.to_string(),
            data: &Reset {
                account_id: account.id,
            },
        };
        challenges::create(&tx, new, self.now()).await?;
        let letter = Letter::PasswordReset {
            token: token.as_str().to_owned(),
            valid_minutes: Purpose::ResetPassword.valid_minutes(),
        };
        self.post(&tx, email, letter, vec![account.id]).await?;
        let by = self.by_service(origin);
        for membership in accounts::memberships(&tx, account.id).await? {
            let user_id = membership.user_id;
            let asked = PasswordResetRequested { user_id };
            record::write(&*tx, &by, membership.organization_id, asked).await?;
        }
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }

    /// Sets a new password by a link. Every session of the account ends; a second factor stays.
    ///
    /// # Errors
    /// [`IdentityError::Spent`] when the link is not good, or not any more.
    pub async fn reset_password(
        &self,
        token: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let spent = || IdentityError::Spent("link");
        let token = Token::parse(TokenKind::PasswordReset, token).ok_or_else(spent)?;
        let client = self.client().await?;
        let (now, hash) = (self.now(), token.hash());
        let found = challenges::find::<Reset>(&client, Purpose::ResetPassword, &hash, now).await;
        let (challenge, reset) = found?;
        let account = accounts::by_id(&client, reset.account_id).await?;
        let account = account.ok_or_else(spent)?;
        drop(client);
        let member = self.members(&account).await?.pop();
        let member = member.ok_or_else(spent)?;
        let hash = self
            .new_password(&account, &member, "/password", password)
            .await?;
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        challenges::spend(&tx, Purpose::ResetPassword, challenge, now).await?;
        accounts::set_password(&tx, account.id, hash.as_str(), now).await?;
        let by = self.by_service(origin);
        self.end_after_change(&tx, &account, None, PasswordChange::Reset, &by)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }
}
