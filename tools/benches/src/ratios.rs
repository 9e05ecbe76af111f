//! The ratios by which the project is judged, and what is wanted of them.

use crate::catalogue::{CAPACITY, IN_PLACE, OBSERVER, OURS};
use crate::results::Results;
use crate::stats::Summary;
use crate::trial::{Consumers, Key, Kind, Work};
use crate::work::stream::Calls;

/// What a ratio should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

impl Wanted {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Wanted::AtMost(limit) => value <= limit,
            Wanted::AtLeast(limit) => value >= limit,
        }
    }
}

/// A ratio of two figures that were taken beside each other.
#[derive(Clone, Debug)]
pub struct Ratio {
    pub name: String,
    pub value: Summary,
    pub wanted: Option<Wanted>,
}

/// A figure that comes from elsewhere and is no spread of many.
pub fn single(name: &str, value: f64) -> Ratio {
    let value = Summary { median: value, lower: value, upper: value };
    Ratio { name: name.into(), value, wanted: wanted(name) }
}

/// All the ratios for which there are figures.
pub fn all(results: &Results) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    let mut add = |name: String, one: Key, other: Key, wanted: Option<Wanted>| {
        ratios.extend(results.ratio(one, other).map(|value| Ratio { name, value, wanted }));
    };
    let keys: Vec<Key> = results.keys().collect();
    for &ours in keys.iter().filter(|key| key.name == OURS) {
        let others = keys.iter().filter(|key| {
            let same = (key.work, key.size, key.capacity) == (ours.work, ours.size, ours.capacity);
            same && ![OURS, OBSERVER, IN_PLACE].contains(&key.name)
        });
        for &other in others {
            let usual = ours.size > 1024 || ours.capacity == CAPACITY;
            let Some(work) = word(ours.work).filter(|_| usual) else { continue };
            let them = them(ours.work, other.name);
            let name = match ours.work {
                Work::Wake => format!("{work}_over_{them}"),
                _ => format!("{work}_{}_over_{them}", size(ours.size)),
            };
            let wanted = wanted(&name);
            match ours.work {
                // Messages per time, not time per message.
                Work::Stream(_) => add(name, other, ours, wanted),
                _ => add(name, ours, other, wanted),
            }
        }
    }
    for &in_place in keys.iter().filter(|key| key.name == IN_PLACE) {
        if in_place.work == Work::Stream(Calls::OneAtATime) {
            let name = format!("zero_copy_{}_over_copy", size(in_place.size));
            let wanted = (in_place.size == 1 << 16).then_some(Wanted::AtLeast(1.0));
            add(name, Key { name: OURS, ..in_place }, in_place, wanted);
        }
    }
    for size in [8, 56] {
        let drain = |name| Key { work: Work::Drain, size, capacity: CAPACITY, name };
        let name = format!("observer_{size}_over_subscriber");
        let wanted = (size == 56).then_some(Wanted::AtLeast(0.97));
        add(name, drain(OURS), drain(OBSERVER), wanted);
    }
    for count in [1, 8, 32] {
        for (kind, word) in
            [(Kind::AsleepObservers, "observers"), (Kind::Subscribers, "subscribers")]
        {
            let key = |count| {
                let work = Work::Consumers(Consumers { kind, count });
                Key { work, size: 8, capacity: CAPACITY, name: OURS }
            };
            let asleep = (count, kind) == (32, Kind::AsleepObservers);
            let wanted = asleep.then_some(Wanted::AtMost(1.02));
            add(format!("producer_{count}_{word}_over_0"), key(count), key(0), wanted);
        }
    }
    ratios
}

/// The name of a kind of work of which there are ratios.
fn word(work: Work) -> Option<&'static str> {
    Some(match work {
        Work::Latency => "latency",
        Work::Stream(Calls::OneAtATime) => "stream",
        Work::Stream(Calls::Batches) => "batch",
        Work::Wake => "wake",
        Work::Create => "create",
        Work::Join => "join",
        Work::Memory => "memory",
        Work::Drain | Work::Consumers(_) => return None,
    })
}

/// The name of the other one.
fn them(work: Work, name: &str) -> String {
    match (work, name) {
        // What rtrb calls its batches.
        (Work::Stream(Calls::Batches), "rtrb") => "rtrb_chunks".into(),
        _ => name.to_lowercase(),
    }
}

/// A number of bytes, short.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => bytes.to_string(),
        1024..0x10_0000 => format!("{}k", bytes >> 10),
        _ => format!("{}m", bytes >> 20),
    }
}

fn wanted(name: &str) -> Option<Wanted> {
    Some(match name {
        "syscalls_per_message" => Wanted::AtMost(0.0),
        "latency_8_over_f1" | "latency_56_over_f1" => return None,
        "latency_8_over_f2" => Wanted::AtMost(1.05),
        "latency_56_over_f2" => Wanted::AtMost(1.2),
        "stream_8_over_rtrb" => Wanted::AtLeast(2.5),
        "stream_8_over_ringfire" => Wanted::AtLeast(3.5),
        "stream_8_over_shaq_spsc" => Wanted::AtLeast(15.0),
        "stream_8_over_iceoryx2" => Wanted::AtLeast(80.0),
        "stream_56_over_rtrb" | "stream_56_over_ringfire" => Wanted::AtLeast(1.8),
        "stream_56_over_shaq_spsc" => Wanted::AtLeast(8.0),
        "batch_8_over_f3" => Wanted::AtLeast(0.45),
        "stream_64k_over_f4" => Wanted::AtLeast(0.95),
        "wake_over_f5" => Wanted::AtMost(1.1),
        _ if name.starts_with("latency_8_over_") || name.starts_with("latency_56_over_") => {
            Wanted::AtMost(1.0)
        }
        _ => return None,
    })
}
