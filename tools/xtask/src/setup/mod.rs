//! The set-up: gets what the checks need and the machine lacks.
//!
//! Components, targets and toolchains come by rustup. Programs come as Debian packages where this
//! runs as root and there is apt-get. What cannot be got is told with the reason, and the checks
//! that need it are skipped with that reason.

#[cfg(test)]
mod fake;
mod machine;
mod needs;

use std::collections::{BTreeMap, BTreeSet};

pub use machine::{Here, Machine};
pub use needs::{
    CC, CC_32, CLIPPY, LIBC_32, Need, QEMU_ARM, QEMU_RISCV, RUSTFMT, STRACE, VALGRIND, toolchain,
};

/// How apt-get is called: it does not ask, waits for another one to finish, and does not take
/// minutes to notice that there is no network.
const APT_OPTIONS: [&str; 10] = [
    "-y",
    "-q",
    "-o",
    "DPkg::Lock::Timeout=120",
    "-o",
    "Acquire::Retries=1",
    "-o",
    "Acquire::http::Timeout=30",
    // An update that has reached nothing is a failure.
    "-o",
    "APT::Update::Error-Mode=any",
];

/// What came of the set-up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SetUp {
    /// What was done, a line each.
    pub done: Vec<String>,
    /// What is not there after it, each with the reason and what to do.
    pub unmet: BTreeMap<Need, String>,
}

impl SetUp {
    /// Why a check with these needs cannot be carried out, if it cannot.
    pub fn reason(&self, needs: &[Need]) -> Option<&str> {
        needs.iter().find_map(|need| self.unmet.get(need)).map(String::as_str)
    }
}

/// Looks for what is missing, and leaves the machine alone.
pub fn look(machine: &dyn Machine, needs: &BTreeSet<Need>) -> SetUp {
    let missing = needs.iter().filter(|need| !need.is_met(machine));
    SetUp { done: Vec::new(), unmet: missing.map(|need| (need.clone(), need.how())).collect() }
}

/// Gets what is missing, as far as that is possible here.
pub fn get(machine: &mut dyn Machine, needs: &BTreeSet<Need>) -> SetUp {
    let mut set_up = SetUp::default();
    let mut apt = Apt::NotAsked;
    for need in needs {
        // Asked just before, since it may have come with another package.
        if need.is_met(machine) {
            continue;
        }
        let tried = match need.packages() {
            Some(packages) => by_apt(machine, need, packages, &mut apt, &mut set_up.done),
            None => by_rustup(machine, need, &mut set_up.done),
        };
        let reason = match tried {
            Ok(()) if need.is_met(machine) => continue,
            Ok(()) => format!(
                "{} is not there, though `{}` ended well",
                need.name(),
                need.command().join(" ")
            ),
            Err(reason) => format!("{}: {reason}", need.how()),
        };
        set_up.unmet.insert(need.clone(), reason);
    }
    set_up
}

fn by_rustup(machine: &mut dyn Machine, need: &Need, done: &mut Vec<String>) -> Result<(), String> {
    if !machine.succeeds("rustup", &["--version"]) {
        return Err("rustup is not installed either".into());
    }
    install(machine, &need.command(), done)
}

/// Installs one package after the other, until one has brought what is needed. Only the last one's
/// failure counts: a release does not have all of them.
fn by_apt(
    machine: &mut dyn Machine,
    need: &Need,
    packages: &[&str],
    apt: &mut Apt,
    done: &mut Vec<String>,
) -> Result<(), String> {
    let mut tried = Ok(());
    for package in packages {
        tried = apt.install(machine, package, done);
        if need.is_met(machine) {
            break;
        }
    }
    tried
}

/// What is known of apt-get on this machine.
enum Apt {
    NotAsked,
    /// Its lists are as new as they can be had.
    Ready,
    /// It cannot be used, for this reason.
    Refused(&'static str),
}

impl Apt {
    fn install(
        &mut self,
        machine: &mut dyn Machine,
        package: &str,
        done: &mut Vec<String>,
    ) -> Result<(), String> {
        if let Apt::NotAsked = self {
            *self = Apt::ask(machine);
            if let Apt::Ready = self {
                // Without new lists an install may still find what it needs in the old ones, and
                // says if it does not. The line says that the update failed.
                let update = [&["apt-get", "update"], &APT_OPTIONS[..]].concat();
                install(machine, &update, done).ok();
            }
        }
        if let Apt::Refused(reason) = self {
            return Err((*reason).into());
        }
        let command = ["apt-get", "install", "--no-install-recommends", package];
        install(machine, &[&command, &APT_OPTIONS[..]].concat(), done)
    }

    fn ask(machine: &dyn Machine) -> Apt {
        if !machine.succeeds("apt-get", &["--version"]) {
            return Apt::Refused("there is no apt-get here");
        }
        match machine.printed("id", &["-u"]) {
            Some(user) if user.trim() == "0" => Apt::Ready,
            _ => Apt::Refused("not done, since this does not run as root"),
        }
    }
}

/// Runs one command that installs something, and writes down that it did, and how it went.
fn install(
    machine: &mut dyn Machine,
    command: &[&str],
    done: &mut Vec<String>,
) -> Result<(), String> {
    let plain: Vec<&str> =
        command.iter().copied().filter(|word| !APT_OPTIONS.contains(word)).collect();
    let tried = machine.install(command);
    done.push(match &tried {
        Ok(()) => format!("done: {}", plain.join(" ")),
        Err(why) => format!("FAILED: {}: {why}", plain.join(" ")),
    });
    tried
}

#[cfg(test)]
mod tests {
    use super::fake::Fake;
    use super::*;

