//! A ticket's whole life.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{DEADLINE, TestApp, eventually, time_of, uuid_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_opened_answered_resolved_and_closes_by_itself() {
    let app = TestApp::start().await;
    let (customer, agent) = (app.customer(), app.agent());

    let ticket = customer.opens("Printer on fire").await;
    assert_eq!(customer.ticket(ticket).await["status"], "new");

    app.wait(TimeDelta::minutes(5));
    agent.replies(ticket, "Which one?").await.expect(201);
    assert_eq!(customer.ticket(ticket).await["status"], "open");

    agent.sets_status(ticket, "pending").await.expect(200);
    customer.replies(ticket, "The red one.").await.expect(201);
    assert_eq!(customer.ticket(ticket).await["status"], "open");

    agent.resolves(ticket).await.expect(200);
    let resolved = agent.ticket(ticket).await;
    assert_eq!(resolved["status"], "resolved");
    assert_eq!(resolved["assignee"]["name"], "Grace");

    customer
        .replies(ticket, "It burns again.")
        .await
        .expect(201);
    let back = agent.ticket(ticket).await;
    assert_eq!(
        (&back["status"], &back["reopen_count"]),
        (&json!("open"), &json!(1))
    );

    agent.resolves(ticket).await.expect(200);
    app.wait(TimeDelta::hours(95));
    app.at_rest().await;
    assert_eq!(customer.ticket(ticket).await["status"], "resolved");
    app.wait(TimeDelta::hours(1));
    let closed = eventually(
        async || {
            let seen = customer.ticket(ticket).await;
            if seen["status"] == "closed" {
                Ok(seen)
            } else {
                Err(seen.body)
            }
        },
        DEADLINE,
    )
    .await;
    assert_eq!(time_of(&closed["closed_at"]), app.now());

    let late = customer.replies(ticket, "Once more.").await.expect(201);
    assert_eq!(late["follow_up_of"], json!(ticket));
    let follow_up = uuid_of(&late["ticket_id"]);
    assert_eq!(
        customer.ticket(follow_up).await["follow_up_of"],
        json!(ticket)
    );
    assert_eq!(
        customer.ticket(ticket).await["follow_ups"],
        json!([follow_up])
    );
    assert_eq!(customer.ticket(ticket).await["status"], "closed");
}
