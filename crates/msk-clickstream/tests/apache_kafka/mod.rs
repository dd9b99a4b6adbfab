//! A real Apache Kafka broker on the loopback interface, installed by `scripts/kafka-broker`.
//!
//! One node in KRaft mode, with a listener that takes MSK tokens over TLS and one without authentication
//! for looking at what arrived.

#![allow(dead_code, reason = "each program that includes this uses a part of it")]

pub(crate) mod proxy;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region;
use msk_clickstream::KafkaAccess;

/// The region of the broker's tokens.
pub(crate) const REGION: &str = "eu-west-1";

/// The principal that may do anything; every other may connect and nothing else.
pub(crate) const WRITER: &str = "writer";

/// How long a broker may take to start on a busy machine.
const START: Duration = Duration::from_secs(90);

/// An access key that the broker knows.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
    pub(crate) principal: String,
}

impl Key {
    pub(crate) fn new(id: &str, principal: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: format!("secret-of-{id}"),
            session_token: None,
            principal: principal.to_owned(),
        }
    }

    pub(crate) fn with_session_token(mut self, token: &str) -> Self {
        self.session_token = Some(token.to_owned());
        self
    }

    pub(crate) fn credentials(&self) -> aws_credential_types::Credentials {
        aws_credential_types::Credentials::from_keys(&self.id, &self.secret, self.session_token.clone())
    }
}

/// One record as the Java client read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Landed {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A broker; killed when dropped.
#[derive(Debug)]
pub(crate) struct ApacheKafka {
    place: PathBuf,
    folder: tempfile::TempDir,
    iam: u16,
    plain: u16,
    advertised: u16,
    process: Option<Child>,
}

/// Where `scripts/kafka-broker` installs, if it has and there is a Java to run it.
pub(crate) fn installed() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let place = target.join("kafka-broker");
    let java = || {
        Command::new("java")
            .arg("-version")
            .stderr(Stdio::null())
            .status()
    };
    let runs = place.join("installed").exists() && java().is_ok_and(|status| status.success());
    runs.then_some(place)
}

/// The installed broker's place, or a loud word that there is none.
pub(crate) fn or_skip(test: &str) -> Option<PathBuf> {
    let place = installed();
    if place.is_none() {
        eprintln!(
            "SKIPPED: {test}: no Kafka broker or no Java is installed; scripts/kafka-broker installs the broker"
        );
    }
    place
}

impl ApacheKafka {
    /// Starts a broker whose sessions end after `session` at the latest.
    pub(crate) fn start(place: PathBuf, session: Duration, keys: &[Key]) -> Self {
        Self::behind(place, session, keys, None)
    }

    /// The same, but clients are told to connect to another port.
    pub(crate) fn behind(place: PathBuf, session: Duration, keys: &[Key], advertised: Option<u16>) -> Self {
        let [iam, plain, controller] = free_ports();
        let mut broker = Self {
            place,
            folder: tempfile::tempdir().expect("a temporary folder"),
            iam,
            plain,
            advertised: advertised.unwrap_or(iam),
            process: None,
        };
        broker.set_keys(keys);
        let properties = broker.properties(controller, session);
        std::fs::write(broker.path("server.properties"), properties).expect("the properties can be written");
        broker.format();
        broker.revive();
        broker
    }

    /// Replaces the keys that the broker knows.
    pub(crate) fn set_keys(&self, keys: &[Key]) {
        let lines = keys.iter().map(|key| {
            let token = key.session_token.as_deref().unwrap_or("-");
            format!("{} {} {token} {}\n", key.id, key.secret, key.principal)
        });
        // Moved into place whole: the broker may be reading.
        std::fs::write(self.path("keys.new"), lines.collect::<String>()).expect("the keys can be written");
        std::fs::rename(self.path("keys.new"), self.path("keys")).expect("the keys can be replaced");
    }

    /// The port with TLS and tokens.
    pub(crate) fn port(&self) -> u16 {
        self.iam
    }

    /// The listener that asks for no identity.
    pub(crate) fn plaintext(&self) -> String {
        format!("127.0.0.1:{}", self.plain)
    }

