//! A specification is put through everything that can go wrong with it, on the simulator; prints what survived.

use clap::{Arg, ArgAction, ArgMatches, Command};
use std::path::PathBuf;
use std::process::ExitCode;
use xacct_examples::drill::{Ground, PARTS, Part, Report, Trouble};
use xacct_examples::fail;

/// A flag for each part, and what is common to all.
fn command() -> Command {
    let file = |name, help| {
        let argument = Arg::new(name).long(name).value_name("FILE").help(help);
        argument.value_parser(clap::value_parser!(PathBuf))
    };
    let flag = |part: &Part| {
        Arg::new(part.name)
            .long(part.name)
            .help(part.about)
            .action(ArgAction::SetTrue)
    };
    Command::new("drill")
        .about("Puts a pipeline through everything that can go wrong with it, on the simulator")
        .after_help("All parts are done unless some are named.")
        .arg(file("spec", "The specification [default: the tutorial's]"))
        .arg(file("report", "Writes figures as JSON to this file"))
        .args(PARTS.iter().map(flag))
}

fn main() -> ExitCode {
    match run(&command().get_matches()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(error.as_ref()),
    }
}

/// Whether everything survived.
#[expect(clippy::print_stdout, reason = "an example talks to people")]
fn run(arguments: &ArgMatches) -> Result<bool, Trouble> {
    let file = |name: &str| arguments.get_one::<PathBuf>(name).map(PathBuf::as_path);
    let ground = Ground::read(file("spec"))?;
    let (mut report, mut survived) = (Report::default(), true);
    for part in chosen(arguments) {
        let findings = (part.run)(&ground, &mut report)?;
        println!("{}: {}\n\n{}", part.name, part.about, findings.text);
        survived &= findings.survived;
    }
    if let Some(file) = file("report") {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    println!(
        "{}",
        if survived {
            "everything survived"
        } else {
            "NOT everything survived"
        }
    );
    Ok(survived)
}

/// The parts that are named, or all.
fn chosen(arguments: &ArgMatches) -> Vec<&'static Part> {
    let named: Vec<&Part> = PARTS
        .iter()
        .filter(|part| arguments.get_flag(part.name))
        .collect();
    match named.is_empty() {
        true => PARTS.iter().collect(),
        false => named,
    }
}
