//! Two inventories of the same account, compared.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use xacct_sim::Inventory;

/// How a world differs from the one that an undisturbed run leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Resources that nobody wanted.
    pub orphans: u64,
    /// Wanted resources that are there more than once.
    pub duplicates: u64,
    /// Wanted resources that are not there, or not as wanted.
    pub missing: u64,
}

impl AddAssign<&Self> for Difference {
    fn add_assign(&mut self, other: &Self) {
        self.orphans += other.orphans;
        self.duplicates += other.duplicates;
        self.missing += other.missing;
    }
}

impl Difference {
    /// How `found` differs from `wanted`, account by account.
    pub fn between(wanted: &[Inventory], found: &[Inventory]) -> Self {
        let mut all = Self::default();
        for (wanted, found) in wanted.iter().zip(found) {
            all += &Self::of_one(wanted, found);
        }
        all
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn of_one(wanted: &Inventory, found: &Inventory) -> Self {
        let (mut here, wanted_here) = (counts(found), counts(wanted));
        let mut difference = Self::default();
        for (name, wanted) in &wanted_here {
            let found = here.remove(name).unwrap_or_default();
            difference.duplicates += (found.len().saturating_sub(wanted.len())) as u64;
            let other = wanted.iter().filter(|one| !found.contains(one));
            difference.missing += other.count() as u64;
        }
        difference.orphans = here.values().map(|extra| extra.len() as u64).sum();
        difference
    }
}

/// The attributes of every resource, by kind and name.
fn counts(inventory: &Inventory) -> BTreeMap<(&str, &str), Vec<String>> {
    let mut counts: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for resource in &inventory.resources {
        let key = (resource.kind.as_str(), resource.name.as_str());
        counts
            .entry(key)
            .or_default()
            .push(resource.attributes.to_string());
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::Difference;
    use serde_json::json;
    use xacct_sim::Inventory;
    use xacct_sim::inventory::Resource;

    fn inventory(resources: &[(&str, &str, u64)]) -> Vec<Inventory> {
        let resources = resources.iter().map(|(kind, name, state)| Resource {
            kind: (*kind).to_owned(),
            name: (*name).to_owned(),
            attributes: json!(state),
        });
        vec![Inventory {
            resources: resources.collect(),
        }]
    }

    #[test]
    fn what_is_too_much_twice_missing_or_otherwise_is_told_apart() {
        let wanted = inventory(&[("vpc", "a", 1), ("role", "b", 1), ("rule", "c", 1)]);
        assert!(Difference::between(&wanted, &wanted).is_none());
        let found = inventory(&[
            ("vpc", "a", 1),
            ("vpc", "a", 1),
            ("role", "x", 1),
            ("rule", "c", 2),
        ]);
        let difference = Difference::between(&wanted, &found);
        assert_eq!(
            (difference.orphans, difference.duplicates, difference.missing),
            (1, 1, 2)
        );
    }
}
