//! Tickets whose past does not fit into one page of the log.

use event_store::{Options, RecordedEvent};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Kept, as_of, kept};
use crate::harness::{Answer, TestApp};

/// What staff and the customer were answered at a moment.
async fn both(app: &TestApp, ticket: Uuid) -> [Kept; 2] {
    [
        kept(app.agent(), ticket).await,
        kept(app.customer(), ticket).await,
    ]
}

/// More words than fit into a page, in messages that are as long as they may be; what staff were answered after each.
async fn fills_a_page(app: &TestApp, ticket: Uuid) -> Vec<Answer> {
    // Nine bytes in three characters.
    let words = "火事だ".repeat(65_536 / 3);
    let mut answers = Vec::new();
    for _ in 0..1 + Options::default().page_bytes_limit / words.len() {
        app.agent().replies(ticket, &words).await.expect(201);
        answers.push(app.agent().ticket(ticket).await);
    }
    answers
}

/// The events of the first page of the only ticket that there is.
async fn first_page(app: &TestApp) -> Vec<RecordedEvent> {
    let page_bytes = Options::default().page_bytes_limit;
    let mut events = app.log().await;
    events.retain(|event| ["ticket", "message"].contains(&event.stream_type.as_str()));
    let mut bytes = 0;
    let last = events.iter().position(|event| {
        bytes += event.data.len() + event.metadata.len();
        bytes >= page_bytes
    });
    events.truncate(last.unwrap() + 1);
    events
}

/// The answer without the beginning of its newest message, which must be there.
fn without_excerpt(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    let newest = body["last_message"].as_object_mut().unwrap();
    assert_ne!(newest.remove("excerpt"), None);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_ticket_was_is_found_in_every_page_of_its_past() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer").await;
    let mut moments = vec![both(&app, ticket).await];
    for priority in ["urgent", "high"] {
        fills_a_page(&app, ticket).await;
        let change = json!({"priority": priority, "subject": format!("Printer, {priority}")});
        let change = app.agent().patch(&format!("/tickets/{ticket}"), change);
        change.await.expect(200);
        moments.push(both(&app, ticket).await);
    }
    let persons = [app.agent(), app.customer()].into_iter().cycle();
    for (person, Kept { answer, at }) in persons.zip(moments.iter().flatten()) {
        for moment in [at.to_rfc3339(), answer.version().to_string()] {
            let then = as_of(person, ticket, &moment).await.expect(200);
            assert_eq!(then.body, answer.body, "{} at {moment}", person.name);
        }
    }
    let diff = format!(
        "/tickets/{ticket}/diff?from={}",
        moments[1][0].answer.version()
    );
    let diff = app.agent().get(&diff).await.expect(200);
    let changed = diff["changes"].as_array().unwrap().iter();
    let changed: Vec<_> = changed.map(|it| it["field"].as_str().unwrap()).collect();
    for field in ["subject", "priority", "public_message_count"] {
        assert!(changed.contains(&field), "{field} is not among {changed:?}");
    }
    assert!(!changed.contains(&"status"), "{changed:?}");
}

/// The page ends with the words of a reply; what the reply did to the ticket is in the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_lies_in_two_pages_is_told_whole_or_not_at_all() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer").await;
    let answers = fills_a_page(&app, ticket).await;
    let page = first_page(&app).await;
    assert_eq!(page.last().unwrap().event_type, "message.posted");
    let posted = page
        .iter()
        .filter(|event| event.event_type == "message.posted");
    let posted = posted.count();
    for count in [posted - 1, posted] {
        let mut answers = answers.iter();
        let answer = answers.find(|it| it["public_message_count"] == count);
        let answer = answer.unwrap();
        let version = answer.version().to_string();
        let then = as_of(app.agent(), ticket, &version).await.expect(200);
        assert_eq!(then.body, answer.body, "at version {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_are_taken_out_pages_later_are_not_in_the_past() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer").await;
    let says = async |words: &str| {
        let said = app.agent().replies(ticket, words).await.expect(201).id();
        (said, both(&app, ticket).await)
    };
    let (redacted, [to_staff, to_customer]) = says("SECRET words").await;
    let (edited, edited_later) = says("FORMER words").await;
    fills_a_page(&app, ticket).await;
    let edit = app.agent().patch(
        &format!("/messages/{edited}"),
        json!({"body": "Other words"}),
    );
    edit.await.expect(200);
    let redact = format!("/messages/{redacted}/redact");
    app.admin().post(&redact, json!({})).await.expect(200);

    for (person, kept) in [(app.agent(), to_staff), (app.customer(), to_customer)] {
        for moment in [kept.at.to_rfc3339(), kept.answer.version().to_string()] {
            let then = as_of(person, ticket, &moment).await.expect(200);
            assert!(!then.body.to_string().contains("SECRET"), "{:?}", then.body);
            assert_eq!(then.body, without_excerpt(&kept.answer), "at {moment}");
        }
    }
    // Staff read what was edited as it was, customers what stands, which is not of then.
    let [to_staff, to_customer] = edited_later;
    let then = as_of(app.agent(), ticket, &to_staff.at.to_rfc3339()).await;
    assert_eq!(then.expect(200).body, to_staff.answer.body);
    let then = as_of(app.customer(), ticket, &to_customer.at.to_rfc3339()).await;
    assert_eq!(then.expect(200).body, without_excerpt(&to_customer.answer));
}
