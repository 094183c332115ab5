//! S24, broken object level authorization: whatever operation names a thing that is another's, the answer is the one for a
//! thing that is not there. Other organizations and nobody at all are tried in `isolation`, private teams in `private_teams`.

use hyper::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::contract::openapi::refusals::least_body;
use crate::contract::openapi::spec::{Operation, Spec};
use crate::harness::{Person, TestApp};

/// The ids of things, by the parameters of paths that name them.
pub type Ids<'a> = &'a [(&'a str, Uuid)];

/// Tries every operation that has one of the ids in its path, and again with ids of nothing.
///
/// # Panics
/// When an operation tells the one from the other, lets the person in, or records something.
pub async fn is_not_told_from_nothing(app: &TestApp, person: &Person, ids: Ids<'_>) {
    let spec = Spec::committed();
    let has_id =
        |operation: &Operation<'_>| ids.iter().any(|(name, _)| operation.path.contains(name));
    app.at_rest().await;
    let events = app.log().await.len();
    let nothing: Vec<_> = ids
        .iter()
        .map(|(name, _)| (*name, Uuid::now_v7()))
        .collect();
    let mut asked = 0;
    for operation in spec.operations().filter(has_id) {
        let theirs = tried(person, &operation, ids).await;
        let invented = tried(person, &operation, &nothing).await;
        assert_eq!(theirs, invented, "{} {}", person.name, operation.id());
        let is_refused = matches!(theirs.0, 403 | 404);
        assert!(is_refused, "{} {} {theirs:?}", person.name, operation.id());
        asked += 1;
    }
    assert!(asked > 1, "only {asked} were asked");
    assert_eq!(app.log().await.len(), events, "{}", person.name);
}

async fn tried(person: &Person, operation: &Operation<'_>, ids: Ids<'_>) -> (u16, Value) {
    let method: Method = operation.method.to_uppercase().parse().unwrap();
    let path = operation.path.replace("{tag}", "vip");
    let path = ids
        .iter()
        .fold(path, |path, (name, id)| path.replace(name, &id.to_string()));
    let request = person.request(method, &path);
    let request = match operation.has_body() {
        true => request.json(&least_body(operation.id())),
        false => request,
    };
    let answer = request.await;
    (answer.status.as_u16(), answer["detail"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_the_things_of_another_customer_are_not_there() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let message = app
        .agent()
        .replies(ticket, "Which one?")
        .await
        .expect(201)
        .id();
    let note = app.agent().notes(ticket, "Again?").await.expect(201).id();
    for message in [message, note] {
        let ids = [
            ("{ticket_id}", ticket),
            ("{message_id}", message),
            ("{user_id}", app.customer().id),
            ("{team_id}", app.acme.team_id),
        ];
        is_not_told_from_nothing(&app, app.stranger(), &ids).await;
    }
    // A note on their own ticket is not there for the requester either.
    is_not_told_from_nothing(&app, app.customer(), &[("{message_id}", note)]).await;
    let list = app
        .stranger()
        .get("/tickets?include_total=true")
        .await
        .expect(200);
    assert_eq!((list.items().len(), &list["total"]), (0, &Value::from(0)));
}
