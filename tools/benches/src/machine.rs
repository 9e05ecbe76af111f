//! Where the figures come from: the machine, and the versions of everything.

use std::fs;
use std::process::Command;

use crate::pair::Cores;

/// What a reader needs to know before the first figure, a line each.
pub fn description(cores: Cores) -> Vec<String> {
    let mut lines =
        vec![format!("Processor: {}, cores {} and {}", processor(), cores.0[0], cores.0[1])];
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    lines.push(format!("Linux {}", kernel.trim()));
    lines.push(compiler());
    let peers =
        ["crossbeam-channel", "disruptor", "iceoryx2", "ipc-channel", "ringfire", "rtrb", "shaq"];
    let versions = peers.map(|name| format!("{name} {}", locked_version(name)));
    lines.push(format!("Peers: {}", versions.join(", ")));
    lines
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let parts = ["model name", "cpu family", "model\t"].map(|name| field(name).unwrap_or_default());
    let machine = if info.contains("hypervisor") { ", a virtual machine" } else { "" };
    format!("{} (family {}, model {}){machine}", parts[0], parts[1], parts[2])
}

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
