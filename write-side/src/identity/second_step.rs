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
use super::factor_holder::FactorHolder;
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
    /// None where the person has a second factor of their own for coming by another site.
    account_id: Option<Uuid>,
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
            account_id: Some(account.id),
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
        holder: &FactorHolder,
        signed_on_as: SignedOnAs,
    ) -> Result<SignIn, IdentityError> {
        let account = holder.account();
        let half_way = HalfWay {
            account_id: account.map(|(id, _)| id),
            generation: account.map_or(0, |(_, generation)| generation),
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
        drop(client);
        let account = self.account_half_way(&half_way).await?;
        let second = match half_way.second {
            Some(second) => second,
            None => {
                let holder = self.holder_half_way(&half_way, account.as_ref()).await?;
                self.show_factor(&holder, code, origin).await?
            }
        };
        let organization = organization.or(half_way.organization.as_deref());
        let methods = vec![half_way.first, second];
        let admitted = match (half_way.signed_on_as, account) {
            (Some(signed_on_as), _) => self.admit_signed_on(signed_on_as, methods, origin).await?,
            (None, Some(account)) => {
                let shown = Shown { account, methods };
                self.admit(shown, organization, origin).await?
            }
            (None, None) => return Err(IdentityError::Spent("sign-in")),
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

    /// The account of a sign-in, where it is one's, as it was at its beginning.
    async fn account_half_way(&self, half_way: &HalfWay) -> Result<Option<Account>, IdentityError> {
        let Some(id) = half_way.account_id else {
            return Ok(None);
        };
        let account = accounts::by_id(&self.client().await?, id).await?;
        let account = account.filter(|account| account.generation == half_way.generation);
        account.map(Some).ok_or(IdentityError::Spent("sign-in"))
    }

    /// Whose second factor a sign-in waits for.
    async fn holder_half_way(
        &self,
        half_way: &HalfWay,
        account: Option<&Account>,
    ) -> Result<FactorHolder, IdentityError> {
        if let Some(account) = account {
            return Ok(FactorHolder::from(account));
        }
        let spent = || IdentityError::Spent("sign-in");
        let signed_on_as = half_way.signed_on_as.ok_or_else(spent)?;
        let (organization_id, user_id) = signed_on_as.person();
        let person = self.inner.dispatcher.person(organization_id, user_id);
        let email = person.await?.and_then(|person| person.user.email);
        let email = email.ok_or_else(spent)?;
        let holder = self.person_as_holder(organization_id, user_id, &email);
        let holder = Some(holder.await?).filter(|holder| holder.has_factor);
        holder.ok_or_else(spent)
    }

    /// Uses a code up; by what it was shown.
    async fn show_factor(
        &self,
        holder: &FactorHolder,
        code: Option<&str>,
        origin: &Origin,
    ) -> Result<SignInMethod, IdentityError> {
        let code = code.ok_or_else(|| IdentityError::Invalid {
            pointer: "/code",
            detail: "is needed".to_owned(),
        })?;
        let client = self.client().await?;
        let factor = self.check_factor(&**client, holder, code).await?;
        drop(client);
        match factor {
            Some(Factor::App) => Ok(SignInMethod::Totp),
            Some(Factor::Recovery { left }) => {
                self.tell_of_recovery(holder, left, origin).await?;
                Ok(SignInMethod::RecoveryCode)
            }
            None => {
                let failure = (SignInMethod::Totp, SignInFailure::WrongCode);
                let people = holder.people(&self.client().await?).await?;
                self.tell_of_failure(&people, failure, origin).await?;
                Err(IdentityError::InvalidCode)
            }
        }
    }

    async fn tell_of_recovery(
        &self,
        holder: &FactorHolder,
        left: u8,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let mut client = self.client().await?;
        let by = self.by_service(origin);
        let tx = client.transaction().await?;
        for (organization_id, user_id) in holder.people(&tx).await? {
            let used = RecoveryCodeUsed { user_id, left };
            record::write(&*tx, &by, organization_id, used).await?;
        }
        self.post_change(&tx, holder, FactorChange::RecoveryCodeUsed)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }
}
