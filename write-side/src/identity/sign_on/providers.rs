//! The providers of organizations, as they are stored.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{OrganizationId, SignOnProviderId};
use domain::security::sign_on::SignOnSettings;
use domain::security::words::SignOnKind;
use event_store::Partition;
use schema::table::SIGN_ON_PROVIDERS;
use sealing::MasterKeys;
use sign_on::{ClientSecret, Issuer, Kind, Provider};
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use crate::identity::error::IdentityError;
use crate::identity::internal;

/// What the key is derived for that seals the secrets of clients.
const SECRETS: &str = "sign-on client secrets";
/// The most that an organization may have.
pub(super) const PROVIDERS_MAX: i64 = 20;

const COLUMNS: &str =
    "p.provider_id, p.kind, p.issuer, p.client_id, p.client_secret, p.settings, p.created_at";
const ADD: &str = formatcp!(
    "INSERT INTO {SIGN_ON_PROVIDERS} (partition, org_id, provider_id, kind, issuer, client_id, client_secret, settings, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
);
const COUNT: &str = formatcp!(
    "SELECT count(*) FROM {SIGN_ON_PROVIDERS} p WHERE p.partition = $1 AND p.org_id = $2"
);
const LIST: &str = formatcp!(
    "SELECT {COLUMNS} FROM {SIGN_ON_PROVIDERS} p WHERE p.partition = $1 AND p.org_id = $2 ORDER BY p.created_at, p.provider_id"
);
const FIND: &str = formatcp!(
    "SELECT {COLUMNS} FROM {SIGN_ON_PROVIDERS} p WHERE p.partition = $1 AND p.org_id = $2 AND p.provider_id = $3"
);
const FIND_TO_CHANGE: &str = formatcp!("{FIND} FOR UPDATE");
const CHANGE: &str = formatcp!(
    "UPDATE {SIGN_ON_PROVIDERS} SET client_secret = $4, settings = $5 \
      WHERE partition = $1 AND org_id = $2 AND provider_id = $3"
);
const REMOVE: &str = formatcp!(
    "DELETE FROM {SIGN_ON_PROVIDERS} WHERE partition = $1 AND org_id = $2 AND provider_id = $3"
);
/// Of every organization: this is the operator's.
const PAGE: &str = formatcp!(
    "SELECT p.partition, p.org_id, p.provider_id, p.client_secret FROM {SIGN_ON_PROVIDERS} p \
      WHERE p.provider_id > $1 ORDER BY p.provider_id LIMIT 1000"
);
/// Not when another secret was set meanwhile.
const RESEAL: &str = formatcp!(
    "UPDATE {SIGN_ON_PROVIDERS} SET client_secret = $5 \
      WHERE partition = $1 AND org_id = $2 AND provider_id = $3 AND client_secret = $4"
);

/// An organization, and where it lives.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    pub(super) partition: Partition,
    pub(super) organization_id: OrganizationId,
}

/// A provider that people of an organization sign on by. Its secret stays sealed.
#[derive(Clone)]
pub struct SignOnProvider {
    /// Its id.
    pub id: SignOnProviderId,
    /// How it is spoken with.
    pub kind: SignOnKind,
    /// Its issuer, or the base of a GitHub.
    pub issuer: Issuer,
    /// As whom it is asked.
    pub client_id: String,
    /// What is decided about it.
    pub settings: SignOnSettings,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
    pub(super) sealed_secret: Vec<u8>,
}

impl SignOnProvider {
    /// What it takes to speak with it.
    pub(super) fn opened(&self, master: &MasterKeys) -> Result<Provider, IdentityError> {
        let opened = master.open(SECRETS, self.id.0.as_bytes(), &self.sealed_secret);
        let secret = opened.map_err(internal)?;
        let secret = String::from_utf8(secret.to_vec()).map_err(internal)?;
        Ok(Provider {
            kind: match self.kind {
                SignOnKind::Oidc => Kind::Oidc,
                SignOnKind::Github => Kind::Github,
            },
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: ClientSecret::new(secret),
        })
    }
}

/// A client's secret as it is stored.
pub(super) fn sealed(
    master: &MasterKeys,
    id: SignOnProviderId,
    secret: &str,
) -> Result<Vec<u8>, IdentityError> {
    let sealed = master.seal(SECRETS, id.0.as_bytes(), secret.as_bytes());
    sealed.map_err(internal)
}

