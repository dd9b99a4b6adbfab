//! What every error keeps to.

use crate::{assert_none, sources};

/// The attribute lists `#[error(…)]` of a file, each as one text.
fn error_texts(text: &str) -> Vec<String> {
    text.split("#[error(")
        .skip(1)
        .map(|rest| rest.split(")]").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn no_error_repeats_its_cause_in_its_own_text() {
    let mut wrong = Vec::new();
    for source in sources(&["crates"]) {
        for text in error_texts(&source.text) {
            if ["{source}", "{source:", "{cause}", "{cause:", "{error}", "{error:"]
                .iter()
                .any(|cause| text.contains(cause))
            {
                wrong.push(format!("{}: {}", source.path, text.trim()));
            }
        }
    }
    assert_none(&wrong, "the cause belongs to source(), not to the text");
}

#[test]
fn errors_are_fragments_in_lower_case() {
    // Names that are written with a capital wherever they stand.
    let names = [
        "AWS",
        "IAM",
        "MSK",
        "SQL",
        "JSON",
        "TOML",
        "VPC",
        "DNS",
        "MSK Serverless",
        "Kafka",
        "Redshift",
    ];
    let mut wrong = Vec::new();
    for source in sources(&["crates"])
        .iter()
        .filter(|source| !source.path.contains("xacct-sim"))
    {
        for text in error_texts(&source.text) {
            let said = text.trim().trim_start_matches('"');
            let capital = said.starts_with(|c: char| c.is_ascii_uppercase());
            let ends = text
                .trim_end()
                .trim_end_matches(',')
                .trim_end()
                .trim_end_matches('"')
                .ends_with('.');
            if (capital && !names.iter().any(|name| said.starts_with(name))) || ends {
                wrong.push(format!("{}: {}", source.path, text.trim()));
            }
        }
    }
    assert_none(&wrong, "an error's text is a fragment: lower case, no full stop");
}

#[test]
fn every_public_error_can_grow() {
    let mut wrong = Vec::new();
    for source in sources(&["crates"]) {
        for part in source.text.split("#[derive(").skip(1) {
            let derives = part.split(')').next().unwrap_or_default();
            let Some(start) = part.find("pub enum ") else {
                continue;
            };
            let attributes = &part[..start];
            // Another item may stand between; then these are not its attributes.
            let same_item = !attributes.contains("\n}") && !attributes.contains(";\n");
            if derives.contains("Error") && same_item && !attributes.contains("#[non_exhaustive]") {
                let name = part[start..].lines().next().unwrap_or_default();
                wrong.push(format!("{}: {name}", source.path));
            }
        }
    }
    assert_none(&wrong, "not #[non_exhaustive]");
}
