//! Rules about the source itself, held by tests that read it.
//!
//! `ARCHITECTURE.md` lists the invariants and names the test that holds each.

#![allow(clippy::expect_used, reason = "a test may panic")]

mod documents;
mod errors;
mod layers;
mod sources;

use std::path::{Path, PathBuf};

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file under the root.
fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A source file: its path below the root, and its text.
struct Source {
    path: String,
    text: String,
}

/// All Rust files below some folders of the root, in order.
fn sources(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let files = folders
        .iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.is_dir());
    let files = files.flat_map(|folder| xacct_tests::wire::rust_files(&folder));
    files
        .map(|file| {
            let below = file.strip_prefix(&root).unwrap_or(&file);
            let path = below.to_string_lossy().replace('\\', "/");
            Source {
                text: read(&path),
                path,
            }
        })
        .collect()
}

/// The folders that hold all Rust files.
const EVERYWHERE: &[&str] = &["crates", "examples", "tests", "benches"];

/// Fails with all of `wrong`, one a line.
fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}
