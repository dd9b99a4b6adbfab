//! Trust policies of the two roles, built as statements with stable ids.
//!
//! # Which principal the stream role trusts
//!
//! There are two ways to let exactly one role of another account in:
//!
//! 1. the role's ARN as the principal ([`TrustForm::RoleArn`], the default), or
//! 2. the account's root as the principal and the ARN in a condition
//!    ([`TrustForm::AccountAndArn`]).
//!
//! On saving, IAM turns an ARN in a principal into the role's unique id. So the
//! first form is bound to *this* role: a role of the same name that somebody
//! makes later is not let in, and what is left of the old one (`AROA…`) shows
//! as drift and is repaired by writing the ARN again. The second form lets
//! in whoever holds the name, and it can be written before the role exists.
//! The first is the default because a name is weaker than an identity; the
//! second serves where a role is re-created often or where the other account
//! must be prepared first.
//!
//! Sources: IAM user guide, "AWS JSON policy elements: Principal"; Amazon
//! Redshift management guide, "Authorizing Amazon Redshift to access AWS
//! services", for service principals, chained roles and `sts:ExternalId`.

use crate::policy::{PolicyDocument, Principals, Statement};
use xacct_types::{AccountId, Grant, Invalid, Partition, PipelineName, Region, RoleArn};

/// The principals that AWS has named for Redshift: the first everywhere, the
/// second in texts about Serverless. The warehouse role trusts both.
pub const REDSHIFT_SERVICES: [&str; 2] = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"];

const ASSUME: &str = "sts:AssumeRole";
const EXTERNAL_ID: &str = "sts:ExternalId";

/// How a trust policy names a role of another account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TrustForm {
    /// The role's ARN is the principal; IAM binds it to the role's unique id.
    #[default]
    RoleArn,
    /// The account is the principal and `aws:PrincipalArn` must be the role's ARN.
    AccountAndArn,
}

/// A database user, as the external id with which Redshift assumes a role for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DatabaseUser(String);

impl DatabaseUser {
    /// A user of a Serverless workgroup. `workgroup_id` is the id that AWS
    /// gave, not the name: the ARN reads `…:dbuser:serverless-<account>-<id>/<user>`.
    ///
    /// # Errors
    /// [`Invalid`] where the parts hold a character that `sts:ExternalId` cannot.
    pub fn serverless(
        region: &Region,
        account: &AccountId,
        workgroup_id: &str,
        user: &str,
    ) -> Result<Self, Invalid> {
        Self::of(
            region,
            account,
            &format!("serverless-{account}-{workgroup_id}"),
            user,
        )
    }

    /// A user of a provisioned cluster.
    ///
    /// # Errors
    /// [`Invalid`] where the parts hold a character that `sts:ExternalId` cannot.
    pub fn provisioned(
        region: &Region,
        account: &AccountId,
        cluster: &str,
        user: &str,
    ) -> Result<Self, Invalid> {
        Self::of(region, account, cluster, user)
    }

    fn of(region: &Region, account: &AccountId, of: &str, user: &str) -> Result<Self, Invalid> {
        let partition = region.partition();
        let arn = format!("arn:{partition}:redshift:{region}:{account}:dbuser:{of}/{user}");
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
        if user.is_empty() || of.is_empty() || !arn.bytes().all(legal) || arn.len() > 1_224 {
            let why = "has a character that an external id cannot hold, or is empty or too long";
            return Err(Invalid::new("database user", user, why));
        }
        Ok(Self(arn))
    }

    /// The external id.
    #[must_use]
    pub fn external_id(&self) -> &str {
        &self.0
    }
}

/// The statement id of a pipeline's own statement: letters and digits, and the
/// same in every run, so that it can be found, replaced and taken back in a
/// policy that belongs to somebody else.
///
/// Pipeline names have no capitals, so a `Z` for the hyphen keeps ids distinct.
#[must_use]
pub fn sid(pipeline: &PipelineName, purpose: &str) -> String {
    format!("Xacct{}{purpose}", pipeline.as_str().replace('-', "Z"))
}

/// The warehouse role's trust: Redshift may assume it.
///
/// With `users`, only for these database users: Redshift passes each user's
/// ARN as the external id. Without, for every user of the database.
#[must_use]
pub fn warehouse(pipeline: &PipelineName, users: &[DatabaseUser]) -> Statement {
    let sid = sid(pipeline, "TrustRedshift");
    let statement = Statement::allow_principals(&sid, Principals::services(REDSHIFT_SERVICES), [ASSUME]);
    if users.is_empty() {
        return statement;
    }
    statement.when(
        "StringEquals",
        EXTERNAL_ID,
        users.iter().map(DatabaseUser::external_id),
    )
}

/// The stream role's trust: the warehouse role, and nobody else, may assume it.
///
/// No external id is asked for: AWS does not say whether Redshift passes one
/// on the second hop.
#[must_use]
pub fn stream_reader(pipeline: &PipelineName, warehouse: &RoleArn, form: TrustForm) -> Statement {
    let sid = sid(pipeline, "TrustWarehouse");
    match form {
        TrustForm::RoleArn => Statement::allow_principals(&sid, Principals::role(warehouse), [ASSUME]),
        TrustForm::AccountAndArn => {
            let root = account_root(warehouse.partition(), &warehouse.account());
            Statement::allow_principals(&sid, root, [ASSUME]).when(
                "ArnEquals",
                "aws:PrincipalArn",
                [warehouse.as_str()],
            )
        }
    }
}

/// A whole trust policy that lets services in and nobody else.
#[must_use]
pub fn of_services<S>(pipeline: &PipelineName, services: S) -> PolicyDocument
where
    S: IntoIterator,
    S::Item: Into<String>,
{
    let sid = sid(pipeline, "TrustServices");
    PolicyDocument::new([Statement::allow_principals(
        &sid,
        Principals::services(services),
        [ASSUME],
    )])
}

/// What the warehouse role needs to go on to the stream role.
#[must_use]
pub fn assume_grant(target: &RoleArn) -> Grant {
    Grant::new(
        "AssumeStreamRole",
        [ASSUME],
        [target.to_string()],
        "Redshift goes through the warehouse role to the role that may read the stream",
    )
}

fn account_root(partition: Partition, account: &AccountId) -> Principals {
    Principals {
        aws: vec![format!("arn:{partition}:iam::{account}:root")],
        ..Principals::default()
    }
}
