//! `forklore`: see what a command's processes do, and why they do not move.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod class;
mod columns;
mod contain;
mod doctor;
mod ear;
mod grade;
mod learn;
mod lesson;
mod limits;
mod locale;
mod reports;
mod ring;
mod see;
mod surroundings;
mod why;

/// The exit code of what could not be done here.
const COULD_NOT: u8 = 3;

/// See what a command's processes do, and why they do not move.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80)]
struct Forklore {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
// What is said above a variant hides what its struct says in --help.
enum Command {
    See(see::See),
    Grade(grade::Grade),
    Class(class::Class),
    Learn(learn::Learn),
    #[command(hide = true)]
    LearnWorker(learn::Worker),
    Doctor(doctor::Doctor),
    Why(why::Why),
}

fn main() -> ExitCode {
    observer::keeper_main_with(grader::confine);
    if let Some(says) = limits::lack_of_stack() {
        // Nobody may be there to hear it.
        writeln!(io::stderr(), "{says}").ok();
        return ExitCode::from(COULD_NOT);
    }
    run()
}

/// Apart from `main`, so that its frame is not on the stack of who has none.
#[inline(never)]
fn run() -> ExitCode {
    match Forklore::parse().command {
        Command::See(see) => see.run(),
        Command::Grade(grade) => grade.run(),
        Command::Class(class) => class.run(),
        Command::Learn(learn) => learn.run(),
        Command::LearnWorker(worker) => worker.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Why(why) => why.run(),
    }
}
