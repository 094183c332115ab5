//! The dependency rules of the house, read from cargo's metadata and from the sources themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const SIDES: [&str; 3] = ["write-side", "projector", "read-side"];
const SOURCE_DIRS: [&str; 13] = [
    "domain/src",
    "event-store/src",
    "sealing/src",
    "credentials/src",
    "sign-on/src",
    "write-side/src",
    "read-side/src",
    "projector/src",
    "platform/src",
    "schema/src",
    "columnar/src",
    "console/src",
    "src",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a build for this machine sees: crates of other platforms need not have been downloaded.
fn metadata() -> Value {
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]));
    let host = String::from_utf8(host).expect("a host tuple is text");
    let metadata = output(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .args(["--filter-platform", host.trim()])
            .current_dir(root()),
    );
    serde_json::from_slice(&metadata).expect("cargo's metadata is JSON")
}

fn output(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the toolchain runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The direct dependencies of a member of the workspace, tests included.
fn direct_dependencies(metadata: &Value, package: &str) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages
        .iter()
        .find(|p| p["name"] == package && p["source"].is_null())
        .unwrap_or_else(|| panic!("{package} is a member"));
    package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .filter_map(|d| d["name"].as_str().map(str::to_owned))
        .collect()
}

/// Everything that a member links, tests aside, by package name.
fn linked(metadata: &Value, package: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .filter_map(|p| Some((p["id"].as_str()?, p["name"].as_str()?)))
        .collect();
    let start = names
        .iter()
        .find(|(id, name)| **name == package && id.starts_with("path+"))
        .map(|(id, _)| *id)
        .expect("a member");
    let mut seen = BTreeSet::new();
    let mut todo = vec![start];
    while let Some(id) = todo.pop() {
        for dependency in nodes[id]["deps"].as_array().expect("deps") {
            let normal = dependency["dep_kinds"]
                .as_array()
                .expect("kinds")
                .iter()
                .any(|k| k["kind"].is_null());
            let id = dependency["pkg"].as_str().expect("an id");
            if normal && seen.insert(id) {
                todo.push(id);
            }
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn sources() -> Vec<(PathBuf, String)> {
    SOURCE_DIRS
        .iter()
        .flat_map(|dir| rust_files(&root().join(dir)))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable file");
            (
                path.strip_prefix(root())
                    .expect("below the root")
                    .to_owned(),
                text,
            )
        })
        .collect()
}

/// The code of a file without the tests at its end.
fn product_lines(text: &str) -> impl Iterator<Item = &str> {
    code_lines(text).take_while(|line| !line.contains("#[cfg(test)]"))
}

/// The code of a file: without comments, so that prose may name what code may not.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn the_domain_links_no_runtime_no_driver_and_no_web_crate() {
    let linked = linked(&metadata(), "domain");
    let forbidden = [
        "tokio",
        "poem",
        "poem-openapi",
        "hyper",
        "tokio-postgres",
        "deadpool-postgres",
        "fred",
        "reqwest",
        "aes-gcm-siv",
        "sealing",
    ];
    let found: Vec<_> = forbidden
        .iter()
        .filter(|name| linked.contains(**name))
        .collect();
    assert!(found.is_empty(), "domain links {found:?}");
}

#[test]
fn the_credentials_link_no_driver_no_web_crate_and_no_other_member() {
    let linked = linked(&metadata(), "credentials");
    let forbidden = [
        "poem",
        "hyper",
        "reqwest",
        "tokio-postgres",
        "deadpool-postgres",
        "fred",
        "domain",
        "schema",
        "platform",
    ];
    let found: Vec<_> = forbidden
        .iter()
        .filter(|name| linked.contains(**name))
        .collect();
    assert!(found.is_empty(), "credentials links {found:?}");
}

#[test]
fn what_speaks_with_providers_links_no_driver_and_no_other_member() {
    let linked = linked(&metadata(), "sign-on");
    let forbidden = [
        "poem",
        "tokio-postgres",
        "deadpool-postgres",
        "fred",
        "domain",
        "schema",
        "platform",
        "credentials",
    ];
    let found: Vec<_> = forbidden
        .iter()
        .filter(|name| linked.contains(**name))
        .collect();
    assert!(found.is_empty(), "sign-on links {found:?}");
}

#[test]
fn the_event_store_knows_no_ticket() {
    assert!(!direct_dependencies(&metadata(), "event-store").contains("domain"));
    for (path, text) in sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("event-store"))
    {
        let named = product_lines(&text).any(|line| line.to_lowercase().contains("ticket"));
        assert!(!named, "{} speaks of tickets", path.display());
    }
}

#[test]
fn the_sides_meet_only_in_shared_crates() {
    let metadata = metadata();
    for side in SIDES {
        let direct = direct_dependencies(&metadata, side);
        let others: Vec<_> = SIDES
            .iter()
            .filter(|other| **other != side && direct.contains(**other))
            .collect();
        assert!(others.is_empty(), "{side} depends on {others:?}");
    }
    for shared in ["domain", "event-store", "schema", "sealing", "platform"] {
        let direct = direct_dependencies(&metadata, shared);
        let sides: Vec<_> = SIDES
            .iter()
            .filter(|side| direct.contains(**side))
            .collect();
        assert!(sides.is_empty(), "{shared} depends on {sides:?}");
    }
}

#[test]
fn only_http_folders_name_poem() {
    for (path, text) in sources() {
        if path.components().any(|part| part.as_os_str() == "http") {
            continue;
        }
        let named =
            code_lines(&text).any(|line| line.contains("poem::") || line.contains("poem_openapi"));
        assert!(
            !named,
            "{} names poem outside an http folder",
            path.display()
        );
    }
}

#[test]
fn only_the_schema_spells_the_names_of_tables() {
    let keywords = ["FROM ", "INTO ", "UPDATE ", "JOIN ", "TABLE "];
    for (path, text) in sources() {
        if path.starts_with("schema") {
            continue;
        }
        for line in product_lines(&text) {
            for table in schema::table::ALL {
                let spelled = keywords.iter().any(|keyword| {
                    line.match_indices(&format!("{keyword}{table}"))
                        .any(|(at, found)| {
                            !line[at + found.len()..]
                                .starts_with(|c: char| c.is_alphanumeric() || c == '_')
                        })
                });
                assert!(
                    !spelled,
                    "{} spells the table {table}: {}",
                    path.display(),
                    line.trim()
                );
            }
        }
    }
}

#[test]
fn the_judge_of_the_faults_names_no_crate_of_the_product() {
    let judge = root().join("tests/faults/src/checker");
    let mut files = rust_files(&judge);
    assert!(!files.is_empty());
    // What it reads besides the tables.
    files.extend(rust_files(&root().join("tests/faults/src/ledger")));
    let crates = [
        "insightdesk",
        "domain",
        "event_store",
        "write_side",
        "projector",
        "read_side",
        "platform",
        "schema",
    ];
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable file");
        for name in crates {
            let path_to_it = format!("{name}::");
            let named = code_lines(&text).any(|line| line.contains(&path_to_it));
            assert!(!named, "{} names {name}", path.display());
        }
    }
}

#[test]
fn no_statement_selects_every_column() {
    for (path, text) in sources() {
        let found = code_lines(&text).find(|line| line.contains("SELECT *"));
        assert!(found.is_none(), "{}: {found:?}", path.display());
    }
}