    fn needs(needs: &[Need]) -> BTreeSet<Need> {
        needs.iter().cloned().collect()
    }

    fn msrv() -> Need {
        Need::Toolchain("1.85".into())
    }

    const TARGET: Need = Need::Target("thumbv7m-none-eabi");

    #[test]
    fn nothing_is_run_where_nothing_is_missing() {
        let mut fake = Fake::root();
        let all = [RUSTFMT, TARGET, msrv(), STRACE, CC_32, LIBC_32];
        all.iter().for_each(|need| fake.add(need));
        assert_eq!(get(&mut fake, &needs(&all)), SetUp::default());
        assert_eq!(fake.ran, [] as [&str; 0]);
    }

    #[test]
    fn what_is_missing_is_installed_each_by_itself_after_one_update() {
        let mut fake = Fake::root();
        fake.add(&RUSTFMT);
        let all = [RUSTFMT, CLIPPY, TARGET, msrv(), STRACE, VALGRIND, CC_32, LIBC_32];
        let set_up = get(&mut fake, &needs(&all));
        assert_eq!(set_up.unmet, BTreeMap::new());
        let expected = [
            "rustup component add clippy",
            "rustup target add thumbv7m-none-eabi",
            "rustup toolchain install 1.85 --profile minimal --no-self-update",
            "apt-get update",
            "apt-get install --no-install-recommends gcc-i686-linux-gnu",
            "apt-get install --no-install-recommends strace",
            "apt-get install --no-install-recommends valgrind",
            "apt-get install --no-install-recommends libc6-dev-i386-cross",
        ];
        assert_eq!(fake.ran, expected);
        let lines = expected.map(|command| format!("done: {command}"));
        assert_eq!(set_up.done, lines);
    }

    #[test]
    fn what_came_with_another_package_is_not_installed() {
        let mut fake = Fake::root();
        fake.brings = vec![("gcc-i686-linux-gnu", LIBC_32)];
        let set_up = get(&mut fake, &needs(&[CC_32, LIBC_32]));
        assert_eq!(set_up.unmet, BTreeMap::new());
        assert_eq!(set_up.done.len(), 2);
    }

    #[test]
    fn a_package_that_does_not_bring_it_is_followed_by_the_next() {
        let mut fake = Fake::root();
        fake.brings = vec![("qemu-system-riscv", QEMU_RISCV)];
        let set_up = get(&mut fake, &needs(&[QEMU_RISCV]));
        assert_eq!(set_up.unmet, BTreeMap::new());
        let expected = [
            "update",
            "install --no-install-recommends qemu-system-misc",
            "install --no-install-recommends qemu-system-riscv",
        ];
        assert_eq!(fake.ran, expected.map(|line| format!("apt-get {line}")));
    }

    #[test]
    fn an_ordinary_user_is_told_and_gets_what_rustup_has() {
        let mut fake = Fake { user: "1000\n", ..Fake::root() };
        let set_up = get(&mut fake, &needs(&[TARGET, STRACE]));
        assert_eq!(fake.ran, ["rustup target add thumbv7m-none-eabi"]);
        assert_eq!(set_up.reason(&[TARGET]), None);
        assert_eq!(
            set_up.reason(&[TARGET, STRACE]),
            Some(
                "strace is not installed; `apt-get install strace` gets it: not done, since this \
                 does not run as root"
            )
        );
    }

    #[test]
    fn without_apt_get_or_rustup_there_is_a_reason_each() {
        let mut fake = Fake::default();
        let set_up = get(&mut fake, &needs(&[TARGET, STRACE]));
        assert_eq!(fake.ran, [] as [&str; 0]);
        assert!(
            set_up.reason(&[TARGET]).unwrap().ends_with("gets it: rustup is not installed either")
        );
        assert!(set_up.reason(&[STRACE]).unwrap().ends_with("gets it: there is no apt-get here"));
    }

    #[test]
    fn an_install_that_fails_is_told_and_does_not_keep_the_others_from_it() {
        let mut fake = Fake { fails: vec!["update", "strace", "thumbv7m"], ..Fake::root() };
        let set_up = get(&mut fake, &needs(&[CLIPPY, TARGET, STRACE, VALGRIND]));
        assert_eq!(set_up.unmet.keys().cloned().collect::<Vec<_>>(), [TARGET, STRACE]);
        assert_eq!(
            set_up.reason(&[STRACE]),
            Some("strace is not installed; `apt-get install strace` gets it: no network")
        );
        assert!(set_up.done.contains(&"FAILED: apt-get update: no network".to_owned()));
        assert!(set_up.done.contains(&"done: rustup component add clippy".to_owned()));
    }

    #[test]
    fn an_install_that_ends_well_and_brings_nothing_is_not_believed() {
        let mut fake = Fake { brings_nothing: true, ..Fake::root() };
        let set_up = get(&mut fake, &needs(&[STRACE]));
        assert_eq!(
            set_up.reason(&[STRACE]),
            Some("strace is not there, though `apt-get install strace` ended well")
        );
    }

    #[test]
    fn a_look_changes_nothing() {
        let fake = Fake::root();
        let set_up = look(&fake, &needs(&[RUSTFMT, STRACE]));
        assert_eq!(set_up.done, [] as [&str; 0]);
        assert_eq!(
            set_up.reason(&[STRACE]),
            Some("strace is not installed; `apt-get install strace` gets it")
        );
        assert_eq!(set_up.reason(&[]), None);
    }
}
