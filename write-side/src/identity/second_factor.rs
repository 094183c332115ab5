//! A second factor: codes of an authenticator app, and recovery codes for when it is lost. [`super::factor_holder`] says
//! whose it is, [`super::second_step`] asks for it.

use const_format::formatcp;
use credentials::recovery::RecoveryCode;
use credentials::totp::{Step, TotpSecret};
use deadpool_postgres::Transaction;
use domain::security::event::{RecoveryCodesMade, SecondFactorDisabled, SecondFactorEnabled};
use domain::security::words::SecondFactorKind;
use platform::auth::Principal;
use platform::mail::{FactorChange, Letter};
use schema::table::RECOVERY_CODES;
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::accounts::Account;
use super::error::IdentityError;
use super::factor_holder::FactorHolder;
use super::record;
use super::{Identity, Origin, internal, within};

/// What the key is derived for that seals the secrets of authenticator apps.
pub(super) const PURPOSE: &str = "totp secrets";
/// What an authenticator app calls us.
const ISSUER: &str = "InsightDesk";
const DROP_CODES: &str = formatcp!("DELETE FROM {RECOVERY_CODES} WHERE account_id = $1");
const ADD_CODES: &str = formatcp!(
    "INSERT INTO {RECOVERY_CODES} (account_id, hash) SELECT $1, h FROM unnest($2::bytea[]) AS n(h)"
);
const USE_CODE: &str = formatcp!(
    "UPDATE {RECOVERY_CODES} SET used_at = $3 WHERE account_id = $1 AND hash = $2 AND used_at IS NULL"
);
const CODES_LEFT: &str = formatcp!(
    "SELECT count(*) FROM {RECOVERY_CODES} r WHERE r.account_id = $1 AND r.used_at IS NULL"
);

/// What an authenticator app has to know.
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: String,
    /// As a link.
    pub uri: String,
    /// The link as a picture.
    pub qr_svg: String,
}

/// What a code was.
pub(super) enum Factor {
    App,
    Recovery { left: u8 },
}

impl Identity {
    /// Uses a code up, if it is one of the holder's.
    pub(super) async fn check_factor(
        &self,
        client: &impl GenericClient,
        holder: &FactorHolder,
        code: &str,
    ) -> Result<Option<Factor>, IdentityError> {
        if self.uses_step(client, holder, code).await? {
            return Ok(Some(Factor::App));
        }
        let Some(code) = RecoveryCode::parse(code) else {
            return Ok(None);
        };
        let hash = code.hash(holder.id);
        let used = client
            .execute(USE_CODE, &[&holder.id, &hash.as_bytes(), &self.now()])
            .await?;
        if used == 0 {
            return Ok(None);
        }
        let left: i64 = client
            .query_one(CODES_LEFT, &[&holder.id])
            .await?
            .try_get(0)?;
        let left = u8::try_from(left).unwrap_or(u8::MAX);
        Ok(Some(Factor::Recovery { left }))
    }

    async fn uses_step(
        &self,
        client: &impl GenericClient,
        holder: &FactorHolder,
        code: &str,
    ) -> Result<bool, IdentityError> {
        let statements = holder.statements();
        let Some(row) = client.query_opt(statements.secret, &[&holder.id]).await? else {
            return Ok(false);
        };
        let (sealed, last): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
        let opened = self
            .inner
            .master
            .open(PURPOSE, holder.id.as_bytes(), &sealed);
        let secret = TotpSecret::from_stored(&opened.map_err(internal)?).map_err(internal)?;
        let Some(step) = secret.check(code, self.now(), Step::from_stored(last)) else {
            return Ok(false);
        };
        let used = client
            .execute(statements.use_step, &[&holder.id, &step.to_stored()])
            .await?;
        Ok(used == 1)
    }

    /// Proposes a second factor to the person of a request. It is asked for once [`Identity::confirm_second_factor`] has
    /// seen a code of it. In a session that began at another site it is for coming from there, else the account's.
    ///
    /// # Errors
    /// When there is one already.
    pub async fn propose_second_factor(
        &self,
        principal: &Principal,
    ) -> Result<Enrolment, IdentityError> {
        let holder = self.factor_holder(principal).await?;
        let secret = TotpSecret::generate().map_err(internal)?;
        let sealed = self
            .inner
            .master
            .seal(PURPOSE, holder.id.as_bytes(), secret.as_bytes())
            .map_err(internal)?;
        let mut client = self.client().await?;
        let tx = within(&mut client, principal.organization_id).await?;
        holder.begin(&tx, self.now()).await?;
        let propose = holder.statements().propose;
        if tx.execute(propose, &[&holder.id, &sealed]).await? == 0 {
            return Err(IdentityError::Conflict {
                detail: "there is a second factor already: give it up first".to_owned(),
                pointer: None,
            });
        }
        tx.commit().await?;
        Ok(Enrolment {
            secret: secret.to_base32().to_string(),
            uri: secret
                .uri(ISSUER, &holder.email)
                .map_err(internal)?
                .to_string(),
            qr_svg: secret
                .qr_svg(ISSUER, &holder.email)
                .map_err(internal)?
                .to_string(),
        })
    }

