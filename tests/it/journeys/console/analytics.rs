//! The page of analytics: its numbers are those of the reports, and each leads to what it counts.

use chrono::{DateTime, TimeDelta};
use hyper::StatusCode;
use serde_json::json;

use super::{Browser, text};
use crate::harness::TestApp;

const DAYS: &str = "from=2026-03-01&to=2026-03-03";

/// The addresses of a page that lead below this path, with the words of each.
fn links<'a>(page: &'a str, path: &str) -> Vec<(String, &'a str)> {
    let links = page.split("<a ").skip(1);
    let links = links.filter_map(|link| {
        let (_, rest) = link.split_once("href=\"/console")?;
        let (address, rest) = rest.split_once('"')?;
        let (_, words) = rest.split_once('>')?;
        let address = address.replace("&#38;", "&").replace("&amp;", "&");
        Some((address, words.split_once("</a>")?.0))
    });
    links
        .filter(|(address, _)| address.starts_with(path))
        .collect()
}

/// A link whose words are no count, such as a rate or a time, and which says how many it is of.
struct Titled<'a> {
    address: String,
    words: &'a str,
    number: i64,
}

fn titled(page: &str) -> Vec<Titled<'_>> {
    let links = page.split("<a href=\"/console").skip(1);
    let links = links.filter_map(|link| {
        let (address, rest) = link.split_once("\" title=\"")?;
        let (title, rest) = rest.split_once("\">")?;
        let (words, _) = rest.split_once("</a>")?;
        let (number, _) = title.split_once(' ')?;
        Some(Titled {
            address: address.replace("&#38;", "&"),
            words,
            number: number.parse().ok()?,
        })
    });
    links.collect()
}

/// Whether the page behind a link has as many entries as the link says.
async fn has_behind(browser: &Browser<'_>, address: &str, number: i64) {
    let behind = text(&browser.get(address).await);
    let count = format!("<span class=\"count\">{number}</span></h1>");
    assert!(
        behind.contains(&count),
        "{address} is not {number}: {behind}"
    );
    let rows = behind.matches("class=\"subject\"").count();
    assert_eq!(i64::try_from(rows).unwrap(), number, "{address}");
    assert!(behind.contains("No ink"), "{behind}");
}

