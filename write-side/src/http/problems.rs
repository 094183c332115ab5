//! Which status a refused command gets.

use crate::dispatch::{CommandError, Refusal};
use platform::http::problem::{FieldError, Problem};

/// When to come back after a conflict that a retry solves.
const RETRY_SOON_S: u32 = 1;
/// When to come back while the log is away.
const RETRY_LATER_S: u32 = 2;

pub(super) fn problem(error: CommandError) -> Problem {
    let detail = error.to_string();
    match error {
        CommandError::Refused(refusal) => refused(refusal),
        CommandError::PreconditionFailed { .. } => Problem::precondition_failed(detail),
        CommandError::KeyReused | CommandError::TooLarge(_) => Problem::unprocessable(detail),
        CommandError::Contended | CommandError::Overloaded => {
            Problem::unavailable(detail, RETRY_SOON_S)
        }
        CommandError::Unavailable(source) | CommandError::OutcomeUnknown(source) => {
            Problem::unavailable(detail, RETRY_LATER_S).with_source(source)
        }
        CommandError::Internal(source) => Problem::internal(source),
    }
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotFound { what } => Problem::not_found(&format!("the {what}")),
        Refusal::Forbidden(detail) => Problem::forbidden(detail),
        Refusal::OrganizationSuspended => Problem::organization_suspended(),
        Refusal::Invalid(fields) => {
            let error = |field: crate::dispatch::FieldProblem| FieldError {
                pointer: field.pointer,
                detail: field.detail,
            };
            Problem::invalid_fields(fields.into_iter().map(error).collect())
        }
        Refusal::Conflict {
            detail,
            pointer: None,
        } => Problem::conflict(detail),
        Refusal::Conflict {
            detail,
            pointer: Some(pointer),
        } => {
            let error = FieldError {
                pointer: pointer.to_owned(),
                detail: detail.clone(),
            };
            Problem::conflict(detail).with_errors(vec![error])
        }
    }
}
