//! The description, to be asked.

use serde_json::Value;

/// The committed file.
pub const COMMITTED: &str = include_str!("../../../../schema/openapi.json");

/// Queries that are too long for an address, and are posted.
const QUERIES_WITH_BODIES: [&str; 1] = ["dry_run_policy"];

/// The operations that let somebody in.
const PUBLIC: [&str; 13] = [
    "sign_up",
    "verify_address",
    "forgot_password",
    "reset_password",
    "ask_for_code",
    "sign_in_by_code",
    "accept_invitation",
    "sign_in",
    "complete_sign_in",
    "list_sign_on_choices",
    "start_sign_on",
    "finish_sign_on",
    "refresh_session",
];

/// The description.
pub struct Spec(pub Value);

/// One operation.
#[derive(Clone, Copy)]
pub struct Operation<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub value: &'a Value,
}

impl Spec {
    pub fn committed() -> Self {
        Self(serde_json::from_str(COMMITTED).unwrap())
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().iter();
            operations.map(move |(method, value)| Operation {
                method,
                path,
                value,
            })
        })
    }

    /// The operation with this id.
    #[track_caller]
    pub fn operation(&self, id: &str) -> Operation<'_> {
        let found = self.operations().find(|operation| operation.id() == id);
        found.unwrap_or_else(|| panic!("no operation {id}"))
    }

    /// Whether the body of an operation has a field of this name.
    pub fn takes(&self, operation: &Operation<'_>, field: &str) -> bool {
        let content = &operation.value["requestBody"]["content"]["application/json"];
        let body = self.resolved(&content["schema"]);
        body["properties"].get(field).is_some()
    }

    /// What stands at a reference, or the value itself.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.0.pointer(&reference[1..]).unwrap(),
            None => value,
        }
    }
}

impl<'a> Operation<'a> {
    pub fn id(&self) -> &'a str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    pub fn parameters(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.value["parameters"].as_array().into_iter().flatten()
    }

    pub fn parameter(&self, place: &str, name: &str) -> Option<&'a Value> {
        let mut all = self.parameters();
        all.find(|parameter| parameter["in"] == place && parameter["name"] == name)
    }

    /// Whether it lets somebody in or out, or keeps what-if simulations, rather than changing or showing what the log holds.
    pub fn is_about_access(&self) -> bool {
        self.may_hold_secrets() || self.path.starts_with("/sla/simulations")
    }

    /// Whether its answers may hold what lets somebody in.
    pub fn may_hold_secrets(&self) -> bool {
        self.value["tags"][0] == "Access"
    }

    /// Whether nobody has to be signed in for it.
    pub fn is_public(&self) -> bool {
        PUBLIC.contains(&self.id())
    }

    pub fn is_query(&self) -> bool {
        self.method == "get" || QUERIES_WITH_BODIES.contains(&self.id())
    }

    pub fn has_path_parameter(&self) -> bool {
        self.path.contains('{')
    }

    pub fn has_body(&self) -> bool {
        self.value["requestBody"].is_object()
    }

    pub fn response(&self, status: u16) -> Option<&'a Value> {
        self.value["responses"].get(status.to_string())
    }

    /// The address with every parameter filled in: those of the path, and all others behind it.
    #[track_caller]
    pub fn address(&self, parameters: &[(&str, &str)]) -> String {
        let mut path = self.path.to_owned();
        let mut query = Vec::new();
        for (name, value) in parameters {
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, value);
            } else {
                query.push(format!("{name}={value}"));
            }
        }
        assert!(!path.contains('{'), "{path}: a parameter is missing");
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }
}
