mod floors;
mod pair;
mod peers;
mod shared;
mod transport;
mod work;

use std::time::Duration;
use transport::{Spec, Transport};
use work::stream::Calls;

fn lat<T: Transport<W>, const W: usize>(name: &str, threads: bool) {
    let setting = pair::Setting { cores: pair::Cores::first_two().unwrap(), threads, limit: Duration::from_secs(10) };
    let spec = Spec { capacity: 4096, batch: 256 };
    let mut m = vec![];
    for _ in 0..5 {
        let v = work::latency::run::<T, W>(setting, spec, 5000, 50_000).unwrap();
        m.push(v[v.len() / 2]);
    }
    println!("lat {} {name} {m:.0?}", W * 8);
}
fn stream<T: Transport<W>, const W: usize>(name: &str, threads: bool, calls: Calls, cap: usize, n: u64) {
    let setting = pair::Setting { cores: pair::Cores::first_two().unwrap(), threads, limit: Duration::from_secs(10) };
    let spec = Spec { capacity: cap, batch: 256 };
    let mut m = vec![];
    for _ in 0..5 {
        let v = work::stream::run::<T, W>(setting, spec, calls, n / 10 / 1024 * 1024, n / 1024 * 1024).unwrap();
        m.push(1000.0 / v.nanos_per_message);
    }
    println!("stream {} {calls:?} {name} {m:.2?} M/s", W * 8);
}
fn turns<T: Transport<W>, const W: usize>(name: &str, threads: bool, cap: usize) {
    let setting = pair::Setting { cores: pair::Cores::first_two().unwrap(), threads, limit: Duration::from_secs(10) };
    let spec = Spec { capacity: cap, batch: 256 };
    let mut m = vec![];
    for _ in 0..5 {
        let v = work::turns::run::<T, W>(setting, spec, cap as u64 / 2, 1000).unwrap();
        m.push((v.send_nanos, v.recv_nanos));
    }
    println!("turns {} {cap} {name} {m:.1?} ns", W * 8);
}
fn main() {
    let which = std::env::args().nth(1).unwrap_or_default();
    use peers::{ringway, rtrb};
    if which.is_empty() || which == "lat" {
        lat::<floors::OneLine, 1>("F1", false);
        lat::<floors::WalkingLine, 1>("F2", false);
        lat::<ringway::Subscribed, 1>("ringway", false);
        lat::<ringway::Observed, 1>("ringway observer", false);
        lat::<rtrb::Elements, 1>("rtrb", true);
        lat::<ringway::Subscribed, 7>("ringway", false);
        lat::<rtrb::Elements, 7>("rtrb", true);
    }
    if which.is_empty() || which == "stream" {
        let c = Calls::OneAtATime;
        stream::<ringway::Subscribed, 1>("ringway", false, c, 4096, 20_000_000);
        stream::<rtrb::Elements, 1>("rtrb", true, c, 4096, 20_000_000);
        stream::<ringway::Subscribed, 7>("ringway", false, c, 4096, 5_000_000);
        stream::<rtrb::Elements, 7>("rtrb", true, c, 4096, 5_000_000);
    }
    if which.is_empty() || which == "turns" {
        for cap in [64, 256, 1024, 4096, 16384] {
        turns::<ringway::Subscribed, 1>("ringway", false, cap);
        turns::<ringway::Observed, 1>("ringway obs", false, cap);
        turns::<rtrb::Elements, 1>("rtrb", true, cap);
        turns::<ringway::Subscribed, 7>("ringway", false, cap);
        turns::<ringway::Observed, 7>("ringway obs", false, cap);
        turns::<rtrb::Elements, 7>("rtrb", true, cap);
        }
    }
    if which.is_empty() || which == "batch" {
        let c = Calls::Batches;
        stream::<floors::Numbers, 1>("F3", false, c, 4096, 20_000_000);
        stream::<ringway::Subscribed, 1>("ringway", false, c, 4096, 20_000_000);
        stream::<rtrb::Elements, 1>("rtrb", true, c, 4096, 20_000_000);
    }
    if which.is_empty() || which == "large" {
        let c = Calls::OneAtATime;
        stream::<floors::Copies, 8192>("F4", false, c, 4096, 20_000);
        stream::<ringway::Bytes, 8192>("ringway", false, c, 16, 20_000);
        stream::<ringway::Bytes, 8192>("ringway64", false, c, 64, 20_000);
        stream::<rtrb::Words, 8192>("rtrb", true, c, 16, 20_000);
    }
}