async fn desk(app: &TestApp) {
    let team = app.acme.team_id;
    for (number, priority) in ["high", "low", "low"].into_iter().enumerate() {
        let body =
            json!({"subject": format!("No ink {number}"), "body": "None.", "priority": priority});
        let ticket = app.customer().post("/tickets", body).await.expect(201).id();
        app.agent().ticket(ticket).await.expect(200);
        app.wait(TimeDelta::minutes(10));
        let assign = json!({"agent_id": app.agent().id, "team_id": team});
        let path = format!("/tickets/{ticket}");
        app.agent()
            .post(&format!("{path}/assign"), assign)
            .await
            .expect(200);
        app.agent().replies(ticket, "Which one?").await.expect(201);
        if priority == "low" {
            app.agent().resolves(ticket).await.expect(200);
        }
    }
    app.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_leads_to_as_many_as_it_says() {
    let app = TestApp::start().await;
    desk(&app).await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = browser.get(&format!("/analytics?{DAYS}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let page = text(&page);
    let links = links(&page, "/analytics/");
    let numbers = links.iter().filter_map(|(address, words)| {
        let number: i64 = words.parse().ok()?;
        Some((address, number))
    });
    let mut kinds = [0; 3];
    for (address, number) in numbers {
        has_behind(&browser, address, number).await;
        let paths = [
            "/analytics/tickets",
            "/analytics/waits",
            "/analytics/messages",
        ];
        for (path, kind) in paths.iter().zip(&mut kinds) {
            *kind += usize::from(address.starts_with(path));
        }
    }
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_percentage_and_time_leads_to_as_many_as_its_title_says() {
    let app = TestApp::start().await;
    desk(&app).await;
    let back = app.customer().opens("No ink again").await;
    app.agent().ticket(back).await.expect(200);
    app.agent().resolves(back).await.expect(200);
    app.agent().reopens(back).await.expect(200);
    app.at_rest().await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = text(&browser.get(&format!("/analytics?{DAYS}")).await);
    let links = titled(&page);
    for link in &links {
        has_behind(&browser, &link.address, link.number).await;
    }
    for (path, unit) in [
        ("/analytics/tickets?figure=reopened", " %"),
        ("/analytics/tickets?figure=first_response", " min"),
        ("/analytics/tickets?figure=resolution", " min"),
        ("/analytics/waits?", " %"),
        ("/analytics/waits?", " min"),
    ] {
        let is_there = |link: &Titled| link.address.starts_with(path) && link.words.ends_with(unit);
        assert!(
            links.iter().any(is_there),
            "no{unit} leads to {path}: {page}"
        );
    }
    let cells = page
        .split("<td>")
        .filter_map(|cell| cell.split_once("</td>"));
    let rates = cells.filter(|(cell, _)| cell.ends_with(" %"));
    for (rate, _) in rates {
        assert_eq!(rate, "0.0 %", "only what counts nothing leads nowhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_every_number_and_stay_in_what_is_behind() {
    let app = TestApp::start().await;
    desk(&app).await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = text(
        &browser
            .get(&format!("/analytics?{DAYS}&priority=high"))
            .await,
    );
    let opened = links(&page, "/analytics/tickets?figure=opened");
    assert!(!opened.is_empty(), "{page}");
    for (address, _) in opened {
        assert!(address.contains("priority=high"), "{address}");
    }
    assert!(
        page.contains("<strong>1</strong> <small>tickets</small>"),
        "{page}"
    );
    assert!(
        !page.contains("figure=resolution"),
        "nothing of it is resolved: {page}"
    );
    let team = text(&browser.get(&format!("/analytics?{DAYS}&team=none")).await);
    assert!(
        links(&team, "/analytics/tickets?figure=opened").is_empty(),
        "{team}"
    );
}

/// The address behind the crumb of a page, as the browser asks for it.
fn crumb(page: &str) -> String {
    let (_, crumb) = page.split_once("class=\"crumb\"").unwrap();
    let (address, _) = links(crumb, "/analytics").swap_remove(0);
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_from_a_number_is_the_page_with_its_filters_and_periods() {
    let app = TestApp::start().await;
    desk(&app).await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let query = "status%3Aopen%2Cresolved+-tag%3Avip";
    let asked = format!("/analytics?{DAYS}&group=week&priority=high&priority=low&query={query}");
    let page = text(&browser.get(&asked).await);
    for path in ["/analytics/tickets?", "/analytics/waits?"] {
        // The first is of the page itself, the last of a group that is narrowed further.
        let behind = links(&page, path);
        for (address, _) in [behind.first().unwrap(), behind.last().unwrap()] {
            let behind = text(&browser.get(address).await);
            assert_eq!(crumb(&behind), asked, "{address}");
            for (fewer, _) in links(&behind, path) {
                let behind = text(&browser.get(&fewer).await);
                assert_eq!(crumb(&behind), asked, "{fewer}");
            }
        }
    }
    // What is no part of the page's address does not come back, and nothing leads elsewhere.
    let away = format!(
        "/analytics/tickets?figure=opened&{DAYS}&back=%2F%2Fevil.example%3Fx%3D1%26group%3Dday"
    );
    assert_eq!(
        crumb(&text(&browser.get(&away).await)),
        "/analytics?group=day"
    );
    let bare = format!("/analytics/tickets?figure=opened&{DAYS}");
    assert_eq!(crumb(&text(&browser.get(&bare).await)), "/analytics");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_told_in_the_zone_whose_days_are_counted() {
    let app = TestApp::start().await;
    let settings = json!({"settings": {"time_zone": "Pacific/Auckland"}});
    app.admin()
        .patch("/organization", settings)
        .await
        .expect(200);
    desk(&app).await;
    let path = format!("/reports/tickets/counted?figure=opened&{DAYS}&limit=1");
    let opened = app.agent().get(&path).await.expect(200).body["items"][0].clone();
    let at: DateTime<chrono::Utc> = opened["counted_at"].as_str().unwrap().parse().unwrap();
    // Summer time is on until April.
    let local = at + TimeDelta::hours(13);
    let told = local.format("%Y-%m-%d %H:%M").to_string();
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let ticket = format!("/tickets/{}", opened["ticket_id"].as_str().unwrap());
    for path in [
        format!("/analytics/tickets?figure=opened&{DAYS}"),
        ticket.clone(),
        format!("{ticket}/past?step=1"),
    ] {
        let page = text(&browser.get(&path).await);
        assert!(page.contains(&told), "{path} does not tell {told}: {page}");
    }
    let page = text(&browser.get(&format!("/analytics?{DAYS}")).await);
    let (waits, _) = links(&page, "/analytics/waits?").swap_remove(0);
    let waits = text(&browser.get(&waits).await);
    for words in ["2026-03-0", "Times of Pacific/Auckland"] {
        assert!(waits.contains(words), "{waits}");
    }
    let (_, when) = waits.split_once("class=\"when\">").unwrap();
    let (when, _) = when.split_once(" <small>").unwrap();
    assert!(!when.contains('T'), "instants are told as days: {when}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_group_keeps_the_periods_of_the_page() {
    let app = TestApp::start().await;
    desk(&app).await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = text(&browser.get(&format!("/analytics?{DAYS}&group=month")).await);
    let (_, work) = page.split_once("aria-label=\"Work of teams\"").unwrap();
    let (address, _) = links(work, "/analytics?").swap_remove(0);
    let team = app.acme.team_id;
    assert_eq!(
        address,
        format!("/analytics?{DAYS}&group=month&team={team}")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_where_it_can_be_mended() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    for (query, told) in [
        ("query=status%3Aopne&priority=high", "column 8"),
        ("from=2026-03-05&to=2026-03-01", "to"),
        ("from=2020-01-01&to=2026-03-01", "to"),
    ] {
        let page = browser.get(&format!("/analytics?{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        let page = text(&page);
        let (_, alert) = page.split_once("role=\"alert\"").unwrap();
        assert!(
            alert.contains(told) && page.contains("name=\"query\""),
            "{page}"
        );
    }
    let behind = browser.get("/analytics/tickets?figure=nothing").await;
    assert_eq!(behind.status, StatusCode::BAD_REQUEST);
    assert!(text(&behind).contains("role=\"alert\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_behind_numbers_is_for_who_sees_the_numbers() {
    let app = TestApp::start().await;
    desk(&app).await;
    let customer = Browser::of(&app, &app.acme, app.customer()).await;
    let foreign = Browser::of(&app, &app.globex, &app.globex.agent).await;
    let instants = "from=2026-03-01T00:00:00Z&to=2026-03-04T00:00:00Z";
    for path in [
        format!("/analytics/tickets?figure=opened&{DAYS}"),
        format!("/analytics/waits?{instants}"),
        format!("/analytics/messages?{DAYS}"),
    ] {
        assert_eq!(
            customer.get(&path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let page = text(&foreign.get(&path).await);
        assert!(
            page.contains("Nothing is counted here.") && !page.contains("No ink"),
            "{page}"
        );
    }
}
