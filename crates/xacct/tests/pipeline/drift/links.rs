//! Names across the networks: resolver endpoints, the rule, its association.

use super::{Case, Stage, judge_all, nothing};
use crate::broken_links::rule;
use crate::world::{SOURCE, WAREHOUSE};
use serde_json::{Value as Json, json};

fn resolver(stage: &Stage, account: &str, operation: &str, params: Json) -> Json {
    stage.world.call(account, "route53resolver", operation, params)
}

fn disassociate_rule(stage: &Stage) {
    let (rule, vpc) = (
        stage.id("clicks-warehouse-resolver-rule"),
        stage.id("warehouse/vpc"),
    );
    let params = json!({ "ResolverRuleId": rule, "VPCId": vpc });
    resolver(stage, WAREHOUSE, "DisassociateResolverRule", params);
    stage.arrive();
}

fn delete_rule(stage: &Stage) {
    disassociate_rule(stage);
    let rule = stage.id("clicks-warehouse-resolver-rule");
    resolver(
        stage,
        WAREHOUSE,
        "DeleteResolverRule",
        json!({ "ResolverRuleId": rule }),
    );
    stage.arrive();
}

/// Moves an endpoint's first address into the third subnet.
fn move_address(stage: &Stage, account: &str, endpoint: &str, side: &str) {
    let id = stage.id(endpoint);
    let third = stage.id(&format!("{side}/subnet-private-3"));
    let first = stage.id(&format!("{side}/subnet-private-1"));
    for (operation, subnet) in [
        ("AssociateResolverEndpointIpAddress", third),
        ("DisassociateResolverEndpointIpAddress", first),
    ] {
        let params = json!({ "ResolverEndpointId": id, "IpAddress": { "SubnetId": subnet } });
        resolver(stage, account, operation, params);
        stage.arrive();
    }
}

fn delete_endpoint(stage: &Stage, account: &str, endpoint: &str) {
    let id = stage.id(endpoint);
    resolver(
        stage,
        account,
        "DeleteResolverEndpoint",
        json!({ "ResolverEndpointId": id }),
    );
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "the rule's targets are changed",
        change: |s| {
            rule(
                &s.world,
                &s.outputs,
                json!({ "TargetIps": [{ "Ip": "172.16.200.200", "Port": 53 }] }),
            )
        },
        plan: r#"
            ~ warehouse/resolver-rule (AWS::Route53Resolver::ResolverRule)
            targets: 172.16.200.200:53 → 172.16.1.136:53, 172.16.2.235:53
        "#,
        writes: r#"
            warehouse route53resolver:UpdateResolverRule
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the rule's association is removed",
        change: disassociate_rule,
        plan: r#"
            + warehouse/resolver-rule-association (AWS::Route53Resolver::ResolverRuleAssociation)
        "#,
        writes: r#"
            warehouse route53resolver:AssociateResolverRule
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the rule is deleted",
        change: delete_rule,
        plan: r#"
            + warehouse/resolver-rule (AWS::Route53Resolver::ResolverRule)
            + warehouse/resolver-rule-association (AWS::Route53Resolver::ResolverRuleAssociation)
        "#,
        writes: r#"
            warehouse route53resolver:AssociateResolverRule
            warehouse route53resolver:CreateResolverRule
        "#,
        afterwards: nothing,
    },
    Case {
        what: "an address of the inbound endpoint is taken away",
        change: |s| move_address(s, SOURCE, "clicks-source-resolver-inbound", "source"),
        plan: r#"
            ~ source/resolver-inbound (AWS::Route53Resolver::ResolverEndpoint)
            address: (absent) → one in <source/subnet-private-1>
            address: 172.16.3.31 in <source/subnet-private-3> → (absent)
            ~ warehouse/resolver-rule (AWS::Route53Resolver::ResolverRule)
            targets: 172.16.1.136:53, 172.16.2.235:53 → (known after apply)
        "#,
        writes: r#"
            source route53resolver:AssociateResolverEndpointIpAddress
            source route53resolver:DisassociateResolverEndpointIpAddress
            warehouse route53resolver:UpdateResolverRule
        "#,
        afterwards: nothing,
    },
    Case {
        what: "an address of the outbound endpoint is taken away",
        change: |s| move_address(s, WAREHOUSE, "clicks-warehouse-resolver-outbound", "warehouse"),
        plan: r#"
            ~ warehouse/resolver-outbound (AWS::Route53Resolver::ResolverEndpoint)
            address: (absent) → one in <warehouse/subnet-private-1>
            address: 10.0.3.48 in <warehouse/subnet-private-3> → (absent)
        "#,
        writes: r#"
            warehouse route53resolver:AssociateResolverEndpointIpAddress
            warehouse route53resolver:DisassociateResolverEndpointIpAddress
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the inbound endpoint is deleted",
        change: |s| delete_endpoint(s, SOURCE, "clicks-source-resolver-inbound"),
        plan: r#"
            + source/resolver-inbound (AWS::Route53Resolver::ResolverEndpoint)
            ~ warehouse/resolver-rule (AWS::Route53Resolver::ResolverRule)
            targets: 172.16.1.158:53, 172.16.2.235:53 → (known after apply)
        "#,
        writes: r#"
            source route53resolver:CreateResolverEndpoint
            warehouse route53resolver:UpdateResolverRule
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the outbound endpoint is deleted with its rule",
        change: |s| {
            delete_rule(s);
            delete_endpoint(s, WAREHOUSE, "clicks-warehouse-resolver-outbound");
        },
        plan: r#"
            + warehouse/resolver-outbound (AWS::Route53Resolver::ResolverEndpoint)
            + warehouse/resolver-rule (AWS::Route53Resolver::ResolverRule)
            + warehouse/resolver-rule-association (AWS::Route53Resolver::ResolverRuleAssociation)
        "#,
        writes: r#"
            warehouse route53resolver:AssociateResolverRule
            warehouse route53resolver:CreateResolverEndpoint
            warehouse route53resolver:CreateResolverRule
        "#,
        afterwards: nothing,
    },
];

#[test]
fn what_somebody_changes_about_names_is_put_back() {
    judge_all(CASES, Stage::new());
}
