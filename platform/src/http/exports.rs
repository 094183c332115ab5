//! What the queries ask the commands for: that an export of a person is recorded.

use async_trait::async_trait;
use domain::ids::UserId;
use poem::Request;

use crate::auth::Principal;
use crate::http::problem::Problem;

/// Records that what is held about a person is given out.
#[async_trait]
pub trait ExportRecords: Send + Sync {
    /// Returns when it is in the log. The parts of one export may be recorded as one.
    ///
    /// # Errors
    /// The answer to the request when it could not be recorded: then nothing may be given out.
    async fn record(
        &self,
        reader: &Principal,
        subject: UserId,
        request: &Request,
    ) -> Result<(), Problem>;
}
