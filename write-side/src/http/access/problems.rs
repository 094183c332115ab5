//! Which status somebody gets who is not let in.

use platform::http::problem::{FieldError, Problem};

use crate::http::problems::problem as of_command;
use crate::identity::IdentityError;

/// When to come back while many sign in, or the accounts cannot be reached.
const RETRY_AFTER_S: u32 = 1;
/// When to come back while the provider of a sign-on does not answer.
const PROVIDER_RETRY_AFTER_S: u32 = 5;

pub(in crate::http) fn problem(error: IdentityError) -> Problem {
    let detail = error.to_string();
    match error {
        IdentityError::InvalidCredentials
        | IdentityError::InvalidCode
        | IdentityError::NotSignedOn
        | IdentityError::Spent(_) => Problem::not_authenticated(detail),
        IdentityError::Invalid { pointer, detail } => Problem::invalid(pointer, detail),
        IdentityError::Conflict { detail, pointer } => {
            let problem = Problem::conflict(detail.clone());
            match pointer {
                Some(pointer) => problem.with_errors(vec![FieldError {
                    pointer: pointer.to_owned(),
                    detail,
                }]),
                None => problem,
            }
        }
        IdentityError::NotFound(what) => Problem::not_found(what),
        IdentityError::Forbidden(detail) => Problem::forbidden(detail),
        IdentityError::OrganizationSuspended => Problem::organization_suspended(),
        IdentityError::Busy => Problem::unavailable(detail, RETRY_AFTER_S),
        IdentityError::Unavailable(source) => {
            Problem::unavailable(detail, RETRY_AFTER_S).with_source(source)
        }
        IdentityError::ProviderUnreachable(source) => {
            Problem::unavailable(detail, PROVIDER_RETRY_AFTER_S).with_source(source)
        }
        IdentityError::Command(error) => of_command(error),
        IdentityError::Internal(source) => Problem::internal(source),
    }
}
