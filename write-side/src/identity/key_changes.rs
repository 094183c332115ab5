//! Changing an API key: its name, what it may do and until when, by the rules of its making. The key itself stays.
//!
//! The key's row is changed first and its machine then. A crash between the two leaves a machine with its former name, and
//! with the rank of its former scopes, which give a narrower key nothing; the same change again mends it.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{ApiKeyId, OrganizationId, UserId};
use domain::security::event::ApiKeyChanged;
use domain::text::{Name, Scope};
use platform::auth::Principal;
use platform::permission::least_role;
use schema::table::API_KEYS;
use tokio_postgres::types::ToSql;

use super::api_keys::{COLUMNS, ListedKey, checked_end, listed, permissions_of};
use super::error::IdentityError;
use super::{Identity, Origin, internal, record, within};
use crate::commands::ChangeMachine;

const FIND_TO_CHANGE: &str = formatcp!(
    "SELECT {COLUMNS} FROM {API_KEYS} k WHERE k.org_id = $1 AND k.key_id = $2 FOR UPDATE"
);
const CHANGE: &str = formatcp!(
    "UPDATE {API_KEYS} SET name = $3, scopes = $4, expires_at = $5 WHERE org_id = $1 AND key_id = $2"
);

/// What is to be different about a key. What is left out stays.
#[derive(Debug, Clone)]
pub struct KeyChanges {
    /// What people read.
    pub name: Option<Name>,
    /// What it may do.
    pub scopes: Option<Vec<Scope>>,
    /// Until when it is good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What can be changed about a key.
#[derive(Clone, PartialEq, Eq)]
struct Terms {
    name: Name,
    scopes: Vec<Scope>,
    expires_at: DateTime<Utc>,
}

impl Terms {
    fn of(key: &ListedKey) -> Result<Self, IdentityError> {
        let scopes = key.scopes.iter().map(|scope| Scope::parse(scope));
        Ok(Self {
            name: Name::parse(&key.name).map_err(internal)?,
            scopes: scopes.collect::<Result<_, _>>().map_err(internal)?,
            expires_at: key.expires_at,
        })
    }

    fn with(self, changes: KeyChanges) -> Self {
        Self {
            name: changes.name.unwrap_or(self.name),
            scopes: changes.scopes.unwrap_or(self.scopes),
            expires_at: changes.expires_at.unwrap_or(self.expires_at),
        }
    }
}

impl Identity {
    /// Changes a key that is good.
    ///
    /// # Errors
    /// When the organization has no such key, it is not good any more, or what it is to have is not what its changer may
    /// give: also what it has already.
    pub async fn change_api_key(
        &self,
        principal: &Principal,
        key_id: ApiKeyId,
        changes: KeyChanges,
        origin: &Origin,
    ) -> Result<ListedKey, IdentityError> {
        let (now, organization_id) = (self.now(), principal.organization_id);
        if let Some(expires_at) = changes.expires_at {
            checked_end(expires_at, now)?;
        }
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let key = find_to_change(&tx, organization_id, key_id).await?;
        let key = key.ok_or(IdentityError::NotFound("the API key"))?;
        if key.revoked_at.is_some() || key.expires_at <= now {
            return Err(IdentityError::Conflict {
                detail: "the key is not good any more: make another".to_owned(),
                pointer: None,
            });
        }
        let from = Terms::of(&key)?;
        let to = from.clone().with(changes);
        let permissions = permissions_of(principal, &to.scopes)?;
        if from != to {
            change(&tx, organization_id, key_id, &to).await?;
            let told = told(key_id, from, &to);
            let by = self.by_person(principal, origin);
            record::write(&*tx, &by, organization_id, told).await?;
        }
        tx.commit().await?;
        // Given back before the log is asked, which takes connections of the same pool.
        drop(client);
        self.inner.api_keys.doubt(key_id);
        self.wake_recorder();
        let machine = ChangeMachine {
            user_id: UserId(key_id.0),
            name: to.name.clone(),
            role: least_role(permissions),
        };
        let context = self.context_of(principal, origin);
        self.inner.dispatcher.dispatch(context, machine).await?;
        Ok(ListedKey {
            name: to.name.to_string(),
            scopes: to.scopes.iter().map(ToString::to_string).collect(),
            expires_at: to.expires_at,
            ..key
        })
    }
}

fn told(key_id: ApiKeyId, from: Terms, to: &Terms) -> ApiKeyChanged {
    ApiKeyChanged {
        user_id: UserId(key_id.0),
        key_id,
        from_name: from.name,
        to_name: to.name.clone(),
        from_scopes: from.scopes,
        to_scopes: to.scopes.clone(),
        from_expires_at: from.expires_at,
        to_expires_at: to.expires_at,
    }
}

async fn find_to_change(
    client: &impl GenericClient,
    organization_id: OrganizationId,
    key_id: ApiKeyId,
) -> Result<Option<ListedKey>, IdentityError> {
    let statement = client.prepare_cached(FIND_TO_CHANGE).await?;
    let row = client
        .query_opt(&statement, &[&organization_id.0, &key_id.0])
        .await?;
    row.as_ref().map(listed).transpose()
}

async fn change(
    client: &impl GenericClient,
    organization_id: OrganizationId,
    key_id: ApiKeyId,
    to: &Terms,
) -> Result<(), IdentityError> {
    let statement = client.prepare_cached(CHANGE).await?;
    let scopes: Vec<&str> = to.scopes.iter().map(Scope::as_str).collect();
    let values: [&(dyn ToSql + Sync); 5] = [
        &organization_id.0,
        &key_id.0,
        &to.name.as_str(),
        &scopes,
        &to.expires_at,
    ];
    client.execute(&statement, &values).await?;
    Ok(())
}
