//! Records the exports that the queries give.

use super::desk::{Call, Headers, to_the_end};
use crate::commands::RecordSecurity;
use crate::dispatch::Dispatcher;
use async_trait::async_trait;
use domain::ids::UserId;
use domain::security::event::PersonExported;
use domain::security::export_id;
use platform::auth::Principal;
use platform::http::exports::ExportRecords;
use platform::http::problem::Problem;
use poem::Request;

/// Records exports as events.
#[derive(Debug, Clone)]
pub struct ExportRecorder(pub Dispatcher);

#[async_trait]
impl ExportRecords for ExportRecorder {
    async fn record(
        &self,
        reader: &Principal,
        subject: UserId,
        request: &Request,
    ) -> Result<(), Problem> {
        let call = Call {
            principal: *reader,
            request,
            headers: Headers::default(),
        };
        let context = call.context()?;
        let dispatcher = self.0.clone();
        let at = dispatcher.clock().now();
        let command = RecordSecurity {
            occurrence_id: export_id(reader.organization_id, reader.user_id, subject, at),
            event: PersonExported {
                user_id: reader.user_id,
                subject,
            }
            .into(),
        };
        to_the_end(async move { dispatcher.dispatch(context, command).await }).await?;
        Ok(())
    }
}
