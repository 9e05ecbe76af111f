//! What operations cost, on this machine and on boards.

use super::super::{Outcome, Step};
use crate::firmware;
use crate::instructions;
use crate::setup::{STRACE, VALGRIND};
use crate::syscalls::{self, Figure};

pub fn instructions(steps: &mut Vec<Step>) {
    let step = Step::new("instructions", |project, _log| {
        let figures = instructions::measure(project, false)?;
        let lines: Vec<String> = figures.iter().map(ToString::to_string).collect();
        Ok(Outcome::of(figures.iter().all(instructions::Figure::holds), lines))
    });
    steps.push(step.needs([VALGRIND]));
}

pub fn firmware(steps: &mut Vec<Step>) {
    for board in &firmware::BOARDS {
        let step = Step::new(format!("firmware: {}", board.name), |project, _log| {
            let report = firmware::check(project, board)?;
            let lines: Vec<String> = report.lines.iter().map(ToString::to_string).collect();
            Ok(if report.holds() {
                Outcome::Passed(vec![report.last_check().to_owned()])
            } else {
                Outcome::Failed(lines.join("\n"))
            })
        });
        steps.push(step.needs(board.needs()));
    }
}

pub fn syscalls(steps: &mut Vec<Step>) {
    let step = Step::new("syscalls", |project, _log| {
        let figures = syscalls::measure(project)?;
        let lines: Vec<String> = figures.iter().map(Figure::to_string).collect();
        Ok(Outcome::of(figures.iter().all(Figure::holds), lines))
    });
    steps.push(step.needs([STRACE]));
}
