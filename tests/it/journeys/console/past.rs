//! The slider through the past of a ticket that is longer than a part of it.

use serde_json::json;

use super::{Browser, text};
use crate::harness::TestApp;

/// The addresses of the parts beside the one that a page shows.
fn part<'a>(page: &'a str, id: &str) -> Option<&'a str> {
    let (_, link) = page.split_once(&format!("id=\"{id}\" "))?;
    let (_, address) = link.split_once("hx-get=\"/console")?;
    Some(address.split_once('"')?.0)
}

fn unescaped(address: &str) -> String {
    address.replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_longer_than_a_part_is_gone_through_to_its_end_and_back() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    let path = format!("/tickets/{ticket}");
    let change = async |number: usize| {
        let subject = json!({"subject": format!("Change {number}.")});
        app.agent().patch(&path, subject).await.expect(200);
    };
    // The first step is the opening.
    for number in 2..=500 {
        change(number).await;
    }
    app.agent().ticket(ticket).await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let whole = text(&browser.get(&path).await);
    assert!(whole.contains("of 500</label>"));
    assert_eq!(
        (part(&whole, "earlier"), part(&whole, "later")),
        (None, None)
    );

    change(501).await;
    change(502).await;
    app.agent().ticket(ticket).await.expect(200);
    let at_500 = [format!("{path}?step=500"), format!("{path}/past?step=500")];
    for address in at_500.iter().chain([&path]) {
        let page = text(&browser.get(address).await);
        let (_, past) = page.split_once("id=\"past\"").unwrap();
        assert!(past.contains("of more than 500</label>"), "{address}");
        assert!(past.contains("<dd>Change 500.</dd>"), "{address}");
    }

    let first = text(&browser.get(&path).await);
    let address = unescaped(part(&first, "later").unwrap());
    let later = text(&browser.get(&address).await);
    assert!(
        later.contains("min=\"501\" max=\"502\" value=\"501\""),
        "{later}"
    );
    assert!(later.contains("<dd>Change 501.</dd>"), "{later}");
    assert_eq!(part(&later, "later"), None, "{later}");
    let last = text(&browser.get(&address.replace("step=501", "step=502")).await);
    assert!(last.contains("<dd>Change 502.</dd>"), "{last}");
    let earlier = text(
        &browser
            .get(&unescaped(part(&last, "earlier").unwrap()))
            .await,
    );
    assert!(
        earlier.contains("min=\"1\" max=\"500\" value=\"500\""),
        "{earlier}"
    );
    assert!(earlier.contains("<dd>Change 500.</dd>"), "{earlier}");
}
