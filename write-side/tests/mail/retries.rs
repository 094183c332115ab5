//! What happens to letters that are not taken.

use std::time::Duration;

use write_side::mail::Options;

use crate::support::*;

const DAY: i64 = 24 * 3_600;

#[tokio::test]
async fn a_mail_that_is_not_taken_is_tried_again_after_thirty_seconds_and_then_twice_as_long() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.mailer.set(Does::RefusesForNow);
    for wait in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
        assert_eq!(desk.delivery().send_due().await.unwrap(), 1);
        let row = desk.row(id).await;
        assert!(row.waits());
        assert_eq!((row.next_attempt_at - desk.now()).num_seconds(), wait);
        desk.advance(wait - 1);
        assert_eq!(desk.delivery().send_due().await.unwrap(), 0, "too early");
        desk.advance(1);
    }
    desk.mailer.set(Does::Takes);
    assert_eq!(desk.delivery().send_due().await.unwrap(), 1);
    assert_eq!(desk.mailer.ids(), [id]);
}

#[tokio::test]
async fn a_letter_is_given_up_after_two_days_with_the_reason_and_blanked() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    let end = desk.now() + chrono::TimeDelta::seconds(2 * DAY);
    desk.mailer.set(Does::RefusesForNow);
    while desk.row(id).await.waits() {
        assert!(desk.now() <= end, "it waits for too long");
        assert_eq!(desk.delivery().send_due().await.unwrap(), 1);
        let row = desk.row(id).await;
        if row.waits() {
            desk.clock.set(row.next_attempt_at);
        }
    }
    let row = desk.row(id).await;
    assert!(end - desk.now() < chrono::TimeDelta::hours(1), "not before");
    assert_eq!(row.failed_at, Some(desk.now()));
    assert!(row.failure.unwrap().contains("450"));
    assert!(row.sealed.is_empty());
    desk.mailer.set(Does::Takes);
    desk.advance(DAY);
    assert_eq!(desk.delivery().send_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_that_waited_for_longer_because_no_server_ran_is_still_sent() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.advance(10 * DAY);
    desk.delivery().send_due().await.unwrap();
    assert_eq!(desk.mailer.ids(), [id]);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_at_once_and_the_reason_names_nobody() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.mailer.set(Does::RefusesForGood);
    desk.delivery().send_due().await.unwrap();
    let row = desk.row(id).await;
    assert_eq!((row.attempts, row.failed_at), (1, Some(desk.now())));
    let failure = row.failure.unwrap();
    assert!(
        failure.contains("550") && !failure.contains(ADDRESS),
        "{failure}"
    );
    assert!(row.sealed.is_empty());
}

#[tokio::test]
async fn one_mail_that_is_refused_keeps_no_other_back() {
    let desk = Desk::new().await;
    let first = desk.letter().await;
    desk.mailer.set(Does::RefusesForNow);
    desk.delivery().send_due().await.unwrap();
    let second = desk.letter().await;
    desk.mailer.set(Does::Takes);
    desk.delivery().send_due().await.unwrap();
    assert_eq!(desk.mailer.ids(), [second]);
    assert!(desk.row(first).await.waits());
}

#[tokio::test]
async fn a_mailer_that_hangs_is_left_and_the_letter_tried_again() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.mailer.set(Does::TakesAndHangs);
    let options = Options {
        send_timeout: Duration::from_millis(20),
        ..Options::default()
    };
    desk.delivery_with(options).send_due().await.unwrap();
    let row = desk.row(id).await;
    assert!(row.waits());
    assert!(row.failure.unwrap().contains("too long"));
}

#[tokio::test]
async fn a_failure_that_comes_late_changes_nothing_for_the_next_try() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.mailer.set(Does::TakesAndHangs);
    let options = Options {
        send_timeout: Duration::from_secs(600),
        ..Options::default()
    };
    let late = desk.delivery_with(options);
    let late = tokio::spawn(async move { late.send_due().await });
    until(async || desk.mailer.ids() == [id]).await;
    desk.advance(120);
    let other = desk.other(None);
    other.mailer.set(Does::RefusesForNow);
    other.delivery().send_due().await.unwrap();
    let before = desk.row(id).await;
    desk.mailer.release(Does::RefusesForGood);
    late.await.unwrap().unwrap();
    let after = desk.row(id).await;
    assert!(after.waits());
    assert_eq!(after.next_attempt_at, before.next_attempt_at);
}

#[tokio::test]
async fn a_success_that_comes_late_is_a_success() {
    let desk = Desk::new().await;
    let id = desk.letter().await;
    desk.mailer.set(Does::TakesAndHangs);
    let options = Options {
        send_timeout: Duration::from_secs(600),
        ..Options::default()
    };
    let late = desk.delivery_with(options);
    let late = tokio::spawn(async move { late.send_due().await });
    until(async || desk.mailer.ids() == [id]).await;
    desk.advance(120);
    let other = desk.other(None);
    other.mailer.set(Does::RefusesForNow);
    other.delivery().send_due().await.unwrap();
    desk.mailer.release(Does::Takes);
    late.await.unwrap().unwrap();
    assert!(desk.row(id).await.sent_at.is_some());
    desk.advance(3_600);
    assert_eq!(other.delivery().send_due().await.unwrap(), 0);
}
