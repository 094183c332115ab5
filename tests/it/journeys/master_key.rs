//! The master key: without the right one nothing starts, and it can be changed without touching an event.

use hyper::Method;
use std::process::Output;
use tempfile::TempDir;

use crate::harness::{Binary, MASTER_KEY, TestApp};

const OTHER_KEY: &str = "/////////////////////////////////////////wA=";

struct Operator {
    binary: Binary,
    _dir: TempDir,
}

impl Operator {
    fn of(app: &TestApp) -> Self {
        let dir = TempDir::new().unwrap();
        Self {
            binary: Binary::new(&app.config, dir.path()),
            _dir: dir,
        }
    }

    /// Runs a command with these master keys.
    async fn run(&self, words: &[&str], keys: &str) -> Output {
        let mut command = self.binary.command(words);
        command.env("INSIGHTDESK_MASTER_KEY", keys);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn succeed(&self, words: &[&str], keys: &str) -> String {
        let output = self.run(words, keys).await;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a refusal says.
    async fn refused(&self, words: &[&str], keys: &str) -> String {
        let output = self.run(words, keys).await;
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_right_master_key_does_not_start_and_says_why() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let operator = Operator::of(&app);
    let missing = operator.refused(&["serve"], "").await;
    assert!(
        missing.contains("INSIGHTDESK_MASTER_KEY is missing: set it to 32"),
        "{missing}"
    );
    let other = operator.refused(&["serve"], OTHER_KEY).await;
    assert!(other.contains("which is not configured"), "{other}");
    let name = sealing::MasterKeys::parse(MASTER_KEY).unwrap();
    let disguised = format!("{}:{OTHER_KEY}", name.current_id());
    let wrong = operator.refused(&["serve"], &disguised).await;
    assert!(
        wrong.contains("is not the one that personal data"),
        "{wrong}"
    );
    // An auditor needs no key.
    operator.succeed(&["verify"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_rotated_without_touching_an_event() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let log = app.log().await;
    let operator = Operator::of(&app);
    let both = format!("second:{OTHER_KEY} {MASTER_KEY}");
    let second = format!("second:{OTHER_KEY}");
    let too_early = operator.refused(&["rebuild", "--check"], &second).await;
    assert!(too_early.contains("which is not configured"), "{too_early}");
    let told = operator.succeed(&["rotate-master-key"], &both).await;
    assert!(told.contains("keys were wrapped anew"), "{told}");
    // The running server knows its data keys for a while; the people it sees are the same.
    let seen = app
        .customer()
        .request(Method::GET, &format!("/tickets/{ticket}"));
    assert_eq!(seen.await.expect(200)["subject"], "Printer on fire");
    let again = operator.succeed(&["rotate-master-key"], &both).await;
    assert!(again.starts_with("0 keys"), "{again}");

    // The second alone is enough now, and the first alone is not.
    operator.succeed(&["rebuild", "--check"], &second).await;
    operator.refused(&["rebuild", "--check"], MASTER_KEY).await;
    assert_eq!(app.log().await, log);
}
