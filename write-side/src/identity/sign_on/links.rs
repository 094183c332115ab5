//! Who is who at a provider.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{SignOnProviderId, UserId};
use domain::text::Email;
use schema::table::SIGN_ON_IDENTITIES;
use tokio_postgres::types::ToSql;

use super::providers::Home;
use crate::identity::error::IdentityError;

const FIND: &str = formatcp!(
    "SELECT i.user_id, i.email FROM {SIGN_ON_IDENTITIES} i \
      WHERE i.partition = $1 AND i.org_id = $2 AND i.provider_id = $3 AND i.subject = $4"
);
/// Two who come as the same person at the same moment: one is linked.
const ADD: &str = formatcp!(
    "INSERT INTO {SIGN_ON_IDENTITIES} (partition, org_id, provider_id, subject, user_id, email, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
);
const STANDS: &str = formatcp!(
    "SELECT count(*) FROM {SIGN_ON_IDENTITIES} i \
      WHERE i.partition = $1 AND i.org_id = $2 AND i.user_id = $3 AND i.provider_id = $4 AND i.email = $5"
);
/// Those who were somebody with another address.
const REMOVE_OUTDATED: &str = formatcp!(
    "DELETE FROM {SIGN_ON_IDENTITIES} \
      WHERE partition = $1 AND org_id = $2 AND user_id = $3 AND provider_id = $4 AND email <> $5"
);
const REMOVE_OF_USER: &str = formatcp!(
    "DELETE FROM {SIGN_ON_IDENTITIES} WHERE partition = $1 AND org_id = $2 AND user_id = $3"
);
const REMOVE_OF_PROVIDER: &str = formatcp!(
    "DELETE FROM {SIGN_ON_IDENTITIES} WHERE partition = $1 AND org_id = $2 AND provider_id = $3"
);

/// The person whom an identity stands for.
pub(super) struct Link {
    pub(super) user_id: UserId,
    /// Their address when they were linked.
    pub(super) email: String,
}

pub(super) async fn find(
    client: &impl GenericClient,
    home: Home,
    provider: SignOnProviderId,
    subject: &str,
) -> Result<Option<Link>, IdentityError> {
    let statement = client.prepare_cached(FIND).await?;
    let values: [&(dyn ToSql + Sync); 4] = [
        &home.partition.get(),
        &home.organization_id.0,
        &provider.0,
        &subject,
    ];
    let row = client.query_opt(&statement, &values).await?;
    let link = row.map(|row| {
        Ok(Link {
            user_id: UserId(row.try_get(0)?),
            email: row.try_get(1)?,
        })
    });
    link.transpose()
}

/// A link to be made.
pub(super) struct NewLink<'a> {
    pub(super) provider: SignOnProviderId,
    pub(super) subject: &'a str,
    pub(super) user_id: UserId,
    pub(super) email: &'a Email,
    pub(super) at: DateTime<Utc>,
}

/// Whether it was made: neither had the identity another person, nor the person another identity.
pub(super) async fn add(
    client: &impl GenericClient,
    home: Home,
    new: &NewLink<'_>,
) -> Result<bool, IdentityError> {
    let email = new.email.as_str();
    let values: [&(dyn ToSql + Sync); 7] = [
        &home.partition.get(),
        &home.organization_id.0,
        &new.provider.0,
        &new.subject,
        &new.user_id.0,
        &email,
        &new.at,
    ];
    Ok(client.execute(ADD, &values).await? == 1)
}

/// Whether a person with this address is still linked with somebody at a provider.
pub(in crate::identity) async fn stands(
    client: &impl GenericClient,
    home: Home,
    user_id: UserId,
    provider: SignOnProviderId,
    email: &Email,
) -> Result<bool, IdentityError> {
    let statement = client.prepare_cached(STANDS).await?;
    let email = email.as_str();
    let values: [&(dyn ToSql + Sync); 5] = [
        &home.partition.get(),
        &home.organization_id.0,
        &user_id.0,
        &provider.0,
        &email,
    ];
    let row = client.query_one(&statement, &values).await?;
    Ok(row.try_get::<_, i64>(0)? > 0)
}

/// Removes the links of a person from when they had another address.
pub(super) async fn remove_outdated(
    client: &impl GenericClient,
    home: Home,
    user_id: UserId,
    provider: SignOnProviderId,
    email: &Email,
) -> Result<(), IdentityError> {
    let email = email.as_str();
    let values: [&(dyn ToSql + Sync); 5] = [
        &home.partition.get(),
        &home.organization_id.0,
        &user_id.0,
        &provider.0,
        &email,
    ];
    client.execute(REMOVE_OUTDATED, &values).await?;
    Ok(())
}

/// How many were removed.
pub(super) async fn remove_of_user(
    client: &impl GenericClient,
    home: Home,
    user_id: UserId,
) -> Result<u64, IdentityError> {
    let place = (home.partition.get(), home.organization_id.0);
    let removed = client
        .execute(REMOVE_OF_USER, &[&place.0, &place.1, &user_id.0])
        .await?;
    Ok(removed)
}

pub(super) async fn remove_of_provider(
    client: &impl GenericClient,
    home: Home,
    provider: SignOnProviderId,
) -> Result<(), IdentityError> {
    let place = (home.partition.get(), home.organization_id.0);
    client
        .execute(REMOVE_OF_PROVIDER, &[&place.0, &place.1, &provider.0])
        .await?;
    Ok(())
}
