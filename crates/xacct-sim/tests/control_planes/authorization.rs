//! Who may call what.

use aws_credential_types::Credentials;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use serde_json::json;

use crate::support::*;

#[test]
fn a_call_without_permission_is_refused_in_the_words_of_each_service() {
    let sim = still_sim();
    let config = sim.sdk_config_for(
        sim.create_user_with_policy(A, "ann", &allow(&["s3:*"], "*"))
            .unwrap(),
    );
    let who = format!("User: arn:aws:iam::{A}:user/ann is not authorized to perform: ");
    sim.run(async {
        let ec2 = aws_sdk_ec2::Client::new(&config).describe_vpcs().send().await.unwrap_err();
        assert_eq!(ec2.code(), Some("UnauthorizedOperation"));
        assert!(ec2.message().unwrap().starts_with(&format!("You are not authorized to perform this operation. {who}ec2:DescribeVpcs")));
        let iam = aws_sdk_iam::Client::new(&config).get_role().role_name("r").send().await.unwrap_err();
        assert_eq!(iam.code(), Some("AccessDenied"));
        assert_eq!(
            iam.message(),
            Some(format!("{who}iam:GetRole on resource: arn:aws:iam::{A}:role/r because no identity-based policy allows the iam:GetRole action").as_str())
        );
        let msk = aws_sdk_kafka::Client::new(&config).list_clusters_v2().send().await.unwrap_err();
        assert_eq!(msk.code(), Some("AccessDeniedException"));
        let warehouse = aws_sdk_redshiftserverless::Client::new(&config).list_workgroups().send().await.unwrap_err();
        assert_eq!(warehouse.code(), Some("AccessDeniedException"));
        let resolver = aws_sdk_route53resolver::Client::new(&config).list_resolver_rules().send().await.unwrap_err();
        assert_eq!(resolver.code(), Some("AccessDeniedException"));
    });
}

#[test]
fn resolver_refuses_missing_ec2_permissions_in_its_own_words() {
    let sim = still_sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let config = sim.sdk_config_for(
        sim.create_user_with_policy(
            A,
            "ann",
            &allow(&["route53resolver:*", "ec2:DescribeSubnets"], "*"),
        )
        .unwrap(),
    );
    let resolver = aws_sdk_route53resolver::Client::new(&config);
    let refused = sim.run(async {
        let ip = |subnet: &str| {
            aws_sdk_route53resolver::types::IpAddressRequest::builder()
                .subnet_id(subnet)
                .build()
                .unwrap()
        };
        resolver
            .create_resolver_endpoint()
            .creator_request_id("one")
            .direction(aws_sdk_route53resolver::types::ResolverEndpointDirection::Inbound)
            .security_group_ids(&net.group)
            .ip_addresses(ip(&net.subnets[0]))
            .ip_addresses(ip(&net.subnets[1]))
            .send()
            .await
            .unwrap_err()
    });
    assert_eq!(
        refused.message(),
        Some("[RSLVR-02309] You don't have a permission to call ec2:describe-vpcs")
    );
}

#[test]
fn tags_on_create_need_their_own_permission_and_carry_conditions() {
    let sim = still_sim();
    let only_ours = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ec2:CreateVpc", "Resource": "*" },
        { "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:vpc/*",
          "Condition": { "StringEquals": { "ec2:CreateAction": "CreateVpc", "aws:RequestTag/xacct:pipeline": "clicks" } } },
        { "Effect": "Allow", "Action": "ec2:DeleteVpc", "Resource": "arn:aws:ec2:*:*:vpc/*",
          "Condition": { "StringEquals": { "aws:ResourceTag/xacct:pipeline": "clicks" } } },
    ]});
    let ec2 = aws_sdk_ec2::Client::new(
        &sim.sdk_config_for(sim.create_user_with_policy(A, "ann", &only_ours).unwrap()),
    );
    let foreign = sim
        .call(A, "ec2", "CreateVpc", json!({ "CidrBlock": "10.9.0.0/16" }))
        .unwrap()["vpc"]["vpcId"]
        .as_str()
        .unwrap()
        .to_owned();
    let tagged = |pipeline: &str| {
        let tag = aws_sdk_ec2::types::Tag::builder()
            .key("xacct:pipeline")
            .value(pipeline)
            .build();
        let tags = aws_sdk_ec2::types::TagSpecification::builder()
            .resource_type(aws_sdk_ec2::types::ResourceType::Vpc)
            .tags(tag)
            .build();
        ec2.create_vpc()
            .cidr_block("10.0.0.0/16")
            .tag_specifications(tags)
    };
    sim.run(async {
        let ours = tagged("clicks")
            .send()
            .await
            .unwrap()
            .vpc
            .unwrap()
            .vpc_id
            .unwrap();
        let refused = tagged("other").send().await.unwrap_err();
        assert!(refused.message().unwrap().contains("ec2:CreateTags"));
        assert_eq!(
            ec2.delete_vpc().vpc_id(&foreign).send().await.unwrap_err().code(),
            Some("UnauthorizedOperation")
        );
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        ec2.delete_vpc().vpc_id(ours).send().await.unwrap();
    });
}

