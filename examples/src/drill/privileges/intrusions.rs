//! What must stay refused: the same calls on what belongs to somebody else.

use std::collections::BTreeSet;
use xacct_sim::audit::Needed;

/// The tag that says whose something is, as the keys of conditions spell it.
const OURS: &str = "xacct:pipeline";

/// For each permission, what an intruder would try with it: resources with other tags or none, things made without our
/// tag, roles handed to other services, endpoints that MSK does not manage, peerings with other accounts.
pub(super) fn of(needed: &[Needed]) -> BTreeSet<Needed> {
    needed.iter().flat_map(variants).collect()
}

fn variants(needed: &Needed) -> Vec<Needed> {
    let with = |key: &str, value: &str| {
        let mut other = needed.clone();
        other.context.insert(key.to_owned(), vec![value.to_owned()]);
        other
    };
    let without = |key: &str| {
        let mut other = needed.clone();
        other.context.remove(key);
        other
    };
    let has = |key: &str| needed.context.contains_key(key);
    let (owned, asked) = (
        format!("aws:resourcetag/{OURS}"),
        format!("aws:requesttag/{OURS}"),
    );
    let mut found = Vec::new();
    if has(&owned) {
        // What carries other tags is another thing: it has another name too.
        found.extend([with(&owned, "somebody-elses"), without(&owned)].map(elsewhere));
    }
    if has(&asked) {
        found.extend([with(&asked, "somebody-elses"), without(&asked)]);
    }
    for kind in ["aws:resourcetag", "aws:requesttag"] {
        let managed = format!("{kind}/awsmskmanaged");
        if has(&managed) {
            found.push(without(&managed));
        }
    }
    if needed.action == "iam:PassRole" {
        found.push(with("iam:passedtoservice", "ec2.amazonaws.com"));
    }
    if has("ec2:createaction") {
        found.extend([
            with("ec2:createaction", "RunInstances"),
            without("ec2:createaction"),
        ]);
    }
    if has("ec2:requestervpc") && !has(&owned) {
        found.push(with(
            "ec2:requestervpc",
            "arn:aws:ec2:ap-south-1:999999999999:vpc/vpc-0",
        ));
    }
    found
}

/// The same on something of another name.
fn elsewhere(mut needed: Needed) -> Needed {
    let (kind, _) = needed.resource.split_once('/').unwrap_or((&needed.resource, ""));
    needed.resource = format!("{kind}/somebody-elses/0");
    needed
}

/// What may be looked at though it is somebody else's: namespaces and workgroups have ids in their ARNs that nobody knows
/// before they exist, and a policy that asked for our tag would hide that there is none yet.
pub(super) const LOOKED_AT: [&str; 3] = [
    "redshift-serverless:GetNamespace",
    "redshift-serverless:GetWorkgroup",
    "redshift-serverless:ListTagsForResource",
];
