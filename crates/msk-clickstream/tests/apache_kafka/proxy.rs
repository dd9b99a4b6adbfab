//! A way to a broker that can be cut.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Passes connections on to a port that is named later and can change.
#[derive(Debug, Clone)]
pub(crate) struct Proxy(Arc<State>);

#[derive(Debug)]
struct State {
    port: u16,
    to: AtomicU16,
    accepted: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface, for the life of the process.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let state = Arc::new(State {
            port: listener.local_addr().expect("it is bound").port(),
            to: AtomicU16::new(0),
            accepted: AtomicU64::new(0),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.accepted.fetch_add(1, Ordering::Relaxed);
                pass_on(&accepting, client);
            }
        });
        Self(state)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    /// Where connections go from now on.
    pub(crate) fn lead_to(&self, port: u16) {
        self.0.to.store(port, Ordering::Relaxed);
    }

    /// Closes every connection that is open.
    pub(crate) fn cut(&self) {
        for stream in self.0.open.lock().expect("nobody panics with it").drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }
}

fn pass_on(state: &State, client: TcpStream) {
    let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, state.to.load(Ordering::Relaxed))) else {
        return;
    };
    for stream in [&client, &broker] {
        stream.set_nodelay(true).expect("a socket takes the option");
    }
    let twice = |stream: &TcpStream| stream.try_clone().expect("a second handle");
    let ways = [(twice(&client), twice(&broker)), (twice(&broker), twice(&client))];
    state
        .open
        .lock()
        .expect("nobody panics with it")
        .extend([client, broker]);
    for (from, to) in ways {
        std::thread::spawn(move || copy(from, to));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
