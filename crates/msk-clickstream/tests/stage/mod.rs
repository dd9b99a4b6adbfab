//! A simulated account with an active cluster, and a door to it.

#![allow(dead_code, reason = "each program that includes this uses a part of it")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::future::ProvideCredentials as ProvidedCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::SdkConfig;
use aws_types::region::Region;
use msk_clickstream::KafkaAccess;
use serde_json::{Value, json};
use xacct_sim::{KafkaDoor, KafkaDoorOptions, Sim, Standing};

/// The account of the cluster.
pub(crate) const ACCOUNT: &str = "111111111111";
const REGION: &str = "eu-west-1";

/// An account with a cluster and a door.
pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) door: KafkaDoor,
}

impl Stage {
    /// A client that stands inside the cluster's network.
    pub(crate) fn new() -> Self {
        Self::with(Standing::Inside, &KafkaDoorOptions::new())
    }

    /// A client that stands outside.
    pub(crate) fn outside() -> Self {
        Self::with(Standing::Outside, &KafkaDoorOptions::new())
    }

    /// Sessions must be renewed this often.
    pub(crate) fn with_sessions_of(longest: Duration) -> Self {
        Self::with(
            Standing::Inside,
            &KafkaDoorOptions::new().longest_session(longest),
        )
    }

    pub(crate) fn with(standing: Standing, options: &KafkaDoorOptions) -> Self {
        let sim = Sim::builder()
            .seed(7)
            .region(REGION)
            .account(ACCOUNT)
            .lag(false)
            .build();
        cluster(&sim);
        let door = sim.kafka_door_with(standing, options).unwrap();
        Self { sim, door }
    }

    /// Ends the brokers while clients are connected.
    pub(crate) fn close_door(&mut self) {
        self.door = self.sim.kafka_door(Standing::Outside).unwrap();
    }

    /// Access as the account's administrator.
    pub(crate) fn administrator(&self) -> KafkaAccess {
        self.access(self.administrator_credentials())
    }

    /// Credentials of the account's administrator.
    pub(crate) fn administrator_credentials(&self) -> Credentials {
        let (key, secret) = self.sim.administrator_key(ACCOUNT);
        Credentials::from_keys(key, secret, None)
    }

    /// Access as a user with one policy.
    pub(crate) fn user(&self, name: &str, policy: &Value) -> KafkaAccess {
        self.access(self.sim.create_user_with_policy(ACCOUNT, name, policy).unwrap())
    }

    /// Credentials of a session of a new role with one policy.
    pub(crate) async fn session_of_role(&self, role: &str, policy: &Value, session: &str) -> Credentials {
        let call = |service, operation, params| self.sim.call(ACCOUNT, service, operation, params).unwrap();
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT},
        }]});
        let params = json!({"RoleName": role, "AssumeRolePolicyDocument": trust.to_string()});
        let made = call("iam", "CreateRole", params);
        let params = json!({"RoleName": role, "PolicyName": "only", "PolicyDocument": policy.to_string()});
        call("iam", "PutRolePolicy", params);
        let arn = made["Role"]["Arn"].clone();
        let user = self.sim.create_user_with_policy(
            ACCOUNT,
            &format!("{role}-user"),
            &json!({
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
            }),
        );
        let sts = aws_sdk_sts::Client::new(&self.sim.sdk_config_for(user.unwrap()));
        let assumed = sts
            .assume_role()
            .role_arn(arn.as_str().unwrap())
            .role_session_name(session);
        let keys = assumed.send().await.unwrap().credentials.unwrap();
        Credentials::from_keys(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
        )
    }

    /// A new access key of the user with this name.
    pub(crate) fn another_key(&self, user: &str) -> Credentials {
        let params = json!({"UserName": user});
        let made = self.sim.call(ACCOUNT, "iam", "CreateAccessKey", params).unwrap();
        let text = |name: &str| made["AccessKey"][name].as_str().unwrap().to_owned();
        Credentials::from_keys(text("AccessKeyId"), text("SecretAccessKey"), None)
    }

    /// Access with these credentials, one after the other and from the start again, each for `life`.
    pub(crate) fn rotating(&self, credentials: Vec<Credentials>, life: Duration) -> KafkaAccess {
        let rotating = Rotating::new(credentials, life);
        self.access_of(REGION, SharedCredentialsProvider::new(rotating))
    }

    /// Lets nobody reach the brokers any more.
    pub(crate) fn close_port(&self) {
        let call = |operation, params| self.sim.call(ACCOUNT, "ec2", operation, params).unwrap();
        let filter = json!([{"Name": "group-name", "Value": ["brokers"]}]);
        let found = call("DescribeSecurityGroups", json!({"Filter": filter}));
        let group = found["securityGroupInfo"][0]["groupId"].clone();
        let rules = call(
            "DescribeSecurityGroupRules",
            json!({"Filter": [{"Name": "group-id", "Value": [group]}]}),
        );
        let rules = rules["securityGroupRuleSet"].as_array().unwrap();
        let ingress = rules
            .iter()
            .filter(|rule| rule["isEgress"] != true && rule["isEgress"] != "true");
        let ids: Vec<Value> = ingress.map(|rule| rule["securityGroupRuleId"].clone()).collect();
        call(
            "RevokeSecurityGroupIngress",
            json!({"GroupId": group, "SecurityGroupRuleId": ids}),
        );
    }

    /// Access with these credentials.
    pub(crate) fn access(&self, credentials: Credentials) -> KafkaAccess {
        self.access_in(REGION, credentials)
    }

    /// The same as for another region.
    pub(crate) fn access_in(&self, region: &str, credentials: Credentials) -> KafkaAccess {
        self.access_of(region, SharedCredentialsProvider::new(credentials))
    }

    pub(crate) fn access_of(&self, region: &str, credentials: SharedCredentialsProvider) -> KafkaAccess {
        let config = SdkConfig::builder()
            .region(Region::new(region.to_owned()))
            .credentials_provider(credentials)
            .build();
        let access = KafkaAccess::iam(&config).unwrap();
        access
            .with_bootstrap(self.door.bootstrap())
            .with_ca_pem(self.door.ca_pem())
    }
}

