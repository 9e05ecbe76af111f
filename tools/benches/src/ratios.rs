//! The ratios by which the project is judged, and what is wanted of them.
//!
//! Like is compared with like: copied messages with copied ones, those in place with those in place.
//! A name without more is of copied ones; `in_place_` and `copied_in_` say of what else. Where one of
//! the field has a row of another kind only, the end of the name says which; nothing is wanted of it.

use crate::catalogue::{
    ARRAYS, CAPACITY, CHANNEL, DATAGRAMS, OBSERVER, OURS, POLLED, SET_OF_1, SET_OF_128, SMALL_RING,
    TASK, WORKER, WRITABLE, usual_capacity,
};
use crate::mail;
use crate::regime::Regime;
use crate::results::Results;
use crate::stats::Summary;
use crate::sync;
use crate::transport::Manner;
use crate::trial::{Consumers, Key, Kind, Work};
use crate::work::stream::Calls;

/// What a ratio should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Limit {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Limit::AtMost(limit) => value <= limit,
            Limit::AtLeast(limit) => value >= limit,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Limit::AtMost(limit) => write!(f, "≤ {limit}"),
            Limit::AtLeast(limit) => write!(f, "≥ {limit}"),
        }
    }
}

/// A ratio of two figures that were taken beside each other.
#[derive(Clone, Debug)]
pub struct Ratio {
    pub name: String,
    pub value: Summary,
    /// Of whom it was taken, if of the best of some.
    pub best: Option<&'static str>,
    /// Of how many rounds it is the median.
    pub rounds: usize,
}

/// A figure that comes from elsewhere and is no spread of many.
pub fn single(name: &str, value: f64) -> Ratio {
    let value = Summary { median: value, lower: value, upper: value };
    Ratio { name: name.into(), value, best: None, rounds: 1 }
}

/// What a ratio is of.
#[derive(Clone, Debug)]
pub struct Definition {
    pub name: String,
    ours: Key,
    /// The other one, or those of which the best counts.
    theirs: Vec<Key>,
    /// Messages per time, where the figures are time per message.
    is_rate: bool,
}

impl Definition {
    /// Of one of ours and one other.
    pub fn new(name: String, ours: Key, theirs: Key, is_rate: bool) -> Definition {
        Definition { name, ours, theirs: vec![theirs], is_rate }
    }

    /// What has to be measured for it.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        std::iter::once(self.ours).chain(self.theirs.iter().copied())
    }

    /// None if there are no figures. The best is who has the best median of the whole run.
    pub fn take(self, results: &Results) -> Option<Ratio> {
        let medians = self.theirs.iter().filter_map(|&key| {
            let median = results.summary(key, |figures| figures.value)?.median;
            Some((key, median))
        });
        let (best, _) = medians.min_by(|one, other| one.1.total_cmp(&other.1))?;
        let (value, rounds) = match self.is_rate {
            true => results.ratio(best, self.ours)?,
            false => results.ratio(self.ours, best)?,
        };
        let best = (self.theirs.len() > 1).then_some(best.name);
        Some(Ratio { name: self.name, value, best, rounds })
    }
}

/// All the ratios for which there are figures.
pub fn all(results: &Results) -> Vec<Ratio> {
    let keys: Vec<Key> = results.keys().collect();
    definitions(&keys).into_iter().filter_map(|definition| definition.take(results)).collect()
}

/// All ratios of figures with these keys.
pub fn definitions(keys: &[Key]) -> Vec<Definition> {
    let mut all = Vec::new();
    for &ours in keys.iter().filter(|key| key.name == OURS) {
        let Some(word) = word(ours.work) else { continue };
        let name = match ours.work {
            Work::Wake | Work::OneProcessor | Work::Mixed | Work::Shared(_) => word.to_owned(),
            _ => format!("{word}_{}", size(ours.size)),
        };
        let name = match ours.capacity {
            SMALL_RING => format!("{name}_of_{SMALL_RING}"),
            capacity if capacity == usual_capacity(ours.size) => name,
            _ => continue,
        };
        let name = format!("{}{name}", prefix(ours.manner));
        let is_rate = is_rate(ours.work);
        let mut rivals = Vec::new();
        for &other in keys.iter().filter(|key| is_of_the_field(key) && is_beside(ours, **key)) {
            let them = other.name.to_lowercase();
            let floor = is_floor(other.name);
            let name = match other.manner {
                manner if manner == ours.manner || floor => format!("{name}_over_{them}"),
                manner if ours.manner == Manner::Copied && !has(keys, other, ours.manner) => {
                    format!("{name}_over_{them}_{}", manner.word())
                }
                _ => continue,
            };
            if RIVALS.contains(&other.name) && other.manner == Manner::InPlace {
                rivals.push(other);
            }
            all.push(Definition { name, ours, theirs: vec![other], is_rate });
        }
        let streams = matches!(ours.work, Work::Stream(_));
        if streams && ours.manner == Manner::InPlace && !rivals.is_empty() {
            let name = format!("{name}_over_best");
            all.push(Definition { name, ours, theirs: rivals, is_rate });
        }
    }
    all.extend(of_our_own(keys));
    all
}

