//! Makes a new or changed SQL file rebuild the crate that embeds it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