fn provider(row: &Row) -> Result<SignOnProvider, IdentityError> {
    let kind: String = row.try_get(1)?;
    let known = SignOnKind::ALL.iter().find(|known| known.as_str() == kind);
    let issuer: String = row.try_get(2)?;
    let Json(settings) = row.try_get::<_, Json<serde_json::Value>>(5)?;
    Ok(SignOnProvider {
        id: SignOnProviderId(row.try_get(0)?),
        kind: *known.ok_or_else(|| IdentityError::Internal("a provider of no kind".into()))?,
        issuer: issuer.parse().map_err(internal)?,
        client_id: row.try_get(3)?,
        sealed_secret: row.try_get(4)?,
        settings: serde_json::from_value(settings)?,
        created_at: row.try_get(6)?,
    })
}

pub(super) async fn add(
    client: &impl GenericClient,
    home: Home,
    new: &SignOnProvider,
) -> Result<(), IdentityError> {
    let settings = Json(serde_json::to_value(&new.settings)?);
    let (kind, issuer) = (new.kind.as_str(), new.issuer.as_str());
    let values: [&(dyn ToSql + Sync); 9] = [
        &home.partition.get(),
        &home.organization_id.0,
        &new.id.0,
        &kind,
        &issuer,
        &new.client_id,
        &new.sealed_secret,
        &settings,
        &new.created_at,
    ];
    client.execute(ADD, &values).await?;
    Ok(())
}

pub(super) async fn count(client: &impl GenericClient, home: Home) -> Result<i64, IdentityError> {
    let place = (home.partition.get(), home.organization_id.0);
    let row = client.query_one(COUNT, &[&place.0, &place.1]).await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn list(
    client: &impl GenericClient,
    home: Home,
) -> Result<Vec<SignOnProvider>, IdentityError> {
    let statement = client.prepare_cached(LIST).await?;
    let place = (home.partition.get(), home.organization_id.0);
    let rows = client.query(&statement, &[&place.0, &place.1]).await?;
    rows.iter().map(provider).collect()
}

pub(super) async fn find(
    client: &impl GenericClient,
    home: Home,
    id: SignOnProviderId,
) -> Result<Option<SignOnProvider>, IdentityError> {
    let statement = client.prepare_cached(FIND).await?;
    let place = (home.partition.get(), home.organization_id.0);
    let row = client
        .query_opt(&statement, &[&place.0, &place.1, &id.0])
        .await?;
    row.as_ref().map(provider).transpose()
}

/// Whoever changes it at the same moment waits.
pub(super) async fn find_to_change(
    client: &impl GenericClient,
    home: Home,
    id: SignOnProviderId,
) -> Result<Option<SignOnProvider>, IdentityError> {
    let place = (home.partition.get(), home.organization_id.0);
    let row = client
        .query_opt(FIND_TO_CHANGE, &[&place.0, &place.1, &id.0])
        .await?;
    row.as_ref().map(provider).transpose()
}

pub(super) async fn change(
    client: &impl GenericClient,
    home: Home,
    changed: &SignOnProvider,
) -> Result<(), IdentityError> {
    let settings = Json(serde_json::to_value(&changed.settings)?);
    let values: [&(dyn ToSql + Sync); 5] = [
        &home.partition.get(),
        &home.organization_id.0,
        &changed.id.0,
        &changed.sealed_secret,
        &settings,
    ];
    client.execute(CHANGE, &values).await?;
    Ok(())
}

/// Whether it was there.
pub(super) async fn remove(
    client: &impl GenericClient,
    home: Home,
    id: SignOnProviderId,
) -> Result<bool, IdentityError> {
    let place = (home.partition.get(), home.organization_id.0);
    let removed = client.execute(REMOVE, &[&place.0, &place.1, &id.0]).await?;
    Ok(removed == 1)
}

/// Seals the secrets of clients anew that another than the current master key sealed; how many.
///
/// # Errors
/// When the database fails, or a secret cannot be opened with the configured keys.
pub async fn reseal(
    client: &impl tokio_postgres::GenericClient,
    master: &MasterKeys,
) -> Result<u64, IdentityError> {
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let rows = client.query(PAGE, &[&after]).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for row in &rows {
            let (partition, org_id): (i16, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            let (id, stored): (Uuid, Vec<u8>) = (row.try_get(2)?, row.try_get(3)?);
            after = id;
            if master.sealed_otherwise(SECRETS, &stored) {
                let secret = master.open(SECRETS, id.as_bytes(), &stored);
                let secret = secret.map_err(internal)?;
                let fresh = master.seal(SECRETS, id.as_bytes(), &secret);
                let fresh = fresh.map_err(internal)?;
                let values: [&(dyn ToSql + Sync); 5] = [&partition, &org_id, &id, &stored, &fresh];
                count += client.execute(RESEAL, &values).await?;
            }
        }
    }
}
