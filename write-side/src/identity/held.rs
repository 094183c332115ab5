//! What is held of a person's ways in, for an export: facts, no secrets, and no hashes of them.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::{Client, Transaction};
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
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::IdentityError;
use super::{Identity, within};
use crate::mail::Outbox;

const ACCOUNT: &str = formatcp!(
    "SELECT a.email, a.created_at, m.created_at, a.password_changed_at, a.totp_confirmed_at, \
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
/// The account, where this is the only organization that it acts in.
const OWN_ACCOUNT: &str = formatcp!(
    "SELECT m.account_id FROM {MEMBERSHIPS} m WHERE m.org_id = $1 AND m.user_id = $2 \
        AND NOT EXISTS (SELECT 1 FROM {MEMBERSHIPS} o WHERE o.account_id = m.account_id AND o.org_id <> m.org_id)"
);
/// Of the account, and those that a provider vouched for.
const DEVICES: &str = formatcp!(
    "SELECT d.seen_at FROM {KNOWN_DEVICES} d WHERE d.account_id = ANY($1) ORDER BY d.seen_at DESC"
);
/// Those of a reset, and of the steps of a sign-in, belong to the account.
const LINKS: &str = formatcp!(
    "SELECT c.challenge_id, c.purpose, c.data ->> 'email', c.created_at, c.expires_at, c.used_at FROM {CHALLENGES} c \
      WHERE c.data ->> 'user_id' = $1 OR c.data ->> 'account_id' = $2 \
      ORDER BY c.created_at DESC, c.challenge_id"
);
const KEYS: &str = formatcp!(
    "SELECT k.key_id, k.name, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.last_used_address, k.revoked_at \
       FROM {API_KEYS} k WHERE k.org_id = $1 AND (k.created_by = $2 OR k.key_id = $2) ORDER BY k.created_at, k.key_id"
);
/// The letter that somebody with an account gets who is about to found an organization: nobody else's matter.
const FOUNDING: &str = "another_organization";
const MAILS: &str = formatcp!(
    "SELECT o.id, o.sealed, o.created_at FROM {MAIL_OUTBOX} o \
      WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND o.about && $1 ORDER BY o.created_at, o.id"
);

impl Identity {
    /// What is held of the ways in of a person. What belongs to an account that acts in other organizations as well would tell
    /// what its owner does there: devices, resets and letters to the account are left out then.
    ///
    /// # Errors
    /// When the database cannot be reached, or there is no such organization.
    pub async fn held_of(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<PersonAccessView, IdentityError> {
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        let mut client = self.client().await?;
        // These name no organization: to know of others is the point of the first, and the rest has none.
        let of_account = OfAccount::find(&client, organization_id, user_id).await?;
        let devices_seen_at = of_account.devices_seen_at(&client).await?;
        let links = of_account.links(&client).await?;
        let mails = of_account.mails(&client, &self.inner.outbox).await?;
        let held = Held {
            tx: within(&mut client, organization_id).await?,
            partition,
            organization_id,
            user_id,
        };
        Ok(PersonAccessView {
            account: held.account().await?,
            sign_on_factor: held.sign_on_factor().await?,
            identities: held.identities().await?,
            sessions: held.sessions().await?,
            devices_seen_at,
            links,
            api_keys: held.api_keys().await?,
            mails,
        })
    }
}

/// Whose rows of the organization are read, in a transaction that names it.
struct Held<'a> {
    tx: Transaction<'a>,
    partition: Partition,
    organization_id: OrganizationId,
    user_id: UserId,
}

impl Held<'_> {
    async fn account(&self) -> Result<Option<PersonAccountView>, IdentityError> {
        let (org, user) = (&self.organization_id.0, &self.user_id.0);
        let row = self.tx.query_opt(ACCOUNT, &[org, user]).await?;
        let account = |row: Row| {
            Ok(PersonAccountView {
                email: row.try_get(0)?,
                created_at: row.try_get(1)?,
                joined_at: row.try_get(2)?,
                password_changed_at: row.try_get(3)?,
                second_factor_since: row.try_get(4)?,
                recovery_codes_left: row.try_get(5)?,
            })
        };
        row.map(account).transpose()
    }

    async fn sign_on_factor(&self) -> Result<Option<SignOnFactorView>, IdentityError> {
        let (org, user) = (&self.organization_id.0, &self.user_id.0);
        let row = self.tx.query_opt(SIGN_ON_FACTOR, &[org, user]).await?;
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
        let rows = self.tx.query(statement, &[partition, org, user]).await?;
        Ok(rows.iter().map(view).collect::<Result<_, _>>()?)
    }

    async fn api_keys(&self) -> Result<Vec<PersonApiKeyView>, IdentityError> {
        let (org, user) = (&self.organization_id.0, &self.user_id.0);
        let rows = self.tx.query(KEYS, &[org, user]).await?;
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
}

/// What belongs to a person's account rather than to the organization, as far as it is the organization's own.
struct OfAccount {
    user_id: UserId,
    /// None where the account acts in another organization as well.
    account_id: Option<Uuid>,
}

impl OfAccount {
    async fn find(
        client: &Client,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<Self, IdentityError> {
        let values: [&(dyn ToSql + Sync); 2] = [&organization_id.0, &user_id.0];
        let own = client.query_opt(OWN_ACCOUNT, &values).await?;
        let own = own.map(|row| row.try_get(0)).transpose()?;
        Ok(Self {
            user_id,
            account_id: own,
        })
    }

    /// A person who comes by a provider has devices of their own.
    fn whose(&self) -> Vec<Uuid> {
        self.account_id
            .into_iter()
            .chain([self.user_id.0])
            .collect()
    }

    async fn devices_seen_at(&self, client: &Client) -> Result<Vec<DateTime<Utc>>, IdentityError> {
        let whose = self.whose();
        let rows = client.query(DEVICES, &[&whose]).await?;
        let seen = rows.iter().map(|row| row.try_get(0));
        Ok(seen.collect::<Result<_, _>>()?)
    }

    async fn links(&self, client: &Client) -> Result<Vec<PersonLinkView>, IdentityError> {
        let user = self.user_id.to_string();
        let account = self.account_id.map(|id| id.to_string());
        let rows = client.query(LINKS, &[&user, &account]).await?;
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

    async fn mails(
        &self,
        client: &Client,
        outbox: &Outbox,
    ) -> Result<Vec<PersonMailView>, IdentityError> {
        let whose = self.whose();
        let rows = client.query(MAILS, &[&whose]).await?;
        let mut mails = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, sealed): (Uuid, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let (to, kind) = outbox.outside(id, &sealed).unzip();
            if kind == Some(FOUNDING) {
                continue;
            }
            mails.push(PersonMailView {
                id,
                kind: kind.map(str::to_owned),
                to,
                created_at: row.try_get(2)?,
            });
        }
        Ok(mails)
    }
}
