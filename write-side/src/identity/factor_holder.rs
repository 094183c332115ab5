//! Whose a second factor is: an account's, which is asked for wherever the account signs in, or that of a person who comes by
//! another site, which is asked for there alone.
//!
//! An organization believes the provider that it chose, others do not: so nothing that follows from its word is the
//! account's, which may be one of other organizations too.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{OrganizationId, UserId};
use domain::text::Email;
use platform::auth::Principal;
use schema::table::{ACCOUNTS, RECOVERY_CODES, SIGN_ON_FACTORS};
use uuid::Uuid;

use super::accounts::{self, Account};
use super::error::IdentityError;
use super::{Identity, Member, session_of, sessions, within};

/// What is asked of the table that has the factor. `$1` is the holder.
pub(super) struct Statements {
    pub(super) propose: &'static str,
    pub(super) secret: &'static str,
    /// Of those who show the same code at the same moment one succeeds.
    pub(super) use_step: &'static str,
    pub(super) confirm: &'static str,
    pub(super) give_up: &'static str,
    /// The most that are looked at in one go.
    pub(super) page: &'static str,
    /// Not when the factor was given up or proposed anew meanwhile.
    pub(super) reseal: &'static str,
}

macro_rules! statements {
    ($table:expr, $key:literal) => {
        Statements {
            propose: formatcp!(
                "UPDATE {} SET totp_secret = $2, totp_last_step = 0 WHERE {} = $1 AND totp_confirmed_at IS NULL",
                $table, $key
            ),
            secret: formatcp!(
                "SELECT f.totp_secret, f.totp_last_step FROM {} f WHERE f.{} = $1 AND f.totp_secret IS NOT NULL",
                $table, $key
            ),
            use_step: formatcp!(
                "UPDATE {} SET totp_last_step = $2 WHERE {} = $1 AND totp_last_step < $2",
                $table, $key
            ),
            confirm: formatcp!(
                "UPDATE {} SET totp_confirmed_at = $2 WHERE {} = $1 AND totp_confirmed_at IS NULL AND totp_secret IS NOT NULL",
                $table, $key
            ),
            give_up: formatcp!(
                "UPDATE {} SET totp_confirmed_at = NULL, totp_secret = NULL WHERE {} = $1 AND totp_confirmed_at IS NOT NULL",
                $table, $key
            ),
            page: formatcp!(
                "SELECT f.{}, f.totp_secret FROM {} f WHERE f.totp_secret IS NOT NULL AND f.{} > $1 ORDER BY f.{} LIMIT 1000",
                $key, $table, $key, $key
            ),
            reseal: formatcp!(
                "UPDATE {} SET totp_secret = $3 WHERE {} = $1 AND totp_secret = $2",
                $table, $key
            ),
        }
    };
}

pub(super) const OF_ACCOUNT: Statements = statements!(ACCOUNTS, "account_id");
pub(super) const OF_PERSON: Statements = statements!(SIGN_ON_FACTORS, "user_id");

const FIND: &str = formatcp!(
    "SELECT count(*) FROM {SIGN_ON_FACTORS} f WHERE f.org_id = $1 AND f.user_id = $2 AND f.totp_confirmed_at IS NOT NULL"
);
const BEGIN: &str = formatcp!(
    "INSERT INTO {SIGN_ON_FACTORS} (user_id, org_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO NOTHING"
);
const REMOVE: &str = formatcp!(
    "WITH codes AS (DELETE FROM {RECOVERY_CODES} WHERE account_id = $2) \
     DELETE FROM {SIGN_ON_FACTORS} WHERE org_id = $1 AND user_id = $2"
);

/// Whose a second factor is, or will be.
#[derive(Debug, Clone)]
pub(super) struct FactorHolder {
    /// The account, or the person: for it codes are hashed and secrets sealed.
    pub(super) id: Uuid,
    /// What an authenticator app shows, and where mail about it goes.
    pub(super) email: String,
    /// Whether there is one already.
    pub(super) has_factor: bool,
    whose: Whose,
}

#[derive(Debug, Clone, Copy)]
enum Whose {
    /// An account's of this generation.
    Account(i32),
    /// A person's of this organization.
    Person(OrganizationId),
}

impl From<&Account> for FactorHolder {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            email: account.email.clone(),
            has_factor: account.has_second_factor,
            whose: Whose::Account(account.generation),
        }
    }
}

