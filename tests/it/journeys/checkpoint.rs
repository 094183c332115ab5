//! What an auditor does: takes a checkpoint away, and holds the log against it later.

use tempfile::TempDir;

use crate::harness::{Binary, TestApp};

const KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const OTHER_KEY: &str = "2222222222222222222222222222222222222222222222222222222222222222";

/// The program with a signing key, in a directory with a checkpoint of the log as it is now.
async fn with_checkpoint(app: &TestApp, dir: &TempDir) -> Binary {
    let binary = Binary::new(&app.config, dir.path()).with("INSIGHTDESK_SIGNING_KEY", KEY);
    let checkpoint = binary.succeed(&["checkpoint"]).await;
    std::fs::write(dir.path().join("checkpoint.json"), checkpoint).unwrap();
    binary
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stands_against_a_checkpoint_until_a_row_before_it_is_changed() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let dir = TempDir::new().unwrap();
    let binary = with_checkpoint(&app, &dir).await;
    app.customer().opens("Printer still on fire").await;

    let against = ["verify", "--against", "checkpoint.json"];
    let whole = binary.succeed(&against).await;
    assert!(
        whole.contains("it is the log that the checkpoint"),
        "{whole}"
    );
    let since = ["verify", "--since", "checkpoint.json"];
    let later = binary.succeed(&since).await;
    assert!(later.contains("the log is whole: 2 events"), "{later}");
    assert!(
        binary
            .succeed(&["verify", "--since", "3"])
            .await
            .contains("the log is whole")
    );

    let partition = app.partition().await.get();
    let tamper = format!(
        "SET session_replication_role = replica; \
         UPDATE events SET data = '{{}}' WHERE partition = {partition} AND position = 2"
    );
    app.database
        .superuser()
        .await
        .batch_execute(&tamper)
        .await
        .unwrap();
    let damaged = binary.fail(&against).await;
    let named = format!("partition {partition}, position 2: the row was changed");
    assert!(damaged.contains(&named), "{damaged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_another_key_or_without_its_end_is_refused() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let binary = with_checkpoint(&app, &dir).await;
    let other = Binary::new(&app.config, dir.path()).with("INSIGHTDESK_SIGNING_KEY", OTHER_KEY);
    let against = ["verify", "--against", "checkpoint.json"];
    let refused = other.fail(&against).await;
    assert!(refused.contains("signed by another key"), "{refused}");

    let key = binary.succeed(&["checkpoint", "--public-key"]).await;
    let with_key = [&against[..], &["--public-key", key.trim()]].concat();
    other.succeed(&with_key).await;

    let keyless = Binary::new(&app.config, dir.path());
    assert!(keyless.fail(&against).await.contains("Give --public-key"));
    assert!(
        keyless
            .fail(&["checkpoint"])
            .await
            .contains("there is no signing key")
    );

    let path = dir.path().join("checkpoint.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    let refused = binary.fail(&against).await;
    assert!(
        refused.contains("this is not a whole checkpoint"),
        "{refused}"
    );
}
