//! The providers of sign-on: `/sign_on/providers`, for those who set the organization.

use std::collections::BTreeSet;

use domain::ids::{SignOnProviderId, UserId};
use domain::security::sign_on::SignOnSettings;
use domain::security::words::{Newcomers, SecondFactorRule};
use domain::text::{MailDomain, Name};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem, Problem};
use poem::Request;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use sign_on::Issuer;
use uuid::Uuid;

use super::answers::{Done, Private};
use super::origin;
use super::problems::problem;
use super::sign_on_shapes::{
    CreateProviderBody, KindView, ProviderView, ProvidersView, UpdateProviderBody,
};
use crate::http::fields::{AtFault, Fields};
use crate::http::tags::ApiTags;
use crate::identity::{Identity, NewProvider, ProviderChanges, SignOnProvider};

/// The base of the GitHub that is meant when none is named.
const GITHUB: &str = "https://github.com";

pub(super) struct SignOnProvidersApi(pub(super) Identity);

/// A provider that was set up.
#[derive(ApiResponse)]
enum ProviderMade {
    /// It.
    #[oai(status = 201)]
    Made(
        Json<ProviderView>,
        /// Where it is.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "ApiTags::Access")]
impl SignOnProvidersApi {
    /// List the providers of sign-on
    #[oai(
        path = "/sign_on/providers",
        method = "get",
        operation_id = "list_sign_on_providers"
    )]
    async fn list(&self, bearer: Bearer) -> Result<Private<ProvidersView>, BodylessAccessProblem> {
        let providers = self.0.sign_on_providers(bearer.0.organization_id).await;
        let views = providers.map_err(problem)?.into_iter();
        let items: Result<Vec<_>, Problem> = views.map(|provider| self.view(provider)).collect();
        Ok(Private::of(ProvidersView { items: items? }))
    }

    /// Set a provider of sign-on up
    ///
    /// Register `redirect_uri` of the answer at the provider.
    #[oai(
        path = "/sign_on/providers",
        method = "post",
        operation_id = "create_sign_on_provider"
    )]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<CreateProviderBody>,
    ) -> Result<ProviderMade, AccessProblem> {
        let new = body.0.parsed()?;
        let made = self
            .0
            .set_up_sign_on(&bearer.0, new, &origin(request))
            .await;
        let made = made.map_err(problem)?;
        let location = format!("/api/v1/sign_on/providers/{}", made.id);
        Ok(ProviderMade::Made(Json(self.view(made)?), location))
    }

    /// Get a provider of sign-on
    #[oai(
        path = "/sign_on/providers/:provider_id",
        method = "get",
        operation_id = "get_sign_on_provider"
    )]
    async fn get(
        &self,
        bearer: Bearer,
        /// The provider.
        provider_id: Path<Uuid>,
    ) -> Result<Private<ProviderView>, BodylessAccessProblem> {
        let (organization_id, id) = (bearer.0.organization_id, SignOnProviderId(provider_id.0));
        let provider = self.0.sign_on_provider(organization_id, id).await;
        Ok(Private::of(self.view(provider.map_err(problem)?)?))
    }

    /// Change a provider of sign-on
    ///
    /// What is left out stays.
    #[oai(
        path = "/sign_on/providers/:provider_id",
        method = "patch",
        operation_id = "update_sign_on_provider"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The provider.
        provider_id: Path<Uuid>,
        body: Body<UpdateProviderBody>,
    ) -> Result<Private<ProviderView>, AccessProblem> {
        let changes = body.0.parsed()?;
        let (id, origin) = (SignOnProviderId(provider_id.0), origin(request));
        let changed = self.0.change_sign_on(&bearer.0, id, changes, &origin).await;
        Ok(Private::of(self.view(changed.map_err(problem)?)?))
    }

    /// Remove a provider of sign-on
    ///
    /// With who is who there. The sessions that began by it end.
    #[oai(
        path = "/sign_on/providers/:provider_id",
        method = "delete",
        operation_id = "remove_sign_on_provider"
    )]
    async fn remove(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The provider.
        provider_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let (id, origin) = (SignOnProviderId(provider_id.0), origin(request));
        let removed = self.0.remove_sign_on(&bearer.0, id, &origin).await;
        removed.map_err(problem)?;
        Ok(Done::Done)
    }

    /// Unlink a person from every provider of sign-on
    ///
    /// Their sessions that began by one end. At their next sign-on they are linked anew, by their address.
    #[oai(
        path = "/users/:user_id/sign_on",
        method = "delete",
        operation_id = "unlink_sign_on"
    )]
    async fn unlink(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The person.
        user_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let (organization_id, user_id) = (bearer.0.organization_id, UserId(user_id.0));
        let exists = self.0.exists(organization_id, user_id).await;
        if !exists.map_err(problem)? {
            return Err(Problem::not_found("the user").into());
        }
        let origin = origin(request);
        let unlinked = self.0.unlink_sign_on(&bearer.0, user_id, &origin);
        unlinked.await.map_err(problem)?;
        Ok(Done::Done)
    }
}

