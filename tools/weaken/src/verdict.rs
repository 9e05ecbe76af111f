//! What the end of a model says about a mutant.
//!
//! A kill is a claim: this model's assertion, or loom's own report of a race, a deadlock or a
//! leak, failed. A model that merely did not get through says nothing. A mutant can make a model
//! so slow that its time runs out, or so long that loom gives up, and can do so in a model that
//! never looks at what the ordering is for.

use std::process::ExitStatus;

/// How a test program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Well,
    Badly(i32),
    BySignal(i32),
    /// Its time was over, and it was killed.
    TimeOut,
}

impl Ended {
    /// `None` stands for a program that had to be killed.
    pub fn new(status: Option<ExitStatus>) -> Ended {
        let Some(status) = status else {
            return Ended::TimeOut;
        };
        match (status.success(), status.code()) {
            (true, _) => Ended::Well,
            (false, Some(code)) => Ended::Badly(code),
            (false, None) => Ended::BySignal(signal(status)),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> i32 {
    0
}

/// What one model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// With the first line of what failed.
    Killed(String),
    /// With the reason why it says nothing.
    Inconclusive(String),
}

/// How loom's own reports begin. What else loom panics with is about the model (too long, too many
/// threads, not deterministic) or about loom itself.
const REPORTS: [&str; 5] =
    ["Causality violation", "deadlock;", "Allocation leaked", "Arc leaked", "Messages leaked"];

/// Said by the runtime of a thread, and by loom of a thread of a model, which then unwinds.
const OVERFLOW: &str = "has overflowed its stack";

/// Judges a run of one model by how it ended and what it printed.
pub fn judge(ended: Ended, output: &str) -> Verdict {
    match ended {
        Ended::Well if output.contains("test result: ok. 1 passed;") => return Verdict::Passed,
        Ended::Well => return Verdict::Inconclusive("the model was not run".into()),
        Ended::TimeOut => return Verdict::Inconclusive("its time ran out".into()),
        Ended::Badly(_) | Ended::BySignal(_) => {}
    }
    // What comes first counts: handles that are dropped while it unwinds may bring about more, and
    // an abort. After a deadlock loom always aborts.
    let until_overflow = output.split(OVERFLOW).next().unwrap_or(output);
    let Some(panic) = Panic::first(until_overflow) else {
        return Verdict::Inconclusive(without_panic(ended, output));
    };
    let counts = if panic.is_of_loom() {
        REPORTS.iter().any(|report| panic.message.starts_with(report))
    } else {
        panic.is_of_model()
    };
    if counts {
        Verdict::Killed(panic.message)
    } else {
        Verdict::Inconclusive(format!("{} (at {})", panic.message, panic.short_place()))
    }
}

fn without_panic(ended: Ended, output: &str) -> String {
    if output.contains(OVERFLOW) {
        return "its stack overflowed".into();
    }
    match ended {
        Ended::BySignal(signal) => format!("ended by signal {signal}"),
        _ => "failed without a panic".into(),
    }
}

struct Panic {
    /// `file:line:column`.
    place: String,
    /// The first line that says something.
    message: String,
}

impl Panic {
    fn first(output: &str) -> Option<Panic> {
        let (_, rest) = output.split_once(" panicked at ")?;
        let (place, rest) = rest.split_once('\n')?;
        let message = rest.lines().map(str::trim).find(|line| !line.is_empty());
        Some(Panic {
            place: place.trim_end_matches(':').to_owned(),
            message: message.unwrap_or("(no message)").to_owned(),
        })
    }

    fn is_of_loom(&self) -> bool {
        self.place.contains("/loom-0.")
    }

    /// In the models or in what they share. Their paths are printed relative to their package; the
    /// library's are not, since it is a dependency from outside.
    fn is_of_model(&self) -> bool {
        self.place.starts_with("tests/")
            || self.place.starts_with("src/")
            || self.place.contains("/loom-tests/")
    }

    /// Without the folders that are the same for all, or different on every machine.
    fn short_place(&self) -> &str {
        let place = &self.place;
        let end = ["/src/", "/tests/"].iter().filter_map(|folder| place.rfind(folder)).max();
        end.map_or(place, |at| &place[at + 1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOM: &str = "/home/x/.cargo/registry/src/index-1/loom-0.7.2/src/rt";

    fn panicked(place: &str, message: &str) -> String {
        format!(
            "\nrunning 1 test\n\nthread 'wrap' (17) panicked at {place}:12:5:\n{message}\n\
             note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n\
             test wrap ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n"
        )
    }

    fn killed(message: &str) -> Verdict {
        Verdict::Killed(message.into())
    }

    fn inconclusive(verdict: Verdict) -> String {
        match verdict {
            Verdict::Inconclusive(why) => why,
            other => panic!("{other:?} is not inconclusive"),
        }
    }

    #[test]
    fn a_model_that_passes_has_run() {
        let passed = "test wrap ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
        assert_eq!(judge(Ended::Well, passed), Verdict::Passed);
        let none = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out\n";
        assert_eq!(inconclusive(judge(Ended::Well, none)), "the model was not run");
    }

    #[test]
    fn an_assertion_of_a_model_kills() {
        let output = panicked("tests/wrap.rs", "assertion `left == right` failed: torn\n  left: 1");
        let kill = killed("assertion `left == right` failed: torn");
        assert_eq!(judge(Ended::Badly(101), &output), kill);
        let shared = panicked("/w/copy-0/loom-tests/src/lib.rs", "lost");
        assert_eq!(judge(Ended::Badly(101), &shared), killed("lost"));
        // Also when what was dropped on the way out panicked as well, and so aborted.
        let twice = output + &panicked("/w/src/ring/producer.rs", "again") + "aborting.";
        assert_eq!(judge(Ended::BySignal(6), &twice), kill);
    }

    #[test]
    fn reports_of_loom_kill() {
        let deadlock =
            panicked(&format!("{LOOM}/execution.rs"), "deadlock; threads = [(Id(0), ..)]");
        assert_eq!(
            judge(Ended::Badly(101), &deadlock),
            killed("deadlock; threads = [(Id(0), ..)]")
        );
        let aborted = deadlock.clone() + &panicked(&format!("{LOOM}/thread.rs"), "called `unwrap`");
        assert_eq!(
            judge(Ended::BySignal(6), &aborted),
            killed("deadlock; threads = [(Id(0), ..)]")
        );
        let race = "\nCausality violation: Concurrent read and write accesses.\n    created: a";
        assert_eq!(
            judge(Ended::Badly(101), &panicked(&format!("{LOOM}/location.rs"), race)),
            killed("Causality violation: Concurrent read and write accesses.")
        );
        let leak = panicked(&format!("{LOOM}/arc.rs"), "Arc leaked.\n  Index: 2");
        assert_eq!(judge(Ended::Badly(101), &leak), killed("Arc leaked."));
    }

    #[test]
    fn a_model_that_does_not_get_through_says_nothing() {
        let long =
            "Model exceeded maximum number of branches. This is often caused by an algorithm";
        let output = panicked(&format!("{LOOM}/path.rs"), long);
        let why = inconclusive(judge(Ended::Badly(101), &output));
        assert_eq!(why, format!("{long} (at src/rt/path.rs:12:5)"));
        let own = panicked(&format!("{LOOM}/atomic.rs"), "[loom internal bug] cnt = 1");
        inconclusive(judge(Ended::Badly(101), &own));
        assert_eq!(inconclusive(judge(Ended::TimeOut, &output)), "its time ran out");
        let overflow = "\nthread 'wrap' has overflowed its stack\nfatal runtime error\n";
        assert_eq!(inconclusive(judge(Ended::BySignal(6), overflow)), "its stack overflowed");
        assert_eq!(inconclusive(judge(Ended::BySignal(11), "")), "ended by signal 11");
        assert_eq!(inconclusive(judge(Ended::Badly(3), "")), "failed without a panic");
    }

    #[test]
    fn a_panic_of_the_library_is_not_an_assertion_of_a_model() {
        let output = panicked("/w/target/weaken/copy-0/src/ring/credit.rs", "overflow");
        let why = inconclusive(judge(Ended::Badly(101), &output));
        assert_eq!(why, "overflow (at src/ring/credit.rs:12:5)");
    }
}
