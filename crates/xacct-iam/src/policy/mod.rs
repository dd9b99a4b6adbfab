//! Policy documents as types: read, written, compared, measured and built from grants.
//!
//! AWS accepts a single string where a list may stand, hands trust policies
//! back percent-encoded and reorders what it stores. All of that is accepted
//! here; writing gives one compact form.
//!
//! ```
//! use xacct_iam::policy::PolicyDocument;
//!
//! let stored = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22\
//!               %2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22%2A%22%7D%7D";
//! let ours = PolicyDocument::parse(stored)?;
//! let same = r#"{"Version": "2012-10-17",
//!                "Statement": [{"Resource": ["*"], "Action": ["S3:getobject"], "Effect": "Allow"}]}"#;
//! assert!(ours.means_the_same_as(&PolicyDocument::parse(same)?));
//! # Ok::<(), xacct_iam::error::PolicyError>(())
//! ```

mod compare;
mod compose;
mod condition;
mod document;
mod grants;
mod principal;
mod size;
mod statement;
mod values;

pub use compare::{Difference, Permission};
pub use condition::Conditions;
pub use document::{PolicyDocument, Version};
pub use principal::{AwsPrincipal, Principals};
pub use size::{Limit, MANAGED_POLICIES_PER_ROLE};
pub use statement::{Effect, Element, Statement};
