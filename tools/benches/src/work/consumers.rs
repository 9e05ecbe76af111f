//! What attached consumers cost the producer.

use anyhow::{Context, Result, ensure};
use quanta::Clock;
use ringway::{Options, Ring, Start};

use crate::pair::{self, Child, Meeting, Setting};
use crate::peers::PATIENCE;
use crate::peers::ringway::Name;
use crate::trial::{Consumers, Kind};

/// `turns` times `burst` messages of 8 bytes, no more than fit, after a quarter as many that do not
/// count. Returns the nanoseconds per message sent.
pub fn run(
    setting: Setting,
    consumers: Consumers,
    capacity: usize,
    burst: u64,
    turns: u64,
) -> Result<f64> {
    let name = Name::fresh();
    let clock = Clock::new();
    let warm = turns / 4;
    let producer = |meeting: &Meeting| {
        let options = Options::<u64>::new(capacity).subscribers(consumers.count);
        let mut producer = options.create(name.0.as_str()).context("creating a segment")?;
        meeting.meet();
        meeting.meet();
        let mut time = 0;
        for turn in 0..warm + turns {
            let before = clock.raw();
            for i in 0..burst {
                producer.send(&(turn * burst + i))?;
            }
            let after = clock.raw();
            meeting.meet();
            meeting.meet();
            if turn >= warm {
                time += clock.delta_as_nanos(before, after);
            }
        }
        Ok(vec![time])
    };
    let other = |meeting: &Meeting| {
        meeting.meet();
        let open =
            || Ring::<u64>::open_wait(name.0.as_str(), PATIENCE).context("opening a segment");
        let bystanders = match consumers.kind {
            Kind::AsleepObservers => consumers.count,
            Kind::Subscribers => 0,
        };
        let _asleep: Vec<Child> = (0..bystanders)
            .map(|_| {
                let (attached, say) = std::io::pipe().context("pipe")?;
                let child = Child::start(move || {
                    let _observer = open()?.observe(Start::Next).context("joining")?;
                    drop(say);
                    // Until it is killed.
                    loop {
                        std::thread::park();
                    }
                })?;
                // It has attached when the pipe's other end is closed, or it has failed.
                ensure!(std::io::read_to_string(attached)?.is_empty(), "nothing is written there");
                Ok(child)
            })
            .collect::<Result<_>>()?;
        let mut subscribers = Vec::new();
        if consumers.kind == Kind::Subscribers {
            let ring = open()?;
            for _ in 0..consumers.count {
                subscribers.push(ring.subscribe(Start::Next).context("joining")?);
            }
        }
        let mut batch = vec![0; burst as usize];
        meeting.meet();
        for turn in 0..warm + turns {
            meeting.meet();
            for subscriber in &mut subscribers {
                let got = subscriber.try_recv_batch(&mut batch)?;
                ensure!(got as u64 == burst && batch[0] == turn * burst, "a message is missing");
            }
            meeting.meet();
        }
        Ok(Vec::new())
    };
    let [time, _] = pair::run(setting, producer, other)?;
    Ok(time.iter().sum::<u64>() as f64 / (turns * burst) as f64)
}
