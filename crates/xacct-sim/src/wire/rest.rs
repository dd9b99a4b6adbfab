//! restJson requests of MSK: method and path name the operation; labels, query and body are merged into parameters.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::unmodelled::NOT_MODELLED;
use super::{Request, json, query};
use crate::world::ApiError;

/// (method, path template, operation), from the MSK API model. Labels keep the member's wire name.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/v1/clusters", "CreateCluster"),
    ("POST", "/api/v2/clusters", "CreateClusterV2"),
    ("GET", "/v1/clusters", "ListClusters"),
    ("GET", "/api/v2/clusters", "ListClustersV2"),
    ("GET", "/v1/clusters/{clusterArn}", "DescribeCluster"),
    ("GET", "/api/v2/clusters/{clusterArn}", "DescribeClusterV2"),
    ("DELETE", "/v1/clusters/{clusterArn}", "DeleteCluster"),
    (
        "GET",
        "/v1/clusters/{clusterArn}/bootstrap-brokers",
        "GetBootstrapBrokers",
    ),
    ("GET", "/v1/clusters/{clusterArn}/policy", "GetClusterPolicy"),
    ("PUT", "/v1/clusters/{clusterArn}/policy", "PutClusterPolicy"),
    (
        "DELETE",
        "/v1/clusters/{clusterArn}/policy",
        "DeleteClusterPolicy",
    ),
    ("GET", "/v1/clusters/{clusterArn}/nodes", "ListNodes"),
    (
        "GET",
        "/api/v2/clusters/{clusterArn}/operations",
        "ListClusterOperationsV2",
    ),
    ("GET", "/v1/clusters/{clusterArn}/topics", "ListTopics"),
    ("POST", "/v1/clusters/{clusterArn}/topics", "CreateTopic"),
    (
        "GET",
        "/v1/clusters/{clusterArn}/topics/{topicName}",
        "DescribeTopic",
    ),
    (
        "PUT",
        "/v1/clusters/{clusterArn}/topics/{topicName}",
        "UpdateTopic",
    ),
    (
        "DELETE",
        "/v1/clusters/{clusterArn}/topics/{topicName}",
        "DeleteTopic",
    ),
    (
        "GET",
        "/v1/clusters/{clusterArn}/topics/{topicName}/partitions",
        "DescribeTopicPartitions",
    ),
    ("PUT", "/v1/clusters/{clusterArn}/security", "UpdateSecurity"),
    ("PATCH", "/v1/clusters/{clusterArn}/security", "UpdateSecurity"),
    ("GET", "/v1/tags/{resourceArn}", "ListTagsForResource"),
    ("POST", "/v1/tags/{resourceArn}", "TagResource"),
    ("DELETE", "/v1/tags/{resourceArn}", "UntagResource"),
    ("GET", "/v1/kafka-versions", "ListKafkaVersions"),
    ("POST", "/v1/vpc-connection", "CreateVpcConnection"),
];

/// Reads an MSK request. A query parameter that repeats becomes an array.
pub(crate) fn parse(request: &Request) -> Result<(String, Value), ApiError> {
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let (operation, labels) = ROUTES
        .iter()
        .filter(|(method, ..)| *method == request.method)
        .find_map(|(_, template, operation)| Some((*operation, labels(template, &path)?)))
        .ok_or_else(|| ApiError::not_modelled("kafka", &unmodelled(request, &path)))?;
    let mut params = json::body(&request.body)?;
    if let Value::Object(fields) = &mut params {
        for (name, value) in query::pairs(&request.query) {
            match fields.get_mut(&name) {
                Some(Value::Array(values)) => values.push(Value::String(value)),
                Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
                None => {
                    fields.insert(name, Value::String(value));
                }
            }
        }
        fields.extend(
            labels
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Value::String(value))),
        );
    }
    Ok((operation.to_owned(), params))
}

/// The name of an operation that is not modelled; for what MSK has none for, what was asked.
fn unmodelled(request: &Request, path: &[&str]) -> String {
    let mut rows = NOT_MODELLED.iter().filter_map(|row| {
        let mut words = row.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    let found =
        rows.find(|(method, template, _)| *method == request.method && labels(template, path).is_some());
    found.map_or_else(
        || format!("{} {}", request.method, request.path),
        |(.., name)| name.to_owned(),
    )
}

/// The labels of a path that fits the template.
fn labels(template: &'static str, path: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let parts: Vec<&'static str> = template.trim_matches('/').split('/').collect();
    if parts.len() != path.len() {
        return None;
    }
    let mut found = Vec::new();
    for (part, actual) in parts.iter().zip(path) {
        match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => found.push((name, percent_decode_str(actual).decode_utf8_lossy().into_owned())),
            None if part == actual => {}
            None => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Request, parse};

    fn request(method: &str, path: &str, query: &str, body: &str) -> Request {
        let text = |text: &str| text.to_owned();
        Request {
            method: text(method),
            path: text(path),
            query: text(query),
            body: body.into(),
            ..Request::default()
        }
    }

    #[test]
    fn an_encoded_arn_in_the_path_is_one_label() {
        let arn = "arn%3Aaws%3Akafka%3Ar%3A1%3Acluster%2Fc%2Fu-s1";
        let (operation, params) = parse(&request("GET", &format!("/api/v2/clusters/{arn}"), "", "")).unwrap();
        assert_eq!(operation, "DescribeClusterV2");
        assert_eq!(
            params,
            json!({ "clusterArn": "arn:aws:kafka:r:1:cluster/c/u-s1" })
        );
    }

    #[test]
    fn repeated_query_parameters_are_a_list() {
        let (operation, params) =
            parse(&request("DELETE", "/v1/tags/arn", "tagKeys=a&tagKeys=b", "")).unwrap();
        assert_eq!(
            (operation.as_str(), &params["tagKeys"]),
            ("UntagResource", &json!(["a", "b"]))
        );
    }

    #[test]
    fn an_operation_that_is_not_modelled_is_refused_by_its_name() {
        let refused = parse(&request(
            "GET",
            "/v1/configurations/arn%3Aa%2Fb/revisions",
            "",
            "",
        ))
        .unwrap_err();
        assert_eq!(refused.code, "NotModelled");
        assert!(
            refused.message.ends_with("kafka ListConfigurationRevisions"),
            "{refused}"
        );
    }

    #[test]
    fn an_unknown_path_is_refused_loudly() {
        assert_eq!(
            parse(&request("GET", "/v1/replicators", "", ""))
                .unwrap_err()
                .code,
            "NotModelled"
        );
    }
}
