//! The protocols: an HTTP request becomes service, operation and parameters; a result becomes a body.

pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod rest;
mod unmodelled;
pub(crate) mod xml;

use serde_json::Value;

use crate::world::ApiError;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Host without port.
    pub host: String,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query string without `?`, still percent-encoded.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// A response as it goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The credential scope of the `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Access key id.
    pub access_key: String,
    /// `20261122`.
    pub date: String,
    /// Region.
    pub region: String,
    /// Signing name of the service.
    pub service: String,
}

impl Request {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Who signed for what, as claimed in the header or in a presigned URL; the signature itself is checked elsewhere.
    pub fn scope(&self) -> Option<Scope> {
        let credential = match self.header("authorization") {
            Some(header) => {
                let (_, rest) = header.split_once("Credential=")?;
                rest.split([',', ' ']).next()?.to_owned()
            }
            None => {
                query::pairs(&self.query)
                    .find(|(name, _)| name == "X-Amz-Credential")?
                    .1
            }
        };
        let mut parts = credential.split('/').map(str::to_owned);
        let (access_key, date) = (parts.next()?, parts.next()?);
        let (region, service) = (parts.next()?, parts.next()?);
        Some(Scope {
            access_key,
            date,
            region,
            service,
        })
    }
}

/// A request in the services' terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Signing name.
    pub service: String,
    /// Operation.
    pub operation: String,
    /// Parameters by wire names.
    pub params: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Ec2Query,
    AwsQuery,
    AwsJson,
    RestJson,
}

fn protocol(service: &str) -> Option<Protocol> {
    Some(match service {
        "ec2" => Protocol::Ec2Query,
        "iam" | "sts" => Protocol::AwsQuery,
        "kafka" => Protocol::RestJson,
        "route53resolver" | "redshift-serverless" | "redshift-data" => Protocol::AwsJson,
        _ => return None,
    })
}

/// Reads a request by the protocol of the service it is signed for.
///
/// # Errors
/// `MissingAuthenticationToken` without a signature, `NotModelled` for another service, and the protocol's own refusals.
pub fn parse(request: &Request) -> Result<Parsed, ApiError> {
    let scope = request.scope().ok_or_else(|| {
        ApiError::new(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        )
    })?;
    let service = scope.service;
    let (operation, params) = match protocol(&service) {
        // Presigned calls have their parameters in the URL.
        Some(Protocol::Ec2Query | Protocol::AwsQuery) if request.body.is_empty() => {
            query::parse(request.query.as_bytes())?
        }
        Some(Protocol::Ec2Query | Protocol::AwsQuery) => query::parse(&request.body)?,
        Some(Protocol::AwsJson) => json::parse(request)?,
        Some(Protocol::RestJson) => rest::parse(request)?,
        None => return Err(ApiError::not_modelled(&service, &asked(request))),
    };
    Ok(Parsed {
        service,
        operation,
        params,
    })
}

/// What a request to a service that is not modelled asks for, as its protocol would name it.
fn asked(request: &Request) -> String {
    let target = request.header("x-amz-target");
    let target = target
        .and_then(|target| target.rsplit_once('.'))
        .map(|(_, name)| name.to_owned());
    let action = || query::parse(&request.body).ok().map(|(action, _)| action);
    target
        .or_else(action)
        .unwrap_or_else(|| format!("{} {}", request.method, request.path))
}

/// Renders an error to a request that no service took: by the service's protocol, else by the looks of the request.
pub(crate) fn render_refusal(
    service: &str,
    request: &Request,
    request_id: &str,
    error: &ApiError,
) -> Response {
    let form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let rest_xml = matches!(service, "s3" | "route53" | "cloudfront");
    match protocol(service) {
        None if form || rest_xml => xml::query_error(service, request_id, error),
        _ => render_error(service, request_id, error),
    }
}

/// Renders a result.
pub fn render(service: &str, operation: &str, request_id: &str, result: &Value) -> Response {
    match protocol(service) {
        Some(Protocol::Ec2Query) => xml::ec2(operation, request_id, result),
        Some(Protocol::AwsQuery) => xml::query(service, operation, request_id, result),
        _ => json::render(request_id, protocol(service) == Some(Protocol::AwsJson), result),
    }
}

/// Renders an error.
pub fn render_error(service: &str, request_id: &str, error: &ApiError) -> Response {
    match protocol(service) {
        Some(Protocol::Ec2Query) => xml::ec2_error(request_id, error),
        Some(Protocol::AwsQuery) => xml::query_error(service, request_id, error),
        _ => json::render_error(service, request_id, error),
    }
}
