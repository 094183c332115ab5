//! Generates the client from the committed description, without what the generator cannot take, and says what that is.

#[path = "src/spec.rs"]
mod spec;

use std::path::PathBuf;
use std::{env, fs};

const DESCRIPTION: &str = "../../../schema/openapi.json";

fn main() {
    println!("cargo:rerun-if-changed={DESCRIPTION}");
    println!("cargo:rerun-if-changed=src/spec.rs");
    let text = fs::read_to_string(DESCRIPTION).expect("the committed description is there");
    let mut description = serde_json::from_str(&text).expect("the description is JSON");
    for left_out in spec::prepare(&mut description) {
        println!("cargo:warning=left out of the Rust client: {left_out}");
    }
    let description = serde_json::from_value(description).expect("the description is OpenAPI 3.0");
    let mut settings = progenitor::GenerationSettings::default();
    settings.with_interface(progenitor::InterfaceStyle::Builder);
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&description);
    let tokens = tokens.expect("the generator takes what is left of the description");
    let file = syn::parse2(tokens).expect("the generator writes Rust");
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the directory"));
    fs::write(out_dir.join("client.rs"), prettyplease::unparse(&file))
        .expect("the client can be written");
}