/// A source whose credentials last for a while, and are others the next time.
#[derive(Debug)]
pub(crate) struct Rotating {
    credentials: Vec<Credentials>,
    life: Duration,
    given: AtomicUsize,
}

impl Rotating {
    pub(crate) fn new(credentials: Vec<Credentials>, life: Duration) -> Self {
        Self {
            credentials,
            life,
            given: AtomicUsize::new(0),
        }
    }
}

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        let mut next = self.credentials[given % self.credentials.len()].clone();
        *next.expiry_mut() = Some(SystemTime::now() + self.life);
        ProvidedCredentials::ready(Ok(next))
    }
}

/// The smallest network that a serverless cluster takes, and an active cluster in it.
fn cluster(sim: &Sim) {
    let ec2 = |operation: &str, params: Value| sim.call(ACCOUNT, "ec2", operation, params).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let vpc = text(&ec2("CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["vpc"]["vpcId"]);
    ec2(
        "ModifyVpcAttribute",
        json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": "true"}}),
    );
    let zones = ec2("DescribeAvailabilityZones", json!({}));
    // One zone of every region is not offered by MSK; two of the others are enough.
    let offered = |zone: &&Value| {
        ["az1", "az2"]
            .iter()
            .any(|end| text(&zone["zoneId"]).ends_with(end))
    };
    let zones = zones["availabilityZoneInfo"]
        .as_array()
        .unwrap()
        .iter()
        .filter(offered);
    let subnets: Vec<String> = zones
        .enumerate()
        .map(|(n, zone)| {
            let params = json!({
                "VpcId": vpc, "CidrBlock": format!("10.0.{n}.0/24"), "AvailabilityZone": zone["zoneName"],
            });
            text(&ec2("CreateSubnet", params)["subnet"]["subnetId"])
        })
        .collect();
    let group = |name: &str| {
        let params = json!({"VpcId": vpc, "GroupName": name, "GroupDescription": name});
        text(&ec2("CreateSecurityGroup", params)["groupId"])
    };
    let (brokers, clients) = (group("brokers"), group("clients"));
    let from_clients = json!([{
        "IpProtocol": "tcp", "FromPort": "9098", "ToPort": "9098", "Groups": [{"GroupId": clients}],
    }]);
    ec2(
        "AuthorizeSecurityGroupIngress",
        json!({"GroupId": brokers, "IpPermissions": from_clients}),
    );
    let params = json!({
        "clusterName": "clicks",
        "serverless": {
            "vpcConfigs": [{"subnetIds": subnets, "securityGroupIds": [brokers]}],
            "clientAuthentication": {"sasl": {"iam": {"enabled": true}}},
        },
    });
    sim.call(ACCOUNT, "kafka", "CreateClusterV2", params).unwrap();
    sim.clock().advance(Duration::from_secs(3_600));
}
