//! `sim_server` as a program that runs, shared by the tests of this package.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic and reads the wall's clock"
)]

use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server and its first line. Ends with its owner.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) first: Json,
    /// From the start of the program to its first line.
    pub(crate) took: Duration,
}

/// Cargo builds the examples of a package beside its tests.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let built = folder.join("examples").join("sim_server");
    assert!(
        built.exists(),
        "{} is not built: run the tests of the whole package",
        built.display()
    );
    built
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let begun = Instant::now();
        let mut command = Command::new(program());
        let mut child = command
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let took = begun.elapsed();
        let first = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, first, took }
    }

    /// One request without a signature: status and body.
    pub(crate) fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let endpoint = self.first["endpoint"].as_str().unwrap();
        let address = endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
