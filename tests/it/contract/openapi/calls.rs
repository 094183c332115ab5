//! Every operation is called, and every answer is one that the description tells of.

use super::answers::Contract;
use super::{access, people, tickets};
use crate::harness::TestApp;

/// A new operation fails this test until a walk below calls it.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_described() {
    let (app, mailbox) = TestApp::with_mail().await;
    let contract = Contract::new();
    people::walk(&app, &contract).await;
    tickets::walk(&app, &contract).await;
    access::walk(&app, &contract, &mailbox).await;
    let missing = contract.never_succeeded();
    assert!(missing.is_empty(), "no test calls {}", missing.join(", "));
}
