//! What is counted of requests: how many by route and status, and how long they took.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Histogram};
use poem::http::{Method, StatusCode};

/// Unknown paths share one label: a scanner must not make new time series.
const UNKNOWN_ROUTE: &str = "unknown";

/// The series of each kind of answer. Looking one up by its labels would make them anew for each request.
#[derive(Default)]
pub(super) struct Traffic {
    // A std lock: it is held for a look-up, and for writing once a series.
    series: RwLock<HashMap<Kind, Series>>,
}

/// Method, number of the route, status.
type Kind = (&'static str, Option<usize>, u16);

#[derive(Clone)]
struct Series {
    requests: Counter,
    durations: Histogram,
}

impl Traffic {
    /// Counts an answer. `route` is the number and the template of the path, if it is known.
    pub(super) fn count(
        &self,
        method: &Method,
        route: Option<(usize, &str)>,
        status: StatusCode,
        took: Duration,
    ) {
        let method = method_label(method);
        let key = (method, route.map(|(number, _)| number), status.as_u16());
        let template = route.map_or(UNKNOWN_ROUTE, |(_, template)| template);
        let series = self.of(key, template);
        series.requests.increment(1);
        series.durations.record(took.as_secs_f64());
    }

    fn of(&self, key: Kind, template: &str) -> Series {
        // A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(&key) {
            return series.clone();
        }
        drop(known);
        let (method, _, status) = key;
        let series = Series::new(method, template, status);
        let mut known = self.series.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert(series).clone()
    }
}

impl Series {
    fn new(method: &'static str, route: &str, status: u16) -> Self {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        Self {
            requests: metrics::counter!("http_requests_total", &labels),
            durations: metrics::histogram!("http_request_duration_seconds", &labels[..2]),
        }
    }
}

/// Methods that we do not know share one label.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
