//! Capacities on offer, and the addresses that a workgroup needs in each subnet
//! (Redshift management guide, "Compute capacity for Amazon Redshift Serverless" and "Considerations when using Amazon
//! Redshift Serverless").

use super::validation;
use crate::world::ApiError;

/// RPUs of a workgroup that does not ask for any.
pub(super) const DEFAULT: u64 = 128;

/// Regions that offer more than 512 RPUs; the documentation pages disagree about London and Frankfurt, both are taken.
const LARGE: [&str; 6] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
];

/// Free addresses per subnet for a workgroup without enhanced VPC routing.
const WITHOUT_ROUTING: u64 = 3;

/// (RPUs up to, free addresses per subnet) with enhanced VPC routing.
const WITH_ROUTING: [(u64, u64); 8] = [
    (8, 9),
    (32, 13),
    (64, 21),
    (128, 37),
    (256, 69),
    (512, 133),
    (1024, 261),
    (u64::MAX, 261),
];

/// 4, or 8 to 512 in steps of 8; in some regions on to 1024 in steps of 32.
pub(super) fn check_base(region: &str, rpus: u64) -> Result<(), ApiError> {
    let most = if LARGE.contains(&region) { 1024 } else { 512 };
    let on_offer = rpus == 4
        || ((8..=512).contains(&rpus) && rpus.is_multiple_of(8))
        || ((512..=most).contains(&rpus) && rpus.is_multiple_of(32));
    match on_offer {
        true => Ok(()),
        false => Err(validation(format!(
            "Base capacity {rpus} is invalid. Base capacity must be 4 or between 8 and {most} Redshift Processing Units (RPU), in units of 8 (of 32 above 512)."
        ))),
    }
}

/// Free addresses that each subnet must have.
pub(super) fn addresses(rpus: u64, enhanced_vpc_routing: bool) -> u64 {
    match enhanced_vpc_routing {
        false => WITHOUT_ROUTING,
        true => WITH_ROUTING
            .iter()
            .find(|(most, _)| rpus <= *most)
            .map_or(261, |(_, addresses)| *addresses),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_come_in_steps() {
        for good in [4, 8, 32, 128, 512] {
            assert!(check_base("ap-south-1", good).is_ok(), "{good}");
        }
        for bad in [0, 5, 12, 520, 544, 1024] {
            assert!(check_base("ap-south-1", bad).is_err(), "{bad}");
        }
        assert!(check_base("us-east-1", 544).is_ok());
        assert!(check_base("us-east-1", 520).is_err());
    }

    #[test]
    fn enhanced_routing_takes_more_addresses_the_larger_the_workgroup() {
        assert_eq!(addresses(32, false), 3);
        assert_eq!(
            [4, 8, 16, 32, 64, 128, 256, 512, 1024].map(|rpus| addresses(rpus, true)),
            [9, 9, 13, 13, 21, 37, 69, 133, 261]
        );
    }
}
