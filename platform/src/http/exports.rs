//! What the queries ask the commands for: that what they give out is recorded.

use async_trait::async_trait;
use domain::ids::UserId;
use domain::security::exports::Conditions;
use domain::security::words::{Report, ReportFormat};
use poem::Request;

use crate::auth::Principal;
use crate::http::problem::Problem;
use crate::http::views::PersonAccessView;

/// What says of which kind a report's file is. It is no condition.
const FORMAT: &str = "format";
/// The parameters of reports whose values are fixed words, ids, times and zones. A query and tags may be words of people.
const PLAIN: [&str; 18] = [
    "agent",
    "as_of",
    "by",
    "channel",
    "figure",
    "from",
    "group",
    "group_by",
    "metric",
    "policy",
    "priority",
    "requester",
    "split",
    "status",
    "team",
    "time_zone",
    "to",
    "view",
];

/// Records what is given out, and gives what queries do not read. Each record returns when it is in the log.
#[async_trait]
pub trait ExportRecords: Send + Sync {
    /// Records that what is held about a person is given out. The parts of one export may be recorded as one.
    ///
    /// # Errors
    /// The answer to the request when it could not be recorded: then nothing may be given out.
    async fn record(
        &self,
        reader: &Principal,
        subject: UserId,
        request: &Request,
    ) -> Result<(), Problem>;

    /// What is held of a person's ways in.
    ///
    /// # Errors
    /// The answer to the request when it cannot be read.
    async fn access_of(
        &self,
        reader: &Principal,
        subject: UserId,
    ) -> Result<PersonAccessView, Problem>;

    /// Records that a report is given out as a file.
    ///
    /// # Errors
    /// As [`ExportRecords::record`].
    async fn record_download(
        &self,
        reader: &Principal,
        report: Report,
        format: ReportFormat,
        request: &Request,
    ) -> Result<(), Problem>;
}

/// What a report was narrowed and grouped by.
#[must_use]
pub fn conditions(request: &Request) -> Conditions {
    let query = request.uri().query().unwrap_or_default();
    let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name != FORMAT)
        .collect();
    let parameters = parameters.iter();
    Conditions::of(parameters.map(|(name, value)| (&**name, &**value)), &PLAIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_people_wrote_is_no_part_of_the_conditions_that_are_told() {
        let asked = "/x?format=csv&from=2026-03-01&status=open&status=new&query=Ada&tag=ada&time_zone=Europe%2FBerlin";
        let request = Request::builder().uri_str(asked).finish();
        let told = serde_json::to_string(&conditions(&request)).unwrap();
        assert_eq!(
            told,
            r#"{"from":["2026-03-01"],"query":[],"status":["open","new"],"tag":[],"time_zone":["Europe/Berlin"]}"#
        );
    }
}
