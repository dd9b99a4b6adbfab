"""The first tutorial, from two empty accounts to `select count(*)`, with boto3's own calls.

Takes one argument: the first line that `sim_server` prints. Nothing here knows of the library; the names and steps
are those of the public tutorial (cross-account streaming ingestion from MSK Serverless to Redshift Serverless), and
the same calls would do it on AWS, from a machine inside the cluster's network.
"""

import json
import sys
import time

import boto3
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import Credentials, CredentialProvider
from botocore.exceptions import ClientError
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from kafka.net.sasl.oauth import AbstractTokenProvider

SERVER = json.loads(sys.argv[1])
REGION = SERVER["region"]
ACCOUNTS = {account["role"]: account for account in SERVER["accounts"]}
MSK_ACCOUNT = ACCOUNTS["source"]["account_id"]
DWH_ACCOUNT = ACCOUNTS["warehouse"]["account_id"]
MSK_CIDR, DWH_CIDR = "172.16.0.0/16", "10.0.0.0/16"
EVENTS = 100


def session(role):
    keys = ACCOUNTS[role]
    return boto3.Session(keys["access_key_id"], keys["secret_access_key"], region_name=REGION)


def client(role, service):
    return session(role).client(service, endpoint_url=SERVER["endpoint"])


def until(what, look, seconds=60):
    """Asks again until there is an answer. What was just made can be invisible for a while."""
    end = time.monotonic() + seconds
    while True:
        problem = "it is not there"
        try:
            found = look()
            if found:
                return found
        except ClientError as error:
            problem = error
        if time.monotonic() > end:
            sys.exit(f"{what}: {problem}")
        time.sleep(0.05)


def network(ec2, cidr, public):
    """A VPC with three private subnets in three zones, and a public one where it is asked for."""
    vpc = until("vpc", lambda: ec2.create_vpc(CidrBlock=cidr))["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        until(attribute, lambda: ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}}))
    dns = lambda: ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]
    until("DNS hostnames", dns)
    prefix = ".".join(cidr.split(".")[:2])
    # Names of zones differ from account to account, ids do not; where there are four, MSK leaves out the third.
    listed = ec2.describe_availability_zones()["AvailabilityZones"]
    names = {zone["ZoneId"]: zone["ZoneName"] for zone in listed}
    offered = [zone for zone in sorted(names) if len(names) < 4 or not zone.endswith("-az3")]
    zones = [names[zone] for zone in offered[:3]]

    def subnet(number, zone):
        made = until("subnet", lambda: ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"{prefix}.{number}.0/24", AvailabilityZone=zone))
        return made["Subnet"]["SubnetId"]

    def table(subnets):
        made = until("table", lambda: ec2.create_route_table(VpcId=vpc))["RouteTable"]["RouteTableId"]
        for one in subnets:
            until("association", lambda: ec2.associate_route_table(RouteTableId=made, SubnetId=one))
        return made

    private = [subnet(number + 1, zone) for number, zone in enumerate(zones)]
    net = {"vpc": vpc, "private": private, "table": table(private)}
    if public:
        front = subnet(0, zones[0])
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        until("gateway", lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc))
        outside = table([front])
        until("route", lambda: ec2.create_route(
            RouteTableId=outside, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway))
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = until("NAT gateway", lambda: ec2.create_nat_gateway(SubnetId=front, AllocationId=address))
        nat = nat["NatGateway"]["NatGatewayId"]
        ec2.get_waiter("nat_gateway_available").wait(
            NatGatewayIds=[nat], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        until("route", lambda: ec2.create_route(
            RouteTableId=net["table"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat))
    return net


def group(ec2, vpc, name, rules):
    """A security group with rules (protocol, port, block) for what comes in."""
    made = until(name, lambda: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc))["GroupId"]
    for protocol, port, cidr in rules:
        rule = {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
        until(name, lambda: ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule]))
    return made


def peer(msk, dwh, msk_net, dwh_net):
    made = until("peering", lambda: dwh.create_vpc_peering_connection(
        VpcId=dwh_net["vpc"], PeerVpcId=msk_net["vpc"], PeerOwnerId=MSK_ACCOUNT))
    peering = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    until("acceptance", lambda: msk.accept_vpc_peering_connection(VpcPeeringConnectionId=peering))

    def active():
        seen = msk.describe_vpc_peering_connections(VpcPeeringConnectionIds=[peering])["VpcPeeringConnections"]
        return seen and seen[0]["Status"]["Code"] == "active"

    until("active peering", active)
    for ec2, net, there in ((msk, msk_net, DWH_CIDR), (dwh, dwh_net, MSK_CIDR)):
        until("route", lambda: ec2.create_route(
            RouteTableId=net["table"], DestinationCidrBlock=there, VpcPeeringConnectionId=peering))


