//! What a user asks for: one network per side, and the link between them.

use crate::error::{SpecError, SpecErrors};
use crate::layout::{self, Layout};
use serde::{Deserialize, Serialize};
use xacct_types::{Cidr, Region, SubnetId, VpcId};

/// The port of MSK Serverless with IAM authentication.
pub const BROKER_PORT: u16 = 9098;

/// Which of the two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The account of the stream.
    Source,
    /// The account of Redshift.
    Warehouse,
}

impl Side {
    /// Both, source first.
    pub const BOTH: [Self; 2] = [Self::Source, Self::Warehouse];

    /// `source` or `warehouse`; resource names start with it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Warehouse => "warehouse",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Source => Self::Warehouse,
            Self::Warehouse => Self::Source,
        }
    }

    /// The name of one of this side's resources: `warehouse/vpc`.
    #[must_use]
    pub fn name(self, noun: &str) -> String {
        format!("{self}/{noun}")
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How private subnets reach AWS services outside the VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Egress {
    /// Not at all. The default of the source.
    None,
    /// Through a NAT gateway in a public subnet. The default of the warehouse,
    /// because Redshift must reach STS and, by cluster ARN, the MSK API.
    Nat,
    /// Only STS, through an interface endpoint. AWS does not document that Redshift
    /// uses it with enhanced VPC routing, and the MSK API stays out of reach.
    StsEndpoint,
}

impl Egress {
    /// The word that stands in specification files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Nat => "nat",
            Self::StsEndpoint => "sts-endpoint",
        }
    }
}

impl std::fmt::Display for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The network of one side. Every field has a default, which differs by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSpec {
    /// The block of the VPC, /16 to /28. Default: `172.16.0.0/16` (source),
    /// `10.0.0.0/16` (warehouse), as in the tutorial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr: Option<Cidr>,
    /// In how many zones private subnets are made, 3 to 6. Default: 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones: Option<u8>,
    /// The way out. Default: `none` (source), `nat` (warehouse).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<Egress>,
    /// An existing VPC to use instead. Read and checked, but not supported yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<VpcId>,
    /// The private subnets of that VPC to use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<SubnetId>,
}

impl NetworkSpec {
    /// The block, with the default of `side`.
    #[must_use]
    pub fn cidr(&self, side: Side) -> Cidr {
        self.cidr.unwrap_or_else(|| default_cidr(side))
    }

    /// The way out, with the default of `side`.
    #[must_use]
    pub fn egress(&self, side: Side) -> Egress {
        self.egress.unwrap_or(match side {
            Side::Source => Egress::None,
            Side::Warehouse => Egress::Nat,
        })
    }

    /// The number of zones.
    #[must_use]
    pub fn zones(&self) -> u8 {
        self.zones.unwrap_or(3)
    }

    fn check_adoption(&self, side: Side, found: &mut Vec<SpecError>) {
        let Some(vpc) = &self.vpc else {
            if !self.subnets.is_empty() {
                let why = "subnets are given without the vpc that they belong to";
                found.push(SpecError::Contradiction { side, why });
            }
            return;
        };
        if self.cidr.is_some() {
            let why = "cidr and vpc exclude each other: an existing VPC brings its own block";
            found.push(SpecError::Contradiction { side, why });
        }
        let subnets: Vec<&str> = self.subnets.iter().map(SubnetId::as_str).collect();
        let mut what = vpc.to_string();
        if !subnets.is_empty() {
            what = format!("{what} with {}", subnets.join(", "));
        }
        found.push(SpecError::Adoption { side, what });
    }

    fn check_egress(&self, side: Side, found: &mut Vec<SpecError>) {
        let egress = self.egress(side);
        let why = match (side, egress) {
            (Side::Source, Egress::StsEndpoint) => "the source takes none or nat",
            (Side::Warehouse, Egress::None) => {
                "Redshift must reach STS to change roles; the warehouse takes nat or sts-endpoint"
            }
            _ => return,
        };
        found.push(SpecError::Egress { side, egress, why });
    }

    /// Checks one side and lays its subnets out.
    fn resolve(&self, side: Side, needed: &layout::Needed, found: &mut Vec<SpecError>) -> Option<Network> {
        self.check_adoption(side, found);
        self.check_egress(side, found);
        let (cidr, zones) = (self.cidr(side), self.zones());
        match Layout::of(side, cidr, zones, needed) {
            Ok(layout) => Some(Network {
                side,
                cidr,
                zones,
                egress: self.egress(side),
                layout,
            }),
            Err(error) => {
                found.push(error);
                None
            }
        }
    }
}

