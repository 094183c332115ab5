//! `GET /companies` and `GET /companies/{id}`.

use domain::ids::CompanyId;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::CompanyView;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::page::{Found, Listed, limit};
use super::session::{Session, refused};
use super::{Tag, views};
use crate::companies::CompanyList;
use crate::models::ReadModels;

pub(super) struct CompanyQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Companies")]
impl CompanyQueries {
    /// List companies
    ///
    /// By name. Staff only. `GET /users?company=` lists the people of one.
    #[oai(path = "/companies", method = "get", operation_id = "list_companies")]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<CompanyView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let list = CompanyList::new(cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self
            .0
            .companies(session.viewer.tenant, &list, limit(items.0)?)
            .await
            .map_err(refused)?;
        Ok(Listed::new(
            page.map(views::company),
            None,
            request,
            session.token,
        ))
    }

    /// Get a company
    ///
    /// Staff only.
    #[oai(
        path = "/companies/:company_id",
        method = "get",
        operation_id = "get_company"
    )]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The company.
        company_id: Path<Uuid>,
    ) -> Result<Found<CompanyView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let row = self
            .0
            .company(session.viewer.tenant, CompanyId(company_id.0))
            .await
            .map_err(refused)?;
        let row = row.ok_or_else(|| Problem::not_found("the company"))?;
        let version = row.version;
        Ok(Found::new(
            views::company(row),
            Some(version),
            session.token,
        ))
    }
}
