//! Processes that may do less than others, or have less.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chroot};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::{env, fs};

use ringway_sync::{Access, Place, Plan, Prune, Region, Rights, prune, unlink};

use crate::child::Directory;

const ROLE: &str = "RINGWAY_SYNC_RIGHTS_ROLE";
const PATH: &str = "RINGWAY_SYNC_DIRECTORY";
/// A user and a group that are not this process's, if that is root's.
const OTHER: u32 = 65534;

/// Runs a role in another process, prepared so.
fn plays(role: &str, directory: &Directory, prepare: impl FnOnce(&mut Command)) -> String {
    let mut command = Command::new("/proc/self/exe");
    command.args(["rights::play", "--exact", "--nocapture"]);
    command.env(ROLE, role).env(PATH, &directory.0);
    prepare(&mut command);
    let Output { stdout, .. } = command.output().unwrap();
    String::from_utf8_lossy(&stdout).into_owned()
}

/// What other processes do here. Nothing, where it is not one that a test has started.
#[test]
fn play() {
    let Ok(role) = env::var(ROLE) else { return };
    let path = env::var_os(PATH).unwrap();
    let place = Place::new("region").directory(&path).owner(0);
    match role.as_str() {
        "remover" => match unlink(&place) {
            Ok(removed) => println!("removed: {removed}"),
            Err(error) => println!("not removed: {error:?}: {error}"),
        },
        "pruner" => println!("pruned: {:?}", prune(Prune::all().directory(path)).unwrap()),
        "creator" => creates_without_proc(&path),
        role => panic!("{role}"),
    }
}

fn creates_without_proc(path: &std::ffi::OsStr) {
    chroot(path).unwrap();
    env::set_current_dir("/").unwrap();
    let place = Place::new("region").directory("/");
    let plan = Plan::new().seats(2).mutex("count", 0u64);
    let region = match plan.create(&place) {
        Ok(region) => region,
        Err(error) => return println!("not created: {error}"),
    };
    let count = region.mutex::<u64>("count").unwrap();
    let held = count.lock().unwrap();
    // It is seen to live: by a second seat of its own, and by others.
    let attached = region.attach().unwrap();
    let second = Region::look(&place).unwrap();
    for seated in [region.seated(), attached.seated(), second.seated()] {
        assert_eq!(seated.iter().map(|seated| seated.seat).collect::<Vec<_>>(), [0, 1]);
    }
    for objects in [attached.objects(), second.objects()] {
        assert_eq!(objects[0].holder.unwrap().gone, Some(false));
    }
    let theirs = attached.mutex::<u64>("count").unwrap();
    assert!(matches!(theirs.try_lock(), Err(ringway_sync::TryLockError::WouldBlock)));
    assert!(matches!(unlink(&place), Err(ringway_sync::UnlinkError::Alive { .. })));
    // What it leaves is taken from it, and its seat is free for the next one.
    std::mem::forget(held);
    drop((region, count));
    assert!(matches!(theirs.try_lock(), Err(ringway_sync::TryLockError::OwnerDied(_))));
    assert_eq!(Region::open(&place).unwrap().seat(), 0);
    drop((theirs, attached));
    assert!(unlink(&place).unwrap());
    println!("created");
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

/// A region that a group may read, in a directory that all may write.
fn region(directory: &Directory) -> Region {
    fs::set_permissions(&directory.0, Permissions::from_mode(0o777)).unwrap();
    let access = Access { group: Some(OTHER), main: Rights::Read, ..Access::default() };
    Plan::new().lock("lock").access(access).create(directory.place("region")).unwrap()
}

#[test]
fn a_process_that_may_only_read_a_region_removes_no_name() {
    if !is_root() {
        return eprintln!("not looked at: it takes another user");
    }
    let directory = Directory::new();
    let as_other = |command: &mut Command| {
        command.uid(OTHER).gid(OTHER);
    };
    let seated = region(&directory);
    let said = plays("remover", &directory, as_other);
    assert!(said.contains("not removed: Alive"), "{said}");
    drop(seated);
    // Not without one either: another could take a seat while the name is removed.
    let said = plays("remover", &directory, as_other);
    assert!(said.contains("not removed: ReadOnly"), "{said}");
    assert!(said.contains("do it as its owner"), "{said}");
    plays("pruner", &directory, as_other);
    assert!(directory.0.join("region").exists());
    assert!(plays("remover", &directory, |_| {}).contains("removed: true"));
}

#[test]
fn a_region_is_created_without_proc_and_its_creator_is_seen_to_live() {
    if !is_root() {
        return eprintln!("not looked at: it takes a root directory of its own");
    }
    let directory = Directory::new();
    let said = plays("creator", &directory, |_| {});
    assert!(said.contains("created\n") && !said.contains("not created"), "{said}");
}
