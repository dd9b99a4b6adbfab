//! The drill's part about the proof of networks, and verdicts written by hand from AWS's documents.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic and talks to people"
)]

use xacct_examples::drill::{Ground, proof};

const VPC: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/";
const PEERING: &str = "https://docs.aws.amazon.com/vpc/latest/peering/";
const ROUTE53: &str = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/";

/// The change, the verdict (brokers, names, STS, MSK API, producer), and the page that says so.
type Case = (&'static str, &'static str, (&'static str, &'static str));

const TABLES: (&str, &str) = (VPC, "RouteTables.html");
const PRIORITY: (&str, &str) = (VPC, "route-tables-priority.html");
const NAT: (&str, &str) = (VPC, "vpc-nat-gateway.html");
const GATEWAY: (&str, &str) = (VPC, "VPC_Internet_Gateway.html");
const GROUPS: (&str, &str) = (VPC, "security-group-rules.html");
const ACLS: (&str, &str) = (VPC, "nacl-rules.html");
const EPHEMERAL: (&str, &str) = (VPC, "custom-network-acl.html#nacl-ephemeral-ports");
const DNS: (&str, &str) = (VPC, "vpc-dns.html");
const PEER_ROUTES: (&str, &str) = (PEERING, "vpc-peering-routing.html");
const PEER_GROUPS: (&str, &str) = (PEERING, "vpc-peering-security-groups.html");
const LIFE: (&str, &str) = (PEERING, "vpc-peering-basics.html");
const RULES: (&str, &str) = (ROUTE53, "resolver-overview-DSN-queries-to-vpc.html");
const OUTBOUND: (&str, &str) = (ROUTE53, "resolver-forwarding-outbound-queries.html");
const INBOUND: (&str, &str) = (ROUTE53, "resolver-forwarding-inbound-queries.html");

