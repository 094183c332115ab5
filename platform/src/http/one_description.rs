//! One description of several APIs that share paths.
//!
//! The framework routes them well, but writes a path once for each API that has it: the JSON object gets the key twice,
//! and every reader keeps one of them and loses the operations of the others.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, MetaPath, Registry};

/// An API, or a tuple of them, that names each of its paths once.
pub struct OneDescription<A>(pub A);

impl<A: OpenApi> OpenApi for OneDescription<A> {
    fn meta() -> Vec<MetaApi> {
        let mut merged: Vec<MetaPath> = Vec::new();
        for path in A::meta().into_iter().flat_map(|api| api.paths) {
            match merged.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.operations.extend(path.operations),
                None => merged.push(path),
            }
        }
        vec![MetaApi { paths: merged }]
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        self.0.add_routes(routes);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use poem_openapi::OpenApiService;
    use serde_json::Value;

    use super::*;

    struct Commands;

    #[OpenApi]
    impl Commands {
        #[oai(path = "/tickets", method = "post")]
        async fn open(&self) {}
    }

    struct Queries;

    #[OpenApi]
    impl Queries {
        #[oai(path = "/tickets", method = "get")]
        async fn list(&self) {}

        #[oai(path = "/teams", method = "get")]
        async fn teams(&self) {}
    }

    #[test]
    fn the_operations_of_all_apis_stand_under_their_path() {
        let service = OpenApiService::new(OneDescription((Commands, Queries)), "Tickets", "1");
        let spec: Value = serde_json::from_str(&service.spec()).unwrap();
        let paths = &spec["paths"];
        assert!(paths["/tickets"]["get"].is_object() && paths["/tickets"]["post"].is_object());
        assert!(paths["/teams"]["get"].is_object());
    }
}
