//! What is held of a person's ways in, for an export: facts, no secrets, and no hashes of them.

use const_format::formatcp;
use deadpool_postgres::Client;
use domain::ids::{OrganizationId, UserId};
use event_store::Partition;
use platform::http::views::{
    PersonAccessView, PersonAccountView, PersonApiKeyView, PersonIdentityView, PersonLinkView,
    PersonMailView, PersonSessionView, SignOnFactorView,
};
use schema::table::{
    ACCOUNTS, API_KEYS, CHALLENGES, KNOWN_DEVICES, MAIL_OUTBOX, MEMBERSHIPS, RECOVERY_CODES,
    SESSIONS, SIGN_ON_FACTORS, SIGN_ON_IDENTITIES, SIGN_ON_PROVIDERS,
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Identity;
use super::error::IdentityError;
use crate::mail::Outbox;

const ACCOUNT: &str = formatcp!(
    "SELECT a.account_id, a.email, a.created_at, m.created_at, a.password_changed_at, a.totp_confirmed_at, \
            (SELECT count(*) FROM {RECOVERY_CODES} r WHERE r.account_id = a.account_id AND r.used_at IS NULL) \
       FROM {MEMBERSHIPS} m JOIN {ACCOUNTS} a ON a.account_id = m.account_id \
      WHERE m.org_id = $1 AND m.user_id = $2"
);
const SIGN_ON_FACTOR: &str = formatcp!(
    "SELECT f.created_at, f.totp_confirmed_at FROM {SIGN_ON_FACTORS} f WHERE f.org_id = $1 AND f.user_id = $2"
);
const IDENTITIES: &str = formatcp!(
    "SELECT i.provider_id, p.issuer, i.subject, i.email, i.created_at \
       FROM {SIGN_ON_IDENTITIES} i JOIN {SIGN_ON_PROVIDERS} p \
         ON p.partition = i.partition AND p.org_id = i.org_id AND p.provider_id = i.provider_id \
      WHERE i.partition = $1 AND i.org_id = $2 AND i.user_id = $3 ORDER BY i.created_at, i.provider_id"
);
const SESSIONS_HELD: &str = formatcp!(
    "SELECT s.session_id, s.methods, s.provider_id, s.device, s.address, s.created_at, s.last_used_at, s.expires_at, \
            s.ended_at, s.end_reason \
       FROM {SESSIONS} s WHERE s.partition = $1 AND s.org_id = $2 AND s.user_id = $3 \
      ORDER BY s.created_at DESC, s.session_id"
);
/// Of the account, and those that a provider vouched for.
const DEVICES: &str = formatcp!(
    "SELECT d.seen_at FROM {KNOWN_DEVICES} d WHERE d.account_id = ANY($1) ORDER BY d.seen_at DESC"
);
/// Those of a reset belong to the account.
const LINKS: &str = formatcp!(
    "SELECT c.challenge_id, c.purpose, c.data ->> 'email', c.created_at, c.expires_at, c.used_at FROM {CHALLENGES} c \
      WHERE c.data ->> 'user_id' = $1 OR c.data ->> 'account_id' = $2 ORDER BY c.created_at DESC, c.challenge_id"
);
const KEYS: &str = formatcp!(
    "SELECT k.key_id, k.name, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.last_used_address, k.revoked_at \
       FROM {API_KEYS} k WHERE k.org_id = $1 AND (k.created_by = $2 OR k.key_id = $2) ORDER BY k.created_at, k.key_id"
);
const MAILS: &str = formatcp!(
    "SELECT o.id, o.sealed, o.created_at FROM {MAIL_OUTBOX} o \
      WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND o.about && $1 ORDER BY o.created_at, o.id"
);

impl Identity {
    /// What is held of the ways in of a person.
    ///
    /// # Errors
    /// When the database cannot be reached, or there is no such organization.
    pub async fn held_of(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<PersonAccessView, IdentityError> {
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        let held = Held {
            client: self.client().await?,
            partition,
            organization_id,
            user_id,
        };
        let (account_id, account) = held.account().await?.unzip();
        // A person who comes by a provider has devices of their own.
        let whose: Vec<Uuid> = account_id.into_iter().chain([user_id.0]).collect();
        Ok(PersonAccessView {
            account,
            sign_on_factor: held.sign_on_factor().await?,
            identities: held.identities().await?,
            sessions: held.sessions().await?,
            devices_seen_at: held.devices_seen_at(&whose).await?,
            links: held.links(account_id).await?,
            api_keys: held.api_keys().await?,
            mails: held.mails(&self.inner.outbox, &whose).await?,
        })
    }
}

/// Whose rows are read.
struct Held {
    client: Client,
    partition: Partition,
    organization_id: OrganizationId,
    user_id: UserId,
}

impl Held {
    async fn account(&self) -> Result<Option<(Uuid, PersonAccountView)>, IdentityError> {
        let (org, user) = (&self.organization_id.0, &self.user_id.0);
        let row = self.client.query_opt(ACCOUNT, &[org, user]).await?;
        let account = |row: Row| {
            let view = PersonAccountView {
                email: row.try_get(1)?,
                created_at: row.try_get(2)?,
                joined_at: row.try_get(3)?,
                password_changed_at: row.try_get(4)?,
                second_factor_since: row.try_get(5)?,
                recovery_codes_left: row.try_get(6)?,
            };
            Ok((row.try_get(0)?, view))
        };
        row.map(account).transpose()
    }

    async fn sign_on_factor(&self) -> Result<Option<SignOnFactorView>, IdentityError> {
        let (org, user) = (&self.organization_id.0, &self.user_id.0);
        let row = self.client.query_opt(SIGN_ON_FACTOR, &[org, user]).await?;
        let factor = |row: Row| {
            Ok(SignOnFactorView {
                created_at: row.try_get(0)?,
                confirmed_at: row.try_get(1)?,
            })
        };
        row.map(factor).transpose()
    }

    async fn identities(&self) -> Result<Vec<PersonIdentityView>, IdentityError> {
        self.of_partition(IDENTITIES, |row| {
            Ok(PersonIdentityView {
                provider_id: row.try_get(0)?,
                issuer: row.try_get(1)?,
                subject: row.try_get(2)?,
                email: row.try_get(3)?,
                linked_at: row.try_get(4)?,
            })
        })
        .await
    }

    async fn sessions(&self) -> Result<Vec<PersonSessionView>, IdentityError> {
        self.of_partition(SESSIONS_HELD, |row| {
            Ok(PersonSessionView {
                id: row.try_get(0)?,
                methods: row.try_get(1)?,
                provider_id: row.try_get(2)?,
                device: row.try_get(3)?,
                address: row.try_get(4)?,
                created_at: row.try_get(5)?,
                last_used_at: row.try_get(6)?,
                refresh_until: row.try_get(7)?,
                ended_at: row.try_get(8)?,
                end_reason: row.try_get(9)?,
            })
        })
        .await
    }

    /// The rows of a table that has a partition.
    async fn of_partition<T>(
        &self,
        statement: &str,
        view: impl Fn(&Row) -> Result<T, tokio_postgres::Error>,
    ) -> Result<Vec<T>, IdentityError> {
        let (partition, org, user) = (
            &self.partition.get(),
            &self.organization_id.0,
            &self.user_id.0,
        );
        let rows = self
            .client
            .query(statement, &[partition, org, user])
            .await?;
        Ok(rows.iter().map(view).collect::<Result<_, _>>()?)
    }

    async fn devices_seen_at(
        &self,
        whose: &[Uuid],
    ) -> Result<Vec<chrono::DateTime<chrono::Utc>>, IdentityError> {
        let rows = self.client.query(DEVICES, &[&whose]).await?;
        let seen = rows.iter().map(|row| row.try_get(0));
        Ok(seen.collect::<Result<_, _>>()?)
    }

    async fn links(&self, account_id: Option<Uuid>) -> Result<Vec<PersonLinkView>, IdentityError> {
        let (user, account) = (
            self.user_id.to_string(),
            account_id.map(|id| id.to_string()),
        );
        let rows = self.client.query(LINKS, &[&user, &account]).await?;
        let link = |row: &Row| {
            Ok(PersonLinkView {
                id: row.try_get(0)?,
                purpose: row.try_get(1)?,
                email: row.try_get(2)?,
                created_at: row.try_get(3)?,
                expires_at: row.try_get(4)?,
                used_at: row.try_get(5)?,
            })
        };
        rows.iter().map(link).collect()
    }

    async fn api_keys(&self) -> Result<Vec<PersonApiKeyView>, IdentityError> {
        let (org, user) = (&self.organization_id.0, &self.user_id.0);
        let rows = self.client.query(KEYS, &[org, user]).await?;
        let key = |row: &Row| {
            Ok(PersonApiKeyView {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                scopes: row.try_get(2)?,
                created_at: row.try_get(3)?,
                expires_at: row.try_get(4)?,
                last_used_at: row.try_get(5)?,
                last_used_address: row.try_get(6)?,
                revoked_at: row.try_get(7)?,
            })
        };
        rows.iter().map(key).collect()
    }

    async fn mails(
        &self,
        outbox: &Outbox,
        whose: &[Uuid],
    ) -> Result<Vec<PersonMailView>, IdentityError> {
        let rows = self.client.query(MAILS, &[&whose]).await?;
        let mail = |row: &Row| {
            let (id, sealed): (Uuid, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let (to, kind) = outbox.outside(id, &sealed).unzip();
            Ok(PersonMailView {
                id,
                kind: kind.map(str::to_owned),
                to,
                created_at: row.try_get(2)?,
            })
        };
        rows.iter().map(mail).collect()
    }
}
