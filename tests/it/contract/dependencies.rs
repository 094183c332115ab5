//! What the program is made of: one source, sums for everything, and licences that let everybody use it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Licences that ask for no more than a notice, or, as MPL-2.0, for changes to their own files.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// What stands between licences, and exceptions that only add rights.
const JOINTS: [&str; 4] = ["AND", "OR", "WITH", "LLVM-exception"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages as cargo resolves them for the machine of this test, without asking the network.
fn packages() -> Vec<Value> {
    let cargo = env::var_os("CARGO").expect("cargo runs the tests");
    let compiler = Command::new("rustc").arg("-vV").output().unwrap();
    let told = String::from_utf8(compiler.stdout).unwrap();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", host.unwrap()])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_third_party_package_has_a_licence_of_the_list() {
    let packages = packages();
    let foreign = packages
        .iter()
        .filter(|package| package["source"].is_string());
    let mut count = 0;
    for package in foreign {
        let licence = package["license"].as_str().unwrap_or("none");
        let words = licence.split([' ', '/', '(', ')']);
        let unknown: Vec<&str> = words
            .filter(|word| !word.is_empty())
            .filter(|word| !LICENCES.contains(word) && !JOINTS.contains(word))
            .collect();
        assert!(unknown.is_empty(), "{} has {licence}", package["name"]);
        count += 1;
    }
    assert!(count > 100, "{count} packages");
}

#[test]
fn everything_comes_from_one_source_and_has_its_sum() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut sources: Vec<&str> = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let line = |name: &str| package.lines().find(|line| line.starts_with(name));
        let Some(source) = line("source = ") else {
            continue;
        };
        assert!(
            source.contains("registry+"),
            "not from a registry: {package}"
        );
        assert!(line("checksum = ").is_some(), "no sum: {package}");
        sources.push(source);
    }
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(sources.len(), 1, "{sources:?}");
}

/// A second one would mean other roots, other faults and more memory.
#[test]
fn tls_has_one_library_and_one_source_of_its_ciphers() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let of_tls = [
        "rustls",
        "ring",
        "aws-lc-rs",
        "boring",
        "native-tls",
        "openssl",
        "openssl-sys",
        "schannel",
    ];
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = "));
    let names = names.map(|name| name.trim_matches('"'));
    let mut found: Vec<&str> = names.filter(|name| of_tls.contains(name)).collect();
    found.sort_unstable();
    // `schannel` reads the roots of Windows.
    assert_eq!(found, ["ring", "rustls", "schannel"]);
}
