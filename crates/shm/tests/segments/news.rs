//! News of deaths: who is told, of which file, and what is left when it ends.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ringway_shm::segment::{DeathWatch, Shared, unlink};
use ringway_shm::sync::Futex;

use crate::child::{Directory, KIND, Player, Words64};
use crate::forked::forked;

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(20);

fn open(directory: &Directory) -> Shared<Words64> {
    Shared::open(directory.place("segment"), KIND, 1).unwrap()
}

/// Sleeps until the word is something else, which it has to be in time.
fn told(word: &Futex, before: u32) {
    let begun = Instant::now();
    while word.load(Ordering::Acquire) == before {
        assert!(begun.elapsed() < LONG, "not told");
        word.wait(before, Duration::from_millis(100));
    }
}

#[test]
fn one_word_is_told_of_many_files_and_each_says_whether_it_was_that() {
    let (first, second) = (Directory::new(), Directory::new());
    let owners = [Player::start(&first, "owner"), Player::start(&second, "owner")];
    let segments = [open(&first), open(&second)];
    let (watch, word) = (DeathWatch::start().unwrap(), Arc::new(Futex::new(0)));
    let watched =
        segments.each_ref().map(|segment| watch.add(segment.mapping(), word.clone()).unwrap());
    let [dies, lives] = owners;
    dies.dies();
    told(&word, 0);
    assert!(watched[0].count() > 0 && watched[1].count() == 0);
    assert!(segments[1].owner_is_alive().unwrap());
    // The lock may be given up a moment later than the descriptor.
    let begun = Instant::now();
    while segments[0].owner_is_alive().unwrap() {
        assert!(begun.elapsed() < LONG);
    }
    drop(lives);
}

#[test]
fn all_who_wait_for_a_file_are_told_but_not_those_who_do_no_longer() {
    let directory = Directory::new();
    let owner = Player::start(&directory, "owner");
    let shared = open(&directory);
    let watch = DeathWatch::start().unwrap();
    let words: Vec<_> = (0..4).map(|_| Arc::new(Futex::new(7))).collect();
    let add = |word: &Arc<Futex>| watch.add(shared.mapping(), word.clone()).unwrap();
    let mut watched: Vec<_> = words.iter().map(add).collect();
    drop(watched.remove(2));
    owner.dies();
    for (number, word) in words.iter().enumerate() {
        if number != 2 {
            told(word, 7);
        }
    }
    assert_eq!(words[2].load(Ordering::Acquire), 7);
    // The last of a file, and then that file again.
    drop(watched);
    let again = add(&words[2]);
    drop(open(&directory));
    told(&words[2], 7);
    assert!(again.count() > 0);
}

/// A peer here opens for writing, and closes in good health.
#[test]
fn a_close_in_good_health_is_news_too_and_the_lock_says_that_the_owner_lives() {
    let directory = Directory::new();
    let _owner = Player::start(&directory, "owner");
    let (shared, peer) = (open(&directory), open(&directory));
    let (watch, word) = (DeathWatch::start().unwrap(), Arc::new(Futex::new(0)));
    let _watched = watch.add(shared.mapping(), word.clone()).unwrap();
    drop(peer);
    told(&word, 0);
    assert!(shared.owner_is_alive().unwrap());
}

#[test]
fn a_file_without_a_name_is_watched_and_so_is_one_that_loses_it() {
    for before in [false, true] {
        let directory = Directory::new();
        let owner = Player::start(&directory, "owner");
        let shared = open(&directory);
        let (watch, word) = (DeathWatch::start().unwrap(), Arc::new(Futex::new(0)));
        let remove = || fs::remove_file(directory.0.join("segment")).unwrap();
        if before {
            remove();
        }
        let _watched = watch.add(shared.mapping(), word.clone()).unwrap();
        if !before {
            remove();
        }
        owner.dies();
        told(&word, 0);
        assert!(!unlink(&directory.place("segment")).unwrap());
    }
}

#[test]
fn a_forked_child_drops_what_it_has_inherited_and_the_parent_is_told_as_before() {
    let directory = Directory::new();
    let owner = Player::start(&directory, "owner");
    let shared = open(&directory);
    let (watch, word) = (DeathWatch::start().unwrap(), Arc::new(Futex::new(0)));
    let watched = watch.add(shared.mapping(), word.clone()).unwrap();
    let (mut watched, mut watch) = (Some(watched), Some(watch));
    assert!(forked(|| {
        let other = DeathWatch::start().unwrap();
        let inherited = watch.take().unwrap();
        assert!(inherited.add(shared.mapping(), word.clone()).is_err());
        assert_eq!(watched.as_ref().unwrap().count(), 0);
        drop((inherited, watched.take()));
        // It can have one of its own.
        let own = Shared::<Words64>::open(directory.place("segment"), KIND, 1).unwrap();
        let mine = Arc::new(Futex::new(0));
        let _watched = other.add(own.mapping(), mine.clone()).unwrap();
        drop(Shared::<Words64>::open(directory.place("segment"), KIND, 1).unwrap());
        told(&mine, 0);
    }));
    // The child has had its own peers closed.
    let before = word.load(Ordering::Acquire);
    owner.dies();
    told(&word, before);
}

/// In a process in which no other test has threads.
#[test]
fn the_thread_ends_with_the_last_that_has_it() {
    drop(Player::start(&Directory::new(), "watcher"));
}

/// Starts watches and drops them, and looks how many threads there are.
pub(crate) fn watcher(directory: &Directory) {
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.trim_end() == "ringway-deaths").count()
    };
    // A thread takes its name when it first runs, and is listed until the kernel has ended it.
    let becomes = |number| {
        let end = Instant::now() + Duration::from_secs(20);
        while threads() != number && Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(threads(), number);
    };
    let shared = Shared::<Words64>::create(directory.place("watched"), KIND, 1).unwrap();
    let watch = DeathWatch::start().unwrap();
    let clone = watch.clone();
    becomes(1);
    let watched = watch.add(shared.mapping(), Arc::new(Futex::new(0))).unwrap();
    drop((watch, clone));
    // What waits for news has it, too.
    becomes(1);
    drop(watched);
    becomes(0);
}
