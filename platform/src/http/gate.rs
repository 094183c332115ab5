//! The gate before every operation: who sends the request, and whether the table of permissions lets them in.
//!
//! It comes before path, query and body are looked at, so a refusal tells nothing of what there is. The principal that an
//! operation takes (see [`super::auth::Bearer`]) is put there by the gate alone: an API without a gate lets nobody in.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response, Result};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, Registry};

use super::auth;
use super::problem::Problem;
use super::rate_limit;
use crate::auth::{Credential, Principal};
use crate::permission::{Access, Permission, row};

/// An operation that the table of permissions does not have, so that nobody could say who may call it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the operation {operation} has no row in the table of permissions: add one to platform/src/permission/table.rs"
)]
pub struct NoRow {
    /// Its id, or method and path when it has none.
    pub operation: String,
}

/// An API with the gate before each of its operations.
pub struct Gated<A> {
    api: A,
    rules: Rules,
}

/// What each operation needs, by path (parameters without their names) and method.
type Rules = HashMap<(String, Method), Access>;

impl<A: OpenApi> Gated<A> {
    /// Puts the gate before an API.
    ///
    /// # Errors
    /// [`NoRow`] when the table does not have one of its operations.
    pub fn new(api: A) -> Result<Self, NoRow> {
        let rules = rules(A::meta())?;
        Ok(Self { api, rules })
    }
}

/// Checks that the table has every operation of an API, without the API itself.
///
/// # Errors
/// [`NoRow`] when it does not.
pub fn check<A: OpenApi>() -> Result<(), NoRow> {
    rules(A::meta()).map(drop)
}

fn rules(apis: Vec<MetaApi>) -> Result<Rules, NoRow> {
    let mut rules = Rules::new();
    for path in apis.into_iter().flat_map(|api| api.paths) {
        for operation in path.operations {
            let method = operation.method;
            let known = operation.operation_id.and_then(row);
            let row = known.ok_or_else(|| NoRow {
                operation: operation
                    .operation_id
                    .map_or_else(|| format!("{method} {}", path.path), str::to_owned),
            })?;
            rules.insert((shape(&path.path), method), row.access);
        }
    }
    Ok(rules)
}

/// A path without the names of its parameters: the description writes `{ticket_id}`, the router `:param0`.
pub(super) fn shape(path: &str) -> String {
    let is_parameter = |segment: &str| segment.starts_with(['{', ':']);
    let segments = path.split('/');
    let shapes: Vec<&str> = segments
        .map(|segment| if is_parameter(segment) { "*" } else { segment })
        .collect();
    shapes.join("/")
}

impl<A: OpenApi> OpenApi for Gated<A> {
    fn meta() -> Vec<MetaApi> {
        A::meta()
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let mut open = HashMap::new();
        self.api.add_routes(&mut open);
        for (path, endpoints) in open {
            let shape = shape(&path);
            let gated = routes.entry(path).or_default();
            for (method, endpoint) in endpoints {
                // Every route was described, and every described one has a rule; one that was not would be shut.
                if let Some(access) = self.rules.get(&(shape.clone(), method.clone())) {
                    let access = *access;
                    gated.insert(method, Gate { access, endpoint }.boxed());
                }
            }
        }
    }
}

struct Gate {
    access: Access,
    endpoint: BoxEndpoint<'static>,
}

impl Endpoint for Gate {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if self.access != Access::Public {
            let principal = auth::authenticate(&request).await?;
            rate_limit::check_principal(&request, &principal).await?;
            if principal.must_enrol && self.access != Access::Enrolling {
                return Err(Problem::second_factor_required().into());
            }
            match self.access {
                Access::Public => {}
                Access::Enrolling | Access::SignedIn => demand_person(&principal)?,
                Access::Needs(permission) => demand(&principal, permission)?,
            }
            request.extensions_mut().insert(principal);
        }
        self.endpoint.call(request).await
    }
}

/// Refuses machines: what a person does with their own account is nothing that a key could do.
fn demand_person(principal: &Principal) -> Result<(), Problem> {
    match principal.credential {
        Credential::AccessToken { .. } => Ok(()),
        Credential::ApiKey(_) => Err(Problem::forbidden(
            "an API key may not do this: sign in as a person",
        )),
    }
}

/// Refuses who does not have the permission.
///
/// # Errors
/// 403.
pub fn demand(principal: &Principal, permission: Permission) -> Result<(), Problem> {
    if principal.may(permission) {
        return Ok(());
    }
    Err(Problem::forbidden(match principal.credential {
        Credential::AccessToken { .. } if principal.role_id.is_some() => {
            "your role in this organization may not do this".to_owned()
        }
        Credential::AccessToken { .. } => {
            format!("the role {} may not do this", principal.role.as_str())
        }
        Credential::ApiKey(_) => "the scopes of this API key do not cover this".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    struct Known;

    #[OpenApi]
    impl Known {
        #[oai(path = "/teams/:team_id", method = "get", operation_id = "get_team")]
        async fn get(&self) {}
    }

    struct Forgotten;

    #[OpenApi]
    impl Forgotten {
        #[oai(
            path = "/teams/:team_id/secrets",
            method = "get",
            operation_id = "list_secrets"
        )]
        async fn list(&self) {}
    }

    struct Nameless;

    #[OpenApi]
    impl Nameless {
        #[oai(path = "/secrets", method = "post")]
        async fn make(&self) {}
    }

    #[test]
    fn an_operation_without_a_row_is_not_served() {
        assert!(Gated::new(Known).is_ok());
        let refused = check::<(Known, Forgotten)>().unwrap_err();
        assert_eq!(refused.operation, "list_secrets");
        assert!(Gated::new((Known, Forgotten)).is_err());
    }

    #[test]
    fn an_operation_without_an_id_is_not_served() {
        let refused = check::<Nameless>().unwrap_err();
        assert_eq!(refused.operation, "POST /secrets");
    }

    #[test]
    fn every_route_of_a_gated_api_is_there_by_its_method() {
        let mut routes = HashMap::new();
        Gated::new(Known).unwrap().add_routes(&mut routes);
        assert!(routes["/teams/:param0"].contains_key(&Method::GET));
    }
}
