//! A door for every AWS SDK and CLI in any language: HTTP/1.1 on the loopback interface.
//!
//! The service is told by the credential scope of the signature, as AWS's own front tells nothing else apart on one
//! address. Beside the services there are the simulator's own resources under `/_sim/`: [`control`] lists them.
//!
//! The protocol is written out here instead of taken from a web framework: a handful of methods, two framings and a
//! few limits are needed, and whoever builds the simulator alone compiles nothing for them but a parser of heads.
//!
//! - Connections are kept alive, at most [`CONNECTIONS`] at a time; more wait to be accepted.
//! - A client has seconds to finish a head or a body that it has begun, and to take its answer.
//! - Answers take the simulator's sampled latency, and faults end as they would on a wire: a lost answer cuts the
//!   connection, a timeout holds it, a killed caller loses all of them until it is revived.

pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod door;
pub(crate) mod faults;
pub(crate) mod once;
pub(crate) mod patch;
pub(crate) mod read;
pub(crate) mod write;

/// Most connections at a time.
pub(crate) const CONNECTIONS: usize = 256;