/// Ratios of one of ours to another of ours.
fn of_our_own(keys: &[Key]) -> Vec<Definition> {
    let mut all = Vec::new();
    let mut add = |name: String, ours: Key, theirs: Key, is_rate: bool| {
        if keys.contains(&ours) && keys.contains(&theirs) {
            all.push(Definition { name, ours, theirs: vec![theirs], is_rate });
        }
    };
    for &in_place in keys.iter().filter(|key| key.name == OURS && key.manner == Manner::InPlace) {
        if in_place.work == Work::Stream(Calls::OneAtATime) && in_place.size > 1024 {
            let name = format!("zero_copy_{}_over_copy", size(in_place.size));
            add(name, in_place, Key { manner: Manner::Copied, ..in_place }, true);
        }
    }
    for &writable in keys.iter().filter(|key| key.name == WRITABLE) {
        let Some(word) = word(writable.work) else { continue };
        let name = format!("{}{word}_{}", prefix(writable.manner), size(writable.size));
        let ours = Key { name: OURS, ..writable };
        add(format!("{name}_over_writable"), ours, writable, is_rate(writable.work));
    }
    let key =
        |work, size, name| Key { work, size, capacity: CAPACITY, manner: Manner::Copied, name };
    for size in [8, 56] {
        let drain = |name| key(Work::Drain, size, name);
        let name = format!("observer_{size}_over_subscriber");
        add(name, drain(OBSERVER), drain(OURS), true);
    }
    for calls in [Calls::OneAtATime, Calls::Batches] {
        let stream = |name| key(Work::Stream(calls), 8, name);
        let word = word(Work::Stream(calls)).unwrap_or_default();
        add(format!("{word}_8_worker_over_subscriber"), stream(WORKER), stream(OURS), true);
        let arrays = key(Work::Arrays(calls), 8, ARRAYS);
        add(format!("{word}_arrays_over_numbers"), arrays, stream(OURS), true);
    }
    let wake = |name| key(Work::Wake, 8, name);
    for (members, set) in [(1, SET_OF_1), (128, SET_OF_128)] {
        add(format!("wake_set_of_{members}_over_recv"), wake(set), wake(OURS), false);
    }
    for theirs in [CHANNEL, DATAGRAMS] {
        add(format!("wake_task_over_{theirs}"), wake(TASK), wake(theirs), false);
    }
    let stream = |name| key(Work::Stream(Calls::OneAtATime), 56, name);
    add("stream_56_polled_over_recv".into(), stream(POLLED), stream(OURS), true);
    for count in [1, 8, 32] {
        for (kind, word) in
            [(Kind::AsleepObservers, "observers"), (Kind::Subscribers, "subscribers")]
        {
            let with = |count| key(Work::Consumers(Consumers { kind, count }), 8, OURS);
            add(format!("producer_{count}_{word}_over_0"), with(count), with(0), false);
        }
    }
    all
}

/// Those of whom the best is to be reached in place.
const RIVALS: [&str; 4] = ["rtrb", "disruptor", "shaq_spsc", "shaq_broadcast"];

fn is_of_the_field(key: &Key) -> bool {
    !key.name.starts_with(OURS)
}

fn is_beside(one: Key, other: Key) -> bool {
    (one.work, one.size, one.capacity) == (other.work, other.size, other.capacity)
}

/// Whether the same one does the same work with its payload in another way.
fn has(keys: &[Key], key: Key, manner: Manner) -> bool {
    keys.contains(&Key { manner, ..key })
}

fn is_floor(name: &str) -> bool {
    name.starts_with('F')
}

