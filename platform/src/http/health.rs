//! Whether the server lives, can work, and how its parts are.

use async_trait::async_trait;
use poem::http::StatusCode;
use poem::web::{Data, Json};
use poem::{IntoResponse, Response, handler};
use serde::Serialize;
use std::sync::Arc;

/// How a part of the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which part: `postgresql`, `projector`.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// What is wrong, in words for an operator, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Slower or older answers, but right ones: the server still takes requests.
    Degraded,
    /// The server cannot work.
    Failed,
}

/// Asks the parts of the server how they are. Each question has a timeout of its own.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Every part, in a fixed order.
    async fn checks(&self) -> Vec<Check>;
}

#[derive(Serialize)]
struct Health {
    status: CheckState,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<Check>>,
}

/// `/health`: the process answers.
#[handler]
pub(super) fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({"status": "ok"}))
}

/// `/health/ready`: 200 when requests can be served, else 503.
#[handler]
pub(super) async fn ready(Data(readiness): Data<&Arc<dyn Readiness>>) -> Response {
    answer(readiness.checks().await, Detail::Hidden)
}

/// `/health/detailed`: the same with every part.
#[handler]
pub(super) async fn detailed(Data(readiness): Data<&Arc<dyn Readiness>>) -> Response {
    answer(readiness.checks().await, Detail::Shown)
}

enum Detail {
    Shown,
    Hidden,
}

fn answer(checks: Vec<Check>, detail: Detail) -> Response {
    let worst = |state| checks.iter().any(|check| check.state == state);
    let (status, code) = if worst(CheckState::Failed) {
        (CheckState::Failed, StatusCode::SERVICE_UNAVAILABLE)
    } else if worst(CheckState::Degraded) {
        (CheckState::Degraded, StatusCode::OK)
    } else {
        (CheckState::Ok, StatusCode::OK)
    };
    let checks = match detail {
        Detail::Shown => Some(checks),
        Detail::Hidden => None,
    };
    Json(Health { status, checks })
        .with_status(code)
        .into_response()
}