#[test]
fn a_role_must_be_passed_to_the_service_that_gets_it() {
    let sim = still_sim();
    let arn = role(&sim, B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
    let make = |name: &str, policy: serde_json::Value| {
        let config = sim.sdk_config_for(sim.create_user_with_policy(B, name, &policy).unwrap());
        let client = aws_sdk_redshiftserverless::Client::new(&config);
        sim.run(async {
            client
                .create_namespace()
                .namespace_name(name)
                .iam_roles(&arn)
                .send()
                .await
        })
    };
    let without = allow(&["redshift-serverless:*", "iam:CreateServiceLinkedRole"], "*");
    let refused = make("without", without).unwrap_err();
    assert!(
        refused
            .message()
            .unwrap()
            .contains(&format!("iam:PassRole on resource: {arn}"))
    );
    let elsewhere = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["redshift-serverless:*", "iam:CreateServiceLinkedRole"], "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:PassRole", "Resource": arn,
          "Condition": { "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } } },
    ]});
    assert!(make("elsewhere", elsewhere).is_err());
    let right = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["redshift-serverless:*", "iam:CreateServiceLinkedRole"], "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:PassRole", "Resource": arn,
          "Condition": { "StringEquals": { "iam:PassedToService": "redshift-serverless.amazonaws.com" } } },
    ]});
    make("right", right).unwrap();
}

#[test]
fn a_managed_password_needs_the_permissions_on_secrets() {
    let sim = still_sim();
    let policy = allow(&["redshift-serverless:*", "iam:CreateServiceLinkedRole"], "*");
    let config = sim.sdk_config_for(sim.create_user_with_policy(B, "ann", &policy).unwrap());
    let client = aws_sdk_redshiftserverless::Client::new(&config);
    let refused = sim.run(async {
        client
            .create_namespace()
            .namespace_name("clicks")
            .manage_admin_password(true)
            .send()
            .await
            .unwrap_err()
    });
    assert!(refused.message().unwrap().contains("secretsmanager:CreateSecret"));
}

#[test]
fn a_boundary_limits_what_a_user_was_given() {
    let sim = still_sim();
    let edge = json!({ "PolicyName": "edge", "PolicyDocument": allow(&["ec2:Describe*"], "*").to_string() });
    let edge = sim.call(A, "iam", "CreatePolicy", edge).unwrap()["Policy"]["Arn"].clone();
    sim.call(
        A,
        "iam",
        "CreateUser",
        json!({ "UserName": "ann", "PermissionsBoundary": edge }),
    )
    .unwrap();
    let admin = json!({ "UserName": "ann", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" });
    sim.call(A, "iam", "AttachUserPolicy", admin).unwrap();
    let key = sim
        .call(A, "iam", "CreateAccessKey", json!({ "UserName": "ann" }))
        .unwrap();
    let text = |field: &str| key["AccessKey"][field].as_str().unwrap().to_owned();
    let ec2 = aws_sdk_ec2::Client::new(&sim.sdk_config_for(Credentials::from_keys(
        text("AccessKeyId"),
        text("SecretAccessKey"),
        None,
    )));
    sim.run(async {
        ec2.describe_vpcs().send().await.unwrap();
        let refused = ec2
            .create_vpc()
            .cidr_block("10.0.0.0/16")
            .send()
            .await
            .unwrap_err();
        assert!(
            refused
                .message()
                .unwrap()
                .contains("because no permissions boundary allows the ec2:CreateVpc action")
        );
    });
}

#[test]
fn a_wrong_secret_or_an_unknown_key_is_refused_unless_signatures_are_not_checked() {
    let sim = still_sim();
    let (key, _) = sim.administrator_key(A);
    let wrong = aws_sdk_iam::Client::new(&sim.sdk_config_for(Credentials::from_keys(key, "wrong", None)));
    let unknown = sim.sdk_config_for(Credentials::from_keys("AKIAUNKNOWN", "wrong", None));
    sim.run(async {
        let refused = wrong.list_roles().send().await.unwrap_err();
        assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
        let refused = aws_sdk_iam::Client::new(&unknown)
            .list_roles()
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some("InvalidClientTokenId"));
        let refused = aws_sdk_ec2::Client::new(&unknown)
            .describe_vpcs()
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some("AuthFailure"));
        let refused = aws_sdk_redshiftserverless::Client::new(&unknown)
            .list_namespaces()
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some("UnrecognizedClientException"));
    });
    sim.configure(|settings| settings.check_signatures = false);
    sim.run(async { wrong.list_roles().send().await.unwrap() });
}

#[test]
fn paths_with_encoded_arns_are_signed_as_the_sdk_signs_them() {
    let sim = still_sim();
    let kafka = aws_sdk_kafka::Client::new(&sim.sdk_config(A));
    let missing = sim.run(async {
        let arn =
            format!("arn:aws:kafka:ap-south-1:{A}:cluster/clicks/00000000-0000-4000-a000-000000000000-s1");
        kafka
            .describe_cluster_v2()
            .cluster_arn(arn)
            .send()
            .await
            .unwrap_err()
    });
    assert!(missing.as_service_error().unwrap().is_not_found_exception());
}