/// The block that the tutorial gives this side.
fn default_cidr(side: Side) -> Cidr {
    let (address, prefix) = match side {
        Side::Source => ([172, 16, 0, 0], 16),
        Side::Warehouse => ([10, 0, 0, 0], 16),
    };
    // The prefix is legal, so the fallback is never met.
    Cidr::new(address.into(), prefix).unwrap_or(Cidr::ANYWHERE)
}

/// Two networks and what stands between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// The region of both networks.
    pub region: Region,
    /// The network of the brokers.
    #[serde(default)]
    pub source: NetworkSpec,
    /// The network of Redshift.
    #[serde(default)]
    pub warehouse: NetworkSpec,
    /// Redshift processing units that the warehouse's subnets must have room for. Default: 32.
    #[serde(default = "default_capacity")]
    pub base_capacity: u32,
    /// The TCP port of the brokers. Default: 9098, MSK with IAM authentication.
    #[serde(default = "default_port")]
    pub broker_port: u16,
    /// The domain whose names the warehouse asks the source for. Default:
    /// `kafka-serverless.<region>.<DNS suffix of the partition>`: the whole suffix,
    /// because the names of single brokers differ from the bootstrap name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_domain: Option<String>,
}

const fn default_capacity() -> u32 {
    32
}

const fn default_port() -> u16 {
    BROKER_PORT
}

impl LinkSpec {
    /// The tutorial's link in `region`: every field at its default.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self {
            region,
            source: NetworkSpec::default(),
            warehouse: NetworkSpec::default(),
            base_capacity: default_capacity(),
            broker_port: default_port(),
            forward_domain: None,
        }
    }

    /// The network of one side as it was asked for.
    #[must_use]
    pub fn network(&self, side: Side) -> &NetworkSpec {
        match side {
            Side::Source => &self.source,
            Side::Warehouse => &self.warehouse,
        }
    }

    /// The domain to forward, without a dot at its end.
    #[must_use]
    pub fn forward_domain(&self) -> String {
        let suffix = self.region.partition().dns_suffix();
        let default = || format!("kafka-serverless.{}.{suffix}", self.region);
        let domain = self.forward_domain.clone().unwrap_or_else(default);
        domain.trim_end_matches('.').to_ascii_lowercase()
    }

    /// Checks everything and lays both networks out.
    ///
    /// # Errors
    /// [`SpecErrors`] with everything that is wrong, not only the first thing.
    pub fn resolve(&self) -> Result<Link, SpecErrors> {
        let mut found = Vec::new();
        let needed = layout::Needed::for_capacity(self.base_capacity, self.warehouse.egress(Side::Warehouse));
        let needed = needed.unwrap_or_else(|error| {
            found.push(error);
            layout::Needed::for_brokers()
        });
        let source = self
            .source
            .resolve(Side::Source, &layout::Needed::for_brokers(), &mut found);
        let warehouse = self.warehouse.resolve(Side::Warehouse, &needed, &mut found);
        self.check_link(&mut found);
        SpecErrors::none_of(found)?;
        match (source, warehouse) {
            (Some(source), Some(warehouse)) => Ok(Link {
                region: self.region.clone(),
                source,
                warehouse,
                broker_port: self.broker_port,
                forward_domain: self.forward_domain(),
            }),
            // A network is missing only where an error was found above.
            _ => Err(SpecErrors::empty()),
        }
    }

    fn check_link(&self, found: &mut Vec<SpecError>) {
        let (source, warehouse) = (
            self.source.cidr(Side::Source),
            self.warehouse.cidr(Side::Warehouse),
        );
        // An existing VPC's block is not known here.
        let known = self.source.vpc.is_none() && self.warehouse.vpc.is_none();
        if known && source.overlaps(&warehouse) {
            found.push(SpecError::Overlap {
                source_block: source,
                warehouse_block: warehouse,
            });
        }
        let domain = self.forward_domain();
        if !is_domain(&domain) {
            found.push(SpecError::Domain { domain });
        }
        if self.broker_port == 0 {
            found.push(SpecError::Port);
        }
    }
}

/// Whether `name` is a DNS name of at least one label.
fn is_domain(name: &str) -> bool {
    let legal = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 256 && name.split('.').all(legal)
}

