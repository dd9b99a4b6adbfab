//! `deploy` against moto, an AWS emulator that nobody here wrote. Left out, loudly, where it is missing;
//! `.ci/run interop` installs it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may panic, says what it skips and waits for another program"
)]

use serde_json::Value as Json;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// moto as a server. Ends with its owner.
struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// None, with a word about it, where moto is not installed.
    fn start() -> Option<Self> {
        let server = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../interop/bin/moto_server");
        if !server.exists() {
            eprintln!(
                "SKIPPED: there is no {}; `.ci/run interop` installs it",
                server.display()
            );
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = Command::new(server);
        let child = command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env_remove("MOTO_ACCOUNT_ID")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(moto)
    }

    /// The example, with keys of moto's and a role of each account.
    fn deploy(&self, arguments: &[&str]) -> Output {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/tutorial.toml");
        let role = |account: &str| format!("arn:aws:iam::{account}:role/any");
        let mut command = Command::new(program());
        command
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_CONFIG_FILE", "none")
            .env("AWS_SHARED_CREDENTIALS_FILE", "none")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .args([
                "--endpoint-url",
                &format!("http://127.0.0.1:{}", self.port),
                "--json",
            ])
            .args(["--source-role-arn", &role("111111111111")])
            .args(["--warehouse-role-arn", &role("222222222222")])
            .arg("--spec")
            .arg(spec)
            .args(arguments);
        command.output().unwrap()
    }

    /// The plan that it prints; it must end well.
    fn plan(&self, arguments: &[&str]) -> Vec<Json> {
        let output = self.deploy(arguments);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complained}");
        let plan: Json = serde_json::from_slice(&output.stdout).unwrap();
        plan["steps"].as_array().unwrap().clone()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo builds the examples of a package beside its tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let built = folder.join("examples").join("deploy");
    assert!(
        built.exists(),
        "{} is not built: run the tests of the whole package",
        built.display()
    );
    built
}

fn changing(steps: &[Json]) -> Vec<&str> {
    let changing = steps.iter().filter(|step| step["change"] != "keep");
    changing.map(|step| step["resource"].as_str().unwrap()).collect()
}

#[test]
fn each_part_that_moto_implements_is_deployed_kept_and_removed() {
    let Some(moto) = Moto::start() else { return };
    // moto keeps no tags of the account that accepts a peering, so those are set every time.
    for (parts, least, never_right) in [("network", 37, &["source/peering"][..]), ("iam", 4, &[])] {
        let made = moto.plan(&["--only", parts, "deploy"]);
        assert_eq!(changing(&made).len(), made.len(), "{parts}");
        assert!(made.len() >= least, "{parts}: {}", made.len());
        let again = moto.plan(&["--only", parts, "plan"]);
        assert_eq!(changing(&again), never_right, "{parts} is there and right");
    }
    let both = moto.plan(&["--only", "network,iam", "deploy"]);
    assert_eq!(changing(&both), ["source/peering"]);
    moto.plan(&["--only", "network,iam", "destroy"]);
    let left = moto.plan(&["--only", "network,iam", "plan"]);
    assert_eq!(
        changing(&left).len(),
        left.len(),
        "everything would have to be made again"
    );
}

#[test]
fn parts_and_verbs_that_do_not_exist_are_refused_in_words() {
    let Some(moto) = Moto::start() else { return };
    for (arguments, said) in [
        (
            ["--only", "iam", "verify"],
            "--only goes with deploy, plan and destroy",
        ),
        (["--only", "moon", "plan"], "there is no part `moon`"),
    ] {
        let output = moto.deploy(&arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && text.contains(said),
            "{arguments:?}: {text}"
        );
    }
}
