//! What the checks need and may not find on a machine, and how each is got.

use std::path::Path;

use super::machine::Machine;

/// Something that a check needs. The order is that in which they are got: the place of a file is
/// known once its compiler is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A component of the toolchain, and the command of cargo's that it brings.
    Component { name: &'static str, command: &'static str },
    /// The standard library of a target.
    Target(&'static str),
    /// A toolchain, by the version of its Rust: `1.85`.
    Toolchain(String),
    /// A program, what it is asked for its version, and the Debian packages that have it: another
    /// one in some releases.
    Program { name: &'static str, version: &'static str, packages: &'static [&'static str] },
    /// A file that a compiler knows the place of, and the Debian packages that have it.
    File { name: &'static str, compiler: &'static str, packages: &'static [&'static str] },
}

pub const RUSTFMT: Need = Need::Component { name: "rustfmt", command: "fmt" };
pub const CLIPPY: Need = Need::Component { name: "clippy", command: "clippy" };
pub const CC: Need = Need::Program { name: "cc", version: "--version", packages: &["gcc"] };
pub const STRACE: Need = Need::Program { name: "strace", version: "-V", packages: &["strace"] };
pub const VALGRIND: Need =
    Need::Program { name: "valgrind", version: "--version", packages: &["valgrind"] };
pub const QEMU_ARM: Need =
    Need::Program { name: "qemu-system-arm", version: "--version", packages: &["qemu-system-arm"] };
pub const QEMU_RISCV: Need = Need::Program {
    name: "qemu-system-riscv32",
    version: "--version",
    packages: &["qemu-system-misc", "qemu-system-riscv"],
};
/// Links for 32 bits.
pub const CC_32: Need = Need::Program {
    name: "i686-linux-gnu-gcc",
    version: "--version",
    packages: &["gcc-i686-linux-gnu"],
};
/// What is linked to statically there.
pub const LIBC_32: Need = Need::File {
    name: "libc.a",
    compiler: "i686-linux-gnu-gcc",
    packages: &["libc6-dev-i386-cross"],
};

impl Need {
    /// Whether it is there.
    pub fn is_met(&self, machine: &dyn Machine) -> bool {
        match self {
            Need::Component { command, .. } => machine.succeeds("cargo", &[command, "--version"]),
            Need::Target(target) => {
                let sysroot = machine.printed("rustc", &["--print", "sysroot"]);
                sysroot.is_some_and(|sysroot| {
                    let library = Path::new(sysroot.trim()).join("lib/rustlib");
                    machine.exists(&library.join(target).join("lib"))
                })
            }
            Need::Toolchain(version) => toolchain(machine, version).is_some(),
            Need::Program { name, version, .. } => machine.succeeds(name, &[version]),
            Need::File { name, compiler, .. } => {
                // A compiler that does not know the place prints the bare name.
                let asked = format!("-print-file-name={name}");
                machine.printed(compiler, &[&asked]).is_some_and(|printed| {
                    let path = Path::new(printed.trim());
                    path.is_absolute() && machine.exists(path)
                })
            }
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Need::Target(name) => name,
            Need::Toolchain(version) => version,
            Need::Component { name, .. } | Need::Program { name, .. } | Need::File { name, .. } => {
                name
            }
        }
    }

    /// The command that gets it.
    pub fn command(&self) -> Vec<&str> {
        match self {
            Need::Component { name, .. } => vec!["rustup", "component", "add", name],
            Need::Target(target) => vec!["rustup", "target", "add", target],
            Need::Toolchain(version) => {
                let how = ["--profile", "minimal", "--no-self-update"];
                [&["rustup", "toolchain", "install", version], &how[..]].concat()
            }
            Need::Program { packages, .. } | Need::File { packages, .. } => {
                vec!["apt-get", "install", packages[0]]
            }
        }
    }

    /// The Debian packages that may have it, if that is where it is from.
    pub fn packages(&self) -> Option<&'static [&'static str]> {
        match self {
            Need::Program { packages, .. } | Need::File { packages, .. } => Some(packages),
            _ => None,
        }
    }

    /// That it is missing, and how to get it.
    pub fn how(&self) -> String {
        let what = match self {
            Need::Target(_) => "the target ",
            Need::Toolchain(_) => "Rust ",
            _ => "",
        };
        format!("{what}{} is not installed; `{}` gets it", self.name(), self.command().join(" "))
    }
}

/// The full name of an installed toolchain for a Rust version: `1.85` may stand for
/// `1.85.0-x86_64-unknown-linux-gnu`. Rust from a distribution comes without rustup, and with one
/// version.
pub fn toolchain(machine: &dyn Machine, version: &str) -> Option<String> {
    matching(&machine.printed("rustup", &["toolchain", "list"])?, version)
}

fn matching(list: &str, version: &str) -> Option<String> {
    list.lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| match name.strip_prefix(version) {
            Some(rest) => rest.is_empty() || rest.starts_with('-') || rest.starts_with('.'),
            None => false,
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;

    #[test]
    fn a_version_finds_its_toolchain_whatever_its_patch_level_and_host() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n\
                    1.8.0-x86_64-unknown-linux-gnu\n\
                    1.85.0-x86_64-unknown-linux-gnu\n";
        let found = matching(list, "1.85");
        assert_eq!(found.as_deref(), Some("1.85.0-x86_64-unknown-linux-gnu"));
        assert_eq!(matching(list, "1.8").as_deref(), Some("1.8.0-x86_64-unknown-linux-gnu"));
        assert_eq!(matching(list, "1.9"), None);
    }

    #[test]
    fn a_need_is_met_by_what_it_asks_for() {
        let bare = Fake::default();
        let needs = [RUSTFMT, Need::Target("thumbv6m-none-eabi"), STRACE, CC_32, LIBC_32];
        assert!(needs.iter().all(|need| !need.is_met(&bare)));
        let mut full = Fake::default();
        for need in &needs {
            full.add(need);
        }
        assert!(needs.iter().all(|need| need.is_met(&full)));
        assert!(!CLIPPY.is_met(&full));
    }

    #[test]
    fn a_library_is_missing_though_its_compiler_is_there() {
        let mut fake = Fake::default();
        fake.add(&CC_32);
        assert!(!LIBC_32.is_met(&fake));
        let how = "libc.a is not installed; `apt-get install libc6-dev-i386-cross` gets it";
        assert_eq!(LIBC_32.how(), how);
    }

    #[test]
    fn the_advice_is_the_command() {
        assert_eq!(
            Need::Toolchain("1.85".into()).how(),
            "Rust 1.85 is not installed; `rustup toolchain install 1.85 --profile minimal \
             --no-self-update` gets it"
        );
        assert_eq!(CLIPPY.how(), "clippy is not installed; `rustup component add clippy` gets it");
    }
}
