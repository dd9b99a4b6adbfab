//! FindCoordinator. Group membership is not modelled: JoinGroup is not on the list of what is
//! served, so clients say that the broker lacks it instead of waiting.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use super::super::frame::WireFault;
use super::metadata::BROKER;
use super::{Asked, resource, text};

/// Key type of a consumer group in the protocol.
const GROUP: i8 = 0;

pub(super) fn find_coordinator(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: FindCoordinatorRequest = asked.body()?;
    let address = asked.broker.address;
    let (host, port) = (text(address.ip().to_string()), i32::from(address.port()));
    let mut response = FindCoordinatorResponse::default();
    if asked.frame.version < 4 {
        response.error_code = judge(asked, request.key_type, &request.key);
        response.node_id = BROKER;
        response.host = host;
        response.port = port;
    } else {
        let answer = |key: StrBytes| {
            Coordinator::default()
                .with_error_code(judge(asked, request.key_type, &key))
                .with_key(key)
                .with_node_id(BROKER)
                .with_host(host.clone())
                .with_port(port)
        };
        response.coordinators = request.coordinator_keys.into_iter().map(answer).collect();
    }
    asked.reply::<FindCoordinatorRequest>(&response)
}

fn judge(asked: &Asked<'_>, key_type: i8, key: &str) -> i16 {
    let Some(cluster) = asked.clusters().into_iter().next() else {
        return ResponseError::CoordinatorNotAvailable.code();
    };
    if key_type != GROUP {
        return ResponseError::TransactionalIdAuthorizationFailed.code();
    }
    match asked.may("kafka-cluster:DescribeGroup", &resource(&cluster, "group", key)) {
        true => 0,
        false => ResponseError::GroupAuthorizationFailed.code(),
    }
}
