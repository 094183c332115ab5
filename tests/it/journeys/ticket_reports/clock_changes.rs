//! Days on which the clock is changed: the sums, the facts and the log agree on where each of them begins and ends.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::told::Slice;
use super::{counted, report};
use crate::harness::TestApp;

/// The sums know of no status: asked for all of them, the facts answer.
const EVERY_STATUS: &str =
    "&status=new&status=open&status=pending&status=on_hold&status=resolved&status=closed";

#[tokio::test(flavor = "multi_thread")]
async fn days_on_which_the_clock_is_changed_begin_for_reports_when_they_begin_for_the_log() {
    // From one o'clock to three, and from midnight to one: in Beirut the day has no midnight.
    for zone in ["Europe/Berlin", "Asia/Beirut"] {
        let app = TestApp::start().await;
        let settings = json!({"settings": {"time_zone": zone}});
        let patched = app.admin().patch("/organization", settings);
        patched.await.expect(200);
        let evening: DateTime<Utc> = "2026-03-28T17:40:00Z".parse().unwrap();
        app.wait(evening - app.now());
        // Past the midnights on both sides of the change.
        for number in 0..20 {
            let ticket = app.customer().opens("Printer on fire").await;
            app.wait(TimeDelta::minutes(40));
            app.agent().replies(ticket, "Which one?").await.expect(201);
            app.wait(TimeDelta::minutes(25));
            if number % 3 != 0 {
                app.agent().resolves(ticket).await.expect(200);
            }
            app.wait(TimeDelta::minutes(37));
        }
        let log = app.database.superuser().await;
        let place = (app.partition().await.get(), app.acme.id.0);
        let mut found = Vec::new();
        for figure in ["opened", "first_response", "resolution", "backlog"] {
            for days in 0..5 {
                let day = evening.date_naive() + TimeDelta::days(days - 1);
                let slice = Slice {
                    figure,
                    from: day,
                    to: day + TimeDelta::days(1),
                    conditions: Vec::new(),
                    terms: Vec::new(),
                    view: None,
                    as_of: None,
                };
                let query = slice.query();
                let (ids, ..) = slice.told(&log, place, zone).await;
                let sums = report(app.admin(), &query).await;
                let facts = report(app.admin(), &format!("{query}{EVERY_STATUS}")).await;
                assert_eq!(sums["total"]["count"], ids.len(), "{zone}: {query}");
                assert_eq!(facts["total"], sums["total"], "{zone}: {query}");
                let listed = counted(app.admin(), &query).await;
                assert_eq!(listed.len(), ids.len(), "{zone}: {query}");
                found.push(ids.len());
            }
        }
        let days = found.iter().filter(|count| **count > 0).count();
        assert!(days > 8, "{zone}: only {days} days have tickets");
    }
}
