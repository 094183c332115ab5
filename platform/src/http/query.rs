//! What a query string may hold: only what the description names, and never a secret.

use poem::Request;

use super::problem::Problem;
use super::routes::Route;

/// Names of parameters that carry credentials, in small letters without separators. Addresses end in logs, histories and
/// `Referer`: a secret in one is a secret lost.
const CREDENTIALS: [&str; 24] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authorization",
    "authtoken",
    "bearer",
    "clientsecret",
    "credentials",
    "currentpassword",
    "idtoken",
    "jwt",
    "newpassword",
    "otp",
    "passwd",
    "password",
    "pwd",
    "refreshtoken",
    "secret",
    "session",
    "sessionid",
    "token",
    "totp",
];

/// The longest name that an error repeats.
const NAME_SHOWN_MAX: usize = 32;

/// Refuses parameters that are credentials, anywhere, and those that the description of the path does not have: a
/// misspelt filter must not be ignored.
///
/// # Errors
/// 400, which never repeats a value, nor a name that may be one.
pub(super) fn check(request: &Request, route: Option<&Route>) -> Result<(), Problem> {
    let query = request.uri().query().unwrap_or("");
    if query.is_empty() {
        return Ok(());
    }
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| is_credential(&name)) {
        return Err(Problem::bad_request(
            "credentials do not belong into an address: send them in a header or the body, and replace those that \
             were sent",
        ));
    }
    let unknown = route.and_then(|route| route.unknown_query(request.method(), query));
    match unknown {
        Some(name) => Err(Problem::bad_request(format!(
            "there is no query parameter {}here: correct or remove it",
            shown(&name)
        ))),
        None => Ok(()),
    }
}

fn is_credential(name: &str) -> bool {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | '.'));
    let plain: String = letters.flat_map(char::to_lowercase).collect();
    CREDENTIALS.contains(&plain.as_str())
}

/// The name if it is one: a text with digits may be a token that stands in the place of a name.
fn shown(name: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-');
    if name.len() <= NAME_SHOWN_MAX && name.bytes().all(is_word) {
        format!("{name:?} ")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::routes::Routes;
    use super::*;
    use serde_json::json;

    fn refusal(path_and_query: &str) -> Option<String> {
        let list = json!({"parameters": [{"in": "query", "name": "status"}]});
        let routes = Routes::of_spec(&json!({"paths": {"/tickets": {"get": list}}}), "").unwrap();
        let request = Request::builder().uri_str(path_and_query).finish();
        check(&request, routes.find(request.uri().path()))
            .err()
            .map(|problem| problem.to_string())
    }

    #[test]
    fn a_parameter_that_is_a_credential_is_refused_on_every_path_without_its_value() {
        for name in [
            "access_token",
            "Token",
            "api-key",
            "API_KEY",
            "pass%77ord",
            "refresh.token",
        ] {
            for path in ["/tickets", "/nowhere"] {
                let refused = refusal(&format!("{path}?status=new&{name}=hunter2")).unwrap();
                assert!(refused.contains("credentials"), "{refused}");
                assert!(!refused.contains("hunter2"), "{refused}");
            }
        }
    }

    #[test]
    fn an_unknown_parameter_is_named_when_its_name_is_a_word() {
        assert!(
            refusal("/tickets?stauts=new")
                .unwrap()
                .contains("\"stauts\"")
        );
        for secret in ["sk_live_4eC39HqLyjWDarjtT1zdp7dc", "h8nter"] {
            let refused = refusal(&format!("/tickets?{secret}")).unwrap();
            assert!(!refused.contains(secret), "{refused}");
        }
        assert_eq!(refusal("/tickets?status=new"), None);
        assert_eq!(refusal("/nowhere?whatever=1"), None);
    }
}
