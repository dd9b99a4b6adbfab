//! What both protocols may answer besides: throttling, half a body, a stranger's page, silence.

use super::answers::{server, server_spoiled_for, split};
use super::cases::cases;
use super::operations;
use super::stage::{Stage, came, observe};
use crate::internet::AddressNode;
use std::time::Duration;
use xacct_converge::Class;
use xacct_tests::wire::{fake_config, with_attempt_timeout};

/// One reading and one writing operation of each protocol.
const SAMPLES: [&str; 4] = [
    "ec2:DescribeVpcs",
    "ec2:AllocateAddress",
    "route53resolver:ListResolverRules",
    "route53resolver:CreateResolverRule",
];

#[tokio::test]
async fn a_throttled_call_is_made_again_until_it_gets_through() {
    for case in cases() {
        let throttled = split(case.operation).0.throttled();
        let server = server_spoiled_for(&operations(), case.operation, throttled, 3).await;
        let shown = (case.call)(Stage::new(&server)).await;
        let shown = shown.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", case.operation));
        assert!(shown.contains(case.shows), "{}: {shown}", case.operation);
    }
}

#[tokio::test]
async fn throttling_without_end_ends_in_an_error_that_may_be_tried_again() {
    for case in cases().filter(|case| SAMPLES.contains(&case.operation)) {
        let throttled = split(case.operation).0.throttled();
        let server = server(&operations(), &[(case.operation, throttled)]).await;
        let refusal = (case.call)(Stage::new(&server)).await.unwrap_err();
        assert_eq!(
            (refusal.operation.as_str(), refusal.class),
            (case.operation, Class::Throttled)
        );
    }
}

#[tokio::test]
async fn half_a_body_or_a_strangers_page_is_no_answer() {
    for case in cases().filter(|case| SAMPLES.contains(&case.operation)) {
        let (protocol, _) = split(case.operation);
        for answer in [protocol.malformed(), protocol.wrong_content_type()] {
            let server = server(&operations(), &[(case.operation, answer)]).await;
            let came = (case.call)(Stage::new(&server)).await;
            // A creation whose answer is lost is looked for; what has a name is found.
            match came {
                Err(refusal) => assert_eq!(refusal.operation, case.operation, "{refusal:?}"),
                Ok(shown) => panic!("{}: {shown}", case.operation),
            }
        }
    }
}

#[tokio::test]
async fn a_slow_body_is_given_up_after_the_attempts_time() {
    let slow = super::answers::usual("ec2:DescribeVpcs").set_delay(Duration::from_secs(20));
    let server = server(&operations(), &[("ec2:DescribeVpcs", slow)]).await;
    let config = with_attempt_timeout(&fake_config(&server), Duration::from_millis(50));
    let stage = Stage::with(&config);
    let refusal = came(stage.site.vpcs(stage.site.ours(), &stage.cx).await).unwrap_err();
    assert_eq!(refusal.operation, "ec2:DescribeVpcs");
    assert!(refusal.text.contains("no answer in time"), "{refusal:?}");
}

#[tokio::test]
async fn a_slow_body_within_the_attempts_time_is_waited_for() {
    let slow =
        super::answers::usual("route53resolver:ListResolverRules").set_delay(Duration::from_millis(300));
    let server = server(&operations(), &[("route53resolver:ListResolverRules", slow)]).await;
    let stage = Stage::new(&server);
    assert_eq!(stage.site.rules(&stage.cx).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_whose_answer_was_lost_is_found_by_its_tags_and_not_made_twice() {
    let lost = split("ec2:AllocateAddress").0.malformed();
    let tagged = "<DescribeAddressesResponse><addressesSet><item><allocationId>eipalloc-7</allocationId><tagSet>\
        <item><key>xacct:pipeline</key><value>clicks</value></item>\
        <item><key>xacct:resource</key><value>warehouse/address</value></item>\
        </tagSet></item></addressesSet></DescribeAddressesResponse>";
    let found = split("ec2:DescribeAddresses").0.success(tagged);
    let spoiled = [("ec2:AllocateAddress", lost), ("ec2:DescribeAddresses", found)];
    let server = server(&operations(), &spoiled).await;
    let stage = Stage::new(&server);
    let made = stage
        .make(AddressNode {
            site: stage.site.clone(),
            after: Vec::new(),
        })
        .await
        .unwrap();
    assert!(made.contains("eipalloc-7"), "{made}");
    let requests = server.received_requests().await.unwrap();
    let creating = requests
        .iter()
        .filter(|r| String::from_utf8_lossy(&r.body).contains("Action=AllocateAddress&"));
    assert_eq!(creating.count(), 1);
}

#[tokio::test]
async fn what_an_emulator_lists_beyond_the_filter_is_not_taken_for_ours() {
    let server = server(&operations(), &[]).await;
    let observed = observe(&server).await.unwrap();
    // The answers carry the pipeline's tag, but name no resource of either side.
    assert!(observed.site(crate::Side::Source).seen.vpcs.is_empty());
    assert!(observed.site(crate::Side::Warehouse).seen.groups.is_empty());
}

#[tokio::test]
async fn lists_are_read_to_their_last_page() {
    let page = |id: &str, next: &str| {
        let token = if next.is_empty() {
            String::new()
        } else {
            format!("<nextToken>{next}</nextToken>")
        };
        let body = format!(
            "<DescribeVpcsResponse><vpcSet><item><vpcId>{id}</vpcId></item></vpcSet>{token}</DescribeVpcsResponse>"
        );
        split("ec2:DescribeVpcs").0.success(body)
    };
    let server = server_spoiled_for(&operations(), "ec2:DescribeVpcs", page("vpc-a", "more"), 1).await;
    let stage = Stage::new(&server);
    let all = stage.site.vpcs(Vec::new(), &stage.cx).await.unwrap();
    let ids: Vec<Option<&str>> = all.iter().map(|vpc| vpc.vpc_id()).collect();
    assert_eq!(ids, [Some("vpc-a"), Some("vpc-1")]);
}
