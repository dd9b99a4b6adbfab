//! The simulator as its users hold it.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_types::SdkConfig;
use serde_json::Value;
use tokio::sync::watch;

use crate::builder::SimBuilder;
use crate::clock::{SimClock, SimTime};
use crate::fault::{Guard, Rule};
use crate::inventory::{self, Inventory};
use crate::kafka::Brokers;
use crate::log::{ApiCalls, Entry};
use crate::settings::Settings;
use crate::snapshot::Recording;
use crate::timeline::Span;
use crate::wire::{Request, Response};
use crate::world::{Call, Caller, Reply, World};
use crate::{dispatch, door};

/// AWS accounts in one process. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Sim {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: SimClock,
    /// Whether the caller was killed by a fault; calls hang until [`Sim::revive`].
    pub(crate) killed: watch::Sender<bool>,
    pub(crate) recording: Recording,
    /// What [`Sim::reset`] builds again.
    blueprint: Blueprint,
}

/// Says nothing of the world: it holds every secret, and an `SdkConfig` prints its HTTP client.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What a world is built from.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    pub(crate) settings: Settings,
    pub(crate) accounts: Vec<String>,
}

impl Shared {
    pub(crate) fn new(world: World, clock: SimClock) -> Self {
        let blueprint = Blueprint::of(&world);
        Self {
            world: Mutex::new(world),
            clock,
            killed: watch::Sender::new(false),
            recording: Recording::default(),
            blueprint,
        }
    }

    /// The one lock. A handler that panicked leaves a world that tests may still want to read.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sim {
    /// Starts building a simulator.
    pub fn builder() -> SimBuilder {
        SimBuilder::default()
    }

    /// Runs a future on the simulator's own single-threaded runtime, in virtual time: when everything waits, time
    /// jumps. Can be called again; the clock carries on. Must not be called from inside another runtime.
    ///
    /// # Panics
    /// When the operating system gives no runtime (no memory for it), or inside another runtime.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let paused = !self.shared.clock.is_wall();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(paused)
            .build()
            .unwrap_or_else(|cause| panic!("no runtime: {cause}"));
        runtime.block_on(async {
            if paused {
                // Ends on a tick of tokio's timers, so that every run starts on one.
                #[expect(clippy::disallowed_methods, reason = "this is the simulator's own runtime")]
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            let _running = Running::start(&self.shared.clock);
            future.await
        })
    }

    /// Configuration for SDK clients of an account: its administrator's credentials, the in-process door, this
    /// simulator's clock and sleep.
    pub fn sdk_config(&self, account: &str) -> SdkConfig {
        let (access_key, secret) = self.administrator_key(account);
        self.sdk_config_for(Credentials::from_keys(access_key, secret, None))
    }

    /// The same with other credentials: a user's or a role session's.
    pub fn sdk_config_for(&self, credentials: Credentials) -> SdkConfig {
        door::sdk_config(self, credentials)
    }

    /// Makes an IAM user with one inline policy and an access key, for tests of privileges.
    ///
    /// # Errors
    /// What IAM answers: the name is taken, the policy is malformed.
    pub fn create_user_with_policy(
        &self,
        account: &str,
        name: &str,
        policy: &Value,
    ) -> Result<Credentials, crate::ApiError> {
        self.call(
            account,
            "iam",
            "CreateUser",
            serde_json::json!({ "UserName": name }),
        )?;
        let document = policy.to_string();
        let params =
            serde_json::json!({ "UserName": name, "PolicyName": "only", "PolicyDocument": document });
        self.call(account, "iam", "PutUserPolicy", params)?;
        let made = self.call(
            account,
            "iam",
            "CreateAccessKey",
            serde_json::json!({ "UserName": name }),
        )?;
        let field = |name: &str| made["AccessKey"][name].as_str().unwrap_or_default().to_owned();
        Ok(Credentials::from_keys(
            field("AccessKeyId"),
            field("SecretAccessKey"),
            None,
        ))
    }

    /// Access key and secret of the account's administrator.
    pub fn administrator_key(&self, account: &str) -> (String, String) {
        let world = self.shared.lock();
        world
            .administrators
            .iter()
            .find(|(_, key)| key.account == account)
            .map(|(id, key)| (id.clone(), key.secret.clone()))
            .unwrap_or_default()
    }

