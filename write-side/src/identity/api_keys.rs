//! The API keys of an organization: made and revoked by its admins. [`super::key_changes`] changes them.
//!
//! A key acts as a machine, which is a user of the organization with the id of the key. So it outlives whoever made it,
//! has a name wherever it did something, and can be a member of a team. It is revoked first and its machine retired then:
//! a crash between the two lets nobody in.

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use credentials::api_key::ApiKey;
use deadpool_postgres::GenericClient;
use domain::actor::Actor;
use domain::ids::{ApiKeyId, OrganizationId, UserId};
use domain::security::event::{ApiKeyCreated, ApiKeyRevoked};
use domain::text::{Name, Scope};
use platform::auth::Principal;
use platform::permission::{PermissionSet, least_role, of_scopes};
use schema::table::API_KEYS;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::IdentityError;
use super::{Identity, Origin, internal, record, within};
use crate::commands::{CreateMachine, RetireMachine};
use crate::dispatch::CommandContext;

/// How long a key may be good.
pub const KEY_LIFETIME_MAX: TimeDelta = TimeDelta::days(366);
/// How long it is good when nobody says.
pub const KEY_LIFETIME: TimeDelta = TimeDelta::days(90);
/// The most keys of an organization that are good at the same time.
const KEYS_MAX: i64 = 100;
/// The most keys that a list shows: the good ones, and the last of the others.
const LISTED_MAX: i64 = 200;
/// The most ended keys whose machines are retired at a time.
const RETIRED_MAX: i64 = 100;

pub(super) const COLUMNS: &str = "k.key_id, k.name, k.scopes, k.created_by, k.created_at, k.expires_at, k.last_used_at, \
                       k.last_used_address, k.revoked_at";
const COUNT: &str = formatcp!(
    "SELECT count(*) FROM {API_KEYS} k WHERE k.org_id = $1 AND k.revoked_at IS NULL AND k.expires_at > $2"
);
const INSERT: &str = formatcp!(
    "INSERT INTO {API_KEYS} (key_id, org_id, name, hash, scopes, created_by, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);
const LIST: &str = formatcp!(
    "SELECT {COLUMNS} FROM {API_KEYS} k WHERE k.org_id = $1 \
      ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC, k.key_id LIMIT $2"
);
const FIND: &str =
    formatcp!("SELECT {COLUMNS} FROM {API_KEYS} k WHERE k.org_id = $1 AND k.key_id = $2");
const REVOKE: &str = formatcp!(
    "UPDATE {API_KEYS} SET revoked_at = $3 WHERE org_id = $1 AND key_id = $2 AND revoked_at IS NULL"
);
const ENDED: &str = formatcp!(
    "SELECT k.org_id, k.key_id FROM {API_KEYS} k WHERE k.expires_at < $1 AND k.revoked_at IS NULL \
      ORDER BY k.expires_at LIMIT $2"
);

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What people read.
    pub name: Name,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Until when it is good; [`KEY_LIFETIME`] from now when absent.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that was made. Its text is nowhere else.
pub struct MadeKey {
    /// What is kept of it.
    pub listed: ListedKey,
    /// The key.
    pub key: ApiKey,
}

/// What is kept of a key.
#[derive(Debug, Clone)]
pub struct ListedKey {
    /// Its id, and that of its machine.
    pub key_id: ApiKeyId,
    /// What people read.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The admin who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From where.
    pub last_used_address: Option<String>,
    /// Since when it is not good any more.
    pub revoked_at: Option<DateTime<Utc>>,
}

pub(super) fn listed(row: &Row) -> Result<ListedKey, IdentityError> {
    Ok(ListedKey {
        key_id: ApiKeyId(row.try_get(0)?),
        name: row.try_get(1)?,
        scopes: row.try_get(2)?,
        created_by: UserId(row.try_get(3)?),
        created_at: row.try_get(4)?,
        expires_at: row.try_get(5)?,
        last_used_at: row.try_get(6)?,
        last_used_address: row.try_get(7)?,
        revoked_at: row.try_get(8)?,
    })
}

impl Identity {
    /// Makes a key.
    ///
    /// # Errors
    /// When a scope is unknown, the end is too far or has passed, or the organization has too many keys.
    pub async fn make_api_key(
        &self,
        principal: &Principal,
        new: NewKey,
        origin: &Origin,
    ) -> Result<MadeKey, IdentityError> {
        let (now, organization_id) = (self.now(), principal.organization_id);
        let permissions = permissions_of(principal, &new.scopes)?;
        let expires_at = checked_end(new.expires_at.unwrap_or(now + KEY_LIFETIME), now)?;
        self.check_room(organization_id, now).await?;
        let key_id = ApiKeyId(Uuid::now_v7());
        let key = ApiKey::generate(key_id.0).map_err(internal)?;
        let machine = CreateMachine {
            user_id: UserId(key_id.0),
            name: new.name.clone(),
            role: least_role(permissions),
        };
        let context = self.context_of(principal, origin);
        self.inner.dispatcher.dispatch(context, machine).await?;
        let listed = ListedKey {
            key_id,
            name: new.name.to_string(),
            scopes: new.scopes.iter().map(ToString::to_string).collect(),
            created_by: principal.user_id,
            created_at: now,
            expires_at,
            last_used_at: None,
            last_used_address: None,
            revoked_at: None,
        };
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        insert(&tx, organization_id, &listed, &key).await?;
        let created = ApiKeyCreated {
            user_id: UserId(key_id.0),
            key_id,
            name: new.name,
            scopes: new.scopes,
            expires_at: Some(expires_at),
        };
        let by = self.by_person(principal, origin);
        record::write(&*tx, &by, organization_id, created).await?;
        tx.commit().await?;
        self.wake_recorder();
        Ok(MadeKey { listed, key })
    }

    async fn check_room(
        &self,
        organization_id: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<(), IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let statement = tx.prepare_cached(COUNT).await?;
        let row = tx
            .query_one(&statement, &[&organization_id.0, &now])
            .await?;
        let count: i64 = row.try_get(0)?;
        if count < KEYS_MAX {
            return Ok(());
        }
        Err(IdentityError::Conflict {
            detail: format!("the organization has {KEYS_MAX} keys: revoke one first"),
            pointer: None,
        })
    }

    /// The keys of an organization: those that are good, then those that were revoked, each the newest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn api_keys(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Vec<ListedKey>, IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let statement = tx.prepare_cached(LIST).await?;
        let rows = tx
            .query(&statement, &[&organization_id.0, &LISTED_MAX])
            .await?;
        rows.iter().map(listed).collect()
    }

    /// A key of an organization.
    ///
    /// # Errors
    /// When it has none with this id.
    pub async fn api_key(
        &self,
        organization_id: OrganizationId,
        key_id: ApiKeyId,
    ) -> Result<ListedKey, IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let statement = tx.prepare_cached(FIND).await?;
        let row = tx
            .query_opt(&statement, &[&organization_id.0, &key_id.0])
            .await?;
        listed(&row.ok_or(IdentityError::NotFound("the API key"))?)
    }

    /// Revokes a key, at once. A second time is no error.
    ///
    /// # Errors
    /// When the organization has no key with this id.
    pub async fn revoke_api_key(
        &self,
        principal: &Principal,
        key_id: ApiKeyId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let organization_id = principal.organization_id;
        self.api_key(organization_id, key_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        if revoke(&tx, organization_id, key_id, self.now()).await? {
            let revoked = ApiKeyRevoked {
                user_id: UserId(key_id.0),
                key_id,
            };
            let by = self.by_person(principal, origin);
            record::write(&*tx, &by, organization_id, revoked).await?;
        }
        tx.commit().await?;
        drop(client);
        self.inner.api_keys.revoke(key_id);
        self.wake_recorder();
        let context = self.context_of(principal, origin);
        let retire = RetireMachine {
            user_id: UserId(key_id.0),
        };
        self.inner.dispatcher.dispatch(context, retire).await?;
        Ok(())
    }

    /// Retires the machines of keys whose time is over.
    pub(super) async fn retire_ended_keys(&self) -> Result<u64, IdentityError> {
        let (client, now) = (self.client().await?, self.now());
        let ended = client.query(ENDED, &[&now, &RETIRED_MAX]).await?;
        drop(client);
        let mut count = 0;
        for row in &ended {
            let organization_id = OrganizationId(row.try_get(0)?);
            let key_id = ApiKeyId(row.try_get(1)?);
            let context = CommandContext::new(organization_id, Actor::Operator);
            let retire = RetireMachine {
                user_id: UserId(key_id.0),
            };
            self.inner.dispatcher.dispatch(context, retire).await?;
            let client = self.client().await?;
            revoke(&client, organization_id, key_id, now).await?;
            count += 1;
        }
        Ok(count)
    }

    pub(super) fn context_of(&self, principal: &Principal, origin: &Origin) -> CommandContext {
        let address = Some(origin.address.clone()).filter(|address| !address.is_empty());
        CommandContext {
            rights: principal.permissions,
            request_id: origin.request_id.clone(),
            source_address: address,
            ..CommandContext::new(principal.organization_id, principal.actor())
        }
    }
}

