//! Would AWS allow this call? An evaluation of policies that names its reasons.
//!
//! The rules are those of the IAM user guide, "Policy evaluation logic" and
//! "Cross-account policy evaluation logic": an explicit deny anywhere wins;
//! within an account one allow of an identity or resource policy is enough
//! (except that a role's trust policy must always allow); across accounts both
//! sides must allow; boundaries and session policies cut what they do not allow.
//! Organization-wide policies (SCPs, RCPs) are not seen by an account and not
//! part of the question.
//!
//! What cannot be decided is said to be undecided: an operator that is not
//! known, a key whose value only the live request would show. Three-valued
//! logic keeps such a doubt from hiding a sure answer.
//!
//! ```
//! use xacct_iam::evaluate::{Attached, Caller, Context, Policies, PolicyKind, Request, evaluate};
//! use xacct_iam::policy::{PolicyDocument, Statement};
//!
//! let reader = "arn:aws:iam::111111111111:role/reader".parse()?;
//! let policy = PolicyDocument::new([Statement::allow("Read", ["s3:Get*"], ["arn:aws:s3:::clicks/*"])]);
//! let request = Request::new(Caller::role(reader), "s3:GetObject", "arn:aws:s3:::clicks/1");
//! let policies = Policies::identity([Attached::new(PolicyKind::Identity, "reader", &policy)]);
//! let decision = evaluate(&request, &policies);
//! assert!(decision.is_allowed());
//! assert_eq!(decision.to_string(), "allowed by statement Read of identity policy reader");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arn;
mod caller;
mod condition;
mod context;
mod date;
mod decide;
mod decision;
mod glob;
mod layer;
mod operator;
mod principal;
mod statement;
mod truth;
mod variables;

pub use caller::{Caller, RoleCaller, ServiceCaller};
pub use context::Context;
pub use decide::{Attached, Policies, Request, evaluate};
pub use decision::{Decision, Denial, Doubt, Lack, Mismatch, NearMiss, PolicyKind, StatementRef};
