//! How often one address may knock: a token bucket for each door and address.

use crate::{
    config,
    problem::{Code, Problem},
};
use hashbrown::HashMap;
use std::{net::IpAddr, sync::Mutex};
use yingda_core::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    SignIn,
    Hello,
    Message,
    Upload,
}

struct Bucket {
    tokens: f64,
    at: At,
}

pub struct Limits {
    per_minute: [u32; 4],
    buckets: Mutex<HashMap<(Door, IpAddr), Bucket>>,
}

/// Above this many buckets those that are full again are forgotten.
const MANY: usize = 10_000;

impl Limits {
    pub fn new(config: &config::Limits) -> Self {
        let per_minute = [
            config.sign_in_per_minute,
            config.hello_per_minute,
            config.message_per_minute,
            config.upload_per_minute,
        ];
        Self { per_minute, buckets: Mutex::default() }
    }

    /// Lets one through, or says when to come again. A minute's allowance may come at once.
    pub fn pass(&self, door: Door, ip: IpAddr, now: At) -> Result<(), Problem> {
        let most = f64::from(self.per_minute[door as usize]);
        let per_ms = most / 60_000.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if buckets.len() > MANY {
            buckets.retain(|(door, _), bucket| {
                let most = f64::from(self.per_minute[*door as usize]);
                bucket.tokens + (now - bucket.at) as f64 * most / 60_000.0 < most
            });
        }
        let bucket = buckets.entry((door, whole_network(ip))).or_insert(Bucket { tokens: most, at: now });
        bucket.tokens = (bucket.tokens + (now - bucket.at) as f64 * per_ms).min(most);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            let wait_s = ((1.0 - bucket.tokens) / per_ms / 1_000.0).ceil().min(60.0);
            return Err(Problem {
                retry_after_s: Some(wait_s as u32),
                ..Problem::new(Code::TooManyRequests)
            });
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// One household has a whole /64 of IPv6 addresses: they share a bucket.
fn whole_network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again_for_each_address_apart() {
        let config =
            config::load(None, [("YINGDA_LIMITS_SIGN_IN_PER_MINUTE".into(), "6".into())], &[]).unwrap();
        let limits = Limits::new(&config.limits);
        let (one, other): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "2.2.2.2".parse().unwrap());
        for _ in 0..6 {
            assert!(limits.pass(Door::SignIn, one, 0).is_ok());
        }
        let refused = limits.pass(Door::SignIn, one, 0).unwrap_err();
        assert_eq!((refused.code, refused.retry_after_s), (Code::TooManyRequests, Some(10)));
        assert!(limits.pass(Door::SignIn, other, 0).is_ok());
        assert!(limits.pass(Door::Upload, one, 0).is_ok());
        assert!(limits.pass(Door::SignIn, one, 10_000).is_ok());
        assert!(limits.pass(Door::SignIn, one, 10_000).is_err());
    }
}