def resolver_endpoint(resolver, name, direction, security_group, subnets):
    made = until(name, lambda: resolver.create_resolver_endpoint(
        CreatorRequestId=name, Name=name, Direction=direction, SecurityGroupIds=[security_group],
        IpAddresses=[{"SubnetId": one} for one in subnets[:2]]))["ResolverEndpoint"]["Id"]

    def operational():
        return resolver.get_resolver_endpoint(ResolverEndpointId=made)["ResolverEndpoint"]["Status"] == "OPERATIONAL"

    until(name, operational)
    return made


def forward_dns(msk, dwh, msk_net, dwh_net):
    """Names of the brokers are asked for in the MSK account."""
    inside_group = group(msk, msk_net["vpc"], "inbound", [("udp", 53, DWH_CIDR), ("tcp", 53, DWH_CIDR)])
    outside_group = group(dwh, dwh_net["vpc"], "outbound", [("udp", 53, DWH_CIDR), ("tcp", 53, DWH_CIDR)])
    here, there = client("source", "route53resolver"), client("warehouse", "route53resolver")
    inside = resolver_endpoint(here, "inbound", "INBOUND", inside_group, msk_net["private"])
    outside = resolver_endpoint(there, "outbound", "OUTBOUND", outside_group, dwh_net["private"])
    addresses = here.list_resolver_endpoint_ip_addresses(ResolverEndpointId=inside)["IpAddresses"]
    rule = there.create_resolver_rule(
        CreatorRequestId="rule", Name="msk", RuleType="FORWARD", ResolverEndpointId=outside,
        DomainName=f"kafka-serverless.{REGION}.amazonaws.com",
        TargetIps=[{"Ip": address["Ip"], "Port": 53} for address in addresses])["ResolverRule"]["Id"]
    made = until("rule", lambda: there.associate_resolver_rule(ResolverRuleId=rule, VPCId=dwh_net["vpc"]))
    association = made["ResolverRuleAssociation"]["Id"]
    until("association", lambda: there.get_resolver_rule_association(
        ResolverRuleAssociationId=association)["ResolverRuleAssociation"]["Status"] == "COMPLETE")