    /// Begins to ask for the proposed second factor; the recovery codes for when it is lost, shown this once.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] when the code is not one of it.
    pub async fn confirm_second_factor(
        &self,
        principal: &Principal,
        code: &str,
        origin: &Origin,
    ) -> Result<Vec<String>, IdentityError> {
        let holder = self.factor_holder(principal).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, principal.organization_id).await?;
        if !self.uses_step(&*tx, &holder, code).await? {
            return Err(wrong_code());
        }
        let confirm = holder.statements().confirm;
        if tx.execute(confirm, &[&holder.id, &self.now()]).await? == 0 {
            return Err(IdentityError::Conflict {
                detail: "the second factor is in use already".to_owned(),
                pointer: None,
            });
        }
        let codes = fresh_codes(&*tx, holder.id).await?;
        let by = self.by_person(principal, origin);
        let (org, user_id) = (principal.organization_id, principal.user_id);
        let kind = SecondFactorKind::Totp;
        record::write(&*tx, &by, org, SecondFactorEnabled { user_id, kind }).await?;
        record::write(&*tx, &by, org, RecoveryCodesMade { user_id }).await?;
        self.post_change(&tx, &holder, FactorChange::TurnedOn)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(codes)
    }

    /// Makes new recovery codes; the former ones are void.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] when the code is not right.
    pub async fn renew_recovery_codes(
        &self,
        principal: &Principal,
        code: &str,
        origin: &Origin,
    ) -> Result<Vec<String>, IdentityError> {
        let holder = self.factor_holder(principal).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, principal.organization_id).await?;
        if !holder.has_factor || !self.uses_step(&*tx, &holder, code).await? {
            return Err(wrong_code());
        }
        let codes = fresh_codes(&*tx, holder.id).await?;
        let by = self.by_person(principal, origin);
        let made = RecoveryCodesMade {
            user_id: principal.user_id,
        };
        record::write(&*tx, &by, principal.organization_id, made).await?;
        self.post_change(&tx, &holder, FactorChange::RecoveryCodesRenewed)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(codes)
    }

    /// Gives the second factor up. The password and a code have to be shown once more.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] when one of them is not right.
    pub async fn give_up_second_factor(
        &self,
        principal: &Principal,
        password: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let account = self.account_of(principal).await?;
        self.refuse_where_demanded(&account).await?;
        self.demand_password(&account, "/password", password)
            .await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, principal.organization_id).await?;
        let holder = FactorHolder::from(&account);
        if self.check_factor(&*tx, &holder, code).await?.is_none() {
            return Err(wrong_code());
        }
        let give_up = holder.statements().give_up;
        if tx.execute(give_up, &[&holder.id]).await? == 0 {
            return Err(IdentityError::Conflict {
                detail: "there is no second factor".to_owned(),
                pointer: None,
            });
        }
        tx.execute(DROP_CODES, &[&account.id]).await?;
        let by = self.by_person(principal, origin);
        let gone = SecondFactorDisabled {
            user_id: principal.user_id,
            kind: SecondFactorKind::Totp,
        };
        record::write(&*tx, &by, principal.organization_id, gone).await?;
        self.post_change(&tx, &holder, FactorChange::TurnedOff)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }
}

impl Identity {
    pub(super) async fn post_change(
        &self,
        tx: &Transaction<'_>,
        holder: &FactorHolder,
        change: FactorChange,
    ) -> Result<(), IdentityError> {
        let at = self.now();
        let letter = Letter::SecondFactorChanged { change, at };
        self.post_to(tx, &holder.email, letter, vec![holder.id])
            .await
    }

    /// A second factor stays while an organization of the account demands it.
    async fn refuse_where_demanded(&self, account: &Account) -> Result<(), IdentityError> {
        let members = self.members(account).await?;
        match members.iter().find(|member| member.needs_second_factor()) {
            None => Ok(()),
            Some(member) => Err(IdentityError::Conflict {
                detail: format!(
                    "{} demands a second factor of you",
                    member.organization_name
                ),
                pointer: None,
            }),
        }
    }
}

async fn fresh_codes(
    client: &impl GenericClient,
    account_id: Uuid,
) -> Result<Vec<String>, IdentityError> {
    let codes = RecoveryCode::generate_set().map_err(internal)?;
    let hashes: Vec<Vec<u8>> = codes
        .iter()
        .map(|code| code.hash(account_id).as_bytes().to_vec())
        .collect();
    client.execute(DROP_CODES, &[&account_id]).await?;
    client.execute(ADD_CODES, &[&account_id, &hashes]).await?;
    Ok(codes.iter().map(|code| code.shown().to_string()).collect())
}

fn wrong_code() -> IdentityError {
    IdentityError::Invalid {
        pointer: "/code",
        detail: "is not right, or was used before".to_owned(),
    }
}
