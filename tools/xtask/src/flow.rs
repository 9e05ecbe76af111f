//! Which system calls are made while data flows: those of a trace between two times that the traced
//! program says itself. Asking for the time is no call, so that nothing is disturbed by it.

use anyhow::{Context, Result, anyhow, ensure};

/// From when to when data flowed, in seconds since 1970: the end of a line of the program's,
/// `… flowed from 1764200000.123456 to 1764200001.654321`.
pub fn interval(report: &str) -> Result<(f64, f64)> {
    let mut lines = report.lines().filter_map(|line| line.split_once(" flowed from "));
    let (_, times) = lines.next().ok_or_else(|| anyhow!("it did not say when data flowed"))?;
    let (from, to) = times.split_once(" to ").context("no end of the flow")?;
    let (from, to) = (from.trim().parse::<f64>()?, to.trim().parse::<f64>()?);
    ensure!(from < to, "data flowed from {from} to {to}");
    Ok((from, to))
}

/// The calls in a trace of `strace -f -ttt` that began within the interval. A trace that does not
/// go to the end of the process is an error.
pub fn calls_within(trace: &str, (from, to): (f64, f64)) -> Result<u64> {
    ensure!(trace.contains("+++ exited with 0 +++"), "the trace does not go to an orderly end");
    let mut calls = 0;
    for line in trace.lines() {
        // A process number, a time, and what was done then.
        let mut words = line.split_whitespace().skip(1);
        let (Some(time), Some(what)) = (words.next(), words.next()) else {
            return Err(anyhow!("a line without a time: {line}"));
        };
        let time: f64 = time.parse().with_context(|| format!("a line without a time: {line}"))?;
        // Signals, ends, and the second half of a call that another thread's came into.
        let is_call = !["---", "+++", "<..."].contains(&what);
        calls += u64::from(is_call && (from..=to).contains(&time));
    }
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
812   100.000001 execve(\"stream\", [\"stream\"], 0x7ffc /* 20 vars */) = 0
812   100.500000 futex(0x7f00, FUTEX_WAIT, 1, NULL) = 0
812   101.000000 futex(0x7f00, FUTEX_WAKE, 1 <unfinished ...>
813   101.000010 getpid() = 813
812   101.000020 <... futex resumed>) = 1
812   101.500000 --- SIGCHLD {si_signo=SIGCHLD} ---
812   102.000001 write(1, \"done\", 4) = 4
812   102.000100 +++ exited with 0 +++
";

    #[test]
    fn calls_count_that_begin_while_data_flows() {
        assert_eq!(calls_within(TRACE, (100.9, 102.0)).unwrap(), 2);
        assert_eq!(calls_within(TRACE, (101.1, 102.0)).unwrap(), 0);
        assert_eq!(calls_within(TRACE, (0.0, 200.0)).unwrap(), 5);
    }

    #[test]
    fn a_trace_that_is_cut_off_or_has_no_times_is_an_error() {
        let cut = TRACE.replace("+++ exited with 0 +++", "write(1");
        assert!(calls_within(&cut, (0.0, 200.0)).is_err());
        assert!(calls_within(&format!("{TRACE}812 futex(0x7f00) = 0\n"), (0.0, 1.0)).is_err());
    }

    #[test]
    fn a_program_says_when_data_flowed() {
        let said = "producer: 5 messages in 1s, 5/s; flowed from 100.250000 to 101.5\n";
        assert_eq!(interval(said).unwrap(), (100.25, 101.5));
        assert!(interval("producer: 5 messages in 1s, 5/s\n").is_err());
        assert!(interval("producer: flowed from 2.0 to 1.0\n").is_err());
    }
}