/// What a key with these scopes may do, if whoever gives them may do as much.
pub(super) fn permissions_of(
    principal: &Principal,
    scopes: &[Scope],
) -> Result<PermissionSet, IdentityError> {
    let permissions = of_scopes(scopes.iter().map(Scope::as_str));
    let permissions = permissions.ok_or_else(|| IdentityError::Invalid {
        pointer: "/scopes",
        detail: "must be scopes that there are".to_owned(),
    })?;
    if !principal.permissions.has_all(permissions) {
        return Err(IdentityError::Forbidden(
            "these scopes may do more than you may",
        ));
    }
    Ok(permissions)
}

pub(super) fn checked_end(
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, IdentityError> {
    if expires_at > now && expires_at <= now + KEY_LIFETIME_MAX {
        return Ok(expires_at);
    }
    Err(IdentityError::Invalid {
        pointer: "/expires_at",
        detail: format!(
            "must be in the future and at most {} days ahead",
            KEY_LIFETIME_MAX.num_days()
        ),
    })
}

async fn insert(
    client: &impl GenericClient,
    organization_id: OrganizationId,
    listed: &ListedKey,
    key: &ApiKey,
) -> Result<(), IdentityError> {
    let statement = client.prepare_cached(INSERT).await?;
    let hash = key.hash();
    let values: [&(dyn ToSql + Sync); 8] = [
        &listed.key_id.0,
        &organization_id.0,
        &listed.name,
        &hash.as_bytes(),
        &listed.scopes,
        &listed.created_by.0,
        &listed.created_at,
        &listed.expires_at,
    ];
    client.execute(&statement, &values).await?;
    Ok(())
}

/// Whether it was good until now.
async fn revoke(
    client: &impl GenericClient,
    organization_id: OrganizationId,
    key_id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<bool, IdentityError> {
    let statement = client.prepare_cached(REVOKE).await?;
    let values: [&(dyn ToSql + Sync); 3] = [&organization_id.0, &key_id.0, &now];
    Ok(client.execute(&statement, &values).await? == 1)
}
