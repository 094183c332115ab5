//! Every operation is called, and every answer is one that the description tells of.

use super::answers::Contract;
use super::{access, people, tickets};
use crate::harness::TestApp;
use crate::harness::provider::Provider;

/// A new operation fails this test until a walk below calls it.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_described() {
    let provider = Provider::start().await;
    let (app, mailbox) = TestApp::with_mail_and(|config| provider.config(config)).await;
    let contract = Contract::new();
    people::walk(&app, &contract).await;
    tickets::walk(&app, &contract).await;
    access::walk(&app, &contract, &mailbox, &provider).await;
    contract.examples.write_if_asked();
    let missing = contract.never_succeeded();
    assert!(missing.is_empty(), "no test calls {}", missing.join(", "));
}
