//! The second step of a sign-in: a code of the second factor, and after it the organization where one has to be chosen.

use credentials::token::{Token, TokenKind};
use domain::security::event::RecoveryCodeUsed;
use domain::security::words::{SignInFailure, SignInMethod};
use platform::mail::FactorChange;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::{self, Account};
use super::challenges::{self, NewChallenge, Purpose};
use super::error::IdentityError;
use super::record;
use super::second_factor::Factor;
use super::sign_in::{Shown, SignIn};
use super::sign_on::SignedOnAs;
use super::{Identity, Origin, internal};

/// Codes that may be tried for one sign-in. After them the password has to be shown again.
const TRIES_MAX: i16 = 5;

/// A sign-in that waits for its second factor.
#[derive(Debug, Serialize, Deserialize)]
struct HalfWay {
    account_id: Uuid,
    generation: i32,
    /// What was shown before.
    first: SignInMethod,
    /// The second, where the organization alone is left to be chosen.
    #[serde(default)]
    second: Option<SignInMethod>,
    organization: Option<String>,
    /// Whom a provider recognized, where it began at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_on_as: Option<SignedOnAs>,
}

impl Identity {
    /// Asks for the second factor of an account that has shown its first.
    pub(super) async fn ask_for_second_factor(
        &self,
        account: &Account,
        first: SignInMethod,
        organization: Option<&str>,
    ) -> Result<SignIn, IdentityError> {
        let half_way = HalfWay {
            account_id: account.id,
            generation: account.generation,
            first,
            second: None,
            organization: organization.map(str::to_owned),
            signed_on_as: None,
        };
        let ticket = self.give_ticket(&half_way).await?;
        Ok(SignIn::SecondFactor { ticket })
    }

    /// Asks for the second factor of a person whom a provider recognized.
    pub(super) async fn ask_for_second_factor_after_sign_on(
        &self,
        account: &Account,
        signed_on_as: SignedOnAs,
    ) -> Result<SignIn, IdentityError> {
        let half_way = HalfWay {
            account_id: account.id,
            generation: account.generation,
            first: SignInMethod::Oidc,
            second: None,
            organization: None,
            signed_on_as: Some(signed_on_as),
        };
        let ticket = self.give_ticket(&half_way).await?;
        Ok(SignIn::SecondFactor { ticket })
    }

    /// A ticket for the next step of a sign-in.
    async fn give_ticket(&self, half_way: &HalfWay) -> Result<String, IdentityError> {
        let ticket = Token::generate(TokenKind::SignIn).map_err(internal)?;
        let id = Uuid::now_v7();
        let new = NewChallenge {
            id,
            purpose: Purpose::SignIn,
            hash: ticket.hash(),
            // Several devices may sign in at the same time.
            subject: &id.to_string(),
            data: half_way,
        };
        challenges::create(&self.client().await?, new, self.now()).await?;
        Ok(ticket.as_str().to_owned())
    }

    /// Completes a sign-in by a code of the app, or a recovery code, or by the choice of an organization where the code was
    /// shown before.
    ///
    /// # Errors
    /// [`IdentityError::InvalidCode`] when it is not right or was used; [`IdentityError::Spent`] after too many tries.
    pub async fn complete_sign_in(
        &self,
        ticket: &str,
        code: Option<&str>,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let spent = IdentityError::Spent("sign-in");
        let ticket = Token::parse(TokenKind::SignIn, ticket).ok_or(spent)?;
        let client = self.client().await?;
        let now = self.now();
        let hash = ticket.hash();
        let found = challenges::find::<HalfWay>(&client, Purpose::SignIn, &hash, now);
        let (id, half_way) = found.await?;
        challenges::take_try(&client, Purpose::SignIn, id, TRIES_MAX, now).await?;
        let account = accounts::by_id(&client, half_way.account_id).await?;
        let account = account.filter(|account| account.generation == half_way.generation);
        let account = account.ok_or(IdentityError::Spent("sign-in"))?;
        drop(client);
        let second = match half_way.second {
            Some(second) => second,
            None => self.show_factor(&account, code, origin).await?,
        };
        let organization = organization.or(half_way.organization.as_deref());
        let methods = vec![half_way.first, second];
        let admitted = match half_way.signed_on_as {
            Some(signed_on_as) => self.admit_signed_on(signed_on_as, methods, origin).await?,
            None => {
                let shown = Shown { account, methods };
                self.admit(shown, organization, origin).await?
            }
        };
        challenges::spend(&self.client().await?, Purpose::SignIn, id, now).await?;
        match admitted {
            // The code is used up: the next step needs none.
            SignIn::ChooseOrganization { choices, .. } => {
                let shown = HalfWay {
                    second: Some(second),
                    organization: None,
                    ..half_way
                };
                let ticket = Some(self.give_ticket(&shown).await?);
                Ok(SignIn::ChooseOrganization { choices, ticket })
            }
            admitted => Ok(admitted),
        }
    }

    /// Uses a code up; by what it was shown.
    async fn show_factor(
        &self,
        account: &Account,
        code: Option<&str>,
        origin: &Origin,
    ) -> Result<SignInMethod, IdentityError> {
        let code = code.ok_or_else(|| IdentityError::Invalid {
            pointer: "/code",
            detail: "is needed".to_owned(),
        })?;
        let client = self.client().await?;
        let factor = self.check_factor(&**client, account, code).await?;
        drop(client);
        match factor {
            Some(Factor::App) => Ok(SignInMethod::Totp),
            Some(Factor::Recovery { left }) => {
                self.tell_of_recovery(account, left, origin).await?;
                Ok(SignInMethod::RecoveryCode)
            }
            None => {
                let failure = (SignInMethod::Totp, SignInFailure::WrongCode);
                self.tell_of_failure(account, failure, origin).await?;
                Err(IdentityError::InvalidCode)
            }
        }
    }

    async fn tell_of_recovery(
        &self,
        account: &Account,
        left: u8,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let mut client = self.client().await?;
        let by = self.by_service(origin);
        let tx = client.transaction().await?;
        for membership in accounts::memberships(&tx, account.id).await? {
            let user_id = membership.user_id;
            let used = RecoveryCodeUsed { user_id, left };
            record::write(&*tx, &by, membership.organization_id, used).await?;
        }
        self.post_change(&tx, account, FactorChange::RecoveryCodeUsed)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }
}
