//! What becomes of a form that is refused: what was written in it stays, and nothing of somebody else's is undone.

use hyper::StatusCode;
use platform::http::rate_limit::{BudgetName, Budgets};
use serde_json::json;
use uuid::Uuid;

use super::{Browser, followed, text};
use crate::harness::{Answer, Database, TestApp};

const WRITTEN: &str = "key=k1&internal=yes&body=%0AThree+%3Clong%3E+lines";

/// Whether the page has what was written still in its form, with the reason beside it.
#[track_caller]
fn keeps_what_was_written(page: &Answer) {
    let shown = text(page);
    let body = "\n\nThree &#60;long&#62; lines</textarea>";
    assert!(shown.contains(body), "{shown}");
    assert!(shown.contains(r#"value="yes" checked"#), "{shown}");
    assert!(
        shown.contains(r#"role="alert" id="unsent">Not sent: "#),
        "{shown}"
    );
}

/// The hidden field of that name in each form of a page that goes to an act.
fn field<'a>(page: &'a str, act: &str, name: &str) -> Option<&'a str> {
    let (_, form) = page.split_once(&format!("/{act}\">"))?;
    let (form, _) = form.split_once("</form>")?;
    let (_, value) = form.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(value.split_once('"')?.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_refused_stays_in_its_form_beside_the_reason() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let path = format!("/tickets/{ticket}");
    let assign = json!({"agent_id": app.colleague().id});
    let assign = app.colleague().post(&format!("{path}/assign"), assign);
    assign.await.expect(200);
    app.colleague().resolves(ticket).await.expect(200);
    app.colleague().closes(ticket).await.expect(200);
    app.agent().ticket(ticket).await.expect(200);

    let refused = browser.send(&format!("{path}/reply"), WRITTEN).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    keeps_what_was_written(&refused);
    let page = text(&refused);
    assert!(page.contains("id=\"status\">closed"), "{page}");
    assert_ne!(field(&page, "reply", "key"), Some("k1"), "{page}");
    let address = format!("/console{path}");
    assert_eq!(refused.header("hx-replace-url"), Some(address.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_stays_also_where_its_ticket_cannot_be_shown() {
    let database = Database::create().await;
    let mut config = database.config();
    let budgets = config.rate_limits.take().unwrap_or_default();
    let few = |budgets: Budgets, name| budgets.with(name, "1/h burst 20".parse().unwrap());
    let limited = [BudgetName::DefaultPerson, BudgetName::CommandsPerson];
    config.rate_limits = Some(limited.into_iter().fold(budgets, few));
    let app = TestApp::on(database, config).await;
    let foreign = Browser::of(&app, &app.globex, &app.globex.agent).await;
    let ticket = app.customer().opens("No ink").await;
    let reply = format!("/tickets/{ticket}/reply");
    let refused = foreign.send(&reply, WRITTEN).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    keeps_what_was_written(&refused);
    assert!(!text(&refused).contains("No ink"));

    for _ in 0..25 {
        foreign.get("/tickets").await;
        foreign.send(&reply, WRITTEN).await;
    }
    let refused = foreign.send(&reply, WRITTEN).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").is_some());
    keeps_what_was_written(&refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_undoes_nothing_that_somebody_did_since_its_page_was_made() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let path = format!("/tickets/{ticket}");
    let page = text(&browser.get(&path).await);
    let version = field(&page, "assign", "version").unwrap();
    for act in ["resolve", "status"] {
        assert_eq!(field(&page, act, "version"), Some(version), "{act}");
    }
    let assign = json!({"agent_id": app.colleague().id});
    let assign = app.colleague().post(&format!("{path}/assign"), assign);
    assign.await.expect(200);
    app.agent().ticket(ticket).await.expect(200);

    for act in ["assign", "status", "resolve", "close", "reopen"] {
        let fields = format!("key={act}&version={version}&agent=&team=&status=pending");
        let refused = browser.send(&format!("{path}/{act}"), &fields).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "{act}");
        let page = text(&refused);
        let alert = r#"role="alert">somebody changed the ticket meanwhile"#;
        assert!(page.contains(alert), "{act}: {page}");
        assert!(page.contains("id=\"assignee\">Alan"), "{act}: {page}");
    }
    let now = app.agent().ticket(ticket).await;
    assert_eq!(
        (&now["status"], &now["assignee"]["name"]),
        (&"open".into(), &"Alan".into())
    );

    // What is seen now may be changed, once for each form.
    let page = text(&browser.get(&path).await);
    let version = field(&page, "resolve", "version").unwrap();
    for _ in 0..2 {
        let fields = format!("key=again&version={version}");
        let request = browser.send(&format!("{path}/resolve"), &fields);
        let page = followed(&browser, request).await;
        assert!(page.contains("id=\"status\">resolved"), "{page}");
        for act in ["reopen", "close"] {
            assert!(field(&page, act, "version").is_some(), "{act}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_taken_whatever_others_did_meanwhile() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    app.colleague()
        .sets_status(ticket, "open")
        .await
        .expect(200);
    let reply = format!("/tickets/{ticket}/reply");
    let page = followed(
        &browser,
        browser.send(&reply, "key=k1&version=1&body=Which"),
    )
    .await;
    assert!(page.contains("Which"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_path_is_refused_on_another_as_it_is_over_http() {
    let app = TestApp::start().await;
    let one = app.customer().opens("No ink").await;
    let other = app.customer().opens("No paper").await;
    app.agent().ticket(other).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let reply = |ticket: Uuid| browser.send(&format!("/tickets/{ticket}/reply"), WRITTEN);
    followed(&browser, reply(one)).await;
    let refused = reply(other).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    keeps_what_was_written(&refused);
    assert_eq!(app.agent().messages(other).await.len(), 1);
}
