//! `sim_server` as a user starts it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may panic, reads the wall's clock and says what it skips"
)]

mod interop;
mod running;

use running::{Server, program};
use serde_json::Value as Json;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn the_first_line_says_where_everything_is() {
    let server = Server::start(&["--seed", "3"]);
    let first = &server.first;
    assert!(
        first["endpoint"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert_eq!(first["region"], "ap-south-1");
    assert!(
        first["kafka"]["bootstrap"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    assert_eq!(first["kafka"]["security_protocol"], "SASL_SSL");
    let authority = std::fs::read_to_string(first["kafka"]["ca_pem_file"].as_str().unwrap()).unwrap();
    assert!(
        authority.starts_with("-----BEGIN CERTIFICATE-----"),
        "{authority}"
    );
    let accounts = first["accounts"].as_array().unwrap();
    let seen: Vec<(&str, &str)> = accounts
        .iter()
        .map(|one| (one["account_id"].as_str().unwrap(), one["role"].as_str().unwrap()))
        .collect();
    assert_eq!(seen, [("111111111111", "source"), ("222222222222", "warehouse")]);
    for account in accounts {
        let length = |field: &str| account[field].as_str().unwrap().len();
        assert_eq!((length("access_key_id"), length("secret_access_key")), (20, 40));
    }
    let again = Server::start(&["--seed", "3"]);
    assert_eq!(
        again.first["accounts"], first["accounts"],
        "the same seed gives the same keys"
    );
    assert_ne!(
        again.first["endpoint"], first["endpoint"],
        "port 0 is any that is free"
    );
}

#[test]
fn it_starts_within_a_tenth_of_a_second_and_idles_in_thirty_megabytes() {
    let best = (0..9).map(|_| Server::start(&[]).took).min().unwrap();
    assert!(best < Duration::from_millis(100), "{best:?} at best");
    let server = Server::start(&[]);
    assert_eq!(server.ask("GET", "/_sim/health").0, 200);
    let status = format!("/proc/{}/status", server.child.id());
    let Ok(status) = std::fs::read_to_string(&status) else {
        eprintln!("SKIPPED: this system has no {status} to read the memory from");
        return;
    };
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    eprintln!("starts in {best:?}, idles in {kilobytes} kB");
    assert!(kilobytes < 30_000, "{kilobytes} kB");
}

#[test]
fn its_own_resources_answer_without_a_signature() {
    let server = Server::start(&["--account", "333333333333"]);
    let (status, body) = server.ask("GET", "/_sim/inventory");
    assert_eq!(status, 200);
    let inventory: Json = serde_json::from_str(&body).unwrap();
    let accounts: Vec<&String> = inventory["accounts"].as_object().unwrap().keys().collect();
    assert_eq!(accounts, ["111111111111", "222222222222", "333333333333"]);
    assert_eq!(server.ask("POST", "/_sim/reset").0, 200);
    assert_eq!(server.ask("GET", "/").0, 403);
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_it_is_told_to_and_leaves_no_file() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let authority = server.first["kafka"]["ca_pem_file"].as_str().unwrap().to_owned();
        let begun = Instant::now();
        let id = server.child.id().to_string();
        assert!(
            // The shell's own `kill`: not every machine has a program of that name.
            Command::new("sh")
                .args(["-c", &format!("kill {signal} {id}")])
                .status()
                .unwrap()
                .success()
        );
        assert!(server.child.wait().unwrap().success(), "{signal}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{signal}");
        assert!(!std::path::Path::new(&authority).exists(), "{authority} is left");
    }
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let taken = Server::start(&[]);
    let port = taken.first["endpoint"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    for (arguments, said) in [
        (
            vec!["--port", port.as_str()],
            "cannot listen on the loopback interface",
        ),
        (vec!["--speed", "0"], "between 0.001 and 1000000"),
        (vec!["--account", "12"], "twelve digits"),
        (vec!["--source", "222222222222"], "an id of its own"),
    ] {
        let output = Command::new(program()).args(&arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && text.contains(said),
            "{arguments:?}: {text}"
        );
    }
    let help = Command::new(program()).arg("--help").output().unwrap();
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("/_sim/"));
}
