//! Other processes: this very program, started again to play one part.

use std::env;
use std::process::{Command, Output};

/// Says which part a process plays.
const PART: &str = "RINGWAY_TEST_PART";

/// The command that runs a part of [`as_a_child`] in a process of its own.
pub(crate) fn part(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "children::as_a_child", "--nocapture"]).env(PART, name);
    command
}

/// Runs it and fails with what it said if it fails.
#[track_caller]
pub(crate) fn succeeds(command: &mut Command) {
    check(&command.output().unwrap());
}

#[track_caller]
pub(crate) fn check(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Not a test of its own: what the processes do that other tests start.
#[test]
fn as_a_child() {
    let Ok(part) = env::var(PART) else { return };
    match part.as_str() {
        "subscriber" => crate::permissions::subscriber(),
        "observer" => crate::permissions::observer(),
        "monitor" => crate::permissions::monitor(),
        "onlooker" => crate::permissions::onlooker(),
        "stranger" => crate::permissions::stranger(),
        "creator" => crate::permissions::creator(),
        "without umask" => crate::permissions::creator_without_umask(),
        "short of file size" => crate::scarce::short_of_file_size(),
        "short of descriptors" => crate::scarce::short_of_descriptors(),
        "without membarrier" => crate::scarce::without_membarrier(),
        "consumer without membarrier" => crate::scarce::consumer_without_membarrier(),
        "two subscribers without proc" => crate::scarce::two_subscribers_without_proc(),
        "without proc" => crate::scarce::without_proc_part(),
        "observer without proc" => crate::scarce::observer_without_proc(),
        "first ring while others fork" => crate::forked::first_ring_while_others_fork(),
        "few descriptors" => crate::forked::few_descriptors(),
        "handlers of others" => crate::forked::handlers_of_others(),
        "little memory" => crate::forked::little_memory(),
        "descriptors of its own" => crate::forked::descriptors_of_its_own(),
        "slow fork" => crate::forked::slow_fork(),
        "late release" => crate::forked::late_release(),
        "descriptors" => crate::descriptors::descriptors(),
        "bare clone" => crate::forked::bare_clone(),
        "no more descriptors" => crate::scarce::no_more_descriptors(),
        "creator until killed" => crate::fences::creator_until_killed(),
        "successor without membarrier" => crate::fences::successor_without_membarrier(),
        "successor with full fences" => crate::fences::successor_with_full_fences(),
        "sleeper that must not reach out" => crate::fences::sleeper_that_must_not_reach_out(),
        "receiver" => crate::fences::receiver(),
        "private rings" => crate::fences::private_rings(),
        "shared ring" => crate::fences::shared_ring(),
        "rings with full fences" => crate::fences::rings_with_full_fences(),
        "creator of a ring that evicts" => crate::limits::creator_of_a_ring_that_evicts(),
        "absurd rings on the heap" => crate::memory::absurd_rings_on_the_heap(),
        "absurd anonymous rings" => crate::memory::absurd_anonymous_rings(),
        "short of address space" => crate::memory::short_of_address_space(),
        "large arena" => crate::memory::large_arena(),
        "owner" => crate::said::owner(),
        "hugetlbfs" => crate::scarce::hugetlbfs(),
        "pruner" => crate::permissions::pruner(),
        "writer" => crate::looking::writer(),
        "without a number" => crate::owner::without_a_number(),
        "own" => crate::owner::own(),
        "heir" => crate::anonymous::heir(),
        "heir of nothing" => crate::anonymous::heir_of_nothing(),
        part => {
            let advised = part.strip_prefix("advice: ").and_then(crate::advice::play);
            let told = || part.strip_prefix("told: ").and_then(crate::told::play);
            advised.or_else(told).unwrap_or_else(|| panic!("there is no part {part}"));
        }
    }
}