impl SignOnProvidersApi {
    fn view(&self, provider: SignOnProvider) -> Result<ProviderView, Problem> {
        let redirect_uri = self.0.sign_on_redirect_uri(provider.id);
        let redirect_uri = redirect_uri.map_err(problem)?;
        Ok(ProviderView::of(provider, redirect_uri.into()))
    }
}

impl CreateProviderBody {
    fn parsed(self) -> Result<NewProvider, Problem> {
        let mut fields = Fields::default();
        let name = fields.text("/name", &self.name, Name::parse);
        let issuer = issuer(&mut fields, self.kind, self.issuer.as_deref());
        let allowed = domains(&mut fields, "/allowed_domains", self.allowed_domains);
        let trusted = domains(&mut fields, "/trusted_domains", self.trusted_domains);
        let newcomers = self.newcomers.map_or(Newcomers::Refused, Into::into);
        let second_factor = self
            .second_factor
            .map_or(SecondFactorRule::Asked, Into::into);
        let all = || {
            Ok::<_, AtFault>(NewProvider {
                kind: self.kind.into(),
                issuer: issuer?,
                client_id: self.client_id,
                client_secret: self.client_secret,
                settings: SignOnSettings {
                    name: name?,
                    allowed_domains: allowed?.unwrap_or_default(),
                    trusted_domains: trusted?.unwrap_or_default(),
                    newcomers,
                    second_factor,
                },
            })
        };
        let parsed = all();
        fields.finish(parsed)
    }
}

impl UpdateProviderBody {
    fn parsed(self) -> Result<ProviderChanges, Problem> {
        let mut fields = Fields::default();
        let name = fields.optional("/name", self.name.as_deref(), Name::parse);
        let allowed = domains(&mut fields, "/allowed_domains", self.allowed_domains);
        let trusted = domains(&mut fields, "/trusted_domains", self.trusted_domains);
        let all = || Ok::<_, AtFault>((name?, allowed?, trusted?));
        let parsed = all();
        let (name, allowed_domains, trusted_domains) = fields.finish(parsed)?;
        Ok(ProviderChanges {
            client_secret: self.client_secret,
            name,
            allowed_domains,
            trusted_domains,
            newcomers: self.newcomers.map(Into::into),
            second_factor: self.second_factor.map(Into::into),
        })
    }
}

fn issuer(fields: &mut Fields, kind: KindView, given: Option<&str>) -> Result<Issuer, AtFault> {
    let text = match (kind, given) {
        (_, Some(text)) => text,
        (KindView::Github, None) => GITHUB,
        (KindView::Oidc, None) => {
            return Err(fields.add("/issuer", "is needed for OpenID Connect"));
        }
    };
    let parsed = text.parse::<Issuer>();
    parsed.map_err(|error| fields.add("/issuer", error.to_string()))
}

fn domains(
    fields: &mut Fields,
    pointer: &str,
    given: Option<Vec<String>>,
) -> Result<Option<BTreeSet<MailDomain>>, AtFault> {
    let Some(given) = given else {
        return Ok(None);
    };
    let parsed = fields.each(pointer, &given, MailDomain::parse)?;
    Ok(Some(parsed.into_iter().collect()))
}