    /// Calls a service directly as the account itself: no faults, no limits, no authorization, not in the log.
    ///
    /// # Errors
    /// What the service answers.
    pub fn call(&self, account: &str, service: &str, operation: &str, params: Value) -> Reply {
        let now = self.now();
        let mut world = self.shared.lock();
        let caller = Caller::root(world.settings.partition(), account);
        let request_id = world.new_uuid(account);
        let mut call = Call {
            world: &mut world,
            caller: &caller,
            now,
            request_id,
        };
        let reply = dispatch::handle(&mut call, service, operation, &params);
        // Nobody waits here for a long poll.
        world.wait = None;
        reply
    }

    /// Serves one signed request of any AWS SDK: what a door with a socket does for each request it reads.
    pub fn serve(&self, request: &Request) -> Response {
        // A long poll is answered with what is known now.
        dispatch::serve(&mut self.shared.lock(), self.now(), request).response
    }

    /// The live resources of an account.
    pub fn inventory(&self, account: &str) -> Inventory {
        let now = self.now();
        let world = self.shared.lock();
        world
            .account(account)
            .map(|state| inventory::of(&world, state, now))
            .unwrap_or_default()
    }

    /// Every call that came through a door.
    pub fn call_log(&self) -> Vec<Entry> {
        self.shared.lock().log.entries().cloned().collect()
    }

    /// How many calls came through a door.
    pub fn api_calls(&self) -> ApiCalls {
        self.shared.lock().log.counts()
    }

    /// The shortest time in which everything changed so far could have been changed, by the simulator's own
    /// prerequisites and sampled durations.
    pub fn critical_path(&self) -> Duration {
        self.critical_path_since(SimTime::ZERO)
    }

    /// The same for changes begun at `from` or later.
    pub fn critical_path_since(&self, from: SimTime) -> Duration {
        self.shared.lock().timeline.critical_path(from)
    }

    /// The changes on the critical path, first to last.
    pub fn critical_spans(&self, from: SimTime) -> Vec<Span> {
        self.shared
            .lock()
            .timeline
            .critical_spans(from)
            .into_iter()
            .cloned()
            .collect()
    }

    /// All changes begun at `from` or later, in the order of the calls.
    pub fn spans(&self, from: SimTime) -> Vec<Span> {
        let world = self.shared.lock();
        let spans = world.timeline.spans().iter();
        spans.filter(|span| span.begun >= from).cloned().collect()
    }

    /// Time since the epoch.
    pub fn now(&self) -> SimTime {
        self.shared.clock.now()
    }

    /// The clock itself, for tests and doors.
    pub fn clock(&self) -> &SimClock {
        &self.shared.clock
    }

    /// Ids of the accounts.
    pub fn accounts(&self) -> Vec<String> {
        self.shared.lock().accounts.keys().cloned().collect()
    }

    /// The simulated region.
    pub fn region(&self) -> String {
        self.shared.lock().settings.region.clone()
    }

    /// Why a statement failed, in the simulator's words. Library code may not call this; tests and people may.
    pub fn explain(&self, statement_id: &str) -> Option<String> {
        self.shared.lock().explanations.get(statement_id).cloned()
    }

    /// Works on topics and records directly, past the Kafka door and its permissions: for tests that need records to be
    /// there, and for services that put their own in.
    pub fn kafka<T>(&self, work: impl FnOnce(&mut crate::kafka::KafkaStore) -> T) -> T {
        work(&mut self.shared.lock().kafka)
    }

    /// Administers topics as whoever holds this access key, from inside the network of its account's clusters, past
    /// the sockets of a [`KafkaDoor`](crate::KafkaDoor).
    pub fn brokers(&self, access_key: impl Into<String>) -> Brokers {
        Brokers::new(Arc::clone(&self.shared), access_key.into())
    }

    /// Puts a fault rule in force until the guard is dropped.
    pub fn fault(&self, rule: Rule) -> Guard {
        self.shared.lock().faults.add(rule)
    }

    /// Resolves when a fault has killed the caller. Race the code under test against it and drop the loser.
    pub async fn killed(&self) {
        let mut killed = self.shared.killed.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = killed.wait_for(|killed| *killed).await;
    }

    /// Lets calls through again after a kill.
    pub fn revive(&self) {
        self.shared.killed.send_replace(false);
    }

    /// Clears everything: resources, records, call log, fault rules, and every change of settings. Accounts and their
    /// administrators' keys are as they were built or restored; time goes on.
    pub fn reset(&self) {
        *self.shared.lock() = self.shared.blueprint.world();
        self.revive();
    }

    /// Replaces the settings' switches, for tests that run under both.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.lock().settings);
    }
}

/// Folds the run's time into the clock, also when the future panics.
struct Running<'a>(&'a SimClock);

impl<'a> Running<'a> {
    fn start(clock: &'a SimClock) -> Self {
        clock.start();
        Self(clock)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
