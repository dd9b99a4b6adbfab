//! The drill: one specification, and everything that can go wrong with it, on the simulator.
//!
//! Each part of the drill is a row of [`PARTS`]: a name, which is also its flag on the command line, and a function that
//! does it. A part writes its own fields of the [`Report`] and says what a person reads. Tests call the same functions.

mod brokers;
pub mod faults;
mod ground;
pub mod pace;
pub mod proof;
mod report;

pub use ground::Ground;
pub use report::{Report, Scaled};

/// Why a part could not be done at all.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// What a part of the drill found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// A table for people.
    pub text: String,
    /// Whether everything survived.
    pub survived: bool,
}

/// A part of the drill.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its name and its flag.
    pub name: &'static str,
    /// What it does, for `--help`.
    pub about: &'static str,
    /// Does it.
    pub run: fn(&Ground, &mut Report) -> Result<Findings, Trouble>,
}

/// Every part, in the order in which they are done.
pub const PARTS: &[Part] = &[
    Part {
        name: "faults",
        about: "Every fault at every call of a deployment, one by one",
        run: faults::run,
    },
    Part {
        name: "pace",
        about: "How long a deployment takes and how many calls it makes, over 100 seeds, beside other orders",
        run: pace::run,
    },
    Part {
        name: "proof",
        about: "Every element of the network changed, one by one: the proof against the packet walk",
        run: proof::run,
    },
];