fn prefix(manner: Manner) -> &'static str {
    match manner {
        Manner::Copied => "",
        Manner::CopiedIn => "copied_in_",
        Manner::InPlace => "in_place_",
    }
}

fn is_rate(work: Work) -> bool {
    match work {
        Work::Stream(_) | Work::Mixed | Work::Arrays(_) | Work::Shared(_) | Work::FanOut(_) => true,
        Work::Latency | Work::OneProcessor | Work::Drain | Work::Wake => false,
        Work::Consumers(_) => false,
        Work::Create | Work::Join | Work::Memory | Work::Sync(_) | Work::Mail(_) => false,
    }
}

/// The name of a kind of work of which there are ratios to others.
fn word(work: Work) -> Option<&'static str> {
    Some(match work {
        Work::Latency => "latency",
        Work::OneProcessor => "one_processor",
        Work::Stream(Calls::OneAtATime) => "stream",
        Work::Stream(Calls::Batches) => "batch",
        Work::Mixed => "mixed",
        Work::Shared(Calls::OneAtATime) => "shared",
        Work::Shared(Calls::Batches) => "shared_batch",
        Work::FanOut(_) => "fan_out",
        Work::Wake => "wake",
        Work::Create => "create",
        Work::Join => "join",
        Work::Memory => "memory",
        Work::Drain | Work::Consumers(_) | Work::Arrays(_) => return None,
        Work::Sync(_) | Work::Mail(_) => return None,
    })
}

