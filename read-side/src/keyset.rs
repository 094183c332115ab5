//! What every list has in common: a query with the place where it goes on, and a page of its rows.

use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};
use platform::rows::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;

/// A query with the place where it goes on, checked to belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyset<Q, K> {
    pub(crate) query: Q,
    fingerprint: Fingerprint,
    pub(crate) after: Option<K>,
}

impl<Q, K: DeserializeOwned> Keyset<Q, K> {
    /// The list of `query`, from its beginning or from where `cursor` says. `bound_to` is everything that decides the items
    /// and their order.
    pub(crate) fn bound(
        list: &str,
        bound_to: &impl Serialize,
        query: Q,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of(list, bound_to);
        let after = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            query,
            fingerprint,
            after,
        })
    }
}

impl ReadModels {
    /// The page of a list that `statement` selects, one row more than `limit`; `key` is what its order compares.
    pub(crate) async fn page_of<R: Row, Q, K: Serialize>(
        &self,
        tenant: Tenant,
        list: &Keyset<Q, K>,
        statement: &Statement,
        limit: Limit,
        key: impl Fn(&R) -> K,
    ) -> Result<Page<R>, ReadError> {
        let rows = self.database.query_composed(tenant, statement).await?;
        let rows: Vec<R> = rows.iter().map(R::from_row).collect::<Result<_, _>>()?;
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }

    /// The one number that `statement` selects.
    pub(crate) async fn number_of(
        &self,
        tenant: Tenant,
        statement: &Statement,
    ) -> Result<i64, ReadError> {
        let rows = self.database.query_composed(tenant, statement).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.try_get(0))?)
    }
}
