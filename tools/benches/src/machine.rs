//! Where the figures come from: the machine, and the versions of everything.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::pair::Cores;

/// What a reader needs to know of a machine and of what ran on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub vendor: String,
    pub name: String,
    pub family: u32,
    pub model: u32,
    /// Cores may then be siblings, and neighbours disturb.
    pub is_virtual: bool,
    pub kernel: String,
    pub rustc: String,
    pub peers: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Machine {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Machine { kernel: kernel.trim().into(), rustc: compiler(), ..Machine::read(&info) }
    }

    /// What `/proc/cpuinfo` says.
    fn read(info: &str) -> Machine {
        let field = |name: &str| {
            let fields = info.lines().filter_map(|line| line.split_once(':'));
            let mut values = fields.filter(|(key, _)| key.trim() == name);
            values.next().map_or("", |(_, value)| value.trim())
        };
        let vendor = match field("vendor_id") {
            "GenuineIntel" => "Intel",
            "AuthenticAMD" => "AMD",
            "" => "unknown",
            other => other,
        };
        let number = |name| field(name).parse().unwrap_or(0);
        let peers = PEERS.map(|name| format!("{name} {}", locked_version(name)));
        Machine {
            vendor: vendor.into(),
            name: field("model name").into(),
            family: number("cpu family"),
            model: number("model"),
            is_virtual: info.contains("hypervisor"),
            kernel: String::new(),
            rustc: String::new(),
            peers: peers.join(", "),
        }
    }

    /// The processor in a few words.
    pub fn processor(&self) -> String {
        let Machine { name, family, model, is_virtual, .. } = self;
        let is_virtual = if *is_virtual { ", virtual" } else { "" };
        format!("{name} (family {family}, model {model}{is_virtual})")
    }

    /// Lines for the head of a report.
    pub fn description(&self, cores: Cores) -> Vec<String> {
        vec![
            format!("Processor: {}, cores {} and {}", self.processor(), cores.0[0], cores.0[1]),
            format!("Linux {}", self.kernel),
            self.rustc.clone(),
            format!("Peers: {}", self.peers),
        ]
    }
}

const PEERS: [&str; 9] = [
    "crossbeam-channel",
    "disruptor",
    "iceoryx2",
    "ipc-channel",
    "mmap-sync",
    "parking_lot",
    "ringfire",
    "rtrb",
    "shaq",
];

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let said = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    said.map_or_else(|| "rustc, of unknown version".into(), |said| said.trim().to_owned())
}

/// The version of a crate that this program was built with.
fn locked_version(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let package = lock.split("[[package]]").find(|p| p.contains(&format!("\nname = \"{name}\"\n")));
    let version = package.and_then(|p| p.lines().find_map(|line| line.strip_prefix("version = ")));
    version.map_or("unknown", |version| version.trim_matches('"'))
}

/// Today, in UTC, as `2026-11-26`.
pub fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(since.as_secs() / 86_400)
}

/// The date so many days after 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn date(days: u64) -> String {
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_named_by_its_vendor_family_and_model() {
        let info = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n\
                    model name\t: AMD EPYC\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\n\
                    vendor_id\t: GenuineIntel\n";
        let machine = Machine::read(info);
        assert_eq!((machine.vendor.as_str(), machine.family, machine.model), ("AMD", 26, 2));
        assert_eq!(machine.processor(), "AMD EPYC (family 26, model 2, virtual)");
    }

    #[test]
    fn a_machine_that_says_nothing_is_unknown() {
        let machine = Machine::read("");
        assert_eq!((machine.vendor.as_str(), machine.family), ("unknown", 0));
        assert!(!machine.is_virtual);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_783), "2026-11-26");
    }
}
