//! One working pipeline, built call by call.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use xacct_sim::Sim;
use xacct_sim::kafka::NewRecord;

pub(crate) const A: &str = "111111111111";
pub(crate) const B: &str = "222222222222";
pub(crate) const TOPIC: &str = "clicks";

/// Stream account A, warehouse account B, everything between them.
pub(crate) struct Pipeline {
    pub sim: Sim,
    /// Ids and ARNs by what they are.
    pub ids: BTreeMap<&'static str, String>,
}

struct Network {
    vpc: String,
    table: String,
    subnets: Vec<String>,
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn permission(protocol: &str, port: u16, cidr: &str) -> Value {
    json!({ "IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": cidr }] })
}

pub(crate) fn policy(actions: &[&str], resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": resource }] })
}

fn trust(kind: &str, principal: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { kind: principal }, "Action": "sts:AssumeRole" }] })
        .to_string()
}

impl Pipeline {
    /// The whole, with nothing in the topic and no SQL object.
    pub(crate) fn new() -> Self {
        let sim = Sim::builder()
            .seed(5)
            .region("ap-south-1")
            .account(A)
            .account(B)
            .lag(false)
            .build();
        let mut new = Self {
            sim,
            ids: BTreeMap::new(),
        };
        let (a, b) = (new.network(A, "172.16"), new.network(B, "10.0"));
        new.peering(&a, &b);
        new.nat(&b);
        new.cluster(&a);
        new.resolver(&a, &b);
        new.roles();
        new.warehouse(&b);
        new.ids
            .extend([("table a", a.table), ("table b", b.table), ("vpc b", b.vpc)]);
        new.topic(TOPIC);
        new
    }

