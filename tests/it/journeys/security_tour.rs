//! The journey of docs/SECURITY.md, from a sign-up to an ended session, as it is written there.

use super::readme_tour::{block_of, directory, interrupt, shell, up};

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_by_curl_works_as_written() {
    let directory = directory();
    let server = up(directory.path()).await;
    let lines = block_of("docs/SECURITY.md", "### A journey by curl");
    let printed = shell(directory.path(), &lines).await;
    assert!(printed.trim_end().ends_with("401"), "{printed}");
    interrupt(server).await;
}
