//! Words find tickets: for those who may see them, and as long as somebody's words are there.

use serde_json::{Value, json};

use crate::harness::{Answer, DEADLINE, Person, TestApp, eventually};

const NOTHING: [&str; 0] = [];

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn asked(person: &Person, query: &str) -> Answer {
    let path = format!("/search?query={}", encoded(query));
    person.get(&path).await
}

/// What is found. A busy machine may not look at everything in time, and says so: asked again until it did.
async fn search(person: &Person, query: &str) -> Answer {
    let whole = async || {
        let answer = asked(person, query).await;
        if answer.status == 503 || answer.body["partial"] == true {
            Err(answer.body)
        } else {
            Ok(answer)
        }
    };
    eventually(whole, DEADLINE).await
}

/// The subjects of what is found, the best first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let answer = search(person, query).await.expect(200);
    let subject = |hit: &Value| hit["ticket"]["subject"].as_str().unwrap().to_owned();
    answer.items().iter().map(subject).collect()
}

/// The names of the people who are found.
async fn people(person: &Person, query: &str) -> Vec<String> {
    let answer = search(person, query).await.expect(200);
    let people = answer["people"].as_array().unwrap().iter();
    people
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The subjects of a list, in alphabetical order.
async fn listed(person: &Person, query: &str) -> Vec<String> {
    let path = format!("/tickets?include_total=true&query={}", encoded(query));
    let page = person.get(&path).await.expect(200);
    let subject = |ticket: &Value| ticket["subject"].as_str().unwrap().to_owned();
    let mut subjects: Vec<String> = page.items().iter().map(subject).collect();
    subjects.sort();
    assert_eq!(page["total"], json!(subjects.len()), "{query}");
    subjects
}

/// A text with what matches in brackets.
fn joined(parts: &Value) -> String {
    let part = |part: &Value| match part["matches"].as_bool().unwrap() {
        true => format!("[{}]", part["text"].as_str().unwrap()),
        false => part["text"].as_str().unwrap().to_owned(),
    };
    parts.as_array().unwrap().iter().map(part).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_subjects_messages_names_tags_and_numbers() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let scanner = app.stranger().opens("Scanner jams").await;
    let reply = "Is it the <b>printer</b> with the scanner, or out of paper?";
    app.agent().replies(scanner, reply).await.expect(201);
    let tag = format!("/tickets/{scanner}/tags/vip");
    app.agent().put(&tag).await.expect(200);
    for (query, expected) in [
        // In the subject before in a message.
        ("printer", &["Printer on fire", "Scanner jams"][..]),
        ("PRINTER", &["Printer on fire", "Scanner jams"]),
        ("fire", &["Printer on fire"]),
        ("printer paper", &["Scanner jams"]),
        ("\"out of paper\"", &["Scanner jams"]),
        ("\"paper of out\"", &[]),
        ("carla", &["Printer on fire"]),
        ("carla fire", &["Printer on fire"]),
        ("vip", &["Scanner jams"]),
        ("2", &["Scanner jams"]),
        ("printer requester:me", &[]),
        ("printer -status:new", &["Scanner jams"]),
        ("printer #1", &["Printer on fire"]),
        ("printer -paper", &["Printer on fire"]),
        ("printer -fire", &["Scanner jams"]),
        // One in the subject, one in a message.
        ("jams paper", &["Scanner jams"]),
        // Parts of subjects, and of an address.
        ("cann", &["Scanner jams"]),
        ("carla@", &["Printer on fire"]),
        ("zeppelin", &[]),
        ("!&| 'it''s' \\", &[]),
    ] {
        assert_eq!(found(app.agent(), query).await, expected, "{query}");
    }
    let answer = search(app.agent(), "printer").await.expect(200);
    assert_eq!(joined(&answer.items()[0]["subject"]), "[Printer] on fire");
    let excerpt = joined(&answer.items()[1]["excerpt"]);
    assert!(
        excerpt.contains("Is it the <b>[printer]</b> with the scanner"),
        "{excerpt}"
    );
    assert_eq!(answer["partial"], false);
    for (query, says) in [
        ("status:open", "a word to search for"),
        ("-toner", "a word to search for"),
        ("printer status:lost", "column 16"),
    ] {
        let refused = search(app.agent(), query).await.expect(400);
        let detail = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail}");
    }
    let endless = "ü".repeat(1_000);
    assert_eq!(found(app.agent(), &endless).await, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_take_words_among_their_conditions() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let scanner = app.stranger().opens("Scanner jams").await;
    app.agent()
        .replies(scanner, "Which printer?")
        .await
        .expect(201);
    app.stranger().opens("Toner is low").await;
    for (query, expected) in [
        ("printer", &["Printer on fire", "Scanner jams"][..]),
        ("printer status:new", &["Printer on fire"]),
        ("\"which printer\"", &["Scanner jams"]),
        ("-printer", &["Toner is low"]),
        ("-printer -toner", &[]),
        ("printer -scanner", &["Printer on fire"]),
        // One in the subject, one in a message.
        ("jams printer", &["Scanner jams"]),
        ("zeppelin", &[]),
        ("!", &[]),
    ] {
        assert_eq!(listed(app.agent(), query).await, expected, "{query}");
    }
    assert_eq!(listed(app.customer(), "printer").await, ["Printer on fire"]);
    let page = app.agent().get("/tickets?query=printer&limit=1").await;
    let page = page.expect(200);
    let next = page["next_cursor"].as_str().unwrap();
    let next = format!("/tickets?query=printer&limit=1&cursor={next}");
    let last = app.agent().get(&next).await.expect(200);
    assert_ne!(page.items()[0]["id"], last.items()[0]["id"]);
    assert_eq!(last["next_cursor"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_it_does_not_find_it() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Zeppelin on fire").await;
    app.agent()
        .notes(ticket, "Hydrogen, again")
        .await
        .expect(201);
    app.agent()
        .replies(ticket, "We send helium")
        .await
        .expect(201);
    let tag = format!("/tickets/{ticket}/tags/airship");
    app.agent().put(&tag).await.expect(200);
    for word in ["zeppelin", "helium", "1"] {
        assert_eq!(
            found(app.customer(), word).await,
            ["Zeppelin on fire"],
            "{word}"
        );
        for other in [app.stranger(), &app.globex.agent, &app.globex.customer] {
            assert_eq!(found(other, word).await, NOTHING, "{} {word}", other.name);
        }
    }
    for word in ["hydrogen", "airship", "-hydrogen zeppelin", "eppel"] {
        let finds = ["-hydrogen zeppelin", "eppel"].contains(&word);
        let of_customer = found(app.customer(), word).await;
        assert_eq!(of_customer.len(), usize::from(finds), "{word}");
    }
    assert_eq!(listed(app.customer(), "hydrogen").await, NOTHING);
    for word in ["hydrogen", "airship"] {
        assert_eq!(
            found(app.colleague(), word).await,
            ["Zeppelin on fire"],
            "{word}"
        );
    }
    search(app.customer(), "zeppelin tag:vip").await.expect(403);
    let members = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let team = app.admin().post("/teams", members).await.expect(201).id();
    let path = format!("/tickets/{ticket}/assign");
    let to = json!({"team_id": team});
    app.admin().post(&path, to).await.expect(200);
    for word in [
        "zeppelin", "helium", "hydrogen", "airship", "carla", "eppel", "carla@", "1",
    ] {
        assert_eq!(
            found(app.agent(), word).await,
            ["Zeppelin on fire"],
            "{word}"
        );
        for outsider in [app.colleague(), app.lead()] {
            assert_eq!(
                found(outsider, word).await,
                NOTHING,
                "{} {word}",
                outsider.name
            );
            assert_eq!(
                listed(outsider, word).await,
                NOTHING,
                "{} {word}",
                outsider.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_staff_alone_by_parts_of_names_and_addresses() {
    let app = TestApp::start().await;
    for (query, expected) in [
        ("carl", &["Carla"][..]),
        ("CARLA acme", &["Carla"]),
        ("sten@acme", &["Sten"]),
        ("ca", &[]),
        ("%%%", &[]),
    ] {
        assert_eq!(people(app.agent(), query).await, expected, "{query}");
        assert_eq!(people(app.customer(), query).await, NOTHING, "{query}");
    }
    let globex = people(&app.globex.agent, "acme").await;
    assert_eq!(globex, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_edited_redacted_and_erased_words_are_not_found_any_more() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Zeppelin on fire").await;
    let reply = app.agent().replies(ticket, "Nitrogen, again").await;
    let message = reply.expect(201).id();
    let edit = json!({"body": "Hydrogen, again"});
    let path = format!("/messages/{message}");
    app.agent().patch(&path, edit).await.expect(200);
    assert_eq!(found(app.agent(), "nitrogen").await, NOTHING);
    assert_eq!(found(app.agent(), "hydrogen").await, ["Zeppelin on fire"]);
    let path = format!("/tickets/{ticket}");
    let rename = json!({"subject": "Airship on fire"});
    app.agent().patch(&path, rename).await.expect(200);
    let path = format!("/users/{}", app.customer().id);
    let rename = json!({"name": "Ottilie"});
    app.admin().patch(&path, rename).await.expect(200);
    assert_eq!(
        found(app.agent(), "airship ottilie").await,
        ["Airship on fire"]
    );
    assert_eq!(people(app.agent(), "ottil").await, ["Ottilie"]);
    assert_eq!(people(app.agent(), "\"carla carla@\"").await, NOTHING);
    let path = format!("/messages/{message}/redact");
    let redact = json!({"reason": "Secret"});
    app.agent().post(&path, redact).await.expect(200);
    assert_eq!(found(app.agent(), "hydrogen").await, NOTHING);
    let path = format!("/users/{}/erase", app.customer().id);
    let erase = json!({"reason": "Asked"});
    app.admin().post(&path, erase).await.expect(200);
    for word in [
        "airship",
        "zeppelin",
        "ottilie",
        "carla",
        "carla@acme.example",
    ] {
        assert_eq!(found(app.agent(), word).await, NOTHING, "{word}");
        assert_eq!(listed(app.agent(), word).await, NOTHING, "{word}");
        assert_eq!(people(app.agent(), word).await, NOTHING, "{word}");
    }
    let sql = "SELECT (SELECT count(*) FROM core.ticket_words WHERE search::text ~ 'airship|zeppelin|carla|ottilie')
             + (SELECT count(*) FROM core.messages WHERE search::text ~ 'airship|zeppelin|nitrogen|hydrogen')";
    let client = app.database.superuser().await;
    let left: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "the index still knows them");
    app.is_as_the_log_says().await;
}

async fn speaks(app: &TestApp, language: &str) {
    let settings = json!({"settings": {"search_language": language}});
    app.admin()
        .patch("/organization", settings)
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_the_forms_of_each_language_that_the_organization_ever_had() {
    let app = TestApp::start().await;
    app.customer().opens("Printers").await;
    assert_eq!(found(app.agent(), "printer paper").await, NOTHING);
    speaks(&app, "english").await;
    app.customer().opens("The printing of invoices").await;
    app.customer().opens("A red hat").await;
    speaks(&app, "german").await;
    let ticket = app.customer().opens("Die Drucker brennen").await;
    app.agent()
        .replies(ticket, "Welche der Häuser?")
        .await
        .expect(201);
    for (query, expected) in [
        // Before there was a language, words were kept as they were written.
        ("printers", &["Printers", "The printing of invoices"][..1]),
        ("print", &["The printing of invoices"]),
        ("the invoice", &["The printing of invoices"]),
        ("druckern", &["Die Drucker brennen"]),
        ("\"die drucker\"", &["Die Drucker brennen"]),
        ("haus", &["Die Drucker brennen"]),
        ("der", &[]),
        // German has a verb that says nothing; English has a thing.
        ("hat", &["A red hat"]),
        ("red hat", &["A red hat"]),
    ] {
        let found = found(app.agent(), query).await;
        assert_eq!(
            found.first().map(String::as_str),
            expected.first().copied(),
            "{query}"
        );
    }
    let answer = search(app.agent(), "haus").await.expect(200);
    assert_eq!(joined(&answer.items()[0]["excerpt"]), "Welche der [Häuser]");
    let wrong = json!({"settings": {"search_language": "klingon"}});
    app.admin().patch("/organization", wrong).await.expect(400);
    app.is_as_the_log_says().await;
}

/// Every search waits until this client rolls back.
async fn searches_held_up(app: &TestApp) -> tokio_postgres::Client {
    let client = app.database.superuser().await;
    client
        .batch_execute("BEGIN; LOCK TABLE core.messages IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    client
}

/// Whatever holds a search up, nobody else waits for it, and it says so itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_takes_too_long_gives_up_and_others_do_not_wait_for_it() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    // The projector is done with it before it is held up as well.
    assert_eq!(found(app.agent(), "printer").await, ["Printer on fire"]);
    let held = searches_held_up(&app).await;
    let slow = asked(app.agent(), "printer");
    let crowd = futures::future::join_all((0..20).map(|_| asked(app.agent(), "printer")));
    let others = async {
        for _ in 0..5 {
            app.agent().get("/tickets").await.expect(200);
        }
    };
    let (slow, crowd, ()) = tokio::join!(slow, crowd, others);
    let mut said: Vec<String> = crowd
        .into_iter()
        .chain([slow])
        .map(|answer| {
            let answer = answer.expect(503);
            assert!(answer.header("retry-after").is_some());
            answer["detail"].as_str().unwrap().to_owned()
        })
        .collect();
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("took too long"), "{said:?}");
    assert!(said[1].contains("too many searches"), "{said:?}");
    held.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(found(app.agent(), "printer").await, ["Printer on fire"]);
}

/// With every search held up, one that found a turn tells that it took too long, and one that found none that there are too
/// many.
#[tokio::test(flavor = "multi_thread")]
async fn however_much_one_organization_searches_another_finds_a_turn() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    assert_eq!(found(app.agent(), "printer").await, ["Printer on fire"]);
    let held = searches_held_up(&app).await;
    let people = [app.agent(), app.admin(), app.customer()];
    let crowd = (0..30).map(|index| asked(people[index % 3], "printer"));
    let crowd = futures::future::join_all(crowd);
    let other = async {
        // Behind the crowd.
        app.agent().get("/tickets").await.expect(200);
        asked(&app.globex.agent, "printer").await.expect(503)
    };
    let (crowd, other) = tokio::join!(crowd, other);
    let detail = |answer: &Answer| answer["detail"].as_str().unwrap().to_owned();
    assert!(detail(&other).contains("took too long"), "{}", other.body);
    let turned_away = crowd.iter().map(detail);
    let turned_away = turned_away.filter(|it| it.contains("too many searches"));
    assert!(turned_away.count() > 0);
    held.batch_execute("ROLLBACK").await.unwrap();
}