/// A checked network with its subnets laid out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Network {
    /// Whose.
    pub side: Side,
    /// The block of the VPC.
    pub cidr: Cidr,
    /// The number of private subnets, each in its own zone.
    pub zones: u8,
    /// The way out.
    pub egress: Egress,
    /// The subnets.
    pub layout: Layout,
}

/// A checked link: nothing in it contradicts anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// The region of both networks.
    pub region: Region,
    /// The network of the brokers.
    pub source: Network,
    /// The network of Redshift.
    pub warehouse: Network,
    /// The TCP port of the brokers.
    pub broker_port: u16,
    /// The domain that the warehouse asks the source for, without a dot at its end.
    pub forward_domain: String,
}

impl Link {
    /// The network of one side.
    #[must_use]
    pub fn network(&self, side: Side) -> &Network {
        match side {
            Side::Source => &self.source,
            Side::Warehouse => &self.warehouse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> LinkSpec {
        LinkSpec::new("ap-south-1".parse().unwrap())
    }

    fn refusals(spec: &LinkSpec) -> Vec<String> {
        let errors = spec.resolve().unwrap_err();
        errors.all().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_are_the_tutorials_networks() {
        let link = spec().resolve().unwrap();
        let private: Vec<String> = link
            .warehouse
            .layout
            .private
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(private, ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
        assert_eq!(link.warehouse.layout.public.to_string(), "10.0.0.0/24");
        assert_eq!(link.source.cidr.to_string(), "172.16.0.0/16");
        assert_eq!(link.source.egress, Egress::None);
        assert_eq!(link.forward_domain, "kafka-serverless.ap-south-1.amazonaws.com");
    }

    #[test]
    fn a_region_in_china_forwards_the_suffix_of_its_partition() {
        let spec = LinkSpec::new("cn-north-1".parse().unwrap());
        assert_eq!(
            spec.forward_domain(),
            "kafka-serverless.cn-north-1.amazonaws.com.cn"
        );
    }

    #[test]
    fn overlapping_networks_are_refused_once() {
        let mut spec = spec();
        spec.source.cidr = Some("10.0.128.0/17".parse().unwrap());
        let refusals = refusals(&spec);
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert!(refusals[0].contains("10.0.128.0/17") && refusals[0].contains("overlap"));
    }

    #[test]
    fn a_block_too_small_for_the_capacity_says_which_would_do() {
        let mut spec = spec();
        spec.warehouse.cidr = Some("10.0.0.0/26".parse().unwrap());
        let refusals = refusals(&spec);
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert!(
            refusals[0].contains("32 RPU") && refusals[0].contains("/25 or larger"),
            "{}",
            refusals[0]
        );
    }

    #[test]
    fn a_capacity_that_nobody_sells_is_refused() {
        let mut spec = spec();
        spec.base_capacity = 33;
        assert!(refusals(&spec)[0].contains("33 RPU"));
    }

    #[test]
    fn an_existing_vpc_is_refused_as_not_supported_yet() {
        let text = "region = \"ap-south-1\"\n[source]\nvpc = \"vpc-1\"\nsubnets = [\"subnet-1\"]";
        let spec: LinkSpec = toml::from_str(text).unwrap();
        let refusals = refusals(&spec);
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert!(
            refusals[0].contains("vpc-1 with subnet-1) is not supported yet"),
            "{}",
            refusals[0]
        );
    }

    #[test]
    fn a_subnet_id_where_a_vpc_id_belongs_is_refused_by_the_reader() {
        let text = "region = \"ap-south-1\"\n[source]\nvpc = \"subnet-1\"";
        assert!(
            toml::from_str::<LinkSpec>(text)
                .unwrap_err()
                .to_string()
                .contains("vpc-")
        );
    }

    #[test]
    fn a_warehouse_without_a_way_to_sts_is_refused() {
        let mut spec = spec();
        spec.warehouse.egress = Some(Egress::None);
        assert!(refusals(&spec)[0].contains("nat or sts-endpoint"));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let mut spec = spec();
        spec.source.cidr = Some("127.0.0.0/16".parse().unwrap());
        spec.warehouse.zones = Some(2);
        spec.broker_port = 0;
        spec.forward_domain = Some("..".into());
        assert_eq!(refusals(&spec).len(), 4);
    }

    #[test]
    fn a_specification_survives_being_written_and_read() {
        let mut spec = spec();
        spec.warehouse.egress = Some(Egress::StsEndpoint);
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<LinkSpec>(&text).unwrap(), spec);
    }
}
