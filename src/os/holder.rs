//! Which process holds a lock, as far as can be found out: for errors alone, nothing relies on it.
//!
//! The kernel does not say who holds an open-file-description lock, as it may be several: whoever asks
//! is told -1. But `/proc/<pid>/fdinfo/<fd>` lists the locks of a descriptor's description. This
//! process sees those of its user's processes, or all if it is privileged.

use core::fmt;
use std::format;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::string::String;

/// The process that has a ring, as far as it could be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its number, in this process's pid namespace.
    pub pid: u32,
    /// It does not run: a signal or a debugger has stopped it.
    pub stopped: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped { ", which is stopped" } else { "" };
        write!(f, "process {}{stopped}", self.pid)
    }
}

/// The most descriptors that are looked at: an error is no reason to work for long.
const MOST: usize = 16_384;

/// Who holds a writer's lock on that byte of a file. `None`: not found, which does not mean that
/// there is none.
pub(super) fn find(file: &File, byte: u64) -> Option<Holder> {
    let metadata = file.metadata().ok()?;
    let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    // As in /proc/locks: `1: OFDLCK ADVISORY  WRITE -1 00:1b:42 0 0`, the device in hexadecimal.
    let place = format!("{major:02x}:{minor:02x}:{}", metadata.ino());
    let ends = [byte, byte].map(|end| format!("{end}"));
    let is_it = |line: &str| {
        let mut words = line.split_whitespace().skip(2);
        let kind = [words.next(), words.nth(1)];
        let rest = [words.nth(1), words.next(), words.next()];
        kind == [Some("OFDLCK"), Some("WRITE")]
            && rest == [Some(place.as_str()), Some(ends[0].as_str()), Some(ends[1].as_str())]
    };
    let mut left = MOST;
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Of another user, or gone.
        let Ok(descriptors) = fs::read_dir(process.path().join("fdinfo")) else { continue };
        for descriptor in descriptors.flatten() {
            left = left.checked_sub(1)?;
            let info = fs::read_to_string(descriptor.path()).unwrap_or_default();
            if info.lines().any(|line| line.starts_with("lock:") && is_it(line)) {
                return Some(Holder { pid, stopped: is_stopped(&process.path()) });
            }
        }
    }
    None
}

fn is_stopped(process: &Path) -> bool {
    let stat: String = fs::read_to_string(process.join("stat")).unwrap_or_default();
    // The state comes after the name, which is in brackets and can have any in it.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    matches!(state, Some('T' | 't'))
}
