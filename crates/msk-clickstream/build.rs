//! Says in one line what is missing where OpenSSL is neither built in nor installed.

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OPENSSL_DIR");
    println!("cargo::rerun-if-env-changed=OPENSSL_INCLUDE_DIR");
    if cfg!(feature = "vendored") || headers_are_there() {
        return;
    }
    println!(
        "cargo::error=OpenSSL's headers are missing: install them (libssl-dev, openssl-devel), set OPENSSL_DIR, or \
         build with the feature `vendored` of msk-clickstream"
    );
}

/// Where openssl-sys will look: what the environment names, what pkg-config knows, the usual folder.
fn headers_are_there() -> bool {
    let named = |name| std::env::var_os(name).is_some_and(|folder| !folder.is_empty());
    let mut asked = Command::new("pkg-config");
    asked.args(["--exists", "openssl"]);
    let known = asked.stdout(Stdio::null()).stderr(Stdio::null()).status();
    named("OPENSSL_DIR")
        || named("OPENSSL_INCLUDE_DIR")
        || known.is_ok_and(|status| status.success())
        || Path::new("/usr/include/openssl/ssl.h").exists()
}
