//! The two roles between a warehouse and a stream, before anything exists.

use crate::chain::{Chain, Goal, RoleView};
use crate::error::PolicyError;
use crate::policy::PolicyDocument;
use crate::spec::{PolicyArn, RoleNaming, RoleSpec};
use crate::trust::{self, DatabaseUser, REDSHIFT_SERVICES, TrustForm};
use crate::verify;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xacct_converge::Report;
use xacct_types::{AccountId, Grant, Invalid, Owner, Region, RoleArn, RoleName, Tags};

/// The warehouse role's name in graphs, tags and findings.
pub const WAREHOUSE_ROLE: &str = "warehouse/role";
/// The stream role's name in graphs, tags and findings.
pub const STREAM_ROLE: &str = "source/role";

/// The company's rules about roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleRules {
    /// Names and path of both roles.
    #[serde(flatten)]
    pub naming: RoleNaming,
    /// The permissions boundary of the warehouse role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_boundary: Option<PolicyArn>,
    /// The permissions boundary of the stream role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_boundary: Option<PolicyArn>,
}

/// Two roles: Redshift assumes the warehouse role in one account, which
/// assumes the stream role in the other, which may do what its grants say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePairSpec {
    owner: Owner,
    region: Region,
    warehouse: Planned,
    stream: Planned,
    users: Vec<DatabaseUser>,
    form: TrustForm,
}

/// A role's fixed parts and the ARN that they make.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    spec: RoleSpec,
    arn: RoleArn,
}

impl Planned {
    fn new(
        resource: &str,
        owner: &Owner,
        region: &Region,
        account: &AccountId,
        rules: &RoleRules,
    ) -> Result<Self, Invalid> {
        let name = rules.naming.role(owner.pipeline(), resource, region)?;
        let description = format!("{resource} of the pipeline {} in {region}", owner.pipeline());
        let spec = RoleSpec::new(name)
            .at(rules.naming.path.clone())
            .described(description)
            .tagged(owner.tags(resource));
        let arn = spec.arn(region.partition(), account)?;
        check_tags(&spec.tags)?;
        Ok(Self { spec, arn })
    }
}

/// IAM's limits: 50 tags, keys of 128 and values of 256 characters, and fewer
/// characters than other services take (API reference of IAM, `Tag`).
fn check_tags(tags: &Tags) -> Result<(), Invalid> {
    if tags.len() > 50 {
        let why = "tags, ours included, are more than the 50 that a role takes";
        return Err(Invalid::new("set of", &tags.len().to_string(), why));
    }
    let legal = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let fits = |text: &str, most: usize| text.chars().count() <= most && text.chars().all(legal);
    for (key, value) in tags {
        if key.is_empty() || !fits(key, 128) || !fits(value, 256) {
            let why = "is longer than IAM takes or holds a character other than letters, digits, blanks and _.:/=+-@";
            return Err(Invalid::new("tag", &format!("{key}={value}"), why));
        }
    }
    Ok(())
}

impl RolePairSpec {
    /// The pair of a pipeline.
    ///
    /// # Errors
    /// [`Invalid`] where a derived name is too long, path and prefix hold
    /// characters that a chain of roles cannot have, or IAM does not take the tags.
    pub fn new(
        owner: Owner,
        region: Region,
        source: &AccountId,
        warehouse: &AccountId,
        rules: &RoleRules,
    ) -> Result<Self, Invalid> {
        let mut first = Planned::new(WAREHOUSE_ROLE, &owner, &region, warehouse, rules)?;
        let mut second = Planned::new(STREAM_ROLE, &owner, &region, source, rules)?;
        first
            .spec
            .permission_boundary
            .clone_from(&rules.warehouse_boundary);
        second.spec.permission_boundary.clone_from(&rules.source_boundary);
        Ok(Self {
            owner,
            region,
            warehouse: first,
            stream: second,
            users: Vec::new(),
            form: TrustForm::default(),
        })
    }

    /// Lets only these database users use the warehouse role.
    #[must_use]
    pub fn for_users(mut self, users: impl IntoIterator<Item = DatabaseUser>) -> Self {
        self.users = users.into_iter().collect();
        self
    }

    /// Chooses how the stream role names the warehouse role.
    #[must_use]
    pub const fn trusting_by(mut self, form: TrustForm) -> Self {
        self.form = form;
        self
    }

    /// Who owns the pair.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The warehouse role's ARN, now or once it is made.
    #[must_use]
    pub const fn warehouse_arn(&self) -> &RoleArn {
        &self.warehouse.arn
    }

    /// The stream role's ARN, now or once it is made.
    #[must_use]
    pub const fn stream_arn(&self) -> &RoleArn {
        &self.stream.arn
    }

