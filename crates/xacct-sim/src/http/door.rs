//! The listener: its options, its thread, its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::CONNECTIONS;
use super::connection::{self, Desk};
use super::control::Control;
use super::read::Limits;
use crate::door::sleep;
use crate::kafka::DoorError;
use crate::sim::Sim;

/// How long calls that are under way may take once the door is to be closed.
const GRACE: Duration = Duration::from_secs(5);

/// Options of a door for AWS SDKs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpDoorOptions {
    /// The port on the loopback interface; 0, the default, takes any that is free.
    pub port: u16,
    /// Longest body of a request, in bytes. Default: 8 MiB, more than any operation here takes.
    pub longest_body: usize,
    /// How long a client may take for a head, for a body, or to read its answer. Default: 20 seconds.
    pub patience: Duration,
}

impl HttpDoorOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            port: 0,
            longest_body: 8 * 1024 * 1024,
            patience: Duration::from_secs(20),
        }
    }

    /// Listens on this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Takes bodies up to this many bytes.
    #[must_use]
    pub fn longest_body(mut self, bytes: usize) -> Self {
        self.longest_body = bytes;
        self
    }

    /// Gives slow clients this long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn limits(&self) -> Limits {
        Limits {
            head: 64 * 1024,
            body: self.longest_body,
            idle: Duration::from_secs(75),
            patience: self.patience,
        }
    }
}

impl Default for HttpDoorOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A listener for AWS SDKs and CLIs in any language, on its own thread, until it is dropped.
///
/// It shows wall time: build the simulator with [`wall_clock`](crate::SimBuilder::wall_clock), or nothing that takes
/// time will ever be done.
#[derive(Debug)]
pub struct HttpDoor {
    address: SocketAddr,
    stopping: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl HttpDoor {
    fn open(sim: &Sim, options: &HttpDoorOptions) -> Result<Self, DoorError> {
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let desk = Arc::new(Desk {
            sim: sim.clone(),
            control: Control::new(sim.clone()),
            limits: options.limits(),
            calls: AtomicU64::new(0),
        });
        let (stopping, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("xacct-sim-http".to_owned())
            .spawn(move || runtime.block_on(listen(listener, desk, stopped)))?;
        Ok(Self {
            address,
            stopping,
            thread: Some(thread),
        })
    }

    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint URL for any SDK.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more calls and waits for those that are under way, at most five seconds. Dropping does the same.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for HttpDoor {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Sim {
    /// Opens a door for AWS SDKs and CLIs on a free port of the loopback interface.
    ///
    /// # Errors
    /// No socket, no runtime or no thread could be had.
    pub fn http_door(&self) -> Result<HttpDoor, DoorError> {
        self.http_door_with(&HttpDoorOptions::new())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As there; also a port that is taken.
    pub fn http_door_with(&self, options: &HttpDoorOptions) -> Result<HttpDoor, DoorError> {
        HttpDoor::open(self, options)
    }
}

async fn listen(listener: std::net::TcpListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the door cannot listen"),
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopping| *stopping) => break,
            accepted = accept(&listener, &room) => accepted,
        };
        while open.try_join_next().is_some() {}
        match accepted {
            Ok((stream, place)) => {
                let serve = connection::serve(Arc::clone(&desk), stream, stopped.clone());
                open.spawn(async move {
                    serve.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: let some be closed first.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let ended = async { while open.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}
