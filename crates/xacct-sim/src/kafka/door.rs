//! The loopback listener.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use super::access::Estate;
use super::connection::{Broker, serve};
use super::faults::{DoorCounts, Faults, KafkaFault};
use super::tls::{self, TlsFault};
use super::wall;

/// Where a client of the clusters stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On a host in the cluster's VPC, with a security group that the cluster lets in. It gets
    /// through only while a cluster is active and some group or address of its VPC may reach
    /// port 9098.
    Inside,
    /// Anywhere else. The brokers have private addresses: nothing gets through.
    Outside,
}

/// How a door behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KafkaDoorOptions {
    /// Port on the loopback interface; 0 (the default) takes a free one.
    pub port: u16,
    /// Ends sessions earlier than their tokens, so that re-authentication can be watched.
    pub longest_session: Option<Duration>,
    /// The one cluster that is served, by name; without it, every cluster of the caller's account is.
    pub cluster: Option<String>,
}

impl KafkaDoorOptions {
    /// A free port, and sessions as long as their tokens.
    pub fn new() -> Self {
        Self {
            port: 0,
            longest_session: None,
            cluster: None,
        }
    }

    /// Serves only the cluster of this name, as its own addresses would.
    #[must_use]
    pub fn cluster(mut self, name: impl Into<String>) -> Self {
        self.cluster = Some(name.into());
        self
    }

    /// Listens on this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Ends sessions after this time at the latest.
    #[must_use]
    pub fn longest_session(mut self, longest: Duration) -> Self {
        self.longest_session = Some(longest);
        self
    }
}

impl Default for KafkaDoorOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a door could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// The port is taken, or there are no sockets left.
    #[error("cannot listen on the loopback interface")]
    Listen(#[from] std::io::Error),
    /// No certificate could be made.
    #[error("cannot set up TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<TlsFault> for DoorError {
    fn from(fault: TlsFault) -> Self {
        Self::Tls(Box::new(fault))
    }
}

/// A listener for Kafka clients, on its own thread, until it is dropped.
///
/// It shows wall time: tokens are valid by the wall's clock or by the simulator's, sessions end by
/// the wall's.
#[derive(Debug)]
pub struct KafkaDoor {
    address: SocketAddr,
    ca_pem: String,
    standing: Standing,
    notes: Notes,
    faults: Faults,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl KafkaDoor {
    pub(super) fn open(
        estate: Estate,
        standing: Standing,
        options: &KafkaDoorOptions,
    ) -> Result<Self, DoorError> {
        let identity = tls::new_identity()?;
        let socket = Socket::bind(standing, options.port)?;
        let address = socket.address()?;
        let notes = Notes::default();
        let faults = Faults::new();
        let broker = Broker {
            estate,
            acceptor: identity.acceptor,
            address,
            longest_session: options.longest_session,
            notes: notes.clone(),
            faults: faults.clone(),
        };
        let (stop, stopped) = oneshot::channel();
        let (started, start) = std::sync::mpsc::channel();
        let work = move || run(socket, Arc::new(broker), stopped, &started);
        let thread = std::thread::Builder::new()
            .name("xacct-sim-kafka".to_owned())
            .spawn(work)?;
        start
            .recv()
            .unwrap_or_else(|_| Err(std::io::Error::other("the thread of the door ended")))?;
        Ok(Self {
            address,
            ca_pem: identity.ca_pem,
            standing,
            notes,
            faults,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `host:port` for a client's `bootstrap.servers`; what the brokers advertise, too.
    pub fn bootstrap(&self) -> String {
        self.address.to_string()
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate authority that a client must trust, in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Where clients of this door stand.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// From now on every `every`th produce request meets this fault, 1 being all of them. Several faults
    /// may be set; of those whose turn it is, the first one set is met.
    pub fn fault(&self, fault: KafkaFault, every: u64) {
        self.faults.add(fault, every);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.faults.clear();
    }

    /// Closes every connection that is open, as a broker that restarts would.
    pub fn cut_connections(&self) {
        self.faults.cut();
    }

    /// What clients have done so far.
    pub fn counts(&self) -> DoorCounts {
        self.faults.counts()
    }

    /// Why clients were refused, the latest last; at most the last thousand reasons.
    pub fn refusals(&self) -> Vec<String> {
        self.notes.all()
    }
}

impl Drop for KafkaDoor {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may be gone already; then there is nothing to stop.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl crate::Sim {
    /// Opens a door for Kafka clients that stand there, on a free port.
    ///
    /// # Errors
    /// No socket, no thread, or no certificate could be had.
    pub fn kafka_door(&self, standing: Standing) -> Result<KafkaDoor, DoorError> {
        self.kafka_door_with(standing, &KafkaDoorOptions::new())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As there; also a port that is taken.
    pub fn kafka_door_with(
        &self,
        standing: Standing,
        options: &KafkaDoorOptions,
    ) -> Result<KafkaDoor, DoorError> {
        KafkaDoor::open(
            Estate::new(std::sync::Arc::clone(&self.shared), options.cluster.clone()),
            standing,
            options,
        )
    }
}

/// The thread of a door: a runtime of its own, so that the caller may be in one and in virtual time.
fn run(
    socket: Socket,
    broker: Arc<Broker>,
    stopped: oneshot::Receiver<()>,
    started: &std::sync::mpsc::Sender<std::io::Result<()>>,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("xacct-sim-kafka")
        .enable_all()
        .build();
    // Nobody is left to be told only if the caller is gone.
    match runtime {
        Ok(runtime) => {
            let _ = started.send(Ok(()));
            runtime.block_on(socket.serve(broker, stopped));
            runtime.shutdown_background();
        }
        Err(error) => {
            let _ = started.send(Err(error));
        }
    }
}

/// A port that listens, or one that is only held so that nobody else answers on it.
enum Socket {
    Open(std::net::TcpListener),
    Held(TcpSocket),
}

impl Socket {
    fn bind(standing: Standing, port: u16) -> std::io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match standing {
            Standing::Inside => {
                let listener = std::net::TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(Self::Open(listener))
            }
            Standing::Outside => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(address)?;
                Ok(Self::Held(socket))
            }
        }
    }

    fn address(&self) -> std::io::Result<SocketAddr> {
        match self {
            Self::Open(listener) => listener.local_addr(),
            Self::Held(socket) => socket.local_addr(),
        }
    }

    async fn serve(self, broker: Arc<Broker>, mut stopped: oneshot::Receiver<()>) {
        let listener = match self {
            Self::Open(listener) => TcpListener::from_std(listener),
            Self::Held(socket) => {
                // Without `listen` the kernel refuses every connection; the port stays ours.
                let _ = stopped.await;
                drop(socket);
                return;
            }
        };
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) => return broker.notes.add(format!("the door cannot listen: {error}")),
        };
        loop {
            tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => { tokio::spawn(serve(Arc::clone(&broker), stream)); }
                    Err(error) => {
                        // Out of descriptors, most likely: let some be closed first.
                        tracing::warn!(%error, "a Kafka connection could not be accepted");
                        wall::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
    }
}

/// Reasons of refusals, shared by all connections of a door.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<VecDeque<String>>>);

impl Notes {
    const MOST: usize = 1_000;

    pub(super) fn add(&self, note: String) {
        tracing::debug!(%note, "Kafka door");
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() == Self::MOST {
            notes.pop_front();
        }
        notes.push_back(note);
    }

    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
