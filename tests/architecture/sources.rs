//! What every source file keeps to.

use crate::{EVERYWHERE, assert_none, read, root, sources};
use std::path::Path;

/// The longest file, in lines.
const LONGEST: usize = 600;

#[test]
fn every_file_opens_with_its_documentation() {
    let all = sources(EVERYWHERE);
    let wrong = all.iter().filter(|source| !source.text.starts_with("//! "));
    let wrong: Vec<String> = wrong.map(|source| source.path.clone()).collect();
    assert_none(&wrong, "no `//!` on the first line of");
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let all = sources(EVERYWHERE);
    let length = |text: &str| text.lines().count();
    let wrong = all.iter().filter(|source| length(&source.text) > LONGEST);
    let wrong: Vec<String> = wrong
        .map(|source| format!("{} has {} lines", source.path, length(&source.text)))
        .collect();
    assert_none(&wrong, "too long");
}

#[test]
fn no_crate_is_empty() {
    let empty = |path: &str| {
        read(path)
            .lines()
            .all(|line| line.starts_with("//") || line.is_empty())
    };
    let entries = std::fs::read_dir(root().join("crates")).expect("the crates folder can be read");
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let wrong: Vec<String> = names
        .filter(|name| empty(&format!("crates/{name}/src/lib.rs")))
        .collect();
    assert_none(&wrong, "nothing in");
}

#[test]
fn no_file_is_named_after_nothing() {
    let nameless = ["utils", "util", "common", "helpers", "misc", "imp"];
    let all = sources(EVERYWHERE);
    let stem = |path: &str| {
        Path::new(path)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let in_such_a_folder = |path: &str| nameless.iter().any(|name| path.contains(&format!("/{name}/")));
    let wrong: Vec<String> = all
        .iter()
        .filter(|source| {
            stem(&source.path).is_some_and(|stem| nameless.contains(&stem.as_str()))
                || in_such_a_folder(&source.path)
        })
        .map(|source| source.path.clone())
        .collect();
    assert_none(&wrong, "a name that says nothing");
}

/// Text that must not stand in any source, put together here so that it does not stand in this one.
fn unfinished() -> Vec<String> {
    [
        ("to", "do!"),
        ("unimple", "mented!"),
        ("#[ig", "nore"),
        ("dbg", "!("),
        ("FIX", "ME"),
        ("XX", "X "),
    ]
    .map(|(a, b)| format!("{a}{b}"))
    .to_vec()
}

#[test]
fn nothing_is_left_unfinished_and_no_test_is_switched_off() {
    let mut wrong = Vec::new();
    for source in sources(EVERYWHERE) {
        let found = unfinished().into_iter().filter(|word| source.text.contains(word));
        wrong.extend(found.map(|word| format!("{} has {word}", source.path)));
    }
    assert_none(&wrong, "unfinished");
}

#[test]
fn nothing_names_a_path_of_one_machine() {
    let paths = ["wo", "ro", "ho", "Us"].iter().zip(["rk", "ot", "me", "ers"]);
    let paths: Vec<String> = paths.map(|(a, b)| format!("/{a}{b}/")).collect();
    let mut texts: Vec<(String, String)> = sources(EVERYWHERE)
        .into_iter()
        .map(|source| (source.path, source.text))
        .collect();
    let others = [
        "Cargo.toml",
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        ".ci/run",
    ];
    texts.extend(others.iter().map(|path| ((*path).to_owned(), read(path))));
    let mut wrong = Vec::new();
    for (path, text) in &texts {
        // Paths inside URLs are somebody else's.
        let lines = text.lines().filter(|line| !line.contains("://"));
        for line in lines {
            if paths.iter().any(|machine| line.contains(machine.as_str())) {
                wrong.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert_none(&wrong, "a path of one machine");
}

#[test]
fn nothing_is_re_exported_by_a_star() {
    let mut wrong = Vec::new();
    for source in sources(&["crates"]) {
        let stars = source.text.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("pub use ") && line.ends_with("::*;")
        });
        wrong.extend(stars.map(|line| format!("{}: {line}", source.path)));
    }
    assert_none(&wrong, "name what is re-exported");
}

#[test]
fn libraries_keep_no_globals() {
    let words = [
        "static mut ",
        "thread_local!",
        "OnceLock<",
        "LazyLock<",
        "lazy_static",
    ];
    let mut wrong = Vec::new();
    for source in sources(&["crates"])
        .iter()
        .filter(|source| source.path.contains("/src/"))
    {
        for line in source
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let global = line.contains("static ") || line.contains("thread_local!");
            if global && words.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none(&wrong, "state that no caller holds");
}

#[test]
fn unsafe_code_stands_in_one_documented_module() {
    let mut files = Vec::new();
    for source in sources(&["crates"]) {
        let code = source
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        if code
            .into_iter()
            .any(|line| line.contains("unsafe {") || line.contains("unsafe fn "))
        {
            files.push(source.path.clone());
        }
    }
    // An allocator that counts for a measurement cannot be written without, and is no part of a library.
    let libraries = files.iter().filter(|file| !file.ends_with("/allocations.rs"));
    assert!(libraries.count() <= 1, "unsafe code in {files:?}");
    for file in &files {
        let undocumented = read(file).matches("unsafe {").count() > read(file).matches("SAFETY:").count();
        assert!(!undocumented, "{file}: an unsafe block without a SAFETY comment");
    }
}

#[test]
fn no_sdk_type_stands_in_a_public_signature() {
    let mut wrong = Vec::new();
    for source in sources(&["crates"])
        .iter()
        .filter(|source| !source.path.contains("xacct-sim"))
    {
        let lines = source.text.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("pub ") && line.contains("aws_sdk_")
        });
        wrong.extend(lines.map(|line| format!("{}: {}", source.path, line.trim())));
    }
    assert_none(&wrong, "the only AWS type in public signatures is SdkConfig");
}

/// Lines of code that the engine may have, without comments, blank lines, tests,
/// findings and the adaptor for SDK clients.
const ENGINE: usize = 1_700;

#[test]
fn the_engine_stays_small() {
    let beside = ["src/smithy.rs", "src/verify.rs"];
    let lines: usize = sources(&["crates/xacct-converge/src"])
        .iter()
        .filter(|source| !beside.iter().any(|file| source.path.ends_with(file)))
        .map(|source| {
            let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
            let counts = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
            code.lines().filter(counts).count()
        })
        .sum();
    assert!(
        lines <= ENGINE,
        "the engine has {lines} lines of code: simplify before adding"
    );
}
