//! Names of regions: made, found, kept and removed.

use std::thread;
use std::time::Duration;

use ringway_sync::{CreateError, OpenError, Plan, Prune, Region, UnlinkError, prune, unlink};

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
fn looking_takes_no_seat() {
    let directory = Directory::new();
    let region = plan().seats(1).create(directory.place("region")).unwrap();
    let look = Region::look(directory.place("region")).unwrap();
    assert_eq!(look.peek::<[u64; 8]>("pair").unwrap().unwrap(), [5; 8]);
    assert_eq!(look.objects(), region.objects());
}
