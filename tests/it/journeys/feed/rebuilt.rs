//! A cursor is a place in the log: rebuilding the read models, which say what somebody may see of it, moves it nowhere.

use tempfile::TempDir;

use super::{all, ids, pages, told_to_admins};
use crate::harness::access::text;
use crate::harness::{Binary, Person, TestApp};

async fn work(app: &TestApp, rounds: usize) {
    for count in 0..rounds {
        let ticket = app.customer().opens(&format!("Ticket {count}")).await;
        app.agent().replies(ticket, "Which one?").await.expect(201);
        app.agent().notes(ticket, "Again").await.expect(201);
        app.stranger().opens("Not theirs").await;
        app.globex.customer.opens("Elsewhere").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_before_a_rebuild_goes_on_behind_it() {
    let app = TestApp::start().await;
    work(&app, 3).await;
    let begin = async |person: &Person| person.get("/events?limit=5").await.expect(200);
    let begun = [begin(app.admin()).await, begin(app.customer()).await];
    let dir = TempDir::new().unwrap();
    let operator = Binary::new(&app.config, dir.path());
    operator.succeed(&["rebuild"]).await;
    work(&app, 3).await;
    for (person, begun) in [app.admin(), app.customer()].into_iter().zip(begun) {
        assert_eq!((begun.items().len(), &begun["has_more"]), (5, &true.into()));
        let cursor = text(&begun["next_cursor"]);
        let (rest, end) = pages(person, "limit=3", Some(cursor)).await;
        let mut told = ids(begun.items());
        told.extend(ids(&rest));
        assert_eq!(told, ids(&all(person).await), "{}", person.name);
        if person.id == app.admin().id {
            assert_eq!(told, told_to_admins(&app, &app.log().await));
        }
        let (nothing, same) = pages(person, "limit=3", Some(&end)).await;
        assert_eq!((nothing.len(), same), (0, end));
    }
}
