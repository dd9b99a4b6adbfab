//! One connection: request after request, and what faults make of the answers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;

use super::control::Control;
use super::once;
use super::read::{Limits, Reader, Refusal};
use super::write::{self, Manner};
use crate::dispatch::{self, Ending};
use crate::door::{self, Return};
use crate::sim::Sim;
use crate::wire::{Request, Response};

/// Longest time that an answer is held which never comes.
const SILENCE: Duration = Duration::from_secs(300);
/// How long a connection that is refused is read on, so that its client sees why.
const LINGER: Duration = Duration::from_millis(500);

/// What all connections of a door share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) sim: Sim,
    pub(super) control: Control,
    pub(super) limits: Limits,
    /// Calls so far: names the sampled latency of each.
    pub(super) calls: AtomicU64,
}

/// What the client gets.
#[derive(Debug)]
enum Answer {
    Say(Response),
    /// The connection ends without an answer.
    Cut,
    /// Nothing comes until the client gives up.
    Hold,
}

/// Serves a connection until its client or the door has had enough.
pub(super) async fn serve(desk: Arc<Desk>, stream: TcpStream, mut stopping: watch::Receiver<bool>) {
    // Small answers are not worth waiting for more of them; a socket that cannot do it is still one.
    let _ = stream.set_nodelay(true);
    let mut reader = Reader::new(stream, desk.limits);
    while !*stopping.borrow() {
        let begins = tokio::select! {
            begins = reader.begins() => begins,
            _ = stopping.changed() => false,
        };
        if !begins || !exchange(&desk, &mut reader, &mut stopping).await {
            return;
        }
    }
}

/// One request and its answer; whether the connection goes on.
async fn exchange(desk: &Desk, reader: &mut Reader<TcpStream>, stopping: &mut watch::Receiver<bool>) -> bool {
    let incoming = match reader.request().await {
        Ok(incoming) => incoming,
        Err(Refusal::Gone) => return false,
        Err(Refusal::Bad(status, text)) => {
            let manner = Manner {
                head_only: false,
                keep: false,
            };
            let refusal = plain(status, &text);
            if write::answer(&mut reader.stream, &refusal, manner, desk.limits.patience).await {
                // A reset before the client has read the answer would hide it.
                let _ = tokio::time::timeout(LINGER, reader.gone()).await;
            }
            return false;
        }
    };
    let manner = Manner {
        head_only: incoming.request.method == "HEAD",
        keep: incoming.keep && !*stopping.borrow(),
    };
    match desk.answer(&incoming.request).await {
        Answer::Say(response) => {
            write::answer(&mut reader.stream, &response, manner, desk.limits.patience).await && manner.keep
        }
        Answer::Cut => false,
        Answer::Hold => {
            tokio::select! {
                () = reader.gone() => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
                () = door::sleep(SILENCE) => {}
            }
            false
        }
    }
}

impl Desk {
    async fn answer(&self, request: &Request) -> Answer {
        if request.path == "/_sim" || request.path.starts_with("/_sim/") {
            return Answer::Say(self.control.answer(request));
        }
        let changes = match once::Changes::read(request) {
            Ok(changes) => changes,
            Err(why) => return Answer::Say(plain(400, &why)),
        };
        let shared = &self.sim.shared;
        let half = door::latency(shared, &self.calls, request) / 2;
        let mut killed = shared.killed.subscribe();
        tokio::select! {
            answer = self.serve(request, &changes, half) => answer,
            // Nobody is left who could see an answer.
            _ = killed.wait_for(|killed| *killed) => Answer::Cut,
        }
    }

    async fn serve(&self, request: &Request, changes: &once::Changes, half: Duration) -> Answer {
        let shared = &self.sim.shared;
        door::depart(shared, half).await;
        let served = changes.around(&mut shared.lock(), |world| {
            dispatch::serve(world, shared.clock.now(), request)
        });
        let served = door::wait_for(shared, served).await;
        if served.ending == Ending::Silent {
            return Answer::Hold;
        }
        match door::come_back(shared, half, &served.ending, SILENCE).await {
            Return::Whole => Answer::Say(served.response),
            Return::Lost | Return::Silent => Answer::Cut,
        }
    }
}

/// A refusal by the door itself, in words.
fn plain(status: u16, text: &str) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())],
        body: format!("{text}\n").into_bytes(),
    }
}
