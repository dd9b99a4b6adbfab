//! What each operation answers where all goes well: one resource of every kind, ready.

use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};
use xacct_tests::wire::{Protocol, json, query};

const TAGS: &str = "<tagSet><item><key>xacct:pipeline</key><value>clicks</value></item></tagSet>";

/// The body of an operation's success.
fn body(operation: &str) -> String {
    let inner = match operation {
        "CreateVpc" => format!("<vpc>{}</vpc>", vpc("pending")),
        "DescribeVpcs" => format!("<vpcSet><item>{}</item></vpcSet>", vpc("available")),
        "DescribeVpcAttribute" => "<vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport>\
             <enableDnsHostnames><value>true</value></enableDnsHostnames>"
            .into(),
        "CreateSubnet" => format!("<subnet>{}</subnet>", subnet()),
        "DescribeSubnets" => format!("<subnetSet><item>{}</item></subnetSet>", subnet()),
        "DescribeAvailabilityZones" => zones(),
        "DescribeVpcEndpointServices" => "<serviceDetailSet><item>\
             <serviceName>com.amazonaws.ap-south-1.redshift-serverless</serviceName>\
             <availabilityZoneIdSet><item>aps1-az1</item><item>aps1-az2</item><item>aps1-az4</item>\
             </availabilityZoneIdSet></item></serviceDetailSet>"
            .into(),
        "CreateRouteTable" => format!("<routeTable>{}</routeTable>", table()),
        "DescribeRouteTables" => format!("<routeTableSet><item>{}</item></routeTableSet>", table()),
        "AssociateRouteTable" => "<associationId>rtbassoc-9</associationId>".into(),
        "ReplaceRouteTableAssociation" => "<newAssociationId>rtbassoc-2</newAssociationId>".into(),
        "CreateInternetGateway" => "<internetGateway><internetGatewayId>igw-1</internetGatewayId></internetGateway>".into(),
        "DescribeInternetGateways" => "<internetGatewaySet><item><internetGatewayId>igw-1</internetGatewayId>\
             <attachmentSet><item><vpcId>vpc-1</vpcId><state>available</state></item></attachmentSet></item>\
             </internetGatewaySet>"
            .into(),
        "AllocateAddress" => "<allocationId>eipalloc-1</allocationId><publicIp>3.1.2.3</publicIp>".into(),
        "DescribeAddresses" => "<addressesSet><item><allocationId>eipalloc-1</allocationId></item></addressesSet>".into(),
        "CreateNatGateway" => format!("<natGateway>{}</natGateway>", nat("pending")),
        "DescribeNatGateways" => format!("<natGatewaySet><item>{}</item></natGatewaySet>", nat("available")),
        "CreateSecurityGroup" => "<groupId>sg-1</groupId>".into(),
        "DescribeSecurityGroups" => format!("<securityGroupInfo><item>{}</item></securityGroupInfo>", group()),
        "CreateVpcPeeringConnection" => {
            format!("<vpcPeeringConnection>{}</vpcPeeringConnection>", peering("initiating-request"))
        }
        "AcceptVpcPeeringConnection" => {
            format!("<vpcPeeringConnection>{}</vpcPeeringConnection>", peering("provisioning"))
        }
        "DescribeVpcPeeringConnections" => {
            format!("<vpcPeeringConnectionSet><item>{}</item></vpcPeeringConnectionSet>", peering("active"))
        }
        "CreateVpcEndpoint" => format!("<vpcEndpoint>{}</vpcEndpoint>", endpoint("pending")),
        "DescribeVpcEndpoints" => format!("<vpcEndpointSet><item>{}</item></vpcEndpointSet>", endpoint("available")),
        "DeleteVpcEndpoints" => "<unsuccessful/>".into(),
        "DescribeNetworkAcls" => "<networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId>\
             <default>true</default><entrySet><item><ruleNumber>100</ruleNumber><protocol>-1</protocol>\
             <ruleAction>allow</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock></item></entrySet>\
             </item></networkAclSet>"
            .into(),
        "DescribeDhcpOptions" => "<dhcpOptionsSet><item><dhcpOptionsId>dopt-1</dhcpOptionsId><dhcpConfigurationSet>\
             <item><key>domain-name-servers</key><valueSet><item><value>AmazonProvidedDNS</value></item></valueSet>\
             </item></dhcpConfigurationSet></item></dhcpOptionsSet>"
            .into(),
        "DescribeNetworkInterfaces" => "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>\
             <description>Redshift managed</description></item></networkInterfaceSet>"
            .into(),
        _ => "<return>true</return>".into(),
    };
    format!("<{operation}Response><requestId>r-1</requestId>{inner}</{operation}Response>")
}

fn vpc(state: &str) -> String {
    format!(
        "<vpcId>vpc-1</vpcId><ownerId>111111111111</ownerId><state>{state}</state>\
         <cidrBlock>10.0.0.0/16</cidrBlock><dhcpOptionsId>dopt-1</dhcpOptionsId>{TAGS}"
    )
}

fn subnet() -> String {
    format!(
        "<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><cidrBlock>10.0.1.0/24</cidrBlock>\
         <availabilityZoneId>aps1-az1</availabilityZoneId><state>available</state>{TAGS}"
    )
}

fn zones() -> String {
    let zone = |n: u8| {
        format!(
            "<item><zoneId>aps1-az{n}</zoneId><zoneState>available</zoneState><zoneType>availability-zone</zoneType></item>"
        )
    };
    let items: String = (1..=4).map(zone).collect();
    format!("<availabilityZoneInfo>{items}</availabilityZoneInfo>")
}