    /// What clients of the listener with tokens are given.
    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.advertised)
    }

    /// The certificate to trust.
    pub(crate) fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.place.join("ca.pem")).expect("the certificate is installed")
    }

    /// Access with the credentials of a provider.
    pub(crate) fn access(&self, credentials: SharedCredentialsProvider) -> KafkaAccess {
        let config = SdkConfig::builder()
            .region(Region::new(REGION))
            .credentials_provider(credentials)
            .build();
        let access = KafkaAccess::iam(&config).expect("region and credentials are there");
        access.with_bootstrap(self.bootstrap()).with_ca_pem(self.ca_pem())
    }

    /// Ends the broker as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the broker can be killed");
            process.wait().expect("the broker ends");
        }
    }

    /// Starts it again on what it has written.
    pub(crate) fn revive(&mut self) {
        let log = File::create(self.path("out.log")).expect("the log can be written");
        let process = self
            .java(&["-Xmx768m", "-XX:+UseSerialGC"])
            .args(["kafka.Kafka", "server.properties"])
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("java starts");
        self.process = Some(process);
        let start = Instant::now();
        while !self.log().contains("Kafka Server started") {
            assert!(
                start.elapsed() < START,
                "the broker does not start:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the broker has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("out.log")).unwrap_or_default()
    }

    /// Reads a topic with the Java client, `shown` bytes of each value.
    pub(crate) fn read_back(&self, topic: &str, shown: usize) -> Vec<Landed> {
        let mut reader = self
            .java(&["-Xmx512m", "-XX:TieredStopAtLevel=1"])
            .args(["ReadBack", &self.plaintext(), topic, &shown.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("java starts");
        let lines = BufReader::new(reader.stdout.take().expect("a pipe")).lines();
        let mut landed = Vec::new();
        let mut ended = false;
        for line in lines.map_while(Result::ok) {
            match line.as_str() {
                "end" => ended = true,
                line => landed.push(Landed::read(line)),
            }
        }
        reader.wait().expect("the reader ends");
        assert!(ended, "the reader broke off after {} records", landed.len());
        landed
    }

    fn format(&self) {
        let formatted = self
            .java(&["-XX:TieredStopAtLevel=1"])
            .args([
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "MkU3OEVBNTcwNTJENDM2Qg",
            ])
            .args(["-c", "server.properties"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("java starts");
        assert!(formatted.success(), "the broker's folder cannot be formatted");
    }

    fn java(&self, options: &[&str]) -> Command {
        let place = self.place.canonicalize().expect("the broker is installed");
        let classes = format!(
            "{}:{}/*",
            place.join("classes").display(),
            place.join("jars").display()
        );
        let mut java = Command::new("java");
        java.args(options)
            .args(["-cp", &classes])
            .current_dir(self.folder.path());
        java
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn properties(&self, controller: u16, session: Duration) -> String {
        let place = self.place.canonicalize().expect("the broker is installed");
        let (iam, plain, advertised) = (self.iam, self.plain, self.advertised);
        let reauth = session.as_millis();
        let store = place.join("keystore.p12");
        let (store, folder) = (store.display(), self.folder.path().display());
        format!(
            "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=IAM://127.0.0.1:{iam},PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=IAM://127.0.0.1:{advertised},PLAINTEXT://127.0.0.1:{plain}
listener.security.protocol.map=IAM:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=OAUTHBEARER
listener.name.iam.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.iam.oauthbearer.sasl.server.callback.handler.class=MskTokenValidator
listener.name.iam.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\" region=\"{REGION}\" keysFile=\"{folder}/keys\";
listener.name.iam.oauthbearer.connections.max.reauth.ms={reauth}
listener.name.iam.ssl.keystore.type=PKCS12
listener.name.iam.ssl.keystore.location={store}
listener.name.iam.ssl.keystore.password=loopback
listener.name.iam.ssl.key.password=loopback
auto.create.topics.enable=false
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{WRITER}
offsets.topic.replication.factor=1
log.dirs={folder}/data
"
        )
    }
}

impl Drop for ApacheKafka {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Landed {
    fn read(line: &str) -> Self {
        let mut parts = line.splitn(4, ' ');
        let mut next = || parts.next().expect("four parts");
        Self {
            partition: next().parse().expect("a number"),
            offset: next().parse().expect("a number"),
            key: next().to_owned(),
            value: next().to_owned(),
        }
    }
}

/// Three ports that are free now.
fn free_ports() -> [u16; 3] {
    let held = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    held.map(|port| port.local_addr().expect("it is bound").port())
}
