//! `docs/ASVS.md` says of every requirement how it stands, and points to what is there.

use std::fs;
use std::path::{Path, PathBuf};

const STATUSES: [&str; 5] = ["met", "partly", "missing", "operator", "none"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    fs::read_to_string(root().join("docs/ASVS.md")).unwrap()
}

/// What is quoted as code and looks like a file of the project.
fn files(document: &str) -> Vec<PathBuf> {
    let quoted = document.split('`').skip(1).step_by(2);
    let files = quoted.filter(|text| text.contains('/') && !text.starts_with('/'));
    files.map(|text| root().join(text)).collect()
}

/// The cells of the rows that begin with the number of a requirement.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let lines = document.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    rows.map(|line| line.split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn every_file_that_proves_a_requirement_is_there() {
    let document = document();
    let files = files(&document);
    assert!(files.len() > 50, "{} files", files.len());
    for file in files {
        assert!(file.exists(), "docs/ASVS.md names {}", file.display());
    }
}

#[test]
fn every_requirement_has_a_status_that_is_explained() {
    let document = document();
    let rows = rows(&document);
    assert!(rows.len() > 150, "{} rows", rows.len());
    for row in rows {
        let (id, status, place) = (row[0], row[3], row[4]);
        assert!(STATUSES.contains(&status), "{id}: {status}");
        let is_told = matches!(status, "none" | "operator") || !place.is_empty();
        assert!(is_told, "{id} is {status}, and nothing says how to see it");
    }
}
