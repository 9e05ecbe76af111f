//! Jobs that are spread over workers, of whom one is killed on the way. All work gets done.
//!
//! ```text
//! workers [COUNT]
//! ```
//!
//! The office sends `COUNT` jobs (20,000 by default) to a group of three processes; each job goes
//! to one of them. Each answers on a ring of its own, and says then that the job is done. When a
//! third of the answers are there, the office kills one of the three. What that had taken and not
//! done goes to the others, marked, so that an answer which comes twice is known by its mark.

use std::error::Error;
use std::process::ExitCode;

type Outcome = Result<String, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => sides::office(20_000),
        ["worker", jobs, answers] => sides::worker(jobs, answers),
        [count] => match count.parse() {
            Ok(count) => sides::office(count),
            Err(_) => Err("usage: workers [COUNT]".into()),
        },
        _ => Err("usage: workers [COUNT]".into()),
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(all(feature = "std", feature = "derive", target_os = "linux"))]
mod sides {
    use std::process::{Child, Command};
    use std::thread;
    use std::time::{Duration, Instant};

    use ringway::error::{RecvError, TryRecvError, TrySendError};
    use ringway::{Options, Producer, Ring, Start, Subscriber, Worker, message};

    use super::Outcome;

    /// How long each side waits for the others to be there, and the office for an answer.
    const PATIENCE: Duration = Duration::from_secs(10);
    const WORKERS: usize = 3;
    const GROUP: &str = "workers";

    #[message]
    #[derive(Clone, Copy)]
    struct Job {
        number: u64,
    }

    #[message]
    #[derive(Clone, Copy)]
    struct Answer {
        number: u64,
        steps: u32,
        /// 1: another worker may have answered this before.
        again: u32,
    }

    /// The work: how many steps of Collatz's the numbers of a job take to come to 1.
    fn steps(job: Job) -> u32 {
        let first = job.number * 100 + 1;
        let mut steps = 0;
        for mut n in first..first + 100 {
            while n != 1 {
                n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
                steps += 1;
            }
        }
        steps
    }

    pub(super) fn office(count: u64) -> Outcome {
        let name = format!("ringway-workers-{}", std::process::id());
        let options = Options::<Job>::new(256).subscribers(0).groups(1).workers(WORKERS + 1);
        let mut producer = options.create(name.as_str())?;
        // The group is there before its workers, and keeps what is sent meanwhile.
        drop(Worker::join(&Ring::<Job>::open(name.as_str())?, GROUP)?);
        let mut crew = Vec::new();
        for number in 0..WORKERS {
            crew.push(Employee::start(&name, number)?);
        }
        let report = Account::new(count).keep(&mut producer, &mut crew)?;
        producer.close().unwrap();
        for employee in crew.iter_mut().filter(|employee| !employee.killed) {
            if !employee.process.wait()?.success() {
                return Err("a worker failed".into());
            }
        }
        Ok(report)
    }

    /// A worker, as the office knows it.
    struct Employee {
        process: Child,
        killed: bool,
        answers: Subscriber<Answer>,
        name: String,
    }

    impl Employee {
        fn start(jobs: &str, number: usize) -> Result<Employee, Box<dyn std::error::Error>> {
            let name = format!("{jobs}-{number}");
            let program = std::env::current_exe()?;
            let process = Command::new(program).args(["worker", jobs, &name]).spawn()?;
            let ring = Ring::<Answer>::open_wait(name.as_str(), PATIENCE)?;
            let answers = ring.subscribe(Start::Oldest)?;
            Ok(Employee { process, killed: false, answers, name })
        }
    }

    impl Drop for Employee {
        fn drop(&mut self) {
            // A run that was killed has left its names behind.
            let _ = self.process.kill();
            let _ = self.process.wait();
            if let Err(error) = ringway::segment::unlink(self.name.as_str()) {
                eprintln!("removing {}: {error}", self.name);
            }
        }
    }

    /// What has been sent and answered.
    struct Account {
        sent: u64,
        answered: Vec<bool>,
        done: u64,
        again: u64,
    }

    impl Account {
        fn new(count: u64) -> Account {
            Account { sent: 0, answered: vec![false; count as usize], done: 0, again: 0 }
        }

        fn keep(mut self, producer: &mut Producer<Job>, crew: &mut [Employee]) -> Outcome {
            let count = self.answered.len() as u64;
            let mut last = Instant::now();
            while self.done < count {
                let before = (self.sent, self.done);
                if self.sent < count {
                    match producer.try_send(&Job { number: self.sent }) {
                        Ok(()) => self.sent += 1,
                        Err(TrySendError::Full) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                for employee in &mut *crew {
                    while let Some(answer) = next(employee)? {
                        self.note(answer)?;
                    }
                }
                if self.done >= count / 3 && crew.iter().all(|employee| !employee.killed) {
                    crew[0].process.kill()?;
                    crew[0].killed = true;
                }
                if (self.sent, self.done) != before {
                    last = Instant::now();
                } else if last.elapsed() > PATIENCE {
                    return Err(format!("no answer within {PATIENCE:?}").into());
                } else {
                    thread::yield_now();
                }
            }
            Ok(format!(
                "office: {count} jobs, all done, one of {WORKERS} workers killed; {} answered again, all marked",
                self.again
            ))
        }

        fn note(&mut self, answer: Answer) -> Result<(), Box<dyn std::error::Error>> {
            let Answer { number, again, .. } = answer;
            if answer.steps != steps(Job { number }) {
                return Err(format!("the answer to job {number} is wrong").into());
            }
            let answered = self.answered.get_mut(number as usize).ok_or("there is no such job")?;
            if !*answered {
                *answered = true;
                self.done += 1;
            } else if again == 1 {
                self.again += 1;
            } else {
                return Err(format!("job {number} was done twice, without a mark").into());
            }
            Ok(())
        }
    }

    /// What a worker has answered, if anything.
    fn next(employee: &mut Employee) -> Result<Option<Answer>, TryRecvError> {
        match employee.answers.try_recv() {
            Ok(answer) => Ok(Some(answer)),
            Err(TryRecvError::Empty) => Ok(None),
            // Everything that it had answered has been received.
            Err(TryRecvError::ProducerDied) if employee.killed => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn worker(jobs: &str, answers: &str) -> Outcome {
        let mut producer = Options::<Answer>::new(64).subscribers(1).create(answers)?;
        producer.wait_for_consumers(1, PATIENCE)?;
        let mut worker = Worker::join(&Ring::<Job>::open_wait(jobs, PATIENCE)?, GROUP)?;
        let mut count = 0;
        loop {
            match worker.recv() {
                Ok(job) => {
                    let again = u32::from(job.redelivered());
                    // First the answer: if this process dies between the two, the job is done
                    // again, and marked.
                    producer.send(&Answer { number: job.number, steps: steps(*job), again })?;
                    job.done()?;
                    count += 1;
                }
                Err(RecvError::Closed) => return Ok(format!("worker: {count} jobs")),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Elsewhere there are no segments.
#[cfg(not(all(feature = "std", feature = "derive", target_os = "linux")))]
mod sides {
    use super::Outcome;

    pub(super) fn office(_count: u64) -> Outcome {
        Err("shared-memory segments take Linux and the feature `std`".into())
    }

    pub(super) fn worker(_jobs: &str, _answers: &str) -> Outcome {
        office(0)
    }
}
