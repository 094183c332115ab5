//! Commands to companies of customers.

use super::desk::Desk;
use super::fields::{AtFault, Fields};
use super::responses::{Changed, Created, Stamp, UserResult};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::{ChangeCompany, CompanyAnswer, CreateCompany, GroupUser};
use domain::ids::{CompanyId, UserId};
use domain::text::{MailDomain, Name};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::CommandProblem;
use poem::Request;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) struct Companies(pub Desk);

/// Makes a company.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateCompanyBody {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// Mail domains such as `example.com`: new customers with such an address belong to it. No public mail providers.
    #[oai(validator(max_items = 50))]
    domains: Option<Vec<String>>,
}

/// Changes what is given of a company.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateCompanyBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// All mail domains from now on. Customers who belong to it stay.
    #[oai(validator(max_items = 50))]
    domains: Option<Vec<String>>,
}

/// Groups a customer.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct GroupUserBody {
    /// The company; none when left out.
    company_id: Option<Uuid>,
}

/// A company after a command.
#[derive(Debug, Clone, PartialEq, Object)]
struct CompanyResult {
    /// Its id.
    id: Uuid,
    /// Rises with every event of the company; what `ETag` and `If-Match` carry.
    version: i64,
    /// Its name.
    name: String,
    /// New customers with an address of one of these mail domains belong to it.
    domains: Vec<String>,
}

impl From<&CompanyAnswer> for CompanyResult {
    fn from(answer: &CompanyAnswer) -> Self {
        Self {
            id: answer.id.0,
            version: answer.version,
            name: answer.name.to_string(),
            domains: answer.domains.iter().map(ToString::to_string).collect(),
        }
    }
}

fn parse_domains(fields: &mut Fields, given: &[String]) -> Result<BTreeSet<MailDomain>, AtFault> {
    let parsed = fields.each("/domains", given, MailDomain::parse);
    parsed.map(|domains| domains.into_iter().collect())
}

/// Commands to companies.
#[OpenApi(tag = "ApiTags::Companies")]
impl Companies {
    /// Make a company
    #[oai(path = "/companies", method = "post", operation_id = "create_company")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CreateCompanyBody>,
    ) -> Result<Created<CompanyResult>, CommandProblem> {
        let call = call(bearer, request, key, Header(None));
        let mut fields = Fields::default();
        let name = fields.text("/name", &body.0.name, Name::parse);
        let domains = parse_domains(&mut fields, &body.0.domains.unwrap_or_default());
        let all = || Ok::<_, AtFault>((name?, domains?));
        let parsed = all();
        let (name, domains) = fields.finish(parsed)?;
        let command = CreateCompany {
            company_id: CompanyId(Uuid::now_v7()),
            name,
            domains,
        };
        let done = self.0.run(&call, command).await?;
        let result = CompanyResult::from(&done.answer);
        Ok(Created::of(
            &format!("/companies/{}", result.id),
            result.version,
            Stamp::of(&done),
            result,
        ))
    }

    /// Change a company
    #[oai(
        path = "/companies/:company_id",
        method = "patch",
        operation_id = "update_company"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The company.
        company_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdateCompanyBody>,
    ) -> Result<Changed<CompanyResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let name = fields.optional("/name", body.0.name.as_deref(), Name::parse);
        let domains = body
            .0
            .domains
            .map(|given| parse_domains(&mut fields, &given))
            .transpose();
        let all = || Ok::<_, AtFault>((name?, domains?));
        let parsed = all();
        let (name, domains) = fields.finish(parsed)?;
        let command = ChangeCompany {
            company_id: CompanyId(company_id.0),
            name,
            domains,
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            CompanyResult::from(&done.answer),
        ))
    }

    /// Put a customer into a company, or into none
    #[oai(
        path = "/users/:user_id/company",
        method = "put",
        operation_id = "set_user_company"
    )]
    async fn group(
        &self,
        bearer: Bearer,
        request: &Request,
        user_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<GroupUserBody>,
    ) -> Result<Changed<UserResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = GroupUser {
            user_id: UserId(user_id.0),
            company_id: body.0.company_id.map(CompanyId),
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            UserResult::from(&done.answer),
        ))
    }
}
