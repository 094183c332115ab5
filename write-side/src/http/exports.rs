//! Records what the queries give out.

use super::access::problems::problem;
use super::desk::{Call, Headers, to_the_end};
use crate::commands::RecordSecurity;
use crate::dispatch::Dispatcher;
use crate::identity::Identity;
use async_trait::async_trait;
use domain::ids::UserId;
use domain::security::event::{PersonExported, SecurityEvent};
use domain::security::export_id;
use domain::security::exports::ReportDownloaded;
use domain::security::words::{Report, ReportFormat};
use platform::auth::Principal;
use platform::http::exports::{ExportRecords, conditions};
use platform::http::problem::Problem;
use platform::http::views::PersonAccessView;
use poem::Request;
use uuid::Uuid;

/// Records exports as events.
#[derive(Clone)]
pub struct ExportRecorder {
    /// Takes the events.
    pub dispatcher: Dispatcher,
    /// Knows the ways in.
    pub identity: Identity,
}

impl ExportRecorder {
    async fn dispatch(
        &self,
        reader: &Principal,
        request: &Request,
        occurrence_id: Uuid,
        event: impl Into<SecurityEvent>,
    ) -> Result<(), Problem> {
        let call = Call {
            principal: *reader,
            request,
            headers: Headers::default(),
        };
        let context = call.context()?;
        let dispatcher = self.dispatcher.clone();
        let command = RecordSecurity {
            occurrence_id,
            event: event.into(),
        };
        to_the_end(async move { dispatcher.dispatch(context, command).await }).await?;
        Ok(())
    }
}

#[async_trait]
impl ExportRecords for ExportRecorder {
    async fn record(
        &self,
        reader: &Principal,
        subject: UserId,
        request: &Request,
    ) -> Result<(), Problem> {
        let at = self.dispatcher.clock().now();
        let id = export_id(reader.organization_id, reader.user_id, subject, at);
        let exported = PersonExported {
            user_id: reader.user_id,
            subject,
        };
        self.dispatch(reader, request, id, exported).await
    }

    async fn access_of(
        &self,
        reader: &Principal,
        subject: UserId,
    ) -> Result<PersonAccessView, Problem> {
        let held = self.identity.held_of(reader.organization_id, subject).await;
        held.map_err(problem)
    }

    async fn record_download(
        &self,
        reader: &Principal,
        report: Report,
        format: ReportFormat,
        request: &Request,
    ) -> Result<(), Problem> {
        let downloaded = ReportDownloaded {
            user_id: reader.user_id,
            report,
            format,
            conditions: conditions(request),
        };
        self.dispatch(reader, request, Uuid::now_v7(), downloaded)
            .await
    }
}
