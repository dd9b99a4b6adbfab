//! Laws of evaluation that hold for all documents and requests.

use crate::world::{document, request, statement};
use proptest::prelude::*;
use xacct_iam::evaluate::{Attached, Decision, Denial, Policies, PolicyKind, Request, evaluate};
use xacct_iam::policy::{Effect, PolicyDocument, Statement};

fn decide(
    request: &Request,
    identity: &PolicyDocument,
    boundary: Option<&PolicyDocument>,
    trust: &PolicyDocument,
) -> Decision {
    let mut policies = Policies::identity([Attached::new(PolicyKind::Identity, "identity", identity)])
        .with(Attached::new(PolicyKind::Trust, "trust", trust));
    if let Some(boundary) = boundary {
        policies = policies.with(Attached::new(PolicyKind::Boundary, "boundary", boundary));
    }
    evaluate(request, &policies)
}

/// 0 denied, 1 undecided, 2 allowed.
fn rank(decision: &Decision) -> u8 {
    match decision {
        Decision::Denied(_) => 0,
        Decision::Allowed(_) => 2,
        _ => 1,
    }
}

fn with(document: &PolicyDocument, statement: Statement) -> PolicyDocument {
    let mut longer = document.clone();
    longer.statements.push(statement);
    longer
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_deny_of_everything_always_wins(request in request(), identity in document(false), trust in document(true)) {
        let deny = Statement::allow("No", ["*"], ["*"]).denied();
        let decision = decide(&request, &with(&identity, deny), None, &trust);
        prop_assert!(matches!(decision, Decision::Denied(Denial::Explicit(_))));
    }

    #[test]
    fn adding_a_deny_never_gives_access(
        request in request(), identity in document(false), trust in document(true), mut more in statement(false)
    ) {
        more.effect = Effect::Deny;
        let before = decide(&request, &identity, None, &trust);
        let after = decide(&request, &with(&identity, more), None, &trust);
        prop_assert!(rank(&after) <= rank(&before));
    }

    #[test]
    fn adding_an_allow_never_takes_access(
        request in request(), identity in document(false), trust in document(true),
        mut more in statement(false), mut trusting in statement(true)
    ) {
        more.effect = Effect::Allow;
        trusting.effect = Effect::Allow;
        let before = rank(&decide(&request, &identity, None, &trust));
        prop_assert!(rank(&decide(&request, &with(&identity, more), None, &trust)) >= before);
        prop_assert!(rank(&decide(&request, &identity, None, &with(&trust, trusting))) >= before);
    }

    #[test]
    fn a_boundary_never_gives_access(
        request in request(), identity in document(false), boundary in document(false), trust in document(true)
    ) {
        let without = decide(&request, &identity, None, &trust);
        let bounded = decide(&request, &identity, Some(&boundary), &trust);
        prop_assert!(rank(&bounded) <= rank(&without));
    }

    #[test]
    fn the_order_of_statements_never_matters(
        request in request(), identity in document(false), trust in document(true), by in 0usize..5
    ) {
        let turn = |document: &PolicyDocument| {
            let mut turned = document.clone();
            let by = by.min(turned.statements.len());
            turned.statements.rotate_left(by);
            turned.statements.reverse();
            turned
        };
        let before = decide(&request, &identity, None, &trust);
        let after = decide(&request, &turn(&identity), None, &turn(&trust));
        prop_assert_eq!(rank(&before), rank(&after));
    }

    #[test]
    fn documents_that_mean_the_same_decide_the_same(request in request(), identity in document(false), trust in document(true)) {
        let reread = |document: &PolicyDocument| PolicyDocument::parse(&document.to_json()).unwrap();
        let before = decide(&request, &identity, None, &trust);
        prop_assert_eq!(before, decide(&request, &reread(&identity), None, &reread(&trust)));
    }

    #[test]
    fn without_policies_everything_is_denied(request in request()) {
        prop_assert!(evaluate(&request, &Policies::none()).is_denied());
    }
}