impl FactorHolder {
    pub(super) fn statements(&self) -> &'static Statements {
        match self.whose {
            Whose::Account(_) => &OF_ACCOUNT,
            Whose::Person(_) => &OF_PERSON,
        }
    }

    /// The id and generation of the account, if it is one's.
    pub(super) fn account(&self) -> Option<(Uuid, i32)> {
        match self.whose {
            Whose::Account(generation) => Some((self.id, generation)),
            Whose::Person(_) => None,
        }
    }

    /// Makes room for one.
    pub(super) async fn begin(
        &self,
        client: &impl GenericClient,
        now: DateTime<Utc>,
    ) -> Result<(), IdentityError> {
        if let Whose::Person(organization_id) = self.whose {
            client
                .execute(BEGIN, &[&self.id, &organization_id.0, &now])
                .await?;
        }
        Ok(())
    }

    /// Whom it lets act, and where.
    pub(super) async fn people(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<(OrganizationId, UserId)>, IdentityError> {
        if let Whose::Person(organization_id) = self.whose {
            return Ok(vec![(organization_id, UserId(self.id))]);
        }
        accounts::people(client, self.id).await
    }
}

/// Takes the second factor of a person away.
pub(super) async fn remove(
    client: &impl GenericClient,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<(), IdentityError> {
    client
        .execute(REMOVE, &[&organization_id.0, &user_id.0])
        .await?;
    Ok(())
}

impl Identity {
    /// A person of an organization, as the holder of a second factor for when they come by another site.
    pub(super) async fn person_as_holder(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
        email: &Email,
    ) -> Result<FactorHolder, IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let row = tx
            .query_one(FIND, &[&organization_id.0, &user_id.0])
            .await?;
        Ok(FactorHolder {
            id: user_id.0,
            email: email.as_str().to_owned(),
            has_factor: row.try_get::<_, i64>(0)? > 0,
            whose: Whose::Person(organization_id),
        })
    }

    /// The second factor that somebody has when they come by another site: their own for that, or else their account's.
    pub(super) async fn factor_at_sign_on(
        &self,
        member: &Member,
    ) -> Result<Option<FactorHolder>, IdentityError> {
        let (organization_id, user_id) =
            (member.membership.organization_id, member.membership.user_id);
        if let Some(email) = &member.person.user.email {
            let holder = self.person_as_holder(organization_id, user_id, email);
            let holder = holder.await?;
            if holder.has_factor {
                return Ok(Some(holder));
            }
        }
        let client = self.client().await?;
        let account = accounts::of_user(&client, organization_id, user_id).await?;
        // Whose address is another by now has another login.
        let account = account.filter(|account| member.has_address_of(account));
        let holder = account.map(|account| FactorHolder::from(&account));
        Ok(holder.filter(|holder| holder.has_factor))
    }

    /// Whose second factor the person of a request sets up: by the way in which their session began.
    pub(super) async fn factor_holder(
        &self,
        principal: &Principal,
    ) -> Result<FactorHolder, IdentityError> {
        let (organization_id, user_id) = (principal.organization_id, principal.user_id);
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        let session_id = session_of(principal)?;
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let by_sign_on = sessions::began_by_sign_on(&tx, partition, session_id).await?;
        tx.commit().await?;
        drop(client);
        if !by_sign_on {
            let account = self.account_of(principal).await?;
            return Ok(FactorHolder::from(&account));
        }
        let person = self.inner.dispatcher.person(organization_id, user_id);
        let email = person.await?.and_then(|person| person.user.email);
        let email = email.ok_or(IdentityError::NotFound("the address"))?;
        let holder = self.person_as_holder(organization_id, user_id, &email);
        let (holder, mut client) = (holder.await?, self.client().await?);
        let tx = within(&mut client, organization_id).await?;
        let account = accounts::of_user(&tx, organization_id, user_id).await?;
        let has_address = |account: &Account| account.email == email.as_str();
        // What is asked for after a sign-on as well is not replaced by who holds a session.
        if account.is_some_and(|it| it.has_second_factor && has_address(&it)) && !holder.has_factor
        {
            return Err(IdentityError::Forbidden(
                "your account has a second factor: sign in by what belongs to the account to change it",
            ));
        }
        Ok(holder)
    }
}
