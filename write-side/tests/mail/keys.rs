//! Letters and the keys that seal them.

use sealing::MasterKeys;

use crate::support::*;

#[tokio::test]
async fn a_letter_that_the_former_master_key_sealed_is_sent_while_that_is_configured() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let desk = Desk::with_keys(&old).await;
    let id = desk.letter().await;
    let rotated = desk.other(Some(&format!("{new}\n{old}")));
    rotated.delivery().send_due().await.unwrap();
    assert_eq!(rotated.mailer.ids(), [id]);
}

#[tokio::test]
async fn a_letter_whose_key_is_not_configured_waits_for_it() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let desk = Desk::with_keys(&old).await;
    let id = desk.letter().await;
    let too_early = desk.other(Some(&new));
    too_early.delivery().send_due().await.unwrap();
    assert!(too_early.mailer.taken().is_empty());
    assert!(desk.row(id).await.waits());
    desk.advance(30);
    let rotated = desk.other(Some(&format!("{new}\n{old}")));
    rotated.delivery().send_due().await.unwrap();
    assert_eq!(rotated.mailer.ids(), [id]);
}

#[tokio::test]
async fn a_letter_that_was_moved_to_another_row_is_sent_to_nobody() {
    let desk = Desk::new().await;
    let (from, to) = (desk.letter().await, desk.letter().await);
    let moved = format!(
        "UPDATE mail_outbox SET sealed = (SELECT f.sealed FROM mail_outbox f WHERE f.id = '{from}') \
         WHERE id = '{to}'"
    );
    assert_eq!(desk.execute(&moved).await, 1);
    desk.delivery().send_due().await.unwrap();
    assert_eq!(desk.mailer.ids(), [from]);
    assert!(desk.row(to).await.failed_at.is_some());
}

#[tokio::test]
async fn a_rotation_seals_waiting_letters_anew_so_that_the_former_key_can_go() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let desk = Desk::with_keys(&old).await;
    let sent = desk.letter().await;
    desk.delivery().send_due().await.unwrap();
    let waiting = desk.letter().await;
    let rotated = desk.other(Some(&format!("{new}\n{old}")));
    let client = desk.pool.get().await.unwrap();
    assert_eq!(rotated.outbox.reseal(&**client).await.unwrap(), 1);
    assert_eq!(rotated.outbox.reseal(&**client).await.unwrap(), 0);
    assert!(
        desk.row(sent).await.sealed.is_empty(),
        "what was sent stays blank"
    );
    let without_old = desk.other(Some(&new));
    without_old.delivery().send_due().await.unwrap();
    assert_eq!(without_old.mailer.ids(), [waiting]);
}

#[tokio::test]
async fn a_rotation_stops_at_a_letter_that_it_cannot_open() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let desk = Desk::with_keys(&old).await;
    let id = desk.letter().await;
    let client = desk.pool.get().await.unwrap();
    let without_old = desk.other(Some(&new));
    let refused = without_old.outbox.reseal(&**client).await.unwrap_err();
    assert!(refused.to_string().contains(&id.to_string()));
    assert!(desk.row(id).await.waits());
}
