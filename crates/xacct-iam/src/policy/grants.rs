//! From grants to documents, and the rules for statement ids.

use super::{PolicyDocument, Statement};
use crate::error::PolicyError;
use xacct_types::Grant;

impl PolicyDocument {
    /// An identity policy with one statement per grant, in their order.
    ///
    /// ```
    /// use xacct_iam::policy::PolicyDocument;
    /// use xacct_types::Grant;
    ///
    /// let grant = Grant::new("Assume", ["sts:AssumeRole"], ["arn:aws:iam::111111111111:role/reader"], "chain");
    /// assert_eq!(
    ///     PolicyDocument::from_grants([&grant])?.to_json(),
    ///     r#"{"Version":"2012-10-17","Statement":[{"Sid":"Assume","Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/reader"}]}"#
    /// );
    /// # Ok::<(), xacct_iam::error::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// [`PolicyError::Sid`] for an id that IAM refuses or that stands twice;
    /// [`PolicyError::Grant`] for a grant without actions or resources, or with
    /// two conditions on the same operator and key, which JSON cannot hold.
    pub fn from_grants<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Result<Self, PolicyError> {
        let mut document = Self::new([]);
        for grant in grants {
            check_sid(&grant.sid)?;
            if document.statement(&grant.sid).is_some() {
                return Err(PolicyError::Sid {
                    sid: grant.sid.clone(),
                    why: "stands twice",
                });
            }
            document.statements.push(statement(grant)?);
        }
        Ok(document)
    }
}

fn statement(grant: &Grant) -> Result<Statement, PolicyError> {
    let refused = |why: String| PolicyError::Grant {
        sid: grant.sid.clone(),
        why,
    };
    if grant.actions.is_empty() || grant.resources.is_empty() {
        return Err(refused("names no action or no resource".to_owned()));
    }
    let mut statement = Statement::allow(&grant.sid, &grant.actions, &grant.resources);
    for condition in &grant.conditions {
        let (operator, key) = (condition.operator.as_str(), condition.key.as_str());
        if statement.conditions.values(operator, key).is_some() {
            return Err(refused(format!(
                "has two conditions {operator} on {key}: both should hold, but one statement can only offer alternatives"
            )));
        }
        statement.conditions.add(operator, key, &condition.values);
    }
    Ok(statement)
}

/// Letters and digits only (IAM user guide, "Grammar of the IAM JSON policy language").
pub(crate) fn check_sid(sid: &str) -> Result<(), PolicyError> {
    if !sid.is_empty() && sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(PolicyError::Sid {
        sid: sid.to_owned(),
        why: "must be letters and digits",
    })
}
