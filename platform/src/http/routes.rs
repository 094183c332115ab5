//! The paths of the API with their methods, read from its description: for `Allow`, and for metrics by path.

use poem::http::Method;
use serde_json::Value;

/// The methods that a path of an OpenAPI document may have, as the document spells them.
const METHODS: [(&str, Method); 5] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
];

/// Every path that the server answers.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    routes: matchit::Router<Route>,
    count: usize,
}

/// A path that cannot stand beside the others.
#[derive(Debug, thiserror::Error)]
#[error("the path {path} cannot be served beside the others")]
pub struct RouteConflict {
    path: String,
    source: matchit::InsertError,
}

/// One path with its methods.
#[derive(Debug, Clone)]
pub struct Route {
    /// Which of the paths it is, counted from 0.
    pub number: usize,
    /// The path as the description spells it: `/api/v1/tickets/{ticket_id}`.
    pub template: String,
    /// For the `Allow` header: `GET, HEAD, POST`.
    pub allow: String,
    /// The names that the query of each method may have.
    queries: Vec<(Method, Vec<String>)>,
}

impl Route {
    /// The first name in a query string that the description does not have: a misspelt filter must not be ignored.
    /// None when the method is not described.
    #[must_use]
    pub fn unknown_query(&self, method: &Method, query: &str) -> Option<String> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let (_, known) = self
            .queries
            .iter()
            .find(|(described, _)| described == method)?;
        form_urlencoded::parse(query.as_bytes())
            .map(|(name, _)| name.into_owned())
            .find(|name| !known.contains(name))
    }

    /// The name of a path parameter, counted from 0. The framework numbers them: `param0`.
    #[must_use]
    pub fn parameter(&self, numbered: &str) -> Option<&str> {
        let index: usize = numbered.strip_prefix("param")?.parse().ok()?;
        let segments = self.template.split('/');
        let mut names = segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        names.nth(index)
    }
}

impl Routes {
    /// The paths of an OpenAPI document, under a prefix.
    ///
    /// # Errors
    /// When two of them cannot be told apart.
    pub fn of_spec(spec: &Value, prefix: &str) -> Result<Self, RouteConflict> {
        let mut routes = Self::default();
        for (path, operations) in spec["paths"].as_object().into_iter().flatten() {
            let described = || {
                METHODS
                    .iter()
                    .filter(|(name, _)| operations.get(name).is_some())
            };
            let names = |name| query_names(&operations[name]);
            routes.add(Route {
                number: routes.count,
                template: format!("{prefix}{path}"),
                allow: allow(described().map(|(_, method)| method)),
                queries: described()
                    .map(|(name, method)| (method.clone(), names(*name)))
                    .collect(),
            })?;
        }
        Ok(routes)
    }

    /// Adds a path that can only be read.
    ///
    /// # Errors
    /// When it is there already.
    pub fn with_get(self, path: &str) -> Result<Self, RouteConflict> {
        self.with(path, &[Method::GET])
    }

    /// Adds a path with its methods.
    ///
    /// # Errors
    /// When it is there already.
    pub fn with(mut self, path: &str, methods: &[Method]) -> Result<Self, RouteConflict> {
        self.add(Route {
            number: self.count,
            template: path.to_owned(),
            allow: allow(methods.iter()),
            queries: Vec::new(),
        })?;
        Ok(self)
    }

    fn add(&mut self, route: Route) -> Result<(), RouteConflict> {
        let path = route.template.clone();
        let inserted = self.routes.insert(path.clone(), route);
        self.count += 1;
        inserted.map_err(|source| RouteConflict { path, source })
    }

    /// The path that a request was sent to. A literal segment wins over a parameter.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Route> {
        Some(self.routes.at(path).ok()?.value)
    }
}

/// The names of an operation's query parameters.
fn query_names(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
        .collect()
}

fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    fn routes() -> Routes {
        let spec = json!({"paths": {
            "/tickets": {"get": {}, "post": {}},
            "/tickets/{id}": {"get": {}, "patch": {}},
            "/tickets/mine": {"get": {}},
        }});
        Routes::of_spec(&spec, "/v1")
            .unwrap()
            .with_get("/health")
            .unwrap()
    }

    #[test]
    fn a_path_names_its_methods() {
        assert_eq!(
            routes().find("/v1/tickets").unwrap().allow,
            "GET, POST, HEAD"
        );
        assert_eq!(routes().find("/health").unwrap().allow, "GET, HEAD");
    }

    #[test]
    fn a_query_name_that_the_description_does_not_have_is_found() {
        let list = json!({"parameters": [
            {"in": "query", "name": "status"},
            {"in": "header", "name": "Prefer"},
        ]});
        let spec = json!({"paths": {"/tickets": {"get": list, "post": {}}}});
        let routes = Routes::of_spec(&spec, "").unwrap();
        let unknown = |method, query| {
            routes
                .find("/tickets")
                .unwrap()
                .unknown_query(&method, query)
        };
        assert_eq!(unknown(Method::GET, "status=new&status=open"), None);
        assert_eq!(
            unknown(Method::HEAD, "stauts=new").as_deref(),
            Some("stauts")
        );
        assert_eq!(
            unknown(Method::GET, "Prefer=wait").as_deref(),
            Some("Prefer")
        );
        assert_eq!(
            unknown(Method::POST, "status=new").as_deref(),
            Some("status")
        );
        assert_eq!(unknown(Method::DELETE, "status=new"), None);
    }

    #[test]
    fn numbered_parameters_have_names() {
        let routes = Routes::of_spec(&json!({"paths": {"/a/{x}/b/{y}": {}}}), "").unwrap();
        let route = routes.find("/a/1/b/2").unwrap();
        assert_eq!(
            [route.parameter("param0"), route.parameter("param1")],
            [Some("x"), Some("y")]
        );
        assert_eq!(
            [route.parameter("param2"), route.parameter("x")],
            [None, None]
        );
    }

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        assert_eq!(
            routes().find("/v1/tickets/mine").unwrap().template,
            "/v1/tickets/mine"
        );
        assert_eq!(
            routes().find("/v1/tickets/7").unwrap().template,
            "/v1/tickets/{id}"
        );
    }

    #[test]
    fn an_unknown_path_is_none() {
        for path in ["/", "/v1/tickets/", "/v1/tickets/7/x", "/tickets"] {
            assert!(routes().find(path).is_none(), "{path}");
        }
    }
}