fn table() -> String {
    format!(
        "<routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet><item>\
         <destinationCidrBlock>172.16.0.0/16</destinationCidrBlock>\
         <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><state>active</state></item></routeSet>\
         <associationSet><item><routeTableAssociationId>rtbassoc-9</routeTableAssociationId>\
         <routeTableId>rtb-1</routeTableId><subnetId>subnet-1</subnetId></item></associationSet>{TAGS}"
    )
}

fn nat(state: &str) -> String {
    format!(
        "<natGatewayId>nat-1</natGatewayId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><state>{state}</state>{TAGS}"
    )
}

fn group() -> String {
    let rule = |port: u16, block: &str| {
        format!(
            "<item><ipProtocol>tcp</ipProtocol><fromPort>{port}</fromPort><toPort>{port}</toPort>\
             <ipRanges><item><cidrIp>{block}</cidrIp></item></ipRanges></item>"
        )
    };
    format!(
        "<groupId>sg-1</groupId><vpcId>vpc-1</vpcId><groupName>clicks</groupName>\
         <ipPermissions>{}</ipPermissions><ipPermissionsEgress>{}</ipPermissionsEgress>{TAGS}",
        rule(9098, "10.0.1.0/24"),
        rule(443, "0.0.0.0/0")
    )
}

fn peering(state: &str) -> String {
    format!(
        "<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><requesterVpcInfo><vpcId>vpc-1</vpcId>\
         </requesterVpcInfo><accepterVpcInfo><vpcId>vpc-2</vpcId></accepterVpcInfo><status><code>{state}</code></status>"
    )
}

fn endpoint(state: &str) -> String {
    format!("<vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId><state>{state}</state>{TAGS}")
}

/// The body of a Resolver operation's success.
fn resolver_body(operation: &str) -> String {
    let endpoint = r#"{"Id":"rslvr-in-1","Status":"OPERATIONAL","HostVPCId":"vpc-1","Direction":"INBOUND"}"#;
    let rule = r#"{"Id":"rslvr-rr-1","Status":"COMPLETE","DomainName":"example.com.","RuleType":"FORWARD"}"#;
    let association =
        r#"{"Id":"rslvr-rrassoc-1","ResolverRuleId":"rslvr-rr-1","VPCId":"vpc-1","Status":"COMPLETE"}"#;
    let address = |n: u8| format!(r#"{{"SubnetId":"subnet-{n}","Ip":"10.0.{n}.9","Status":"ATTACHED"}}"#);
    match operation {
        "ListResolverEndpoints" => format!(r#"{{"ResolverEndpoints":[{endpoint}]}}"#),
        "ListResolverEndpointIpAddresses" => format!(r#"{{"IpAddresses":[{},{}]}}"#, address(2), address(1)),
        "ListResolverRules" => format!(r#"{{"ResolverRules":[{rule}]}}"#),
        "ListResolverRuleAssociations" => format!(r#"{{"ResolverRuleAssociations":[{association}]}}"#),
        "CreateResolverEndpoint"
        | "GetResolverEndpoint"
        | "DeleteResolverEndpoint"
        | "AssociateResolverEndpointIpAddress"
        | "DisassociateResolverEndpointIpAddress" => {
            format!(r#"{{"ResolverEndpoint":{endpoint}}}"#)
        }
        "CreateResolverRule" | "GetResolverRule" | "UpdateResolverRule" | "DeleteResolverRule" => {
            format!(r#"{{"ResolverRule":{rule}}}"#)
        }
        _ => format!(r#"{{"ResolverRuleAssociation":{association}}}"#),
    }
}

/// The protocol and the name of `ec2:CreateVpc`.
pub(crate) fn split(operation: &str) -> (Protocol, &str) {
    match operation.split_once(':') {
        Some(("ec2", name)) => (Protocol::Ec2Query, name),
        Some((_, name)) => (Protocol::AwsJson, name),
        None => panic!("{operation} names no service"),
    }
}

fn given(operation: &str) -> MockBuilder {
    match split(operation) {
        (Protocol::Ec2Query, name) => query(name),
        (_, name) => json(&format!("Route53Resolver.{name}")),
    }
}

/// The usual answer.
pub(crate) fn usual(operation: &str) -> ResponseTemplate {
    match split(operation) {
        (Protocol::Ec2Query, name) => Protocol::Ec2Query.success(body(name)),
        (protocol, name) => protocol.success(resolver_body(name)),
    }
}

/// A server on which every operation answers as usual, but for those that are spoiled.
pub(crate) async fn server(operations: &[&str], spoiled: &[(&str, ResponseTemplate)]) -> MockServer {
    let server = MockServer::start().await;
    for (operation, answer) in spoiled {
        given(operation)
            .respond_with(answer.clone())
            .with_priority(1)
            .mount(&server)
            .await;
    }
    for operation in operations {
        let mock: Mock = given(operation).respond_with(usual(operation));
        mock.mount(&server).await;
    }
    server
}

/// The same, with one answer that is spoiled only the first `times` times.
pub(crate) async fn server_spoiled_for(
    operations: &[&str],
    operation: &str,
    answer: ResponseTemplate,
    times: u64,
) -> MockServer {
    let server = server(operations, &[]).await;
    let first = given(operation)
        .respond_with(answer)
        .up_to_n_times(times)
        .with_priority(1);
    first.mount(&server).await;
    server
}
