//! Two accounts and a network to place things in.

use std::time::Duration;

use serde_json::{Value, json};
use xacct_sim::{ApiError, Sim};

pub(crate) const A: &str = "111111111111";
pub(crate) const B: &str = "222222222222";

/// Two accounts in a region of four zones.
pub(crate) fn sim() -> Sim {
    Sim::builder()
        .seed(7)
        .region("ap-south-1")
        .account(A)
        .account(B)
        .build()
}

/// The same without windows in which new things are invisible.
pub(crate) fn still_sim() -> Sim {
    Sim::builder()
        .seed(7)
        .region("ap-south-1")
        .account(A)
        .account(B)
        .lag(false)
        .build()
}

/// A VPC with a subnet in each zone that every service offers, and a security group.
pub(crate) struct Network {
    pub vpc: String,
    pub subnets: Vec<String>,
    pub group: String,
}

pub(crate) fn network(sim: &Sim, account: &str, cidr: &str, bits: u8) -> Network {
    let made = sim
        .call(account, "ec2", "CreateVpc", json!({ "CidrBlock": cidr }))
        .unwrap();
    let vpc = made["vpc"]["vpcId"].as_str().unwrap().to_owned();
    let hostnames = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
    sim.call(account, "ec2", "ModifyVpcAttribute", hostnames).unwrap();
    sim.clock().advance(Duration::from_secs(60));
    let head = cidr.rsplit_once(".0.0/").unwrap().0;
    let mut subnets = Vec::new();
    for (third, zone) in [(0, "aps1-az1"), (16, "aps1-az2"), (32, "aps1-az4")] {
        let asked = json!({ "VpcId": vpc, "CidrBlock": format!("{head}.{third}.0/{bits}"), "AvailabilityZoneId": zone });
        let made = sim.call(account, "ec2", "CreateSubnet", asked).unwrap();
        subnets.push(made["subnet"]["subnetId"].as_str().unwrap().to_owned());
    }
    let asked = json!({ "VpcId": vpc, "GroupName": "services", "GroupDescription": "services" });
    let made = sim.call(account, "ec2", "CreateSecurityGroup", asked).unwrap();
    let group = made["groupId"].as_str().unwrap().to_owned();
    sim.clock().advance(Duration::from_secs(60));
    Network { vpc, subnets, group }
}

/// Lets simulated time pass.
pub(crate) fn pass(sim: &Sim, seconds: u64) {
    sim.clock().advance(Duration::from_secs(seconds));
}

/// Code and text of a refusal.
pub(crate) fn refused(reply: Result<Value, ApiError>) -> (String, String) {
    let error = reply.unwrap_err();
    (error.code, error.message)
}

/// A trust policy for one principal.
pub(crate) fn trust(kind: &str, name: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { kind: name }, "Action": "sts:AssumeRole" }
    ]})
    .to_string()
}

/// An identity policy that allows actions on a resource.
pub(crate) fn allow(actions: &[&str], resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": resource }] })
}

/// Makes a role and gives its ARN.
pub(crate) fn role(sim: &Sim, account: &str, name: &str, trust: &str) -> String {
    let asked = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
    sim.call(account, "iam", "CreateRole", asked).unwrap()["Role"]["Arn"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(crate) fn put_policy(sim: &Sim, account: &str, role: &str, policy: &Value) {
    let asked = json!({ "RoleName": role, "PolicyName": "p", "PolicyDocument": policy.to_string() });
    sim.call(account, "iam", "PutRolePolicy", asked).unwrap();
}
