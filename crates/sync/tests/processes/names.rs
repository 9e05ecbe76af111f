//! Names of regions: made, found, kept and removed.

use std::sync::atomic::AtomicU16;
use std::thread;
use std::time::Duration;

use ringway_sync::{
    Barrier, Cell, CreateError, Lock, LookupError, Mutex, Once, OpenError, Plan, Prune, Region,
    Semaphore, Signal, SpinLock, Table, UnlinkError, prune, unlink,
};

use crate::child::{Directory, Player};

fn plan() -> Plan {
    Plan::new().seats(3).mutex("pair", [5u64; 8])
}

#[test]
fn values_stay_when_all_processes_have_gone() {
    let directory = Directory::new();
    let region = plan().create(directory.place("region")).unwrap();
    region.mutex::<[u64; 8]>("pair").unwrap().lock().unwrap()[3] = 4;
    drop(region);
    let region = Region::open(directory.place("region")).unwrap();
    assert_eq!(region.mutex::<[u64; 8]>("pair").unwrap().peek().unwrap()[2..5], [5, 4, 5]);
}

#[test]
fn a_name_stays_while_a_process_is_seated() {
    let directory = Directory::new();
    let place = directory.place("region");
    drop(plan().create(&place).unwrap());
    let mut seated = Player::start(&directory, "seated");
    for _ in 0..2 {
        assert!(matches!(unlink(&place), Err(UnlinkError::Alive { .. })));
        let all = || Prune::all().directory(&directory.0);
        assert!(prune(all().dry_run(true)).unwrap().is_empty());
        assert!(prune(all()).unwrap().is_empty());
        assert!(matches!(ringway_shm::segment::unlink(&place), Err(UnlinkError::Alive { .. })));
        assert!(ringway_shm::segment::prune(all()).unwrap().is_empty());
    }
    seated.goes_on();
    seated.hears("left");
    assert_eq!(prune(Prune::all().directory(&directory.0)).unwrap().segments, ["region"]);
    assert!(!unlink(&place).unwrap());
}

#[test]
fn of_a_killed_process_no_seat_is_left() {
    let directory = Directory::new();
    let place = directory.place("region");
    let region = plan().create(&place).unwrap();
    let first = Player::start(&directory, "seated");
    let _second = region.attach().unwrap();
    assert!(matches!(Region::open(&place), Err(OpenError::Seat(_))));
    first.dies();
    assert!(Region::open(&place).is_ok());
}

#[test]
fn a_region_is_waited_for_and_made_once() {
    let directory = Directory::new();
    let place = directory.place("region");
    let late = Region::open_wait(&place, Duration::from_millis(5));
    assert!(matches!(late, Err(OpenError::TimedOut { .. })));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| Region::open_wait(&place, Duration::from_secs(10)).unwrap());
        let both = [(); 2].map(|()| scope.spawn(|| plan().create_or_open(&place).unwrap()));
        let both = both.map(|thread| thread.join().unwrap());
        let waiting = waiting.join().unwrap();
        *both[0].mutex::<[u64; 8]>("pair").unwrap().lock().unwrap() = [9; 8];
        for region in both.iter().chain([&waiting]) {
            assert_eq!(region.mutex::<[u64; 8]>("pair").unwrap().peek().unwrap(), [9; 8]);
        }
    });
    let again = plan().create(&place);
    assert!(matches!(again, Err(CreateError::Segment(_))), "{again:?}");
    let other = Plan::new().lock("pair").create_or_open(&place);
    assert!(matches!(other, Err(OpenError::Differs { .. })), "{other:?}");
}

