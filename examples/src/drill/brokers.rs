//! Topics made inside the simulator, without a socket: in virtual time and open to faults like every other call.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use xacct::types::{
    TopicAdmin, TopicError, TopicErrorKind, TopicFuture, TopicName, TopicSettings, TopicState,
};
use xacct_sim::{ApiError, Brokers};

/// Administers topics through [`Brokers`].
#[derive(Debug, Clone)]
pub(super) struct SimulatedAdmin(pub(super) Brokers);

impl TopicAdmin for SimulatedAdmin {
    fn describe<'a>(
        &'a self,
        bootstrap: &'a str,
        names: &'a [TopicName],
    ) -> TopicFuture<'a, Vec<TopicState>> {
        let names: Vec<&str> = names.iter().map(TopicName::as_str).collect();
        let params = json!({ "Names": names });
        Box::pin(async move {
            let found = self.ask(bootstrap, "DescribeTopics", params).await?;
            let found = found["Topics"].as_array().cloned().unwrap_or_default();
            Ok(found.iter().filter_map(state).collect())
        })
    }

    fn create<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        Box::pin(async move {
            match self.0.ask(bootstrap, "CreateTopics", settings(topic)).await {
                Err(error) if error.code != "TopicAlreadyExists" => Err(refusal(&error)),
                _ => Ok(()),
            }
        })
    }

    fn alter<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        Box::pin(async move {
            let present = self
                .describe(bootstrap, std::slice::from_ref(&topic.name))
                .await?;
            let present = present.first().map_or(0, |topic| topic.partitions);
            if topic.partitions > present {
                self.ask(bootstrap, "CreatePartitions", settings(topic)).await?;
            }
            if !topic.config.is_empty() {
                self.ask(bootstrap, "IncrementalAlterConfigs", settings(topic))
                    .await?;
            }
            Ok(())
        })
    }

    fn delete<'a>(&'a self, bootstrap: &'a str, name: &'a TopicName) -> TopicFuture<'a, ()> {
        Box::pin(async move {
            let params = json!({ "Name": name.as_str() });
            match self.0.ask(bootstrap, "DeleteTopics", params).await {
                Err(error) if error.code != "UnknownTopicOrPartition" => Err(refusal(&error)),
                _ => Ok(()),
            }
        })
    }

    fn end_offsets<'a>(
        &'a self,
        bootstrap: &'a str,
        name: &'a TopicName,
    ) -> TopicFuture<'a, BTreeMap<i32, i64>> {
        Box::pin(async move {
            let params = json!({ "Name": name.as_str() });
            let found = self.ask(bootstrap, "ListOffsets", params).await?;
            let ends = found["Offsets"].as_array().into_iter().flatten();
            let ends = ends.filter_map(Value::as_i64);
            Ok((0..).zip(ends).collect())
        })
    }
}

impl SimulatedAdmin {
    async fn ask(&self, bootstrap: &str, operation: &str, params: Value) -> Result<Value, TopicError> {
        let answer = self.0.ask(bootstrap, operation, params).await;
        answer.map_err(|error| refusal(&error))
    }
}

fn settings(topic: &TopicSettings) -> Value {
    json!({ "Name": topic.name.as_str(), "Partitions": topic.partitions, "Config": topic.config })
}

fn state(found: &Value) -> Option<TopicState> {
    let name = TopicName::new(found["Name"].as_str()?).ok()?;
    let mut state = TopicState::new(name, u32::try_from(found["Partitions"].as_u64()?).ok()?);
    let config = found["Config"].as_object().into_iter().flatten();
    state.config = config
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    Some(state)
}

/// The kinds that `msk-clickstream` makes of the same codes.
fn refusal(error: &ApiError) -> TopicError {
    let kind = match error.code.as_str() {
        "TopicAuthorizationFailed" | "ClusterAuthorizationFailed" | "SaslAuthenticationFailed" => {
            TopicErrorKind::Denied
        }
        "BrokerTransportFailure" => TopicErrorKind::Unreachable,
        "OperationTimedOut" | "ThrottlingQuotaExceeded" => TopicErrorKind::Transient,
        _ => TopicErrorKind::Refused,
    };
    TopicError::new(kind, error.to_string())
}
