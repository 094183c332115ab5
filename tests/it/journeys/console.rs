//! The console over HTTP: what it shows to whom, and whose forms it takes. `tests/console` works with it in a browser.

mod analytics;
mod past;
mod refusals;
mod rights;

use hyper::{Method, StatusCode};
use uuid::Uuid;

use crate::harness::access::{PASSWORD, give_password};
use crate::harness::{Answer, Organization, Person, Request, TestApp};

/// A browser of somebody who has signed in to the console.
struct Browser<'a> {
    app: &'a TestApp,
    cookies: String,
}

/// A form as a browser sends it from a page of the console.
fn form(app: &TestApp, path: &str, fields: &str) -> Request {
    let request = app.client.request(Method::POST, &format!("/console{path}"));
    let request = request.bytes("application/x-www-form-urlencoded", fields.to_owned());
    request.header("sec-fetch-site", "same-origin")
}

/// The cookies that an answer sets, as they are sent back.
fn cookies(answer: &Answer) -> Vec<String> {
    let headers = answer.headers.get_all("set-cookie").iter();
    let texts = headers.map(|value| value.to_str().unwrap());
    texts
        .map(|text| text.split(';').next().unwrap().to_owned())
        .collect()
}

impl<'a> Browser<'a> {
    async fn of(app: &'a TestApp, organization: &Organization, person: &Person) -> Self {
        let email = give_password(app, organization, person).await;
        let fields = format!(
            "email={}&password={}",
            email.replace('@', "%40"),
            PASSWORD.replace(' ', "+")
        );
        let answer = form(app, "/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookies = cookies(&answer).join("; ");
        Self { app, cookies }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.app.client.get(&format!("/console{path}"));
        request.header("cookie", &self.cookies).await
    }

    fn send(&self, path: &str, fields: &str) -> Request {
        form(self.app, path, fields).header("cookie", &self.cookies)
    }
}

/// Carries a form out, and shows the page to which it leads.
async fn followed(browser: &Browser<'_>, request: Request) -> String {
    let answer = request.await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let to = answer.header("location").unwrap().to_owned();
    let page = browser.get(to.strip_prefix("/console").unwrap()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    text(&page)
}

fn text(answer: &Answer) -> String {
    answer.body.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_answers_assigns_and_resolves_by_forms() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No <b>ink</b>").await;
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let list = text(&browser.get("/tickets?status=new").await);
    assert!(
        list.contains(&format!("/console/tickets/{ticket}")),
        "{list}"
    );
    assert!(
        !list.contains("<b>ink"),
        "what a customer wrote is no markup"
    );
    let act = |act: &str| format!("/tickets/{ticket}/{act}");

    let page = followed(
        &browser,
        browser.send(&act("reply"), "key=k1&body=Which+printer%3F"),
    )
    .await;
    assert!(
        page.contains("Which printer?") && page.contains("id=\"status\">open"),
        "{page}"
    );
    followed(
        &browser,
        browser.send(&act("reply"), "key=k1&body=Which+printer%3F"),
    )
    .await;
    assert_eq!(
        app.agent().messages(ticket).await.len(),
        2,
        "a form sent twice is one message"
    );
    let fields = format!(
        "key=k2&agent={}&team={}",
        app.colleague().id,
        app.acme.team_id
    );
    let page = followed(&browser, browser.send(&act("assign"), &fields)).await;
    assert!(page.contains("id=\"assignee\">Alan"), "{page}");
    let page = followed(&browser, browser.send(&act("resolve"), "key=k3")).await;
    assert!(page.contains("id=\"status\">resolved"), "{page}");

    let past = text(&browser.get(&act("past?step=1")).await);
    assert!(
        past.contains("<dd>new</dd>") && !past.contains("Which printer?"),
        "{past}"
    );
    let charts = text(
        &browser
            .get("/analytics?from=2026-03-01&to=2026-03-03")
            .await,
    );
    assert!(charts.contains("<svg class=\"chart\""), "{charts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_nobody_more_than_the_api_does() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.agent()
        .notes(ticket, "Third one this week.")
        .await
        .expect(201);
    app.agent().ticket(ticket).await.expect(200);
    let path = format!("/tickets/{ticket}");

    let customer = Browser::of(&app, &app.acme, app.customer()).await;
    let page = text(&customer.get(&path).await);
    assert!(
        page.contains("No ink") && !page.contains("Third one"),
        "{page}"
    );
    assert_eq!(
        customer.get("/analytics").await.status,
        StatusCode::FORBIDDEN
    );
    let refused = customer.send(&format!("{path}/resolve"), "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let other = Browser::of(&app, &app.acme, app.stranger()).await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);

    let foreign = Browser::of(&app, &app.globex, &app.globex.agent).await;
    for page in [path.clone(), format!("{path}/past")] {
        assert_eq!(
            foreign.get(&page).await.status,
            StatusCode::NOT_FOUND,
            "{page}"
        );
    }
    for act in ["reply", "assign", "status", "resolve", "close", "reopen"] {
        let refused = foreign
            .send(&format!("{path}/{act}"), "body=x&status=open")
            .await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{act}");
    }
    let list = text(&foreign.get("/tickets").await);
    assert!(!list.contains(&ticket.to_string()), "{list}");
    assert_eq!(app.agent().ticket(ticket).await["status"], "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_does_not_come_from_the_console_is_refused() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let path = format!("/console/tickets/{ticket}/resolve");
    let bare = || {
        let request = app.client.request(Method::POST, &path);
        request
            .bytes("application/x-www-form-urlencoded", "")
            .header("cookie", &browser.cookies)
    };
    for request in [
        bare(),
        bare().header("origin", "https://evil.example"),
        bare().header("sec-fetch-site", "same-site"),
        bare().header("sec-fetch-site", "none"),
    ] {
        assert_eq!(request.await.status, StatusCode::FORBIDDEN);
    }
    let sign_in = app.client.request(Method::POST, "/console/sign-in");
    let sign_in = sign_in
        .bytes("application/x-www-form-urlencoded", "email=a&password=b")
        .await;
    assert_eq!(sign_in.status, StatusCode::FORBIDDEN);
    assert_eq!(app.agent().ticket(ticket).await["status"], "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookies_open_the_console_alone_and_end_with_the_session() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let direct = app
        .client
        .get("/api/v1/tickets")
        .header("cookie", &browser.cookies);
    direct.await.expect(401);
    let page = browser.get("/tickets").await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );

    // Without the access token, which a browser forgets first, the refresh token gives another.
    let (_, refresh) = browser.cookies.split_once("; ").unwrap();
    let renewed = app
        .client
        .get("/console/tickets")
        .header("cookie", refresh)
        .await;
    assert_eq!(renewed.status, StatusCode::OK);
    let cookies = cookies(&renewed).join("; ");
    assert!(
        cookies.starts_with("__Host-insightdesk_console="),
        "{cookies}"
    );
    let renewed = Browser { app: &app, cookies };

    let out = renewed.send("/sign-out", "").await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(
        out.headers
            .get_all("set-cookie")
            .iter()
            .all(|one| one.to_str().unwrap().contains("Max-Age=0"))
    );
    let after = renewed.get("/tickets").await;
    assert_eq!(after.header("location"), Some("/console/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_a_mistake_can_be_mended_where_it_was_written() {
    let app = TestApp::start().await;
    app.customer().opens("No ink").await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = browser
        .get("/tickets?query=status%3Aopne&priority=high")
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let text = text(&page);
    assert!(text.contains(r#"value="status:opne""#), "{text}");
    assert!(text.contains(r#"value="high" checked"#), "{text}");
    assert!(
        text.contains(r#"role="alert""#) && text.contains("column 8"),
        "{text}"
    );
    assert!(!text.contains("No ticket fits."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_without_a_field_stay_in_the_form_and_can_be_taken_away() {
    let app = TestApp::start().await;
    app.customer().opens("No ink").await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let (team, requester) = (app.acme.team_id, app.customer().id);
    let path = format!("/tickets?team={team}&requester={requester}&priority=high&tag=a&tag=b");
    let page = text(&browser.get(&path).await);
    for (name, value) in [
        ("team", team.to_string()),
        ("requester", requester.to_string()),
        ("tag", "b".to_owned()),
    ] {
        let kept = format!("type=\"hidden\" name=\"{name}\" value=\"{value}\"");
        assert!(page.contains(&kept), "{kept}: {page}");
    }
    assert!(
        page.contains("aria-label=\"team: Support: take away\""),
        "{page}"
    );
    let (_, chips) = page.split_once("class=\"chips\"").unwrap();
    let (without_team, _) = chips.split_once("team: Support").unwrap();
    let (_, without_team) = without_team.rsplit_once("href=\"").unwrap();
    assert!(without_team.contains("requester=") && !without_team.contains("team="));
    let unknown = text(&browser.get("/tickets?team=none&requester=x").await);
    assert!(unknown.contains("role=\"alert\""), "{unknown}");
    assert!(
        unknown.contains("aria-label=\"requester: x: take away\""),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_see_how_many_of_their_own_tickets_each_view_has() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.customer().opens("No paper").await;
    app.stranger().opens("No toner").await;
    app.agent().resolves(ticket).await.expect(200);
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.customer()).await;
    let counts = text(&browser.get("/tickets/counts").await);
    for line in [
        "Unsolved <span class=\"count\">1<",
        "Resolved <span class=\"count\">1<",
    ] {
        assert!(counts.contains(line), "{counts}");
    }
    assert!(!counts.contains("Unassigned"), "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_gets_no_page_but_the_one_to_sign_in() {
    let app = TestApp::start().await;
    let ticket = Uuid::now_v7();
    for path in [
        "/tickets",
        "/tickets/counts",
        "/analytics",
        "/analytics/tickets",
        "/analytics/waits",
        "/analytics/messages",
        &format!("/tickets/{ticket}"),
        &format!("/tickets/{ticket}/past"),
    ] {
        let answer = app.client.get(&format!("/console{path}")).await;
        assert_eq!(
            answer.header("location"),
            Some("/console/sign-in"),
            "{path}"
        );
    }
    let wrong = form(
        &app,
        "/sign-in",
        "email=grace%40acme.example&password=wrong",
    )
    .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.header("set-cookie").is_none());
    let unknown = app.client.get("/console/nowhere").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(text(&unknown).contains("<html"));
}