#[test]
fn a_region_may_have_more_objects_than_the_plan_and_in_another_order() {
    let directory = Directory::new();
    let place = directory.place("region");
    let more = Plan::new().lock("printer").mutex("other", 0u64).mutex("count", 0u64);
    let region = more.condition("changed", "count").condition("moved", "other").tag(5);
    let region = region.create(&place).unwrap();
    let fewer = Plan::new().mutex("count", 0u64).condition("changed", "count");
    let opened = fewer.seats(1).create_or_open(&place).unwrap();
    assert_eq!((opened.seats(), opened.tag()), (region.seats(), 5));
    assert_eq!(Region::look(&place).unwrap().tag(), 5);
    let of_other = Plan::new().mutex("count", 0u64).condition("moved", "count");
    match of_other.create_or_open(&place) {
        Err(OpenError::Differs { why: LookupError::OtherMutex { name }, .. }) => {
            assert_eq!(name, "moved");
        }
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn objects_with_values_of_no_bytes_are_found_by_those_that_open_the_region() {
    let directory = Directory::new();
    let place = directory.place("region");
    let plan = Plan::new().atomics::<[AtomicU16; 0]>("atomics").mutex("mutex", ());
    let plan = plan.in_place("place", [0u64; 0]).cell("cell", ()).once::<()>("once");
    let plan = plan.table::<(), [u32; 0]>("table", 2).mutex("count", 0u64);
    let plan = plan.condition("changed", "count");
    let made = plan.create(&place).unwrap();
    for region in [Region::open(&place).unwrap(), plan.heap().unwrap(), made] {
        assert_eq!(region.atomics::<[AtomicU16; 0]>("atomics").unwrap().len(), 0);
        let mutex = region.mutex::<()>("mutex").unwrap();
        *mutex.lock().unwrap() = ();
        assert_eq!(mutex.peek(), Ok(()));
        // SAFETY: all that use the region follow the protocol.
        let in_place = unsafe { region.in_place::<[u64; 0]>("place") }.unwrap();
        assert_eq!(in_place.lock().unwrap().len(), 0);
        let cell = region.cell::<()>("cell").unwrap();
        cell.try_claim().unwrap().set(&());
        assert_eq!(cell.read(), Ok(()));
        let once = region.once::<()>("once").unwrap();
        assert_eq!(once.get_or_init(|| ()), Ok(()));
        assert_eq!(once.get(), Some(()));
        let table = region.table::<(), [u32; 0]>("table").unwrap();
        table.try_claim(&(), &[]).unwrap().set(&[]);
        assert_eq!(table.get(&()), Ok(Some([])));
        let count = region.mutex::<u64>("count").unwrap();
        assert_eq!(count.condition("changed").map(drop), Ok(()));
    }
}

#[test]
fn looking_takes_no_seat() {
    let directory = Directory::new();
    let region = plan().seats(1).create(directory.place("region")).unwrap();
    let look = Region::look(directory.place("region")).unwrap();
    assert_eq!(look.peek::<[u64; 8]>("pair").unwrap().unwrap(), [5; 8]);
    assert_eq!(look.objects(), region.objects());
}

#[test]
fn each_kind_alone_under_a_name_is_made_once_and_found() {
    let directory = Directory::new();
    let at = |name: &str| directory.place(name);

    *Mutex::create_or_open(at("mutex"), 7u64).unwrap().lock().unwrap() = 8;
    let second = Mutex::create_or_open(at("mutex"), 7u64).unwrap();
    assert_eq!(*second.lock().unwrap(), 8);
    assert_eq!(Mutex::<u64>::open(at("mutex")).unwrap().peek().unwrap(), 8);

    let cell = Cell::create_or_open(at("cell"), 1u32).unwrap();
    cell.try_claim().unwrap().set(&2);
    assert_eq!(Cell::<u32>::open(at("cell")).unwrap().read().unwrap(), 2);

    let once = Once::create_or_open(at("once")).unwrap();
    assert_eq!(once.get_or_init(|| 3u32).unwrap(), 3);
    assert_eq!(Once::<u32>::open(at("once")).unwrap().get(), Some(3));

    let table = Table::<u32, u32>::create_or_open(at("table"), 4).unwrap();
    let _row = table.try_claim(&5, &6).unwrap();
    assert_eq!(Table::<u32, u32>::open(at("table")).unwrap().get(&5).unwrap(), Some(6));

    let lock = Lock::create_or_open(at("lock")).unwrap();
    let held = lock.lock().unwrap();
    assert!(Lock::open(at("lock")).unwrap().try_lock().is_err());
    drop(held);

    let spin = SpinLock::create_or_open(at("spin")).unwrap();
    let held = spin.lock().unwrap();
    assert!(SpinLock::open(at("spin")).unwrap().try_lock().is_err());
    drop(held);

    let slots = Semaphore::create_or_open(at("slots"), 2).unwrap();
    let _permit = slots.try_acquire().unwrap();
    assert_eq!(Semaphore::open(at("slots")).unwrap().available(), 1);

    Signal::create_or_open(at("signal")).unwrap().post().unwrap();
    assert!(Signal::open(at("signal")).unwrap().try_wait());

    let mut party = Barrier::create_or_open(at("barrier"), 2).unwrap();
    let mut other = Barrier::join(at("barrier")).unwrap();
    assert!(party.try_wait().unwrap().is_none());
    assert!(other.try_wait().unwrap().is_some());
}

#[test]
fn what_is_alone_under_a_name_and_is_another_thing_is_refused() {
    let directory = Directory::new();
    let place = directory.place("only");
    assert!(matches!(Mutex::<u64>::open(&place), Err(OpenError::Segment(_))));
    let _mutex = Mutex::create_or_open(&place, 7u64).unwrap();
    let why = |error| match error {
        OpenError::Differs { path, why } => {
            assert_eq!(path, place.path());
            why
        }
        other => panic!("{other}"),
    };
    assert!(matches!(why(Mutex::<u32>::open(&place).unwrap_err()), LookupError::Size { .. }));
    let other = Mutex::create_or_open(&place, 7u32).unwrap_err();
    assert!(matches!(why(other), LookupError::Size { .. }));
    assert!(matches!(why(Lock::open(&place).unwrap_err()), LookupError::Kind { .. }));
    assert!(matches!(why(Barrier::join(&place).unwrap_err()), LookupError::Kind { .. }));

    let slots = directory.place("slots");
    let _slots = Semaphore::create_or_open(&slots, 2).unwrap();
    let other = Semaphore::create_or_open(&slots, 3);
    assert!(matches!(other, Err(OpenError::Count { .. })));

    let full = directory.place("barrier");
    let _party = Barrier::create_or_open(&full, 1).unwrap();
    assert!(matches!(Barrier::join(&full), Err(OpenError::Join(_))));
}
