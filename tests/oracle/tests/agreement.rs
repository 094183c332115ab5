//! The product and the second implementation agree, and the second implementation notices when they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

const TICKETS: u64 = 400;

/// The histories of some hundred tickets, in a file of the test's own.
fn histories(name: &str) -> PathBuf {
    let lines: Vec<String> = (0..TICKETS / oracle::TICKETS_OF_ORGANIZATION)
        .map(|number| oracle::organization_line(11, number).unwrap())
        .collect();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, lines.join("\n")).unwrap();
    path
}

fn judged(histories: &PathBuf, options: &[&str]) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle.py");
    Command::new("python3")
        .arg("-B")
        .arg(script)
        .args(options)
        .stdin(File::open(histories).unwrap())
        .output()
        .expect("python3 is there: ./dev test installs it")
}

#[test]
fn both_implementations_agree_on_every_clock() {
    let judged = judged(&histories("agreement.ndjson"), &[]);
    let said = String::from_utf8_lossy(&judged.stdout);
    assert!(judged.status.success(), "{said}");
    assert!(said.contains("400 tickets"), "{said}");
}

#[test]
fn a_fault_of_any_kind_is_noticed() {
    let histories = histories("faults.ndjson");
    for mutant in [
        "pause-ignored",
        "breach-when-looked",
        "one-second-at-dst",
        "holidays-ignored",
        "newest-reply",
        "change-forgets",
        "warned-again",
    ] {
        let judged = judged(&histories, &["--mutant", mutant]);
        let said = String::from_utf8_lossy(&judged.stdout);
        assert_eq!(judged.status.code(), Some(1), "{mutant}: {said}");
        assert!(!said.contains("\n0 tickets differ"), "{mutant}: {said}");
    }
}

#[test]
fn the_same_seed_makes_the_same_histories() {
    let line = |seed| oracle::organization_line(seed, 3).unwrap();
    assert_eq!(line(7), line(7));
    assert_ne!(line(7), line(8));
}
