//! From the transaction to the mailer.

use std::time::Duration;

use platform::shutdown::Shutdown;
use write_side::mail::Options;

use crate::support::*;

#[tokio::test]
async fn a_letter_of_a_committed_transaction_is_sent_once() {
    let desk = Desk::new().await;
    let mut client = desk.pool.get().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let id = desk
        .outbox
        .enqueue(&*transaction, desk.now(), outgoing())
        .await
        .unwrap();
    assert_eq!(desk.delivery().send_due().await.unwrap(), 0, "not yet");
    transaction.commit().await.unwrap();
    assert_eq!(desk.delivery().send_due().await.unwrap(), 1);
    assert_eq!(desk.delivery().send_due().await.unwrap(), 0);
    let taken = desk.mailer.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].id, &taken[0].to), (id, &address()));
    assert_eq!(taken[0].written_at, desk.now());
    assert!(taken[0].text.contains(SECRET));
    assert_eq!(desk.row(id).await.sent_at, Some(desk.now()));
}

#[tokio::test]
async fn a_letter_of_a_transaction_that_did_not_commit_is_never_sent() {
    let desk = Desk::new().await;
    let mut client = desk.pool.get().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let outbox = &desk.outbox;
    outbox
        .enqueue(&*transaction, desk.now(), outgoing())
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(desk.delivery().send_due().await.unwrap(), 0);
    assert!(desk.mailer.taken().is_empty());
}

#[tokio::test]
async fn a_letter_lies_sealed_and_its_row_is_blanked_once_it_is_sent() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    let waiting = desk.row(id).await;
    let shown = String::from_utf8_lossy(&waiting.sealed).into_owned();
    assert!(!waiting.sealed.is_empty());
    for secret in [SECRET, ADDRESS, "password_reset"] {
        assert!(!shown.contains(secret));
    }
    desk.delivery().send_due().await.unwrap();
    assert!(desk.row(id).await.sealed.is_empty());
}

#[tokio::test]
async fn a_server_that_dies_between_sending_and_marking_leads_to_the_same_mail_once_more() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.mailer.set(Does::TakesAndHangs);
    let dying = desk.delivery();
    let dying = tokio::spawn(async move { dying.send_due().await });
    until(async || desk.mailer.ids() == [id]).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());

    let other = desk.other(None);
    assert_eq!(other.delivery().send_due().await.unwrap(), 0, "it is taken");
    let claim = i64::try_from(Options::default().claim.as_secs()).unwrap();
    desk.advance(claim);
    assert_eq!(other.delivery().send_due().await.unwrap(), 1);
    assert_eq!(other.mailer.taken(), desk.mailer.taken(), "the same mail");
    assert!(desk.row(id).await.sent_at.is_some());
}

#[tokio::test]
async fn servers_that_work_at_once_send_every_letter_once() {
    let desk = Desk::new().await;
    let mut expected = Vec::new();
    for _ in 0..60 {
        expected.push(desk.letter().await);
    }
    let servers = (0..4).map(|_| {
        let delivery = desk.delivery();
        tokio::spawn(async move { while delivery.send_due().await.unwrap() > 0 {} })
    });
    for server in servers.collect::<Vec<_>>() {
        server.await.unwrap();
    }
    let mut sent = desk.mailer.ids();
    sent.sort_unstable();
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn no_more_letters_are_taken_at_once_than_a_batch_has() {
    let desk = Desk::new().await;
    for _ in 0..5 {
        desk.letter().await;
    }
    let options = Options {
        batch_limit: 3,
        ..Options::default()
    };
    let delivery = desk.delivery_with(options);
    assert_eq!(delivery.send_due().await.unwrap(), 3);
    assert_eq!(delivery.send_due().await.unwrap(), 2);
}

#[tokio::test]
async fn a_letter_is_sent_when_the_outbox_is_woken() {
    let desk = Desk::new().await;
    let options = Options {
        every: Duration::from_secs(3_600),
        ..Options::default()
    };
    let shutdown = Shutdown::new();
    let running = tokio::spawn(desk.delivery_with(options).run(shutdown.clone()));
    let id = desk.letter().await;
    desk.outbox.wake();
    until(async || desk.mailer.ids() == [id]).await;
    let next = desk.letter().await;
    desk.outbox.wake();
    until(async || desk.mailer.ids() == [id, next]).await;
    shutdown.request();
    running.await.unwrap();
}

#[tokio::test]
async fn a_letter_that_nobody_tells_of_is_found() {
    let desk = Desk::new().await;
    let shutdown = Shutdown::new();
    let running = tokio::spawn(desk.delivery().run(shutdown.clone()));
    let id = desk.letter().await;
    until(async || desk.mailer.ids() == [id]).await;
    shutdown.request();
    running.await.unwrap();
}

#[tokio::test]
async fn rows_of_letters_that_are_done_are_removed_after_a_month_and_those_that_wait_are_not() {
    let desk = Desk::new().await;
    desk.letter().await;
    desk.delivery().send_due().await.unwrap();
    desk.mailer.set(Does::RefusesForGood);
    desk.letter().await;
    desk.delivery().send_due().await.unwrap();
    let waiting = desk.letter().await;
    desk.advance(30 * 24 * 3_600);
    assert_eq!(desk.delivery().remove_done().await.unwrap(), 0);
    desk.advance(1);
    assert_eq!(desk.delivery().remove_done().await.unwrap(), 2);
    assert!(desk.row(waiting).await.waits());
    assert_eq!(desk.count().await, 1);
}