def cluster(net, security_group):
    kafka = client("source", "kafka")
    made = until("cluster", lambda: kafka.create_cluster_v2(ClusterName="MSKSrc", Serverless={
        "VpcConfigs": [{"SubnetIds": net["private"], "SecurityGroupIds": [security_group]}],
        "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}))["ClusterArn"]
    until("active cluster", lambda: kafka.describe_cluster_v2(
        ClusterArn=made)["ClusterInfo"]["State"] == "ACTIVE")
    print("brokers", kafka.get_bootstrap_brokers(ClusterArn=made)["BootstrapBrokerStringSaslIam"])
    return made


def role(iam, name, principals, statements):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}]}
    made = until(name, lambda: iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": statements}
    until(name, lambda: iam.put_role_policy(
        RoleName=name, PolicyName="streaming", PolicyDocument=json.dumps(policy)))
    return made


def roles(cluster_arn):
    """Redshift assumes the first, the first assumes the second, the second reads."""
    reader = f"arn:aws:iam::{MSK_ACCOUNT}:role/redshiftStrIngestCrossActRole"
    part = lambda kind: cluster_arn.replace(":cluster/", f":{kind}/") + "/*"
    allow = lambda actions, resource: {"Effect": "Allow", "Action": actions, "Resource": resource}
    first = role(
        client("warehouse", "iam"), "redshiftNamespaceIamRole",
        {"Service": ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]},
        [allow(["sts:AssumeRole"], reader)])
    second = role(client("source", "iam"), "redshiftStrIngestCrossActRole", {"AWS": first}, [
        allow(["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"], "*"),
        allow(["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], cluster_arn),
        allow(["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], part("topic")),
        allow(["kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"], part("group"))])
    return [first, second]


class Token(AbstractTokenProvider):
    """What kafka-python asks for a token; AWS's own signer makes it."""

    def token(self):
        class Keys(CredentialProvider):
            def load(self):
                keys = ACCOUNTS["source"]
                return Credentials(keys["access_key_id"], keys["secret_access_key"])

        return MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(REGION, Keys())[0]

    def extensions(self):
        return {}


def produce():
    """Makes the topic and sends events, over the Kafka protocol."""
    how = {
        "bootstrap_servers": SERVER["kafka"]["bootstrap"],
        "security_protocol": SERVER["kafka"]["security_protocol"],
        "ssl_cafile": SERVER["kafka"]["ca_pem_file"],
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": Token(),
    }
    admin = KafkaAdminClient(**how)
    admin.create_topics([NewTopic("testtopic", num_partitions=3, replication_factor=3)])
    admin.close()
    producer = KafkaProducer(acks="all", **how)
    sent = [producer.send("testtopic", json.dumps({"id": number, "page": "/shop"}).encode())
            for number in range(EVENTS)]
    for one in sent:
        one.get(timeout=30)
    producer.close()
    print("produced", len(sent), "events")


def warehouse(net, security_group, role_arn):
    redshift = client("warehouse", "redshift-serverless")
    made = until("namespace", lambda: redshift.create_namespace(
        namespaceName="streammingns", dbName="streaming", manageAdminPassword=True,
        iamRoles=[role_arn], defaultIamRoleArn=role_arn))["namespace"]
    until("workgroup", lambda: redshift.create_workgroup(
        workgroupName="streamingwork", namespaceName="streammingns", baseCapacity=32, enhancedVpcRouting=True,
        publiclyAccessible=False, subnetIds=net["private"], securityGroupIds=[security_group]))
    until("workgroup", lambda: redshift.get_workgroup(
        workgroupName="streamingwork")["workgroup"]["status"] == "AVAILABLE", 120)
    return made["adminPasswordSecretArn"]


class Statements:
    """Runs SQL as the namespace's administrator."""

    def __init__(self, secret):
        self.data = client("warehouse", "redshift-data")
        self.where = {"WorkgroupName": "streamingwork", "Database": "streaming", "SecretArn": secret}

    def run(self, sql):
        made = self.data.execute_statement(Sql=sql, **self.where)["Id"]
        ended = lambda: self.data.describe_statement(Id=made)["Status"] in ("FINISHED", "FAILED", "ABORTED")
        until(sql, ended)
        done = self.data.describe_statement(Id=made)
        if done["Status"] != "FINISHED":
            raise RuntimeError(done.get("Error", done["Status"]))
        return made

    def again(self, sql, seconds=60):
        """Roles can be assumed, routes and names be found, only some time after they were made."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.run(sql)
            except RuntimeError as error:
                if time.monotonic() > end:
                    sys.exit(f"{sql}: {error}")
                time.sleep(0.2)


def main():
    msk, dwh = client("source", "ec2"), client("warehouse", "ec2")
    assert client("source", "sts").get_caller_identity()["Account"] == MSK_ACCOUNT
    msk_net, dwh_net = network(msk, MSK_CIDR, False), network(dwh, DWH_CIDR, True)
    brokers = group(msk, msk_net["vpc"], "brokers", [("tcp", 9098, DWH_CIDR), ("tcp", 9098, MSK_CIDR)])
    cluster_arn = cluster(msk_net, brokers)
    peer(msk, dwh, msk_net, dwh_net)
    forward_dns(msk, dwh, msk_net, dwh_net)
    chain = roles(cluster_arn)
    workgroup_group = group(dwh, dwh_net["vpc"], "workgroup", [])
    statements = Statements(warehouse(dwh_net, workgroup_group, chain[0]))
    produce()
    statements.again(
        f"CREATE EXTERNAL SCHEMA mskschema FROM MSK IAM_ROLE '{','.join(chain)}' "
        f"AUTHENTICATION IAM CLUSTER_ARN '{cluster_arn}'")
    statements.again(
        'CREATE MATERIALIZED VIEW MyView1 AUTO REFRESH YES AS SELECT "kafka_partition", "kafka_offset", '
        '"kafka_timestamp_type", "kafka_timestamp", "kafka_key", JSON_PARSE("kafka_value") as Data, "kafka_headers" '
        "FROM mskschema.testtopic")
    statements.again("REFRESH MATERIALIZED VIEW MyView1")
    counted = statements.run("select count(*) from MyView1")
    rows = statements.data.get_statement_result(Id=counted)["Records"][0][0]["longValue"]
    print(f"select count(*) from MyView1: {rows}")
    sys.exit(0 if rows == EVENTS else 1)


main()