    pub(crate) fn call(&self, account: &str, service: &str, operation: &str, params: Value) -> Value {
        self.sim
            .call(account, service, operation, params)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(crate) fn ec2(&self, account: &str, operation: &str, params: Value) -> Value {
        self.call(account, "ec2", operation, params)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.sim.clock().advance(Duration::from_secs(seconds));
    }

    fn network(&self, account: &str, block: &str) -> Network {
        let vpc = text(
            &self.ec2(
                account,
                "CreateVpc",
                json!({ "CidrBlock": format!("{block}.0.0/16") }),
            )["vpc"]["vpcId"],
        );
        self.ec2(
            account,
            "ModifyVpcAttribute",
            json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } }),
        );
        let table = text(
            &self.ec2(account, "CreateRouteTable", json!({ "VpcId": vpc }))["routeTable"]["routeTableId"],
        );
        let subnets = ["aps1-az1", "aps1-az2", "aps1-az4"]
            .iter()
            .enumerate()
            .map(|(at, zone)| {
                let asked = json!({ "VpcId": vpc, "CidrBlock": format!("{block}.{at}.0/24"), "AvailabilityZoneId": zone });
                let subnet = text(&self.ec2(account, "CreateSubnet", asked)["subnet"]["subnetId"]);
                self.ec2(account, "AssociateRouteTable", json!({ "RouteTableId": table, "SubnetId": subnet }));
                subnet
            })
            .collect();
        Network { vpc, table, subnets }
    }

    fn route(&self, account: &str, table: &str, cidr: &str, target: (&str, &str)) {
        let mut params = json!({ "RouteTableId": table, "DestinationCidrBlock": cidr });
        params[target.0] = json!(target.1);
        self.ec2(account, "CreateRoute", params);
    }

    fn group(&mut self, account: &str, vpc: &str, name: &'static str, rules: &[(&str, &str, u16, &str)]) {
        let asked = json!({ "GroupName": name, "GroupDescription": name, "VpcId": vpc });
        let id = text(&self.ec2(account, "CreateSecurityGroup", asked)["groupId"]);
        let all = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
        self.ec2(
            account,
            "RevokeSecurityGroupEgress",
            json!({ "GroupId": id, "IpPermissions": all }),
        );
        for (direction, protocol, port, cidr) in rules {
            let asked = json!({ "GroupId": id, "IpPermissions": [permission(protocol, *port, cidr)] });
            self.ec2(account, &format!("AuthorizeSecurityGroup{direction}"), asked);
        }
        self.ids.insert(name, id);
    }

    fn peering(&mut self, a: &Network, b: &Network) {
        let asked = json!({ "VpcId": b.vpc, "PeerVpcId": a.vpc, "PeerOwnerId": A });
        let made = self.ec2(B, "CreateVpcPeeringConnection", asked);
        let pcx = text(&made["vpcPeeringConnection"]["vpcPeeringConnectionId"]);
        self.pass(60);
        self.ec2(
            A,
            "AcceptVpcPeeringConnection",
            json!({ "VpcPeeringConnectionId": pcx }),
        );
        self.route(A, &a.table, "10.0.0.0/16", ("VpcPeeringConnectionId", &pcx));
        self.route(B, &b.table, "172.16.0.0/16", ("VpcPeeringConnectionId", &pcx));
        self.ids.insert("pcx", pcx);
    }

    fn nat(&mut self, b: &Network) {
        let igw =
            text(&self.ec2(B, "CreateInternetGateway", json!({}))["internetGateway"]["internetGatewayId"]);
        self.ec2(
            B,
            "AttachInternetGateway",
            json!({ "InternetGatewayId": igw, "VpcId": b.vpc }),
        );
        let public = self.ec2(
            B,
            "CreateSubnet",
            json!({ "VpcId": b.vpc, "CidrBlock": "10.0.100.0/24" }),
        );
        let public = text(&public["subnet"]["subnetId"]);
        let table =
            text(&self.ec2(B, "CreateRouteTable", json!({ "VpcId": b.vpc }))["routeTable"]["routeTableId"]);
        self.ec2(
            B,
            "AssociateRouteTable",
            json!({ "RouteTableId": table, "SubnetId": public }),
        );
        self.route(B, &table, "0.0.0.0/0", ("GatewayId", &igw));
        let address = text(&self.ec2(B, "AllocateAddress", json!({}))["allocationId"]);
        let nat = self.ec2(
            B,
            "CreateNatGateway",
            json!({ "SubnetId": public, "AllocationId": address }),
        );
        let nat = text(&nat["natGateway"]["natGatewayId"]);
        self.route(B, &b.table, "0.0.0.0/0", ("NatGatewayId", &nat));
        self.ids.insert("nat", nat);
    }

    fn cluster(&mut self, a: &Network) {
        self.group(A, &a.vpc, "brokers", &[("Ingress", "tcp", 9098, "10.0.0.0/16")]);
        let config = json!({ "subnetIds": a.subnets, "securityGroupIds": [self.ids["brokers"]] });
        let asked = json!({ "clusterName": "stream",
            "serverless": { "vpcConfigs": [config], "clientAuthentication": { "sasl": { "iam": { "enabled": true } } } } });
        let arn = text(&self.call(A, "kafka", "CreateClusterV2", asked)["clusterArn"]);
        self.pass(3_600);
        let brokers = self.call(A, "kafka", "GetBootstrapBrokers", json!({ "clusterArn": arn }));
        self.ids
            .insert("bootstrap", text(&brokers["bootstrapBrokerStringSaslIam"]));
        self.ids.insert("cluster", arn);
    }

    fn resolver(&mut self, a: &Network, b: &Network) {
        let (here, there) = ("10.0.0.0/16", "172.16.0.0/16");
        self.group(
            A,
            &a.vpc,
            "inbound",
            &[("Ingress", "udp", 53, here), ("Ingress", "tcp", 53, here)],
        );
        self.group(
            B,
            &b.vpc,
            "outbound",
            &[("Egress", "udp", 53, there), ("Egress", "tcp", 53, there)],
        );
        let endpoint = |account: &str, network: &Network, group: &str, direction: &str| {
            let ips: Vec<Value> = network.subnets[..2]
                .iter()
                .map(|subnet| json!({ "SubnetId": subnet }))
                .collect();
            let asked = json!({ "CreatorRequestId": direction, "Direction": direction, "SecurityGroupIds": [self.ids[group]], "IpAddresses": ips });
            let made = self.call(account, "route53resolver", "CreateResolverEndpoint", asked);
            self.pass(3_600);
            text(&made["ResolverEndpoint"]["Id"])
        };
        let inside = endpoint(A, a, "inbound", "INBOUND");
        let outside = endpoint(B, b, "outbound", "OUTBOUND");
        let listed = self.call(
            A,
            "route53resolver",
            "ListResolverEndpointIpAddresses",
            json!({ "ResolverEndpointId": inside }),
        );
        let targets: Vec<Value> = listed["IpAddresses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|address| json!({ "Ip": address["Ip"], "Port": 53 }))
            .collect();
        let asked = json!({ "CreatorRequestId": "rule", "RuleType": "FORWARD", "DomainName": "kafka-serverless.ap-south-1.amazonaws.com",
            "ResolverEndpointId": outside, "TargetIps": targets });
        let rule = text(&self.call(B, "route53resolver", "CreateResolverRule", asked)["ResolverRule"]["Id"]);
        self.pass(600);
        self.call(
            B,
            "route53resolver",
            "AssociateResolverRule",
            json!({ "ResolverRuleId": rule, "VPCId": b.vpc }),
        );
        self.ids.insert("rule", rule);
    }

    fn role(&mut self, account: &str, name: &'static str, trust: &str) {
        let asked = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
        let arn = text(&self.call(account, "iam", "CreateRole", asked)["Role"]["Arn"]);
        self.pass(120);
        self.ids.insert(name, arn);
    }

    fn roles(&mut self) {
        self.role(B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
        self.role(A, "reader", &trust("AWS", &self.ids["warehouse"].clone()));
        self.put(B, "warehouse", &policy(&["sts:AssumeRole"], &self.ids["reader"]));
        self.grant(&READER);
    }

    /// Replaces the policy of a role.
    pub(crate) fn put(&self, account: &str, role: &str, document: &Value) {
        let asked = json!({ "RoleName": role, "PolicyName": "p", "PolicyDocument": document.to_string() });
        self.call(account, "iam", "PutRolePolicy", asked);
        self.pass(120);
    }

    /// Gives the reader these actions, each on what it is for.
    pub(crate) fn grant(&self, actions: &[&str]) {
        let cluster = &self.ids["cluster"];
        let part = |kind: &str| format!("{}/*", cluster.replacen(":cluster/", &format!(":{kind}/"), 1));
        let statements: Vec<Value> = actions
            .iter()
            .map(|action| {
                let resource = match *action {
                    "kafka-cluster:DescribeTopic" | "kafka-cluster:ReadData" => part("topic"),
                    "kafka-cluster:DescribeGroup" | "kafka-cluster:AlterGroup" => part("group"),
                    _ => cluster.clone(),
                };
                json!({ "Effect": "Allow", "Action": action, "Resource": resource })
            })
            .collect();
        self.put(
            A,
            "reader",
            &json!({ "Version": "2012-10-17", "Statement": statements }),
        );
    }

    fn warehouse(&mut self, b: &Network) {
        self.group(
            B,
            &b.vpc,
            "workgroup",
            &[
                ("Egress", "tcp", 9098, "172.16.0.0/16"),
                ("Egress", "tcp", 443, "0.0.0.0/0"),
            ],
        );
        let asked = json!({ "namespaceName": "clicks", "manageAdminPassword": true, "iamRoles": [self.ids["warehouse"]], "defaultIamRoleArn": self.ids["warehouse"] });
        let made = self.call(B, "redshift-serverless", "CreateNamespace", asked);
        self.ids
            .insert("secret", text(&made["namespace"]["adminPasswordSecretArn"]));
        self.pass(300);
        let asked = json!({ "workgroupName": "clicks", "namespaceName": "clicks", "baseCapacity": 8, "enhancedVpcRouting": true,
            "subnetIds": b.subnets, "securityGroupIds": [self.ids["workgroup"]] });
        self.call(B, "redshift-serverless", "CreateWorkgroup", asked);
        self.pass(7_200);
    }

    pub(crate) fn topic(&self, name: &str) {
        let cluster = self.ids["cluster"].clone();
        self.sim
            .kafka(|store| store.create_topic(&cluster, name, 3, BTreeMap::new()))
            .unwrap();
    }

    /// Appends values, spread over the partitions.
    pub(crate) fn produce<'a>(&self, values: impl IntoIterator<Item = &'a str>) {
        let cluster = &self.ids["cluster"];
        self.sim.kafka(|store| {
            for (at, value) in values.into_iter().enumerate() {
                let record = NewRecord {
                    timestamp_ms: 1_790_000_000_000 + at as i64,
                    key: Some(Bytes::from(format!("k{at}"))),
                    value: Some(Bytes::from(value.to_owned())),
                    headers: vec![("source".to_owned(), Some(Bytes::from_static(b"test")))],
                };
                store
                    .append(cluster, TOPIC, (at % 3) as i32, vec![record], 1_790_000_000_000)
                    .unwrap();
            }
        });
    }

    /// Runs one statement to its end as the admin; its description.
    pub(crate) fn sql(&self, text_of: &str) -> Value {
        let asked = json!({ "WorkgroupName": "clicks", "Database": "dev", "SecretArn": self.ids["secret"], "Sql": text_of });
        let id = self.call(B, "redshift-data", "ExecuteStatement", asked)["Id"].clone();
        self.pass(300);
        self.call(B, "redshift-data", "DescribeStatement", json!({ "Id": id }))
    }

    pub(crate) fn ok(&self, text_of: &str) -> Value {
        let done = self.sql(text_of);
        let why = self.sim.explain(done["Id"].as_str().unwrap());
        assert_eq!(
            done["Status"], "FINISHED",
            "{text_of}\n{}\n{why:?}",
            done["Error"]
        );
        done
    }

    /// The only cell of a query.
    pub(crate) fn one(&self, query: &str) -> Value {
        let done = self.ok(query);
        let result = self.call(
            B,
            "redshift-data",
            "GetStatementResult",
            json!({ "Id": done["Id"] }),
        );
        let field = result["Records"][0][0].as_object().unwrap();
        field.values().next().unwrap().clone()
    }

    pub(crate) fn schema_by_arn(&self) -> String {
        format!(
            "CREATE EXTERNAL SCHEMA \"ext\" FROM MSK IAM_ROLE '{}' AUTHENTICATION iam CLUSTER_ARN '{}'",
            self.chain(),
            self.ids["cluster"]
        )
    }

    pub(crate) fn schema_by_uri(&self) -> String {
        format!(
            "CREATE EXTERNAL SCHEMA \"ext\" FROM KAFKA IAM_ROLE '{}' AUTHENTICATION iam URI '{}'",
            self.chain(),
            self.ids["bootstrap"]
        )
    }

    fn chain(&self) -> String {
        format!("{},{}", self.ids["warehouse"], self.ids["reader"])
    }
}

/// What the reader of a schema by cluster ARN needs.
pub(crate) const READER: [&str; 6] = [
    "kafka-cluster:Connect",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:ReadData",
    "kafka-cluster:DescribeGroup",
    "kafka-cluster:AlterGroup",
    "kafka:GetBootstrapBrokers",
];

pub(crate) const VIEW: &str = "CREATE MATERIALIZED VIEW \"public\".\"clicks\" AS SELECT \"kafka_partition\", \"kafka_offset\", \"kafka_key\", \"kafka_headers\", CASE WHEN CAN_JSON_PARSE(\"kafka_value\") THEN JSON_PARSE(\"kafka_value\") END AS \"payload\", CASE WHEN CAN_JSON_PARSE(\"kafka_value\") THEN NULL ELSE \"kafka_value\" END AS \"raw\" FROM \"ext\".\"clicks\"";
