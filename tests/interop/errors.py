"""What goes wrong on AWS goes wrong here, as boto3 sees it; and what the simulator's own resources switch.

Takes one argument: the first line that `sim_server` prints.
"""

import json
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

SERVER = json.loads(sys.argv[1])
ACCOUNTS = {account["role"]: account for account in SERVER["accounts"]}
A, B = (ACCOUNTS[role]["account_id"] for role in ("source", "warehouse"))
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=1)


def client(service, role="source", keys=None, **more):
    account = ACCOUNTS[role]
    keys = keys or {"aws_access_key_id": account["access_key_id"],
                    "aws_secret_access_key": account["secret_access_key"]}
    return boto3.client(service, region_name=SERVER["region"], endpoint_url=SERVER["endpoint"],
                        **keys, **{"config": ONCE, **more})


def sim(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SERVER["endpoint"] + "/_sim/" + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def fails(code, call):
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{found} instead of {code}: {error}"
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def breaks(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was expected")


def signatures():
    forged = {"aws_access_key_id": ACCOUNTS["source"]["access_key_id"], "aws_secret_access_key": "forged"}
    fails("SignatureDoesNotMatch", client("iam", keys=forged).list_roles)
    fails("AuthFailure", client("ec2", keys=forged).describe_vpcs)
    unknown = {"aws_access_key_id": "AKIAUNKNOWNUNKNOWN00", "aws_secret_access_key": "x"}
    fails("InvalidClientTokenId", client("sts", keys=unknown).get_caller_identity)
    url = client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    with urllib.request.urlopen(url) as answer:
        assert A in answer.read().decode()


def roles():
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:root"}, "Action": "sts:AssumeRole"}]}
    client("iam", "warehouse").create_role(RoleName="visitor", AssumeRolePolicyDocument=json.dumps(trust))
    arn = f"arn:aws:iam::{B}:role/visitor"
    sim("POST", "settings", {"lag": False})
    for _ in range(200):
        try:
            session = client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            break
        except ClientError:
            pass
    keys = {"aws_access_key_id": session["AccessKeyId"], "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"]}
    assert client("sts", keys=keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{B}:assumed-role/visitor/test"
    fails("UnauthorizedOperation", client("ec2", keys=keys).describe_vpcs)
    fails("AccessDenied", client("iam", keys=keys).list_roles)
    fails("AccessDeniedException", client("kafka", keys=keys).list_clusters_v2)
    fails("AccessDeniedException", client("redshift-serverless", keys=keys).list_workgroups)
    fails("AccessDenied", lambda: client("sts").assume_role(RoleArn=arn + "x", RoleSessionName="test"))


def not_modelled():
    for call, named in (
        (client("ec2").describe_instances, "ec2 DescribeInstances"),
        (client("iam").list_groups, "iam ListGroups"),
        (client("dynamodb").list_tables, "dynamodb ListTables"),
        (client("sqs").list_queues, "sqs ListQueues"),
        (client("route53resolver").list_firewall_configs, "route53resolver ListFirewallConfigs"),
        (client("redshift-serverless").list_snapshots, "redshift-serverless ListSnapshots"),
        (client("kafka").list_replicators, "kafka ListReplicators"),
        (client("lambda").list_functions, "lambda GET /2015-03-31/functions"),
        (client("s3").list_buckets, "s3 GET /"),
    ):
        message = fails("NotModelled", call)
        assert named in message, message


def faults():
    ec2 = client("ec2")
    create = lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16")
    sim("POST", "faults", {"verdict": "throttle", "operation": "CreateVpc"})
    fails("RequestLimitExceeded", create)
    sim("POST", "faults", {"verdict": "lose-response", "operation": "CreateVpc"})
    breaks(ConnectionClosedError, create)
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1, "it had its effect"
    sim("POST", "faults", {"verdict": "timeout", "operation": "CreateVpc"})
    breaks(ReadTimeoutError, create)
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1, "it had none"
    sim("POST", "faults", {"verdict": "throttle", "times": 2})
    client("ec2", config=Config(retries={"total_max_attempts": 5, "mode": "standard"})).describe_vpcs()
    assert [rule["hits"] for rule in sim("GET", "faults")["faults"]] == [1, 1, 1, 2]


def settings():
    ec2 = client("ec2")
    sim("POST", "settings", {"quotas": {"vpcs": 1}})
    fails("VpcLimitExceeded", lambda: ec2.create_vpc(CidrBlock="10.1.0.0/16"))
    sim("POST", "settings", {"check_signatures": False})
    forged = {"aws_access_key_id": ACCOUNTS["source"]["access_key_id"], "aws_secret_access_key": "forged"}
    client("iam", keys=forged).list_roles()
    resolver = client("route53resolver", config=Config(retries={"total_max_attempts": 1}))
    fails("ThrottlingException", lambda: [resolver.list_resolver_rules() for _ in range(60)])
    sim("POST", "settings", {"throttling": False})
    for _ in range(60):
        resolver.list_resolver_rules()
    kinds = {one["kind"] for one in sim("GET", "inventory")["accounts"][A]}
    assert "ec2:vpc" in kinds, kinds
    sim("POST", "reset")
    assert sim("GET", "inventory")["accounts"] == {A: [], B: []}
    assert ec2.describe_vpcs()["Vpcs"] == []


signatures()
roles()
not_modelled()
faults()
settings()
print("all as expected")