    /// The fixed parts of the warehouse role.
    #[must_use]
    pub const fn warehouse_role(&self) -> &RoleSpec {
        &self.warehouse.spec
    }

    /// The fixed parts of the stream role.
    #[must_use]
    pub const fn stream_role(&self) -> &RoleSpec {
        &self.stream.spec
    }

    /// The name of the warehouse role's inline policy.
    #[must_use]
    pub fn warehouse_policy_name(&self) -> String {
        self.owner.name("assume-stream-role")
    }

    /// The name of the stream role's inline policy.
    #[must_use]
    pub fn stream_policy_name(&self) -> String {
        self.owner.name("read-stream")
    }

    /// The warehouse role's trust policy.
    #[must_use]
    pub fn warehouse_trust(&self) -> PolicyDocument {
        PolicyDocument::new([trust::warehouse(self.owner.pipeline(), &self.users)])
    }

    /// The stream role's trust policy.
    #[must_use]
    pub fn stream_trust(&self) -> PolicyDocument {
        let statement = trust::stream_reader(self.owner.pipeline(), &self.warehouse.arn, self.form);
        PolicyDocument::new([statement])
    }

    /// What the warehouse role is granted: to assume the stream role, nothing else.
    #[must_use]
    pub fn warehouse_grants(&self) -> Vec<Grant> {
        vec![trust::assume_grant(&self.stream.arn)]
    }

    /// The pair as it will be, for proofs; boundaries are not seen.
    ///
    /// # Errors
    /// [`PolicyError`] where a grant makes no statement.
    pub fn planned(&self, grants: &[Grant]) -> Result<PairView, PolicyError> {
        let policy = PolicyDocument::from_grants(&self.warehouse_grants())?;
        let name = self.warehouse_policy_name();
        let warehouse =
            RoleView::planned(&self.warehouse.arn, self.warehouse_trust()).granting(&name, policy);
        let policy = PolicyDocument::from_grants(grants)?;
        let name = self.stream_policy_name();
        let stream = RoleView::planned(&self.stream.arn, self.stream_trust()).granting(&name, policy);
        Ok(PairView { warehouse, stream })
    }

    /// Every document of the pair by name, as `source/role/trust` or
    /// `source/role/policy`: what somebody who reviews access wants to read.
    ///
    /// # Errors
    /// [`PolicyError`] where a grant makes no statement.
    pub fn documents(&self, grants: &[Grant]) -> Result<BTreeMap<String, PolicyDocument>, PolicyError> {
        let chain = PolicyDocument::from_grants(&self.warehouse_grants())?;
        let named = [
            (WAREHOUSE_ROLE, "trust", self.warehouse_trust()),
            (WAREHOUSE_ROLE, "policy", chain),
            (STREAM_ROLE, "trust", self.stream_trust()),
            (STREAM_ROLE, "policy", PolicyDocument::from_grants(grants)?),
        ];
        let named = named.into_iter();
        Ok(named
            .map(|(role, part, document)| (format!("{role}/{part}"), document))
            .collect())
    }

    /// Proves that Redshift, through both roles, can do what the grants say.
    ///
    /// A break for the principal that every text of AWS names is an error; one
    /// for the principal that only texts about Serverless name is a warning.
    #[must_use]
    pub fn prove(&self, view: &PairView, grants: &[Grant]) -> Report {
        let goals: Vec<Goal> = grants.iter().flat_map(Goal::all_of).collect();
        let names = [WAREHOUSE_ROLE, STREAM_ROLE];
        let [everywhere, serverless] = REDSHIFT_SERVICES;
        let mut report = verify::chain(&self.chain(everywhere, view), &goals, &names);
        let also = self.chain(serverless, view).prove(&[]);
        let first_hop = also.steps.first().filter(|step| !step.holds());
        if let Some(step) = first_hop.filter(|_| report.holds()) {
            report.find(verify::one_principal_only(WAREHOUSE_ROLE, step));
        }
        report
    }

    fn chain(&self, service: &str, view: &PairView) -> Chain {
        let chain = Chain::new(service, view.warehouse.clone())
            .in_region(self.region.as_str())
            .then(view.stream.clone());
        match self.users.first() {
            Some(user) => chain.with_external_id(user.external_id()),
            None => chain,
        }
    }

    /// Both names, for a look at what may stand in the way.
    #[must_use]
    pub const fn names(&self) -> [&RoleName; 2] {
        [&self.warehouse.spec.name, &self.stream.spec.name]
    }
}

/// Both roles as they are planned or as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairView {
    /// The role that Redshift assumes.
    pub warehouse: RoleView,
    /// The role that may read the stream.
    pub stream: RoleView,
}
