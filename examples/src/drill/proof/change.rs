//! Changes as calls that anybody with rights could make, and how they are taken back.

use super::lab::{Lab, text};
use super::{acls, groups, names, routes};
use crate::drill::Trouble;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// One changed element.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Which element, and how.
    pub name: String,
    /// How it is changed.
    pub steps: Vec<Step>,
    /// How it is taken back; empty where it cannot be.
    pub undo: Vec<Step>,
}

/// A part of a change.
#[derive(Debug, Clone)]
pub enum Step {
    /// A call.
    Call(Call),
    /// Time passes until everybody sees what was done.
    Wait,
}

/// A call to a service.
#[derive(Debug, Clone)]
pub struct Call {
    /// By which account.
    pub account: String,
    /// To which service.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// Its parameters; texts that begin with `@` are looked up when the call is made.
    pub params: Json,
    /// A name for a part of the answer.
    pub keep: Option<(&'static str, &'static str)>,
}

/// A call to EC2.
pub(super) fn ec2(account: &str, operation: &'static str, params: Json) -> Step {
    call(account, "ec2", operation, params)
}

pub(super) fn call(account: &str, service: &'static str, operation: &'static str, params: Json) -> Step {
    Step::Call(Call {
        account: account.to_owned(),
        service,
        operation,
        params,
        keep: None,
    })
}

/// The same, keeping a part of its answer.
pub(super) fn keeping(step: Step, name: &'static str, pointer: &'static str) -> Step {
    match step {
        Step::Call(call) => Step::Call(Call {
            keep: Some((name, pointer)),
            ..call
        }),
        Step::Wait => Step::Wait,
    }
}

pub(super) fn mutant(name: String, steps: Vec<Step>, undo: Vec<Step>) -> Mutant {
    Mutant { name, steps, undo }
}

/// Every mutant of a deployed network.
///
/// # Errors
/// Where the network cannot be listed, or two mutants would have one name.
pub(super) fn all(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let mut found = routes::mutants(lab)?;
    found.extend(groups::mutants(lab)?);
    found.extend(acls::mutants(lab)?);
    found.extend(names::mutants(lab)?);
    let names: BTreeSet<&str> = found.iter().map(|mutant| mutant.name.as_str()).collect();
    if names.len() < found.len() {
        return Err("two mutants have one name".into());
    }
    Ok(found)
}

/// What the pipeline calls a resource, else its id.
pub(super) fn named(resource: &Json, id: &str) -> String {
    let tags = resource["tagSet"].as_array().into_iter().flatten();
    let mut ours = tags.filter(|tag| tag["key"] == "xacct:resource");
    let name = ours.next().and_then(|tag| tag["value"].as_str());
    name.or_else(|| resource[id].as_str()).unwrap_or("?").to_owned()
}

/// The resources of an account that carry the pipeline's tags.
pub(super) fn ours(lab: &Lab, account: &str, operation: &str, set: &str) -> Result<Vec<Json>, Trouble> {
    let filter = json!({ "Filter": [{ "Name": "tag-key", "Value": ["xacct:resource"] }] });
    let found = lab.call(account, "ec2", operation, filter)?;
    let mut all: Vec<Json> = found[set].as_array().cloned().unwrap_or_default();
    all.sort_by_key(|one| named(one, ""));
    Ok(all)
}

/// The first half of a block.
pub(super) fn half(block: &str) -> Result<[String; 2], Trouble> {
    let block: xacct::types::Cidr = block.parse()?;
    let part = |index| {
        block
            .subnet(block.prefix() + 1, index)
            .map(|half| half.to_string())
    };
    match (part(0), part(1)) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err(format!("{block} has no halves").into()),
    }
}

/// A field that is a text.
pub(super) fn field(value: &Json, name: &str) -> Result<String, Trouble> {
    text(&value[name])
}