/// The name of a kind of work in what is stored.
pub fn work_name(work: Work) -> String {
    match work {
        Work::Drain => "drain".into(),
        Work::Arrays(Calls::OneAtATime) => "arrays".into(),
        Work::Arrays(Calls::Batches) => "arrays_batch".into(),
        Work::Consumers(Consumers { kind: Kind::AsleepObservers, count }) => {
            format!("asleep_observers_{count}")
        }
        Work::Consumers(Consumers { kind: Kind::Subscribers, count }) => {
            format!("subscribers_{count}")
        }
        Work::Sync(work) => sync::ratios::word(work),
        Work::Mail(work) => mail::ratios::word(work),
        work => word(work).unwrap_or_default().into(),
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

/// What is wanted of a ratio on a machine of that kind; nothing where the kind changed.
pub fn wanted(name: &str, regime: Regime) -> Option<Limit> {
    if regime == Regime::Mixed {
        return None;
    }
    asked_for(name, regime).or_else(|| {
        let small = name.starts_with("latency_8_over_") || name.starts_with("latency_56_over_");
        let like =
            !["_in_place", "_over_f1", "_over_writable"].iter().any(|end| name.ends_with(end));
        (small && like).then_some(Limit::AtMost(1.0))
    })
}

/// What each is that the project has set itself by name: what `--ratios` measures.
pub fn asked_for(name: &str, regime: Regime) -> Option<Limit> {
    Some(match name {
        "stream_8_over_rtrb" if regime == Regime::Far => Limit::AtLeast(1.5),
        "stream_8_over_rtrb" => Limit::AtLeast(1.0),
        "stream_56_over_rtrb" | "stream_256_over_rtrb" | "stream_1k_over_rtrb" => {
            Limit::AtLeast(1.2)
        }
        "copied_in_stream_1k_over_rtrb" => Limit::AtLeast(1.2),
        "stream_8_of_64_over_rtrb" => Limit::AtLeast(0.9),
        "in_place_batch_8_over_best" => Limit::AtLeast(0.8),
        "in_place_batch_56_over_best"
        | "in_place_batch_256_over_best"
        | "in_place_batch_1k_over_best"
        | "in_place_batch_64k_over_best"
        | "in_place_batch_1m_over_best"
        | "in_place_stream_64k_over_best"
        | "in_place_stream_1m_over_best" => Limit::AtLeast(1.0),
        "copied_in_stream_64k_over_rtrb" => Limit::AtLeast(1.0),
        "latency_8_over_f2" | "latency_56_over_f2" => Limit::AtMost(1.05),
        "latency_8_over_ringfire" | "latency_56_over_ringfire" => Limit::AtMost(1.0),
        "latency_1k_over_rtrb" | "copied_in_latency_1k_over_rtrb" => Limit::AtMost(1.0),
        "observer_56_over_subscriber" => Limit::AtLeast(0.97),
        "producer_32_observers_over_0" => Limit::AtMost(1.02),
        "syscalls_while_data_flows" => Limit::AtMost(0.0),
        "batch_8_over_f3" => Limit::AtLeast(0.45),
        "stream_64k_over_f4" => Limit::AtLeast(0.95),
        "wake_over_f5" => Limit::AtMost(1.1),
        "wake_set_of_1_over_recv" => Limit::AtMost(1.15),
        "wake_set_of_128_over_recv" => Limit::AtMost(2.5),
        "wake_task_over_tokio_mpsc" => Limit::AtMost(1.5),
        "wake_task_over_tokio_unix_datagram" => Limit::AtMost(1.0),
        "stream_56_polled_over_recv" => Limit::AtLeast(0.9),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn definition(name: &str) -> Definition {
        let keys: Vec<Key> = catalogue::everything().iter().map(|trial| trial.key).collect();
        let mut found = definitions(&keys).into_iter().filter(|definition| definition.name == name);
        let definition = found.next().unwrap_or_else(|| panic!("there is no {name}"));
        assert!(found.next().is_none(), "{name} is there twice");
        definition
    }

    #[test]
    fn everything_that_is_asked_for_is_measured() {
        let names = [
            "stream_8_over_rtrb",
            "stream_56_over_rtrb",
            "stream_256_over_rtrb",
            "stream_1k_over_rtrb",
            "copied_in_stream_1k_over_rtrb",
            "stream_8_of_64_over_rtrb",
            "copied_in_stream_64k_over_rtrb",
            "latency_8_over_f2",
            "latency_56_over_f2",
            "latency_8_over_ringfire",
            "latency_56_over_ringfire",
            "latency_1k_over_rtrb",
            "copied_in_latency_1k_over_rtrb",
            "observer_56_over_subscriber",
            "producer_32_observers_over_0",
            "batch_8_over_f3",
            "stream_64k_over_f4",
            "wake_over_f5",
            "wake_set_of_1_over_recv",
            "wake_set_of_128_over_recv",
            "wake_task_over_tokio_mpsc",
            "wake_task_over_tokio_unix_datagram",
            "stream_56_polled_over_recv",
            "mixed_over_rtrb",
            "shared_over_shaq_mpmc",
            "shared_over_crossbeam_channel",
            "shared_batch_over_shaq_mpmc",
            "in_place_fan_out_8_over_disruptor",
        ];
        names.into_iter().for_each(|name| drop(definition(name)));
        for size in ["8", "56", "256", "1k", "64k", "1m"] {
            let batch = definition(&format!("in_place_batch_{size}_over_best"));
            assert!(batch.theirs.iter().all(|key| RIVALS.contains(&key.name)));
            assert!(batch.theirs.len() >= 3, "{size}: {:?}", batch.theirs);
        }
        definition("in_place_stream_64k_over_best");
        definition("in_place_stream_1m_over_best");
    }

    #[test]
    fn like_is_compared_with_like() {
        let keys: Vec<Key> = catalogue::everything().iter().map(|trial| trial.key).collect();
        for Definition { name, ours, theirs, .. } in definitions(&keys) {
            for their in theirs {
                let like = ours.manner == their.manner || is_floor(their.name);
                let said = name.ends_with(their.manner.word());
                assert!(like || said || name.starts_with("zero_copy"), "{name}: {their:?}");
                assert!(like || wanted(&name, Regime::Near).is_none(), "{name}: {their:?}");
            }
        }
    }

    #[test]
    fn what_is_wanted_depends_on_the_kind_of_machine() {
        let of = |regime| wanted("stream_8_over_rtrb", regime);
        assert_eq!(of(Regime::Near), Some(Limit::AtLeast(1.0)));
        assert_eq!(of(Regime::Far), Some(Limit::AtLeast(1.5)));
        assert_eq!(of(Regime::Mixed), None);
        let over_rtrb = "latency_56_over_rtrb";
        assert_eq!(wanted(over_rtrb, Regime::Near), Some(Limit::AtMost(1.0)));
        assert_eq!(asked_for(over_rtrb, Regime::Near), None);
        assert_eq!(wanted("latency_8_over_disruptor_in_place", Regime::Near), None);
    }

    #[test]
    fn a_limit_is_met_on_its_own_side() {
        assert!(Limit::AtMost(1.0).holds(1.0) && !Limit::AtMost(1.0).holds(1.01));
        assert!(Limit::AtLeast(0.8).holds(0.8) && !Limit::AtLeast(0.8).holds(0.79));
    }
}
