//! The limits of one request: charged as soon as it is known who asks, told in the answer.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use poem::Request;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{AccountHash, Class, RateLimiter, Refusal, Standing, Subject, seconds_rounded_up};
use crate::auth::{Credential, Principal};
use crate::http::client_address::ClientAddress;
use crate::http::problem::Problem;
use crate::http::security_headers::holds_credentials;
use crate::http::serve;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What the answer tells: one limit, the one that refused, or else the one of whoever asked. How much their neighbours
/// behind the same address or in the same organization ask is not theirs to know.
#[derive(Debug, Clone, Copy)]
enum Told {
    Nothing,
    Standing(Standing),
    Refused(Refusal),
}

/// The limits of one request. It lies in the request's extensions, for those who find out more about who asks.
#[derive(Debug)]
pub(in crate::http) struct Meter {
    limiter: Arc<RateLimiter>,
    class: Class,
    told: Mutex<Told>,
}

impl Meter {
    /// For a request to a path.
    pub(in crate::http) fn new(limiter: Arc<RateLimiter>, method: &Method, path: &str) -> Self {
        Self {
            limiter,
            class: class(method, path),
            told: Mutex::new(Told::Nothing),
        }
    }

    /// For a request to the API that answering this one needs.
    pub(in crate::http) fn of_inner(&self, method: &Method, path: &str) -> Self {
        Self::new(self.limiter.clone(), method, path)
    }

    /// Whether the request may guess credentials.
    pub(in crate::http) fn is_of_credentials(&self) -> bool {
        self.class == Class::Credentials
    }

    /// Charges the client's address.
    pub(in crate::http) async fn check_address(
        &self,
        client: ClientAddress,
    ) -> Result<(), Problem> {
        self.charge(self.class, &[Subject::address(client)]).await
    }

    /// Charges all of `subjects`; the first is the one that the answer tells of.
    async fn charge(&self, class: Class, subjects: &[Subject]) -> Result<(), Problem> {
        let charged = self.limiter.charge(class, subjects).await;
        let told = match (&charged, subjects.first()) {
            (Err(refusal), _) => Told::Refused(*refusal),
            (Ok(()), Some(subject)) => Told::Standing(self.limiter.standing(class, subject)),
            (Ok(()), None) => Told::Nothing,
        };
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
        charged.map_err(|refusal| refusal.problem())
    }

    /// Writes the limits into the answer.
    pub(in crate::http) fn tell(&self, headers: &mut HeaderMap) {
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, budget, remaining, seconds) = match told {
            Told::Nothing => return,
            Told::Standing(it) => (
                it.kind,
                it.budget,
                it.remaining,
                seconds_rounded_up(it.full_in),
            ),
            Told::Refused(it) => (it.kind, it.budget, 0, it.retry_after_s()),
        };
        let name = kind.as_str();
        let (quota, window_s) = (budget.burst(), budget.window_s());
        insert(
            headers,
            RATE_LIMIT_POLICY,
            format_args!("\"{name}\";q={quota};w={window_s}"),
        );
        insert(
            headers,
            RATE_LIMIT,
            format_args!("\"{name}\";r={remaining};t={seconds}"),
        );
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
        headers.insert(name, value);
    }
}

fn class(method: &Method, path: &str) -> Class {
    if *method == Method::OPTIONS {
        // A browser asks before it sends: signing in must not count twice.
        Class::Default
    } else if holds_credentials(path) {
        Class::Credentials
    } else if serve::is_probe(path) {
        Class::Probes
    } else if matches!(*method, Method::GET | Method::HEAD) {
        Class::Default
    } else {
        Class::Commands
    }
}

fn of(request: &Request) -> Option<&Arc<Meter>> {
    request.data()
}

/// Charges somebody whose token was found valid, and their organization.
///
/// # Errors
/// 429.
pub(in crate::http) async fn check_principal(
    request: &Request,
    principal: &Principal,
) -> Result<(), Problem> {
    let Some(meter) = of(request) else {
        return Ok(());
    };
    // Who has signed in guesses no credentials: what they do there counts as any command.
    let class = match meter.class {
        Class::Credentials => Class::Commands,
        class => class,
    };
    let asking = match principal.credential {
        Credential::AccessToken { .. } => Subject::Person(principal.user_id),
        Credential::ApiKey(key_id) => Subject::ApiKey(key_id.0),
    };
    let subjects = [asking, Subject::Organization(principal.organization_id)];
    meter.charge(class, &subjects).await
}

/// [`RateLimiter::check_account`] for a request; nothing when limits are off.
///
/// # Errors
/// 429, which says nothing about the account.
pub async fn check_account(request: &Request, account: AccountHash) -> Result<(), Problem> {
    match of(request) {
        Some(meter) => {
            let subjects = [Subject::Account(account)];
            meter.charge(Class::Credentials, &subjects).await
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_route_follows_from_its_path_and_method() {
        for (method, path, expected) in [
            (Method::GET, "/api/v1/tickets", Class::Default),
            (Method::OPTIONS, "/api/v1/tickets", Class::Default),
            (Method::GET, "/docs", Class::Default),
            (Method::GET, "/nowhere", Class::Default),
            (Method::POST, "/api/v1/tickets", Class::Commands),
            (Method::DELETE, "/nowhere", Class::Commands),
            (Method::POST, "/api/v1/auth/login", Class::Credentials),
            (Method::OPTIONS, "/api/v1/auth/login", Class::Default),
            (Method::GET, "/api/v1/auth/sessions", Class::Credentials),
            (Method::POST, "/api/v1/sign_up", Class::Credentials),
            (Method::POST, "/api/v1/authors", Class::Commands),
            (Method::GET, "/health/ready", Class::Probes),
            (Method::GET, "/metrics", Class::Probes),
            (Method::GET, "/healthy", Class::Default),
        ] {
            assert_eq!(class(&method, path), expected, "{method} {path}");
        }
    }
}
