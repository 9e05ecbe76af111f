use std::hint::black_box;
use ringway::{Options, Start, Producer, Subscriber, Observer};

#[unsafe(no_mangle)] #[inline(never)]
pub fn count_send_8(p: &mut Producer<u64>, n: u64) { for i in 0..n { p.send(&i).unwrap(); } }
#[unsafe(no_mangle)] #[inline(never)]
pub fn count_recv_8(s: &mut Subscriber<u64>, n: u64) -> u64 { let mut x = 0; for _ in 0..n { x ^= s.recv().unwrap(); } x }
#[unsafe(no_mangle)] #[inline(never)]
pub fn count_recv_56(s: &mut Subscriber<[u64; 7]>, n: u64) -> u64 { let mut x = 0; for _ in 0..n { x ^= s.recv().unwrap().iter().sum::<u64>(); } x }
#[unsafe(no_mangle)] #[inline(never)]
pub fn count_obs_56(s: &mut Observer<[u64; 7]>, n: u64) -> u64 { let mut x = 0; for _ in 0..n { x ^= s.recv().unwrap().iter().sum::<u64>(); } x }
#[unsafe(no_mangle)] #[inline(never)]
pub fn count_send_56(p: &mut Producer<[u64; 7]>, n: u64) { for i in 0..n { p.send(&[i, i+1, i+2,i+3,i+4,i+5,i+6]).unwrap(); } }
#[unsafe(no_mangle)] #[inline(never)]
pub fn count_sendb_8(p: &mut Producer<u64>, b: &[u64]) { p.send_batch(b) }
#[unsafe(no_mangle)] #[inline(never)]
pub fn count_recvb_8(p: &mut Subscriber<u64>, b: &mut [u64])->usize { p.recv_batch(b).unwrap() }
fn main() {
    let (mut p, r) = Options::<u64>::new(4096).heap().unwrap();
    let mut s = r.subscribe(Start::Next).unwrap();
    count_send_8(&mut p, 1000);
    black_box(count_recv_8(&mut s, 1000));
    let mut b = [0u64; 1000];
    count_sendb_8(&mut p, &b);
    count_recvb_8(&mut s, &mut b);
    let (mut p, r) = Options::<[u64; 7]>::new(4096).heap().unwrap();
    let mut s = r.subscribe(Start::Next).unwrap();
    let mut o = r.observe(Start::Next).unwrap();
    count_send_56(&mut p, 1000);
    black_box(count_recv_56(&mut s, 1000));
    black_box(count_obs_56(&mut o, 1000));
}