const BY_HAND: &[Case] = &[
    (
        "source/routes-private without its route for 10.0.0.0/16",
        "--+++",
        PEER_ROUTES,
    ),
    (
        "warehouse/routes-private without its route for 172.16.0.0/16",
        "--+++",
        PEER_ROUTES,
    ),
    (
        "warehouse/routes-private without its route for 0.0.0.0/0",
        "++--+",
        NAT,
    ),
    (
        "warehouse/routes-public without its route for 0.0.0.0/0",
        "++--+",
        NAT,
    ),
    (
        "warehouse/routes-private leads 0.0.0.0/0 astray",
        "++--+",
        GATEWAY,
    ),
    ("source/routes-private leads 10.0.0.0/16 astray", "--+++", TABLES),
    (
        "warehouse/routes-private takes the peer's subnet 1 astray",
        "-~+++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private takes the peer's subnet 3 astray",
        "-++++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private takes an address of the peer's subnet 1 astray",
        "+++++",
        PRIORITY,
    ),
    (
        "source/routes-private takes an address of the peer's subnet 1 astray",
        "-++++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private takes broker 1 astray",
        "-++++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private takes inbound address 1 astray",
        "+~+++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private names the peer's subnet 1 once more",
        "+++++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private takes a strange block astray",
        "+++++",
        PRIORITY,
    ),
    (
        "warehouse/routes-private takes public addresses astray",
        "++--+",
        PRIORITY,
    ),
    ("the peering is deleted by the warehouse", "--+++", LIFE),
    ("the NAT gateway is deleted", "++--+", NAT),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, is taken away",
        "-++++",
        GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, has the next port",
        "-++++",
        GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, has another protocol",
        "-++++",
        GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, covers half of it",
        "-++++",
        GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, stands in two halves",
        "+++++",
        GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, names everybody",
        "+++++",
        GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from 10.0.1.0/24, names the group of the workgroup",
        "+++++",
        PEER_GROUPS,
    ),
    (
        "source/group-cluster, tcp 9098 from a group, is taken away",
        "++++-",
        GROUPS,
    ),
    ("source/group-cluster lets something strange in", "+++++", GROUPS),
    ("the ACL of the source denies Kafka from the peer", "-++++", ACLS),
    ("the ACL of the source denies Kafka from itself", "++++-", ACLS),
    (
        "the ACL of the source denies DNS over UDP from the peer",
        "+-+++",
        INBOUND,
    ),
    (
        "the ACL of the source denies DNS over TCP from the peer",
        "+~+++",
        INBOUND,
    ),
    (
        "the ACL of the source denies answers over TCP to the peer",
        "-~+++",
        EPHEMERAL,
    ),
    (
        "the ACL of the source denies answers over UDP to the peer",
        "+-+++",
        EPHEMERAL,
    ),
    ("the ACL of the source denies SSH from the peer", "+++++", ACLS),
    (
        "the ACL of the source denies everything from a stranger",
        "+++++",
        ACLS,
    ),
    (
        "the ACL of the warehouse denies HTTPS to everybody",
        "++--+",
        ACLS,
    ),
    ("the ACL of the warehouse denies HTTPS to the peer", "+++++", ACLS),
    (
        "the ACL of the warehouse denies answers over TCP from everybody",
        "-~--+",
        EPHEMERAL,
    ),
    (
        "the ACL of the warehouse denies one port over UDP from the peer",
        "+-+++",
        EPHEMERAL,
    ),
    ("the ACL of the source lets nothing in", "--++-", ACLS),
    ("the ACL of the source lets only TCP in", "+-+++", ACLS),
    ("the ACL of the source lets only UDP in", "-~++-", ACLS),
    (
        "the ACL of the source lets only ports from 1024 in",
        "+-+++",
        ACLS,
    ),
    ("the ACL of the warehouse lets both halves out", "+++++", ACLS),
    (
        "the ACL of the warehouse lets half of all addresses out",
        "----+",
        ACLS,
    ),
    ("the rule forwards to elsewhere in the source", "+-+++", OUTBOUND),
    ("the rule forwards to a stranger", "+-+++", OUTBOUND),
    ("the rule forwards to another port", "+-+++", OUTBOUND),
    ("the rule forwards to only its target 1", "+++++", OUTBOUND),
    ("the rule forwards to all and a stranger", "+~+++", OUTBOUND),
    (
        "the rule forwards to the same the other way round",
        "+++++",
        OUTBOUND,
    ),
    ("the rule does not serve the warehouse", "+-+++", OUTBOUND),
    ("another rule takes the shard to a stranger", "+-+++", RULES),
    ("another rule takes the shard to the same place", "+++++", RULES),
    ("another rule keeps the shard inside", "+-+++", RULES),
    ("another rule takes another shard to a stranger", "+++++", RULES),
    (
        "another rule takes a shorter domain to a stranger",
        "+++++",
        RULES,
    ),
    ("another rule keeps a shorter domain inside", "+++++", RULES),
    ("another rule takes another domain to a stranger", "+++++", RULES),
    ("EnableDnsSupport of the warehouse is off", "+-+++", DNS),
    ("EnableDnsSupport of the source is off", "+-+++", DNS),
    ("EnableDnsHostnames of the warehouse is off", "+++++", DNS),
];

#[test]
fn proof_packet_walk_and_documents_say_the_same_of_every_single_change() {
    let outcome = proof::judge(&Ground::read(None).unwrap(), 1).unwrap();
    println!("{outcome}");
    assert!(outcome.judged.len() >= 200, "{}", outcome.judged.len());
    assert_eq!(outcome.disagreements().count(), 0, "{outcome}");
    assert!(BY_HAND.len() >= 40, "{}", BY_HAND.len());
    for (name, verdict, (guide, page)) in BY_HAND {
        let Some(judged) = outcome.find(name) else {
            let known: Vec<&str> = outcome.judged.iter().map(|one| one.name.as_str()).collect();
            panic!("{name} is no mutant; there are {known:#?}");
        };
        assert_eq!(judged.proof.0, *verdict, "{name}: {judged:?}; see {guide}{page}");
    }
}
