//! Reads whatever comes as a policy: it must end in a document that prints and reads as itself, or in an error.
//!
//! `cargo +nightly fuzz run policy --features libfuzzer` searches; `cargo run --bin policy -- FILE…` runs given inputs
//! on the stable compiler.

#![cfg_attr(feature = "libfuzzer", no_main)]

use xacct_iam::policy::PolicyDocument;

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(document) = PolicyDocument::parse(text) else {
        return;
    };
    let again = PolicyDocument::parse(&document.to_json());
    assert!(
        again.is_ok_and(|again| again == document),
        "it does not read as it prints: {text}"
    );
    assert!(document.difference(&document).is_empty());
}

#[cfg(feature = "libfuzzer")]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

#[cfg(not(feature = "libfuzzer"))]
fn main() -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        check(&std::fs::read(path)?);
    }
    Ok(())
}
