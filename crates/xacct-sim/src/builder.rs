//! Building a simulator: seed, region, accounts and switches.

use std::sync::Arc;
use std::time::SystemTime;

use crate::clock::SimClock;
use crate::sample;
use crate::settings::Settings;
use crate::sim::{Blueprint, Shared, Sim};
use crate::world::{AccountState, AdministratorKey, World};

/// Builds a [`Sim`].
#[derive(Debug, Default)]
pub struct SimBuilder {
    settings: Settings,
    accounts: Vec<String>,
    epoch: Option<SystemTime>,
    wall_speed: Option<f64>,
}

impl SimBuilder {
    /// Everything random derives from this. Default: 7.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The region. Default: `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings.region = region.into();
        self
    }

    /// Adds an account by its 12-digit id.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.accounts.push(id.into());
        self
    }

    /// The date of simulated time zero. Default: the wall's date at [`SimBuilder::build`].
    #[must_use]
    pub fn epoch(mut self, epoch: SystemTime) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// Factor on every sampled duration. Default: 1.
    #[must_use]
    pub fn latency_scale(mut self, scale: f64) -> Self {
        self.settings.latency_scale = scale;
        self
    }

    /// Whether what was just created can be invisible for a while. Default: yes.
    #[must_use]
    pub fn lag(mut self, lag: bool) -> Self {
        self.settings.lag = lag;
        self
    }

    /// Whether API token buckets throttle. Default: yes.
    #[must_use]
    pub fn throttling(mut self, throttling: bool) -> Self {
        self.settings.throttling = throttling;
        self
    }

    /// Changes any other setting.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Follows the wall clock, `speed` simulated seconds per second: for doors with sockets.
    #[must_use]
    pub fn wall_clock(mut self, speed: f64) -> Self {
        self.wall_speed = Some(speed);
        self
    }

    /// Makes the simulator.
    pub fn build(mut self) -> Sim {
        #[expect(clippy::disallowed_methods, reason = "the default epoch is the wall's date")]
        let epoch = self.epoch.unwrap_or_else(SystemTime::now);
        self.settings.epoch = epoch;
        let clock = self
            .wall_speed
            .map_or_else(|| SimClock::new(epoch), |speed| SimClock::wall(epoch, speed));
        let blueprint = Blueprint {
            settings: self.settings,
            accounts: self.accounts,
        };
        Sim {
            shared: Arc::new(Shared::new(blueprint.world(), clock)),
        }
    }
}

impl Blueprint {
    /// What a world like this one is built from: its settings and accounts, with nothing in them.
    pub(crate) fn of(world: &World) -> Self {
        Self {
            settings: world.settings.clone(),
            accounts: world.accounts.keys().cloned().collect(),
        }
    }

    /// The world as it is before the first call.
    pub(crate) fn world(&self) -> World {
        let mut world = World {
            settings: self.settings.clone(),
            ..World::default()
        };
        for id in &self.accounts {
            add_account(&mut world, id.clone());
        }
        world
    }
}

/// Adds an account with its administrator's key. Keys look like AWS's (20 and 40 characters).
fn add_account(world: &mut World, id: String) {
    let seed = world.settings.seed;
    let letters = |what: &str, count: usize| -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bytes = [
            sample::digest(seed, &[what, &id]),
            sample::digest(seed, &[what, &id, "more"]),
        ]
        .concat();
        bytes
            .iter()
            .take(count)
            .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
            .collect()
    };
    let access_key = format!("AKIA{}", letters("access key", 16));
    let secret = letters("secret key", 40);
    world.administrators.insert(
        access_key,
        AdministratorKey {
            account: id.clone(),
            secret,
        },
    );
    world.accounts.insert(
        id.clone(),
        AccountState {
            id,
            ..AccountState::default()
        },
    );
}
