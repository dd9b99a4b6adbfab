//! The cache between an asynchronous source of credentials and librdkafka's synchronous callback.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvidedCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use msk_clickstream::{AuthError, IamAuth, Token, TokenError};

const START: Duration = Duration::from_secs(1_767_323_045);

/// A clock that is moved by hand.
#[derive(Debug, Clone)]
struct Clock(Arc<Mutex<SystemTime>>);

impl Clock {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

/// What the source does when it is asked.
#[derive(Debug)]
enum Answer {
    /// Gives credentials that live this long after the start.
    Until(Duration),
    Fails,
    Hangs,
}

/// A source that answers from a script and hangs at its end.
#[derive(Debug)]
struct Scripted(Mutex<VecDeque<Answer>>);

impl ProvideCredentials for Scripted {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        match self.0.lock().unwrap().pop_front().unwrap_or(Answer::Hangs) {
            Answer::Until(life) => {
                let expiry = SystemTime::UNIX_EPOCH + START + life;
                ProvidedCredentials::ready(Ok(Credentials::new("a", "b", None, Some(expiry), "test")))
            }
            Answer::Fails => ProvidedCredentials::ready(Err(CredentialsError::not_loaded("none"))),
            Answer::Hangs => ProvidedCredentials::new(std::future::pending()),
        }
    }
}

async fn start(answers: impl Into<VecDeque<Answer>>) -> (Result<IamAuth, AuthError>, Clock) {
    let clock = Clock(Arc::new(Mutex::new(SystemTime::UNIX_EPOCH + START)));
    let source = SharedCredentialsProvider::new(Scripted(Mutex::new(answers.into())));
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let region = "eu-west-1".parse().unwrap();
    let auth = IamAuth::start(region, source, SharedTimeSource::new(clock.clone()), Some(sleep)).await;
    (auth, clock)
}

fn life(token: &Token, clock: &Clock) -> Duration {
    token.expires_at().duration_since(clock.now()).unwrap()
}

async fn let_the_task_work() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_end_soon_are_replaced_before_they_end() {
    let answers = [
        Answer::Until(Duration::from_secs(300)),
        Answer::Until(Duration::from_secs(3_600)),
    ];
    let (auth, clock) = start(answers).await;
    let auth = auth.unwrap();
    assert_eq!(life(&auth.token().unwrap(), &clock), Duration::from_secs(300));
    let_the_task_work().await;
    assert_eq!(life(&auth.token().unwrap(), &clock), Duration::from_secs(900));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_or_fails_does_not_hold_up_the_callback() {
    let answers = [Answer::Until(Duration::from_secs(300)), Answer::Fails];
    let (auth, clock) = start(answers).await;
    let auth = auth.unwrap();
    for _ in 0..3 {
        auth.token().unwrap();
        let_the_task_work().await;
    }
    clock.advance(Duration::from_secs(300));
    let refused = auth.token().unwrap_err();
    assert!(
        matches!(refused, AuthError::Token(TokenError::CredentialsExpired)),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_answers_is_given_up_after_ten_seconds() {
    let before = tokio::time::Instant::now();
    let (auth, _) = start([]).await;
    assert!(matches!(auth.unwrap_err(), AuthError::SlowCredentials));
    assert_eq!(before.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn an_empty_source_is_told_at_once() {
    let (auth, _) = start([Answer::Fails]).await;
    assert!(matches!(auth.unwrap_err(), AuthError::Credentials(_)));
}

#[tokio::test(start_paused = true)]
async fn the_client_is_told_less_than_the_token_lives() {
    let (auth, clock) = start([Answer::Until(Duration::from_secs(36_000))]).await;
    let auth = auth.unwrap();
    clock.advance(Duration::from_secs(60));
    let told = auth.oauth_token().unwrap();
    let advertised = Duration::from_millis(u64::try_from(told.lifetime_ms).unwrap());
    assert_eq!(advertised, START + Duration::from_secs(60 + 570));
}
