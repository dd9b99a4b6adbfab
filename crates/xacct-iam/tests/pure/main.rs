//! Tests of everything that makes no call; they run with and without the feature `aws`.

mod chains;
mod documents;
mod evaluation;
mod laws;
mod world;
