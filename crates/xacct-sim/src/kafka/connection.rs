//! One client connection: TLS, then a request after the other, answered in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::access::Estate;
use super::api::{self, Answer};
use super::authenticate::Identity;
use super::door::Notes;
use super::faults::{Faults, KafkaFault};
use super::frame::{Frame, WireFault};
use super::wall;

/// How often a fetch that waits for records looks again.
const FETCH_POLL: Duration = Duration::from_millis(5);

/// What all connections of a door have in common.
pub(super) struct Broker {
    pub(super) estate: Estate,
    pub(super) acceptor: TlsAcceptor,
    pub(super) address: SocketAddr,
    pub(super) longest_session: Option<Duration>,
    pub(super) notes: Notes,
    pub(super) faults: Faults,
}

/// What one connection has shown so far.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Whether the client has named its mechanism.
    pub(super) handshaken: bool,
    /// Who the client is.
    pub(super) identity: Option<Identity>,
    /// Set when the answer to the present request is the last one.
    pub(super) closing: bool,
    /// The error that the present produce request is to be refused with.
    pub(super) refuse: Option<i16>,
}

impl Session {
    /// Who the client is, if its session has not run out.
    pub(super) fn identity(&self, key: i16) -> Result<&Identity, WireFault> {
        let identity = self.identity.as_ref().ok_or(WireFault::NotAuthenticated(key))?;
        if wall::instant() >= identity.expires {
            return Err(WireFault::SessionExpired(identity.key.arn().to_owned()));
        }
        Ok(identity)
    }
}

/// Serves a client until it leaves or breaks a rule.
pub(super) async fn serve(broker: Arc<Broker>, stream: TcpStream) {
    if let Err(why) = broker.estate.some_cluster_reachable() {
        // To a client outside, a private address is silence; a closed connection is as near as a
        // loopback listener comes.
        broker.notes.add(why);
        return;
    }
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let mut cut = broker.faults.accepted();
    let served = async {
        match broker.acceptor.accept(stream).await {
            Ok(stream) => converse(&broker, stream).await,
            Err(error) => Err(WireFault::Io(error)),
        }
    };
    let outcome = tokio::select! {
        outcome = served => outcome,
        _ = cut.changed() => Err(WireFault::Scripted("all connections are cut")),
    };
    if let Err(fault) = outcome {
        broker.notes.add(format!("a connection was closed: {fault}"));
    }
}

async fn converse(broker: &Broker, stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), WireFault> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    let mut session = Session::default();
    while let Some(frame) = Frame::read(&mut stream).await? {
        let answer = match frame.is_produce().then(|| broker.faults.of_produce()).flatten() {
            None => respond(broker, &mut session, &frame).await?,
            Some(fault) => disturbed(broker, &mut session, &frame, fault).await?,
        };
        if let Some(bytes) = answer {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
        }
        if session.closing {
            stream.shutdown().await?;
            break;
        }
    }
    Ok(())
}

/// The answer to a produce request that meets a fault.
async fn disturbed(
    broker: &Broker,
    session: &mut Session,
    frame: &Frame,
    fault: KafkaFault,
) -> Result<Option<bytes::Bytes>, WireFault> {
    match fault {
        KafkaFault::Cut => Err(WireFault::Scripted("a request is cut off")),
        KafkaFault::LoseAnswer => {
            respond(broker, session, frame).await?;
            Err(WireFault::Scripted("an answer is lost"))
        }
        KafkaFault::Delay(time) => {
            let answer = respond(broker, session, frame).await?;
            wall::sleep(time).await;
            Ok(answer)
        }
        KafkaFault::Refuse(code) => {
            session.refuse = Some(code);
            let answer = respond(broker, session, frame).await;
            session.refuse = None;
            answer
        }
    }
}

/// The bytes that answer a request; `None` where the client wants no answer.
async fn respond(
    broker: &Broker,
    session: &mut Session,
    frame: &Frame,
) -> Result<Option<bytes::Bytes>, WireFault> {
    let start = wall::instant();
    loop {
        match api::answer(broker, session, frame)? {
            Answer::Now(bytes) => return Ok(Some(bytes)),
            Answer::Silence => return Ok(None),
            Answer::Empty { bytes, wait } if start.elapsed() >= wait => return Ok(Some(bytes)),
            Answer::Empty { .. } => wall::sleep(FETCH_POLL).await,
        }
    }
}
